"""What a month of ``coverage`` says of the forecasts for its silent site-days."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.schemas.columns import TOMORROW
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.silence import WINDOW_MONTHS, Silence, silence

TITLE: Final = "forecast for silent site-days"

_COLUMNS: Final = ("site_id", "date_local", "status", "is_context")


def silence_metadata(
    coverage: pd.DataFrame, months: Sequence[pd.Timestamp], tables: TableStorage
) -> dict[str, Mapping[str, Any]]:
    """Per month a sentence, and the excess as a number that charts over months; nothing for a month without forecasts.

    Forecasts of tomorrow, and coverage of the months before the first, are read as they are stored.
    """
    first = months[0] - pd.DateOffset(months=WINDOW_MONTHS - 1)
    before = [f"{month:%Y-%m}" for month in pd.date_range(first, months[0], freq="MS", inclusive="left")]
    known = tables.read("coverage", before, allow_missing=True, columns=[*_COLUMNS])
    rows = pd.concat([known, coverage[[*_COLUMNS]]]) if len(known) else coverage[[*_COLUMNS]]
    forecasts = _forecasts(tables, first, months[-1] + pd.offsets.MonthEnd(0))
    if forecasts.empty:
        return {}
    own = rows[~rows["is_context"]]
    found: dict[str, Mapping[str, Any]] = {}
    for month in months:
        begin, end = month - pd.DateOffset(months=WINDOW_MONTHS - 1), month + pd.DateOffset(months=1)
        judged = silence(own[(own["date_local"] >= begin) & (own["date_local"] < end)], forecasts)
        number = {} if judged.not_judged else {f"{TITLE}, excess (µg/m³)": round(judged.excess_ugm3, 2)}
        found[f"{month:%Y-%m}"] = {TITLE: sentence(judged), **number}
    return found


def _forecasts(tables: TableStorage, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Forecasts of tomorrow for these target days; those for the newest days are issued before."""
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range(first - pd.Timedelta(days=TOMORROW), last)]
    columns = ["site_id", "target_date", "horizon_days", "pm25_ugm3"]
    rows = tables.read("predictions", days, allow_missing=True, columns=columns)
    return rows[rows["horizon_days"] == TOMORROW]


def sentence(judged: Silence) -> str:
    """``12.3 µg/m³ for 45 site-days without a valid reading in three months, 3.1 (0.4 to 5.8) more than …``."""
    if judged.not_judged:
        return f"Not judged: {judged.not_judged}."
    more = f"{judged.excess_ugm3:+.1f} ({judged.lower_ugm3:+.1f} to {judged.upper_ugm3:+.1f}) µg/m³"
    said = (
        f"{judged.forecast_ugm3:.1f} µg/m³ for {judged.silent:,} site-days without a valid reading in {WINDOW_MONTHS} "
        f"months, {more} against days on which the same sites report"
    )
    if judged.is_found:
        return f"{said}. Sites fall silent when more is forecast: what is measured and scored misses such days."
    if judged.upper_ugm3 < 0:
        return f"{said}: sites fall silent when less is forecast, so few high days are missed."
    return f"{said}: {'within noise' if judged.lower_ugm3 <= 0 else 'too little to matter'}."
