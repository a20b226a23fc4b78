"""Day and month partitions, when each begins to exist, and the windows of partitions that tables read."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.schemas import TABLES, Grain

FIRST_DAY: Final = "2009-01-01"
"""First day partition; PM2.5 by continuous reference-equivalent monitors is widespread from then on."""

DAY_END_HOURS: Final = 10
"""Hours after midnight UTC at which a day ends in Hawaii, the last of the 50 states: its standard time is UTC−10.
Source: 15 U.S.C. 261 and 263."""

DAYS: Final = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, hour_offset=DAY_END_HOURS)
"""Local standard days; a day exists once it is over in all 50 states, at 10:00 UTC of the next day."""

DETECTION_DAYS: Final = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
"""Days (UTC) on which a pull showed revisions; today is included."""

MONTHS: Final = dg.MonthlyPartitionsDefinition(
    start_date=FIRST_DAY[:7], hour_offset=DAY_END_HOURS, fmt="%Y-%m", end_offset=1
)
"""Months of the days above, the current one included: its champion serves while it lasts."""

Partitions = Mapping[Grain, dg.TimeWindowPartitionsDefinition | None]
"""Grain of a table → its partitions."""

PARTITIONS: Final[Partitions] = {"day": DAYS, "month": MONTHS, "detected": DETECTION_DAYS, "none": None}
"""Those of commands, which may build any day."""

TRAINING_MONTHS: Final = 36
"""Months of training examples before the month a model serves."""


def partitions_from(first_day: date) -> Partitions:
    """The same partitions from ``first_day`` and its month on: those that the Dagster UI lists."""
    first = max(f"{first_day:%Y-%m-%d}", FIRST_DAY)
    return {
        "day": dg.DailyPartitionsDefinition(start_date=first, hour_offset=DAY_END_HOURS),
        "month": dg.MonthlyPartitionsDefinition(
            start_date=first[:7], hour_offset=DAY_END_HOURS, fmt="%Y-%m", end_offset=1
        ),
        "detected": dg.DailyPartitionsDefinition(start_date=first, end_offset=1),
        "none": None,
    }


def running_day(moment: pd.Timestamp) -> date:
    """The day that is not over everywhere at ``moment`` (UTC); the one before is the newest of DAYS."""
    return (moment - pd.Timedelta(hours=DAY_END_HOURS)).date()


def newest_day(moment: pd.Timestamp) -> pd.Timestamp:
    """The newest of DAYS at ``moment`` (UTC)."""
    return pd.Timestamp(running_day(moment)) - pd.Timedelta(days=1)


def window(
    table: str, first: int, last: int, *, complete: bool = False, columns: Sequence[str] | None = None
) -> dg.AssetIn:
    """Partitions ``first``…``last`` of ``table``, counted from the partition being built, in that partition's unit.

    Unless ``complete``, partitions that do not exist or are not stored are left out: history starts somewhere. With
    ``columns`` no others are read.
    """
    mapping = dg.TimeWindowPartitionMapping(
        start_offset=first, end_offset=last, allow_nonexistent_upstream_partitions=True
    )
    only = {} if columns is None else {"columns": list(columns)}
    return dg.AssetIn(key=table, partition_mapping=mapping, metadata={"allow_missing_partitions": not complete, **only})


def same_day(table: str) -> dg.AssetDep:
    """The same day of ``table``, which is built before and is read from the storage."""
    return days_before(table, 0)


def same_month(table: str) -> dg.AssetDep:
    """The same month of ``table``, which is built before and is read from the storage."""
    return days_before(table, 0)


def days_before(table: str, count: int) -> dg.AssetDep:
    """The same day of ``table`` and ``count`` days before it, which are read from the storage."""
    mapping = dg.TimeWindowPartitionMapping(start_offset=-count, allow_nonexistent_upstream_partitions=True)
    return dg.AssetDep(table, partition_mapping=mapping)


def upstream_partitions(
    asset: dg.AssetsDefinition, upstream: dg.AssetKey, partitions: Sequence[str]
) -> list[str] | None:
    """Partitions of ``upstream`` that the asset reads for these of its own; None for a table without partitions."""
    own, others = asset.partitions_def, PARTITIONS[TABLES[upstream.to_user_string()].grain]
    mapping = asset.get_partition_mapping(upstream)
    if own is None or others is None or mapping is None:
        return None
    wanted = own.subset_with_partition_keys(partitions)
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(wanted, own, others)
    return sorted(found.partitions_subset.get_partition_keys())


def days_of(context: dg.AssetExecutionContext) -> pd.DatetimeIndex:
    """The days this run builds."""
    return pd.DatetimeIndex(pd.to_datetime(context.partition_keys))


def months_of(context: dg.AssetExecutionContext) -> list[pd.Timestamp]:
    """First days of the months this run builds, in order."""
    return [pd.Timestamp(f"{key}-01") for key in context.partition_keys]


def spans(periods: Sequence[pd.Period]) -> list[tuple[str, str]]:
    """Runs of adjacent days, or months, as the keys of their first and last; ``periods`` are sorted."""
    known = set(periods)
    starts = [period for period in periods if period - 1 not in known]
    ends = [period for period in periods if period + 1 not in known]
    return [(str(first), str(last)) for first, last in zip(starts, ends, strict=True)]
