"""Has a month's input left the range of its season? Found by Evidently, told apart from the calendar."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.enrich import ADVECTION_COLUMNS, LAG_DAYS, MAP_SAMPLES, NEIGHBOUR_MEANS, SECTORS
from airwatch_dagster.watch.drift_page import with_summary

CALENDAR_COLUMNS: Final = frozenset({"season_sin", "season_cos", "weekday", "latitude", "longitude"})
"""Numbers that say when and where, not how the air is: an alarm on them fires every January and means nothing."""

DERIVED_COLUMNS: Final = frozenset(
    f"{group}_pm25{measure}" for group in NEIGHBOUR_MEANS for measure in ("_anomaly_ugm3", "_change_ugm3")
)
"""Differences of levels that are watched themselves: what breaks a level shows there, and the page stays readable."""

REPEATED_COLUMNS: Final = frozenset(f"pm25_lag_{days}d_ugm3" for days in LAG_DAYS if days > 0)
"""The readings of the issue day, seen again on the days after: they drift when pm25_lag_0d_ugm3 does."""

SECTOR_COLUMNS: Final = frozenset(f"{ring}_{sector}_pm25_ugm3" for ring in ("near", "far") for sector in SECTORS)
"""The surroundings once more by direction: they drift when nearby_pm25_ugm3 does, and sixteen plots hide the others."""

MAP_COLUMNS: Final = (
    frozenset(f"{place}_log{day}" for place in MAP_SAMPLES for day in ("", "_before")) | ADVECTION_COLUMNS
)
"""Departures of the surroundings from their own usual, and how they move: the wind's doing, not an instrument's."""

NOT_WATCHED: Final = CALENDAR_COLUMNS | DERIVED_COLUMNS | REPEATED_COLUMNS | SECTOR_COLUMNS | MAP_COLUMNS

METHOD: Final = "wasserstein"
"""Evidently's normed Wasserstein distance: the mean shift of sorted values, in standard deviations of the reference."""

THRESHOLD: Final = 0.75
"""Standard deviations: half of what a network stuck at zero gives, and above an ordinary month.

Measured on daily AirData values of 2020-21 against up to three earlier seasons, in six metropolitan areas and
the nation: the median month gives 0.15-0.37, and 11 of 168 months exceed 0.75, most of them with smoke. Stuck at
zero gives 1.4-2.0, doubled values 1.4-2.1, tripled ones 2.9 and more. Evidently's default of 0.1 fires nearly
every month."""

MAX_ROWS: Final = 3000
"""Values sampled of each column and side. Between samples of the nation's daily values the distance spreads by 0.02 in
an ordinary month and 0.07 in a month of smoke (standard deviation of 30 samples); a report takes 1-2 s."""

SEED: Final = 20240506
"""Fixes the sample, so that the same month gives the same findings."""

MIN_VALUES: Final = 20
"""Values a column needs on both sides to be compared at all."""

FORECAST_ERROR: Final = "forecast_error_ugm3"
"""The row of findings that speaks of the forecasts instead of a feature."""


@dataclass(frozen=True)
class ForecastErrors:
    """Errors of forecasts, µg/m³: of the month, and of the same season of earlier years."""

    current: pd.Series
    reference: pd.Series


def season_matched(features: pd.DataFrame, *, month: pd.Timestamp, date_column: str = "issue_date") -> pd.DataFrame:
    """The rows of the same calendar month and its two neighbours in every earlier year; nothing of the last ten months.

    December 2020 is no reference for January 2021, because what broke then would be called normal now.
    """
    dates = features[date_column].dt
    months_before = (month.year - dates.year) * 12 + (month.month - dates.month)
    return features[(months_before >= 11) & ((months_before + 1) % 12 <= 2)]


def drift_findings(
    current: pd.DataFrame,
    *,
    reference: pd.DataFrame,
    month: pd.Timestamp,
    excluded: Collection[str] = NOT_WATCHED,
    errors: ForecastErrors | None = None,
) -> tuple[pd.DataFrame, bytes]:
    """One finding per numeric column that is not excluded, and Evidently's page; same input, same findings.

    Findings have the columns of ``drift_report`` without ``report_uri``, sorted by feature. A column without enough
    values has no statistic, and counts as drifted only if it has vanished: values in the reference, none in the month.
    Without reference rows (the first year) or current rows there are no findings, and the page says why.
    """
    if current.empty:
        return _no_findings(), _reason_page(month, reason="the month has no features")
    if reference.empty:
        return _no_findings(), _reason_page(month, reason="no earlier year has features of this season yet")
    now, then = _watched(current, excluded=excluded), _watched(reference, excluded=excluded)
    if errors is not None:
        now, then = _beside(now, errors=errors.current), _beside(then, errors=errors.reference)
    columns = sorted(now.columns.intersection(then.columns))
    comparable = [name for name in columns if min(now[name].count(), then[name].count()) >= MIN_VALUES]
    if not comparable:
        page = _reason_page(month, reason=f"no feature has {MIN_VALUES} values in the month and in its season")
        return _findings(now, then, columns, {}, month=month), page
    statistics, page = _compare(_sample(now[comparable]), _sample(then[comparable]))
    findings = _findings(now, then, columns, statistics, month=month)
    return findings, with_summary(page, findings=findings, month=month, threshold=THRESHOLD)


def _watched(frame: pd.DataFrame, *, excluded: Collection[str]) -> pd.DataFrame:
    numbers = frame.select_dtypes("number")
    return numbers.drop(columns=[name for name in numbers if name in excluded]).astype(float).reset_index(drop=True)


def _beside(frame: pd.DataFrame, *, errors: pd.Series) -> pd.DataFrame:
    """The errors as one more column; columns are compared one by one, so rows need not correspond."""
    return pd.concat([frame, errors.astype(float).rename(FORECAST_ERROR).reset_index(drop=True)], axis="columns")


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_ROWS values of each column, drawn column by column so that sparse ones keep theirs."""
    values = (frame[name].dropna() for name in frame)
    drawn = [some.sample(min(len(some), MAX_ROWS), random_state=SEED).reset_index(drop=True) for some in values]
    return pd.concat(drawn, axis="columns")


def _compare(now: pd.DataFrame, then: pd.DataFrame) -> tuple[dict[str, float], bytes]:
    """Evidently's drift statistic by column, and its page."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    definition = DataDefinition(numerical_columns=list(now.columns))
    metrics: list[Any] = [ValueDrift(column=name, method=METHOD, threshold=THRESHOLD) for name in now.columns]
    snapshot = Report(metrics).run(
        Dataset.from_pandas(now, data_definition=definition), Dataset.from_pandas(then, data_definition=definition)
    )
    results = snapshot.dict()["metrics"]
    statistics = {result["config"]["column"]: float(result["value"]) for result in results}
    return statistics, snapshot.get_html_str(as_iframe=False).encode()


def _findings(
    now: pd.DataFrame, then: pd.DataFrame, columns: list[str], statistics: dict[str, float], *, month: pd.Timestamp
) -> pd.DataFrame:
    statistic = np.array([statistics.get(name, np.nan) for name in columns])
    rows = pd.DataFrame(
        {
            "month": month,
            "feature": columns,
            "method": METHOD,
            "statistic": statistic,
            "threshold": THRESHOLD,
            "is_drifted": statistic >= THRESHOLD,
            "current_mean": now[columns].mean().to_numpy(),
            "reference_mean": then[columns].mean().to_numpy(),
            "current_rows": now[columns].count().to_numpy(),
            "reference_rows": then[columns].count().to_numpy(),
        }
    )
    has_vanished = (rows["current_rows"] == 0) & (rows["reference_rows"] >= MIN_VALUES)
    return rows.assign(is_drifted=rows["is_drifted"] | has_vanished)


def _no_findings() -> pd.DataFrame:
    return TABLES["drift_report"].empty().drop(columns="report_uri")


def _reason_page(month: pd.Timestamp, *, reason: str) -> bytes:
    text = f"No drift report for {month:%B %Y}: {reason}."
    return f"<!doctype html><meta charset=utf-8><title>Drift</title><p>{text}</p>".encode()
