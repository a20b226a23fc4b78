"""Drift of a month's features from the same season of earlier years, measured by Evidently."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.enrich import ADVECTION_COLUMNS, LAG_DAYS, MAP_SAMPLES, NEIGHBOUR_MEANS, SECTORS
from airwatch_dagster.watch.evidently_page import Page, light_page

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
"""Values that a column needs in the month to be judged."""

MIN_REFERENCE_VALUES: Final = 100
"""Values that a column needs in the season of earlier years to be judged."""

MIN_REFERENCE_DAYS: Final = 60
"""Days of these values: two thirds of one earlier year's season. A reference of three days is the weather of three
days."""

COUNTING_COLUMNS: Final = frozenset({"observed_days_7d", "observed_days_28d", "days_since_observed"})
"""Columns that count days of history: they grow while history is short, without anything being wrong."""

COUNTED_DAYS: Final = 28
"""Days that they look back."""

MOST_PLOTTED: Final = 6
"""Columns with plots on Evidently's page, the most distant first: 27 kB each, so that a page does not grow with the
number of features."""


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
    began: pd.Timestamp | None = None,
    title_of: Callable[[str], str] = str,
) -> tuple[pd.DataFrame, Page]:
    """One finding per numeric column that is not excluded, and Evidently's page of the most distant; deterministic.

    Findings have the columns of ``drift_report`` without ``report_uri``, sorted by feature. A column with too few
    values, or with a reference of too few values or days, has a null statistic and ``not_judged`` says why; it counts
    as drifted only if the month has none and the reference enough. ``began`` is the first day of history: what counts
    days is not compared with its first COUNTED_DAYS. Without current rows or reference rows (the first year) there are
    no findings, and the page states the reason. ``title_of`` names a feature for people.
    """
    if current.empty or reference.empty:
        why = "the month has no features" if current.empty else "no earlier year has features of this season yet"
        return TABLES["drift_report"].empty().drop(columns="report_uri"), _reason_page(month, reason=why)
    known = reference if began is None else _without_short_history(reference, began=began)
    now, then = _compared_columns(current, excluded=excluded), _compared_columns(known, excluded=excluded)
    columns = sorted(now.columns.intersection(then.columns))
    days = _days_with_values(known, then, columns)
    reasons = {name: _too_few(now[name], then[name], days=days[name]) for name in columns}
    lacking = {name: why for name, why in reasons.items() if why is not None}
    judged = [name for name in columns if name not in lacking and now[name].count() >= MIN_VALUES]
    if not judged:
        page = _reason_page(month, reason=next(iter(lacking.values()), "no feature is compared"))
        return _findings(now, then, columns, {}, lacking, month=month), page
    statistics, page = _compare(_sample(now[judged]), _sample(then[judged]), title_of)
    return _findings(now, then, columns, statistics, lacking, month=month), page


def _without_short_history(reference: pd.DataFrame, *, began: pd.Timestamp) -> pd.DataFrame:
    """``reference`` with nulls where the columns that count days could not count far enough back."""
    is_short = reference["issue_date"] < began + pd.Timedelta(days=COUNTED_DAYS)
    counting = [name for name in reference if name in COUNTING_COLUMNS]
    return reference.assign(**{name: reference[name].where(~is_short) for name in counting})


def _days_with_values(reference: pd.DataFrame, then: pd.DataFrame, columns: Sequence[str]) -> dict[str, int]:
    """Days on which each column has values in the reference."""
    dates = reference["issue_date"].reset_index(drop=True)
    return {name: int(dates[then[name].notna()].nunique()) for name in columns}


def _too_few(now: pd.Series, then: pd.Series, *, days: int) -> str | None:
    """Why a column cannot be judged; None if it can, and for one whose values have vanished."""
    values = int(then.count())
    if values < MIN_REFERENCE_VALUES or days < MIN_REFERENCE_DAYS:
        return (
            f"{values:,} values of {days} days in its season of earlier years; "
            f"{MIN_REFERENCE_VALUES} of {MIN_REFERENCE_DAYS} days needed"
        )
    count = int(now.count())
    return f"{count} values in the month; {MIN_VALUES} needed" if 0 < count < MIN_VALUES else None


def _compared_columns(frame: pd.DataFrame, *, excluded: Collection[str]) -> pd.DataFrame:
    numbers = frame.select_dtypes("number")
    return numbers.drop(columns=[name for name in numbers if name in excluded]).astype(float).reset_index(drop=True)


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    """At most ``MAX_ROWS`` values of each column, sampled column by column so that sparse columns keep their values."""
    values = (frame[name].dropna() for name in frame)
    drawn = [some.sample(min(len(some), MAX_ROWS), random_state=SEED).reset_index(drop=True) for some in values]
    return pd.concat(drawn, axis="columns")


def _compare(now: pd.DataFrame, then: pd.DataFrame, title_of: Callable[[str], str]) -> tuple[dict[str, float], Page]:
    """Evidently's drift statistic by column, and its page of the most distant columns."""
    statistics = {str(name): _distance(now[name].dropna(), then[name].dropna()) for name in now}
    most = sorted(statistics, key=lambda name: -statistics[name])[:MOST_PLOTTED]
    titles = {name: title_of(name) for name in most}
    plotted = _snapshot(now[most].rename(columns=titles), then[most].rename(columns=titles))
    return statistics, light_page(plotted.get_html_str(as_iframe=False))


def _distance(now: pd.Series, then: pd.Series) -> float:
    """Evidently's statistic alone: a report draws every column that it measures."""
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    values = (then, now)
    test = get_stattest(*values, ColumnType.Numerical, METHOD)
    return float(test(*values, ColumnType.Numerical, THRESHOLD).drift_score)


def _snapshot(now: pd.DataFrame, then: pd.DataFrame) -> Any:
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    definition = DataDefinition(numerical_columns=list(now.columns))
    metrics: list[Any] = [ValueDrift(column=name, method=METHOD, threshold=THRESHOLD) for name in now.columns]
    return Report(metrics).run(
        Dataset.from_pandas(now, data_definition=definition), Dataset.from_pandas(then, data_definition=definition)
    )


def _findings(
    now: pd.DataFrame,
    then: pd.DataFrame,
    columns: list[str],
    statistics: dict[str, float],
    lacking: dict[str, str],
    *,
    month: pd.Timestamp,
) -> pd.DataFrame:
    statistic = np.array([statistics.get(name, np.nan) for name in columns])
    means, reference_means = (frame[columns].mean().to_numpy() for frame in (now, then))
    spread = then[columns].std(ddof=0).replace(0.0, np.nan).to_numpy()
    rows = pd.DataFrame(
        {
            "month": month,
            "feature": columns,
            "method": METHOD,
            "statistic": statistic,
            "threshold": THRESHOLD,
            "is_drifted": statistic >= THRESHOLD,
            "current_mean": means,
            "reference_mean": reference_means,
            "current_rows": now[columns].count().to_numpy(),
            "reference_rows": then[columns].count().to_numpy(),
            "effect": np.where(np.isnan(statistic), np.nan, (means - reference_means) / spread),
            "not_judged": pd.Series([lacking.get(name) for name in columns], dtype=object),
        }
    )
    has_vanished = (rows["current_rows"] == 0) & rows["not_judged"].isna()
    return rows.assign(is_drifted=rows["is_drifted"] | has_vanished)


def _reason_page(month: pd.Timestamp, *, reason: str) -> Page:
    text = f"No drift report for {month:%B %Y}: {reason}."
    return Page(f"<!doctype html><meta charset=utf-8><title>Drift</title><p>{text}</p>".encode())
