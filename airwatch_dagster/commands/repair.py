"""`airwatch repair`: versions that a clock in the future has stamped keep their days from updates no longer."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.readings import VERSION_COLUMNS
from airwatch_dagster.acquire.restamping import FutureStamp, future_stamps, new_stamps, restamped
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.ingest.stamps import CLOCK_TOLERANCE, refuse_clock_ahead
from airwatch_dagster.orchestration.resources import StorageResource, utc_now
from airwatch_dagster.orchestration.tables.io_manager import split
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import MergedSlices, TableStorage

TABLE: Final = "raw_readings"

OTHER_STAMPS: Final = {
    "monitors": ("primary_changed_at",),
    "rejected_lines": ("read_at",),
    "champion_model": ("decided_at",),
    "history_checks": ("checked_at", "changed_since", "changed_until"),
}
"""Columns of other tables with times of this machine's clock that decide on what comes later. A recheck that asked for
changes up to a day in the future would never be followed by another, and a decision would be the newest for ever."""

Echo = Callable[[str], None]


def repair(*, is_confirmed: bool, echo: Echo) -> None:
    """List the versions that are stamped in the future; with ``is_confirmed`` also give them times that are not.

    No version is lost, and their order stays. What was replaced by what is stored in the storage's folder ``repairs``
    first. Raises ConfigurationError when this machine's clock cannot be right.
    """
    storage = StorageResource()
    tables, now = storage.tables(), utc_now()
    _refuse_wrong_clock(tables, now)
    found = list(_found(tables, now))
    others = {table: rows for table in OTHER_STAMPS if (rows := _future_rows(tables, table, now))}
    if not found and not others:
        echo(f"No version is stamped in the future; it is {now:%Y-%m-%d %H:%M} UTC.")
        return
    stamps = new_stamps(found, now=now)
    for one in found:
        echo(f"  {_line(one)} → {stamps[one.instant]} UTC")
    for table, rows in others.items():
        echo(f"  {table}: {counted(rows, 'row')} of a time in the future → {now} UTC")
    if not is_confirmed:
        echo(f"It is {now:%Y-%m-%d %H:%M} UTC. Nothing is changed yet: `airwatch repair --yes` does it.")
        return
    note = tables.write_note(f"repairs/{now:%Y-%m-%dT%H%M%S}Z.json", _record(found, others, stamps, now=now))
    echo(f"  on record in {note}")
    for days in _by_year(found):
        _store(storage, TABLE, days, stamps, columns=VERSION_COLUMNS)
    for table in others:
        partitions = list(tables.stored_partitions(table)) if TABLES[table].partition_column else None
        _store(storage, table, partitions, _Capped(now), columns=OTHER_STAMPS[table])
    echo(f"Mended. {_afterwards(found, stamps)}".rstrip())


class _Capped(dict[pd.Timestamp, pd.Timestamp]):
    """Times after a moment → that moment, days after it → its day.

    In the tables beside the readings only what comes later matters.
    """

    def __init__(self, now: pd.Timestamp) -> None:
        super().__init__()
        self._now = now

    def __missing__(self, instant: pd.Timestamp) -> pd.Timestamp:
        is_day = instant == instant.normalize()
        return min(instant, self._now.normalize() if is_day else self._now)


def _refuse_wrong_clock(tables: TableStorage, now: pd.Timestamp) -> None:
    """Raises ConfigurationError for a clock ahead of the storage's, and for one that shows a day before stored ones."""
    refuse_clock_ahead(tables, now)
    newest = max(tables.stored_partitions(TABLE), default="")
    if newest and pd.Timestamp(newest) > now + pd.Timedelta(days=1):
        problem = f"shows {now:%Y-%m-%d %H:%M} UTC, but readings of {newest} are stored"
        raise ConfigurationError("This machine's clock", problem, fix="Set the clock, then repair")


def _found(tables: TableStorage, now: pd.Timestamp) -> Iterator[FutureStamp]:
    """The times in the future in stored readings, in order, over all days."""
    stored = {day: pd.Timestamp(moment).tz_convert(None) for day, moment in tables.stored_partitions(TABLE).items()}
    rows = []
    for year in sorted({day[:4] for day in stored}):
        days = [day for day in stored if day.startswith(year)]
        versions = tables.read(TABLE, days, columns=["date_local", *VERSION_COLUMNS])
        is_future = (versions[list(VERSION_COLUMNS)] > now + CLOCK_TOLERANCE).any(axis="columns")
        rows.append(versions[versions["date_local"].isin(versions.loc[is_future, "date_local"])])
    if rows:
        yield from future_stamps(pd.concat(rows), columns=VERSION_COLUMNS, now=now, written=stored)


def _future_rows(tables: TableStorage, table: str, now: pd.Timestamp) -> int:
    frame = tables.read_or_empty(table)
    return int((frame[list(OTHER_STAMPS[table])] > now + CLOCK_TOLERANCE).any(axis="columns").sum())


def _line(one: FutureStamp) -> str:
    span = "…".join(dict.fromkeys((one.days[0], one.days[-1])))
    counts = f"{counted(one.begun, 'version')} seen, {one.ended:,} superseded"
    return f"{one.instant} UTC: {counts}, on {counted(len(one.days), 'day')} ({span})"


def _by_year(found: list[FutureStamp]) -> Iterator[list[str]]:
    days = sorted({day for one in found for day in one.days})
    for year in sorted({day[:4] for day in days}):
        yield [day for day in days if day.startswith(year)]


def _store(
    storage: StorageResource,
    table: str,
    partitions: list[str] | None,
    stamps: dict[pd.Timestamp, pd.Timestamp],
    *,
    columns: tuple[str, ...],
) -> None:
    def merged(stored: pd.DataFrame) -> MergedSlices | None:
        if stored.empty:
            return None
        return split(table, validated(table, restamped(stored, stamps, columns=columns)), partitions=partitions)

    with storage.locked(table) as tables:
        tables.merge(table, partitions, merged, keep_unchanged=True)


def _record(
    found: list[FutureStamp], others: dict[str, int], stamps: dict[pd.Timestamp, pd.Timestamp], *, now: pd.Timestamp
) -> bytes:
    readings: list[dict[str, Any]] = [
        {
            "was": one.instant.isoformat(),
            "is": stamps[one.instant].isoformat(),
            "versions_seen": one.begun,
            "versions_superseded": one.ended,
            "days": list(one.days),
        }
        for one in found
    ]
    record = {"repaired_at": now.isoformat(), TABLE: readings, "rows_of_other_tables": others}
    return f"{json.dumps(record, indent=2)}\n".encode()


def _afterwards(found: list[FutureStamp], stamps: dict[pd.Timestamp, pd.Timestamp]) -> str:
    """What is to be computed again."""
    if not found:
        return ""
    days = sorted({day for one in found for day in one.days})
    seen = sorted(f"{moment:%Y-%m-%d}" for moment in stamps.values())
    return (
        f"`airwatch backfill {days[0]} {days[-1]}` brings the tables that were built from them up to date, and "
        f"`airwatch backfill {seen[0]} {seen[-1]} --tables revisions --refresh` the revisions"
    )
