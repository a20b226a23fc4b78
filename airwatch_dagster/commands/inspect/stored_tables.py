"""Which tables are stored, up to which partition, and how fresh they are."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.commands.wording import counted, duration_text, program
from airwatch_dagster.orchestration.resources import today, utc_now
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.storage.threads import in_threads

UNITS: Final = {"day": "D", "month": "M"}
"""pandas frequency of the partitions that exist once their day is over."""


@dataclass(frozen=True)
class StoredTable:
    """What is stored of one table."""

    table: str
    partitions: int
    newest: str | None
    """The newest partition; None for a table without partitions."""
    behind: int | None
    """Days or months from the newest partition to the newest possible one; None for tables without such."""
    written_at: datetime
    """UTC."""
    oldest: str | None = None
    """The first partition; None for a table without partitions."""
    missing: int = 0
    """Days or months between the oldest and the newest partition that are not stored."""


def tables_text(storage: TableStorage, *, as_json: bool = False) -> str:
    """A line per stored table: how many partitions, the newest, how far it is behind, and when it was last written."""
    found = list(stored_tables(storage))
    if as_json:
        return json.dumps([{**asdict(one), "written_at": one.written_at.isoformat()} for one in found], indent=2)
    if not found:
        return "Nothing is stored yet; run `airwatch backfill` or `make demo`."
    lines = [f"{'table':<18} {'partitions':>10}  {'newest':<10}  {'':<15}  last written (UTC)"]
    now = utc_now().tz_localize("UTC")
    for one in found:
        count, newest = ("", "one file") if one.newest is None else (f"{one.partitions:,}", one.newest)
        since = duration_text((now - one.written_at).total_seconds())
        written = f"{one.written_at:%Y-%m-%d %H:%M}, {since} ago"
        lines.append(f"{one.table:<18} {count:>10}  {newest:<10}  {freshness(one):<15}  {written}")
    return "\n".join([*lines, "", f"Rows of a partition: {program()} inspect predictions yesterday"])


def stored_tables(storage: TableStorage) -> Iterator[StoredTable]:
    """The stored tables, in the order of the data dictionary."""
    yesterday, whole = today() - timedelta(days=1), storage.whole_tables()
    for (table, spec), listing in zip(TABLES.items(), in_threads(storage.listing, TABLES), strict=True):
        times = [whole[table]] if table in whole else [*listing.partitions.values()]
        if not times:
            continue
        oldest, newest = min(listing.partitions, default=None), max(listing.partitions, default=None)
        behind, missing = None, 0
        if newest is not None and (unit := UNITS.get(spec.grain)):
            last = pd.Period(newest, unit)
            behind = int((pd.Period(yesterday, unit) - last).n)
            missing = int((last - pd.Period(oldest, unit)).n) + 1 - len(listing.partitions)
        yield StoredTable(table, len(listing.partitions), newest, behind, max(times), oldest, missing)


def freshness(one: StoredTable) -> str:
    """``up to date``, ``2 days behind``; empty for a table that no day or month is due of."""
    if one.behind is None:
        return ""
    return "up to date" if one.behind <= 0 else f"{counted(one.behind, TABLES[one.table].grain)} behind"
