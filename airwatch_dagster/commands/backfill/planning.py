"""What a backfill still has to make: a partition is due when it is missing or older than what it reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.partitions import DAYS, FIRST_DAY
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
)
"""Partitioned tables in an order in which every one finds what it reads."""

BY_DEFAULT: Final = tuple(name for name in ORDER if name not in ("agency_forecasts", "hyperparameters"))
"""What a backfill makes unless told otherwise: agencies' forecasts are archived by the day, a request each, and
searches take the minutes they are given."""

JUST_MADE: Final = pd.Timestamp.max
"""Stands for the time of a partition that this plan will make: whatever reads it is due as well."""

StoredAt = Mapping[str, pd.Timestamp]
"""Partition → when it was written, UTC."""


@dataclass(frozen=True)
class Step:
    """One run: a contiguous range of one table's partitions."""

    table: str
    first: str
    last: str
    count: int


@dataclass(frozen=True)
class Reads:
    """What one partition of a table reads: partitions of ``table`` from ``first`` to ``last``, counted from its own."""

    table: str
    first: int
    last: int


def reads_of(definitions: dg.Definitions) -> dict[str, list[Reads]]:
    """The partitioned inputs of every table, as its asset declares them."""
    return {name: list(_inputs(definitions.resolve_assets_def(name))) for name in ORDER}


def _inputs(asset: dg.AssetsDefinition) -> Iterator[Reads]:
    for key in asset.asset_deps[asset.key]:
        mapping = asset.get_partition_mapping(key)
        if isinstance(mapping, dg.TimeWindowPartitionMapping):
            yield Reads(key.to_user_string(), mapping.start_offset, mapping.end_offset)


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

    ``stored`` says when each partition was written; with ``refresh`` every partition is due. Tables left out of
    ``tables`` are read as they are. Raises ConfigurationError for days in the wrong order or that no partition covers.
    """
    _check_days(first, last)
    times = {table: pd.Series(dict(stored.get(table, {})), dtype="datetime64[ns]") for table in ORDER}
    steps: list[Step] = []
    for year in range(first.year, last.year + 1):
        begin, end = max(first, pd.Timestamp(year, 1, 1)), min(last, pd.Timestamp(year, 12, 31))
        for table in (name for name in ORDER if name in tables):
            keys = _keys(table, begin, end)
            due = [key for key in keys if refresh or _is_due(table, key, reads[table], times)]
            times[table] = pd.concat([times[table].drop(due, errors="ignore"), pd.Series(JUST_MADE, index=due)])
            steps += _ranges(table, keys, set(due))
    return steps


def _check_days(first: pd.Timestamp, last: pd.Timestamp) -> None:
    newest = pd.Timestamp(str(DAYS.get_last_partition_key()))
    if last < first:
        raise ConfigurationError(
            "backfill", f"LAST {last:%Y-%m-%d} lies before FIRST {first:%Y-%m-%d}", fix="Give the earlier day first"
        )
    if first < pd.Timestamp(FIRST_DAY) or last > newest:
        raise ConfigurationError(
            "backfill",
            f"{first:%Y-%m-%d}…{last:%Y-%m-%d} leaves the days there are, {FIRST_DAY}…{newest:%Y-%m-%d}",
            fix="Choose days inside; a day exists once it is over",
        )


def _keys(table: str, begin: pd.Timestamp, end: pd.Timestamp) -> list[str]:
    if TABLES[table].grain == "day":
        return [f"{day:%Y-%m-%d}" for day in pd.date_range(begin, end)]
    return [str(month) for month in pd.period_range(begin, end, freq="M")]


def _is_due(table: str, key: str, reads: Sequence[Reads], times: Mapping[str, pd.Series]) -> bool:
    own = times[table].get(key)
    return own is None or any(_newest(table, key, read, times[read.table]) > own for read in reads)


def _newest(table: str, key: str, read: Reads, written: pd.Series) -> pd.Timestamp:
    """When the newest partition that ``key`` reads was written; the distant past if it reads none."""
    unit = TABLES[table].grain[0].upper()
    own = pd.Period(key, unit)
    begin, end = (own + read.first).start_time, (own + read.last).end_time
    upstream = TABLES[read.table].grain[0].upper()
    keys = [str(period) for period in pd.period_range(begin, end, freq=upstream)]
    there = written.reindex(keys).dropna()
    return there.max() if len(there) else pd.Timestamp.min


def _ranges(table: str, keys: Sequence[str], due: set[str]) -> list[Step]:
    """Neighbouring due partitions as one step."""
    steps: list[Step] = []
    run: list[str] = []
    for key in [*keys, None]:
        if key in due:
            run.append(str(key))
        elif run:
            steps.append(Step(table, run[0], run[-1], len(run)))
            run = []
    return steps


def days_to_look_through(readings: StoredAt, revisions: StoredAt) -> list[str]:
    """Days (UTC) on which readings were written and of which no ledger of revisions was written since, in order."""
    written = pd.Series(dict(readings), dtype="datetime64[ns]")
    latest = written.groupby(written.dt.strftime("%Y-%m-%d")).max()
    looked = pd.Series(dict(revisions), dtype="datetime64[ns]").reindex(latest.index)
    return list(latest.index[~(looked > latest)])
