"""Drift of a month's features from the same season of earlier years, measured by Evidently."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.enrich import ADVECTION_COLUMNS, LAG_DAYS, MAP_SAMPLES, NEIGHBOUR_MEANS, SECTORS

CALENDAR_COLUMNS: Final = frozenset({"season_sin", "season_cos", "weekday", "latitude", "longitude"})
"""Columns of time and place: they drift every January, without anything being wrong."""

DERIVED_COLUMNS: Final = frozenset(
    f"{group}_pm25{measure}" for group in NEIGHBOUR_MEANS for measure in ("_anomaly_ugm3", "_change_ugm3")
)
"""Differences of other features: a broken level shows in the level itself, and the page stays readable."""

REPEATED_COLUMNS: Final = frozenset(f"pm25_lag_{days}d_ugm3" for days in LAG_DAYS if days > 0)
"""The readings of the issue date, repeated on later days: they drift when pm25_lag_0d_ugm3 does."""

SECTOR_COLUMNS: Final = frozenset(f"{ring}_{sector}_pm25_ugm3" for ring in ("near", "far") for sector in SECTORS)
"""The neighbours by direction: they drift when nearby_pm25_ugm3 does, and their sixteen plots would hide the others."""

MAP_COLUMNS: Final = (
    frozenset(f"{place}_log{day}" for place in MAP_SAMPLES for day in ("", "_before")) | ADVECTION_COLUMNS
)
"""Log anomalies of the neighbours and their motion: they change with the wind, not with an instrument."""

EXCLUDED_COLUMNS: Final = CALENDAR_COLUMNS | DERIVED_COLUMNS | REPEATED_COLUMNS | SECTOR_COLUMNS | MAP_COLUMNS
"""Features that are not compared by default."""

METHOD: Final = "wasserstein"
"""Evidently's normed Wasserstein distance: the mean shift of sorted values, in standard deviations of the reference."""

THRESHOLD: Final = 0.75
"""Standard deviations from which on a feature counts as drifted: half the distance of a network stuck at zero, and
above an ordinary month.

Measured on daily AirData values of 2020-21 against up to three earlier seasons, in six metropolitan areas and the
nation: the median month has 0.15-0.37, and 11 of 168 months exceed 0.75, most of them with smoke. Values stuck at zero
have 1.4-2.0, doubled values 1.4-2.1, tripled values 2.9 and more. Evidently's default of 0.1 is exceeded nearly every
month."""

MAX_ROWS: Final = 3000
"""Values sampled per column, in the month and in the reference. Between samples of the nation's daily values the
distance varies by 0.02 in an ordinary month and 0.07 in a month of smoke (standard deviation of 30 samples); a report
takes 1-2 s."""

SEED: Final = 20240506
"""Seed of the sample: the same month has the same findings."""

MIN_VALUES: Final = 20
"""Values that a column needs in the month and in the reference to be compared."""

FORECAST_ERROR: Final = "forecast_error_ugm3"
"""Name of the finding about the forecasts instead of a feature."""


@dataclass(frozen=True)
class ForecastErrors:
    """Errors of forecasts, µg/m³: of the month, and of the same season of earlier years."""

    current: pd.Series
    reference: pd.Series


def season_matched(features: pd.DataFrame, *, month: pd.Timestamp, date_column: str = "issue_date") -> pd.DataFrame:
    """The rows of ``features`` in the same calendar month and its two neighbours of every earlier year.

    The ten months before ``month`` are left out: December 2020 is not a reference for January 2021, because a fault
    that began then would count as normal.
    """
    dates = features[date_column].dt
    months_before = (month.year - dates.year) * 12 + (month.month - dates.month)
    return features[(months_before >= 11) & ((months_before + 1) % 12 <= 2)]


def drift_findings(
    current: pd.DataFrame,
    *,
    reference: pd.DataFrame,
    month: pd.Timestamp,
    excluded: Collection[str] = EXCLUDED_COLUMNS,
    errors: ForecastErrors | None = None,
) -> tuple[pd.DataFrame, bytes]:
    """One finding per numeric column that is not excluded, and Evidently's HTML page; deterministic.

    Findings have the columns of ``drift_report`` without ``report_uri``, sorted by feature. A column with fewer than
    ``MIN_VALUES`` values has a null statistic, and counts as drifted only if the month has none and the reference
    enough. Without current rows or reference rows (the first year) there are no findings, and the page states the
    reason.
    """
    if current.empty or reference.empty:
        why = "the month has no features" if current.empty else "no earlier year has features of this season yet"
        return TABLES["drift_report"].empty().drop(columns="report_uri"), _reason_page(month, reason=why)
    now, then = _compared_columns(current, excluded=excluded), _compared_columns(reference, excluded=excluded)
    if errors is not None:
        now, then = _beside(now, errors=errors.current), _beside(then, errors=errors.reference)
    columns = sorted(now.columns.intersection(then.columns))
    comparable = [name for name in columns if min(now[name].count(), then[name].count()) >= MIN_VALUES]
    if not comparable:
        page = _reason_page(month, reason=f"no feature has {MIN_VALUES} values in the month and in its season")
        return _findings(now, then, columns, {}, month=month), page
    statistics, page = _compare(_sample(now[comparable]), _sample(then[comparable]))
    findings = _findings(now, then, columns, statistics, month=month)
    return findings, page


def _compared_columns(frame: pd.DataFrame, *, excluded: Collection[str]) -> pd.DataFrame:
    numbers = frame.select_dtypes("number")
    return numbers.drop(columns=[name for name in numbers if name in excluded]).astype(float).reset_index(drop=True)


def _beside(frame: pd.DataFrame, *, errors: pd.Series) -> pd.DataFrame:
    """``frame`` with the errors as another column; columns are compared one by one, so rows need not correspond."""
    return pd.concat([frame, errors.astype(float).rename(FORECAST_ERROR).reset_index(drop=True)], axis="columns")


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    """At most ``MAX_ROWS`` values of each column, sampled column by column so that sparse columns keep their values."""
    values = (frame[name].dropna() for name in frame)
    drawn = [some.sample(min(len(some), MAX_ROWS), random_state=SEED).reset_index(drop=True) for some in values]
    return pd.concat(drawn, axis="columns")


def _compare(now: pd.DataFrame, then: pd.DataFrame) -> tuple[dict[str, float], bytes]:
    """Evidently's drift statistic by column, and its HTML page."""
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


def _reason_page(month: pd.Timestamp, *, reason: str) -> bytes:
    text = f"No drift report for {month:%B %Y}: {reason}."
    return f"<!doctype html><meta charset=utf-8><title>Drift</title><p>{text}</p>".encode()
