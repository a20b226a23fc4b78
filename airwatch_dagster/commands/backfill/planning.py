"""The plan of a backfill: which partitions are missing or older than what they read, as runs of a year at most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import dagster as dg
import numpy as np
import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.partitions import DAYS, FIRST_DAY, spans
from airwatch_dagster.schemas import TABLES

ORDER: Final = (
    "raw_readings",
    "site_days",
    "features",
    "training_examples",
    "hyperparameters",
    "trained_models",
    "candidate_scores",
    "champion_model",
    "predictions",
    "forecast_scores",
    "verification",
    "drift_report",
    "coverage",
    "agency_forecasts",
    "bulletin",
)
"""Partitioned tables, each after those it reads."""

DEFAULT_TABLES: Final = tuple(name for name in ORDER if name not in ("agency_forecasts", "hyperparameters"))
"""Tables of a backfill without `--tables`. Agencies' forecasts cost a request a day, and a search takes all the minutes
it is allowed."""

WHOLE_TABLES: Final = ("monitors", "monitor_changes")
"""Tables without partitions: a backfill that names one builds it as a whole."""

DETECTED_TABLE: Final = "revisions"
"""The table of what pulls changed, partitioned by their days (UTC)."""

BUILT_ELSEWHERE: Final = {
    "history_checks": (
        "is written by the recheck of stored history, not for days of it",
        "Launch the job recheck_history in Dagster's UI; to read days again, use --tables raw_readings --refresh",
    ),
    "rejected_lines": (
        "is written by the runs of the tables whose lines could not be read",
        "Build monitors, raw_readings or agency_forecasts with --refresh to read them again",
    ),
}
"""Tables that no backfill builds: what does, and how to have it done."""

JUST_BUILT: Final = pd.Timestamp.max
"""Time of writing of a partition that this plan will build, so that its readers are due too."""

NEVER: Final = pd.Timestamp.min.value
"""Time of writing, in ns, of a partition that is not stored."""

StoredAt = Mapping[str, pd.Timestamp]
"""Time of writing by partition, naive UTC."""


@dataclass(frozen=True)
class Step:
    """One run: a contiguous range of one table's partitions."""

    table: str
    first: str
    last: str
    count: int


@dataclass(frozen=True)
class Reads:
    """An input: partitions ``first`` to ``last`` of ``table``, as offsets from the reader's own partition."""

    table: str
    first: int
    last: int


def checked_tables(names: Sequence[str]) -> list[str]:
    """The names without blanks and repeats. Raises ConfigurationError for none, and for one no backfill builds."""
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    known = [*ORDER, *WHOLE_TABLES, DETECTED_TABLE]
    for name in wanted or [""]:
        if name in BUILT_ELSEWHERE:
            by, how = BUILT_ELSEWHERE[name]
            raise ConfigurationError("--tables", f"{name} {by}", fix=how)
        if name not in known:
            problem = f"{name!r} is not a valid table"
            raise ConfigurationError("--tables", problem, fix=f"Use some of {', '.join(known)}")
    return wanted


def reads_of(definitions: dg.Definitions) -> dict[str, list[Reads]]:
    """The partitioned inputs of every table, from its asset's partition mappings."""
    reads: dict[str, list[Reads]] = {}
    for name in ORDER:
        asset = definitions.resolve_assets_def(name)
        mappings = {key.to_user_string(): asset.get_partition_mapping(key) for key in asset.asset_deps[asset.key]}
        reads[name] = [
            Reads(table, mapping.start_offset, mapping.end_offset)
            for table, mapping in mappings.items()
            if isinstance(mapping, dg.TimeWindowPartitionMapping)
        ]
    return reads


def plan_backfill(
    reads: Mapping[str, Sequence[Reads]],
    *,
    first: pd.Timestamp,
    last: pd.Timestamp,
    stored: Mapping[str, StoredAt],
    tables: Sequence[str] = ORDER,
    refresh: bool = False,
) -> list[Step]:
    """The runs that bring ``tables`` up to date for the days ``first``…``last``: a calendar year at a time, in order.

    A partition is due when it is missing from ``stored`` or older than one it reads; with ``refresh`` every one is.
    Tables that are not in ``tables`` are read as stored, and names of tables outside ``ORDER`` plan nothing. Raises
    ConfigurationError for days in the wrong order or outside the partitions.
    """
    _check_days(first, last)
    written = {table: pd.Series(dict(stored.get(table, {})), dtype="datetime64[ns]") for table in ORDER}
    steps: list[Step] = []
    for year in range(first.year, last.year + 1):
        begin, end = max(first, pd.Timestamp(year, 1, 1)), min(last, pd.Timestamp(year, 12, 31))
        for table in (name for name in ORDER if name in tables):
            periods = pd.period_range(begin, end, freq=_unit(table))
            is_due = np.ones(len(periods), dtype=bool) if refresh else _is_due(table, periods, reads[table], written)
            due = periods[is_due].astype(str)
            written[table] = pd.concat([written[table].drop(due, errors="ignore"), pd.Series(JUST_BUILT, index=due)])
            steps += [
                Step(table, first, last, (pd.Period(last) - pd.Period(first)).n + 1)
                for first, last in spans(list(periods[is_due]))
            ]
    return steps


def _check_days(first: pd.Timestamp, last: pd.Timestamp) -> None:
    newest = pd.Timestamp(str(DAYS.get_last_partition_key()))
    if last < first:
        raise ConfigurationError(
            "backfill", f"LAST {last:%Y-%m-%d} is before FIRST {first:%Y-%m-%d}", fix="Give the earlier day first"
        )
    if first < pd.Timestamp(FIRST_DAY) or last > newest:
        raise ConfigurationError(
            "backfill",
            f"{first:%Y-%m-%d}…{last:%Y-%m-%d} is outside {FIRST_DAY}…{newest:%Y-%m-%d}",
            fix="Choose days inside; today can be read once it is over",
        )


def _unit(table: str) -> str:
    """The pandas frequency of the table's partitions."""
    return "D" if TABLES[table].grain == "day" else "M"


def _is_due(
    table: str, periods: pd.PeriodIndex, reads: Sequence[Reads], written: Mapping[str, pd.Series]
) -> np.ndarray:
    """Which of these partitions are not stored, or are older than one they read."""
    own = _moments(written[table], periods)
    is_due: np.ndarray = own == NEVER
    for read in reads:
        begins = periods.shift(read.first).start_time.to_period(_unit(read.table))
        ends = periods.shift(read.last).end_time.to_period(_unit(read.table))
        span = pd.period_range(begins[0], ends[-1])
        moments, origin = _moments(written[read.table], span), span[0].ordinal
        bounds = zip(begins.astype("int64") - origin, ends.astype("int64") - origin + 1, strict=True)
        is_due |= np.array([moments[first:last].max() for first, last in bounds]) > own
    return is_due


def _moments(written: pd.Series, periods: pd.PeriodIndex) -> np.ndarray:
    """When each partition was written, in ns; ``NEVER`` for one that is not stored."""
    moments = written.reindex(periods.astype(str)).fillna(pd.Timestamp.min)
    return moments.to_numpy(dtype="datetime64[ns]").astype("int64")


def days_without_revisions(
    readings: StoredAt, revisions: StoredAt, *, refreshed: tuple[pd.Timestamp, pd.Timestamp] | None = None
) -> list[str]:
    """Days (UTC) on which readings were written, and since which their revisions were not; in order.

    With ``refreshed`` also those on which the readings of these days, first to last, were written.
    """
    written = pd.Series(dict(readings), dtype="datetime64[ns]")
    day = written.dt.strftime("%Y-%m-%d")
    latest = written.groupby(day).max()
    updated = pd.Series(dict(revisions), dtype="datetime64[ns]").reindex(latest.index)
    is_due = ~(updated > latest)
    if refreshed is not None:
        is_due |= latest.index.isin(day[pd.to_datetime(written.index).to_series().between(*refreshed).to_numpy()])
    return list(latest.index[is_due])
