"""The plan of a backfill: which partitions are missing or older than what they read, as runs of a year at most."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import Final

import dagster as dg
import numpy as np
import pandas as pd

from airwatch_dagster.commands.table_names import unknown_table
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.partitions import DAYS, FIRST_DAY, spans
from airwatch_dagster.schemas import TABLES

ORDER: Final = (
    "raw_readings",
    "weather_forecasts",
    "site_days",
    "features",
    "training_examples",
    "hyperparameters",
    "trained_models",
    "candidate_scores",
    "champion_model",
    "predictions",
    "forecast_scores",
    "early_predictions",
    "early_scores",
    "verification",
    "agency_forecasts",
    "scoreboard",
    "scoreboard_events",
    "monthly_findings",
    "drift_report",
    "coverage",
    "bulletin",
    "sensor_flags",
)
"""Partitioned tables, each after those it reads."""

EARLY_TABLE: Final = "early_predictions"
"""The forecasts of the early issue, whose readings and weather a later run reads again."""

_ON_DEMAND: Final = ("weather_forecasts", "agency_forecasts", "hyperparameters", EARLY_TABLE, "early_scores")

DEFAULT_TABLES: Final = tuple(name for name in ORDER if name not in _ON_DEMAND)
"""Tables of a backfill without `--tables`, beside weather where it has a source. Agencies' forecasts cost a request a
day, a search takes all the minutes it is allowed, and an early issue of a past day would know what came later."""

MONTHLY_RUNS: Final = ("weather_forecasts",)
"""Tables of days that are built a month at a time: each day reads megabytes, and what a stopped run has read is stored
up to the month before."""

BULLETIN_DAYS: Final = 92
"""Issue days, up to the last, of which a backfill without `--tables` makes bulletins: the last quarter. Few people
read earlier pages, and each costs as much as all tables of its day."""

WHOLE_TABLES: Final = ("monitors", "monitor_changes")
"""Tables without partitions: a backfill that names one builds it as a whole."""

AFTER_CHANGES: Final = ("monthly_findings", "drift_report", "coverage")
"""Tables that read what changed at monitors, or what was found from it, and are built after it."""

DETECTED_TABLE: Final = "revisions"
"""The table of what pulls changed, partitioned by their days (UTC)."""

BUILT_ELSEWHERE: Final = {
    EARLY_TABLE: (
        "is written by the schedule early_issue in the morning after its day; made later it would know more",
        "Read predictions, which every backfill builds",
    ),
    "history_checks": (
        "is written by the recheck of stored history, not for days of it",
        "Launch the job recheck_history in Dagster's UI; to read days again, use --tables raw_readings --refresh",
    ),
    "rejected_lines": (
        "is written by the runs of the tables whose lines could not be read",
        "Build monitors, raw_readings or agency_forecasts with --refresh to read them again",
    ),
    "incidents": (
        "is written by the sensor that looks at finished runs",
        "See it with `airwatch incidents`; leave `make dev` running to have it updated",
    ),
}
"""Tables that no backfill builds: what does, and how to have it done."""

JUST_BUILT: Final = pd.Timestamp.max
"""Time of writing of a partition that this plan will build, so that its readers are due too."""

NEVER: Final = pd.Timestamp.min.value
"""Time of writing, in ns, of a partition that is not stored."""

MISSING: Final = "missing"
"""Reason of a partition that is not stored."""

READ_EARLY: Final = "read for the early issue"
"""Reason of what is read of a day that has early forecasts and no others: the source has published more of it since."""

SOURCE_TABLES: Final = ("raw_readings", "weather_forecasts")
"""Tables of which a source publishes more between the early and the daily issue."""

StoredAt = Mapping[str, pd.Timestamp]
"""Time of writing by partition, naive UTC."""


@dataclass(frozen=True)
class Step:
    """One run: a contiguous range of one table's partitions."""

    table: str
    first: str
    last: str
    count: int
    reasons: Mapping[str, int] = field(default_factory=dict, compare=False)
    """Why its partitions are due, such as ``missing`` or ``older than site_days``, and how many for each reason."""


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
            raise unknown_table("--tables", name, known)
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
    broken: Mapping[str, Collection[str]] = MappingProxyType({}),
    not_before: Mapping[str, pd.Timestamp] = MappingProxyType({}),
) -> list[Step]:
    """The runs that bring ``tables`` up to date for the days ``first``…``last``: a calendar year at a time, in order;
    a month at a time for MONTHLY_RUNS.

    A partition is due when it is missing from ``stored`` or older than one it reads; with ``refresh`` every one is. A
    table of ``not_before`` is planned from that day on. Tables that are not in ``tables`` are read as stored, and names
    of tables outside ``ORDER`` plan nothing. ``broken`` names partitions, missing from ``stored``, whose last run
    failed. Raises ConfigurationError for days in the wrong order or outside the partitions.
    """
    _check_days(first, last)
    written = {table: pd.Series(dict(stored.get(table, {})), dtype="datetime64[ns]") for table in ORDER}
    steps: list[Step] = []
    for year in range(first.year, last.year + 1):
        begin, end = max(first, pd.Timestamp(year, 1, 1)), min(last, pd.Timestamp(year, 12, 31))
        for table in (name for name in ORDER if name in tables):
            periods = pd.period_range(max(begin, not_before.get(table, begin)), end, freq=_unit(table))
            if periods.empty:
                continue
            why = _reasons(table, periods, reads[table], written, refresh=refresh)
            why |= {} if table not in SOURCE_TABLES else _read_early(periods, written, but=why)
            why = {period: _or_failed(reason, str(period), broken.get(table, ())) for period, reason in why.items()}
            due = [str(period) for period in why]
            written[table] = pd.concat([written[table].drop(due, errors="ignore"), pd.Series(JUST_BUILT, index=due)])
            for begins, ends in step_spans(table, sorted(why)):
                keys = pd.period_range(begins, ends, freq=_unit(table))
                steps.append(Step(table, begins, ends, len(keys), Counter(why[key] for key in keys)))
    return steps


def step_spans(table: str, periods: Sequence[pd.Period]) -> list[tuple[str, str]]:
    """Adjacent partitions that one run builds, as its first and last."""
    if table not in MONTHLY_RUNS:
        return spans(periods)
    months = groupby(periods, key=lambda day: (day.year, day.month))
    return [span for _, days in months for span in spans(list(days))]


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
            fix="Choose days inside; the newest one is the last that is over",
        )


def _unit(table: str) -> str:
    """The pandas frequency of the table's partitions."""
    return "D" if TABLES[table].grain == "day" else "M"


def _reasons(
    table: str,
    periods: pd.PeriodIndex,
    reads: Sequence[Reads],
    written: Mapping[str, pd.Series],
    *,
    refresh: bool,
) -> dict[pd.Period, str]:
    """Which of these partitions are due, and why: not stored, older than one they read, or all with ``refresh``."""
    own = _moments(written[table], periods)
    why = np.where(own == NEVER, MISSING, "refresh" if refresh else "").astype(object)
    for read in reads if (why == "").any() else ():
        begins = periods.shift(read.first).start_time.to_period(_unit(read.table))
        ends = periods.shift(read.last).end_time.to_period(_unit(read.table))
        span = pd.period_range(begins[0], ends[-1])
        moments, origin = _moments(written[read.table], span), span[0].ordinal
        bounds = zip(begins.astype("int64") - origin, ends.astype("int64") - origin + 1, strict=True)
        is_older = np.array([moments[first:last].max() for first, last in bounds]) > own
        why[is_older & (why == "")] = f"older than {read.table}"
    return {period: reason for period, reason in zip(periods, why, strict=True) if reason}


def _read_early(
    periods: pd.PeriodIndex, written: Mapping[str, pd.Series], *, but: Collection[pd.Period]
) -> dict[pd.Period, str]:
    days = set(written[EARLY_TABLE].index) - set(written["predictions"].index)
    return {period: READ_EARLY for period in periods if str(period) in days and period not in but}


def _or_failed(reason: str, key: str, broken: Collection[str]) -> str:
    return "last run failed" if reason == MISSING and key in broken else reason


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
