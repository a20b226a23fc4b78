"""What is due: tables that the schedules should have brought up to date by now, each with the command that does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.commands.inspect.stored_tables import UNITS, StoredTable
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.orchestration.freshness.expected import Moment
from airwatch_dagster.schemas import TABLES

MONITORS_DUE: Final = timedelta(days=8)
"""Age of the monitor list from which it is due; it is read every Monday."""


@dataclass(frozen=True)
class Due:
    """Partitions that are missing up to now."""

    what: str
    """The table."""
    partitions: str
    """The only one, or ``first…last``; empty for a table without partitions."""
    why: str
    run: str
    """The command that builds them."""


def due_partitions(stored: Sequence[StoredTable], moment: Moment) -> list[Due]:
    """Everything that is due, daily tables first; an empty storage has only its first backfill due."""
    tables = {one.table: one for one in stored}
    if "raw_readings" not in tables:
        first = f"{moment.today - timedelta(days=730):%Y-%m-%d}"
        return [Due("raw_readings", "", "nothing is stored yet", f"airwatch backfill {first} yesterday")]
    newest = tables["raw_readings"].newest
    day, expected = moment.newest_day(newest), moment.newest_partitions(newest)
    found = [_missing(table, tables.get(table), newest, day) for table, newest in expected.items()]
    return [*(one for one in found if one is not None), *_gaps(tables, expected), *_monitors(tables, moment)]


def _missing(table: str, stored: StoredTable | None, newest: str, day: date) -> Due | None:
    """The partitions after the newest stored one; None for an up-to-date table."""
    unit = UNITS[TABLES[table].grain]
    last = pd.Period(newest, unit)
    if stored is None or stored.newest is None:
        return Due(table, newest, "none is stored", _backfill(last, last, day))
    first = pd.Period(stored.newest, unit) + 1
    if first > last:
        return None
    count = counted((last - first).n + 1, TABLES[table].grain)
    span = "…".join(dict.fromkeys((str(first), str(last))))
    return Due(table, span, f"{count} behind", _backfill(first, last, day))


def _gaps(tables: Mapping[str, StoredTable], expected: Mapping[str, str]) -> Iterator[Due]:
    for table in (tables[name] for name in expected if name in tables):
        if table.missing:
            unit = TABLES[table.table].grain
            why = f"{counted(table.missing, unit)} missing between the first stored one and the newest"
            yield Due(table.table, f"{table.oldest}…{table.newest}", why, _backfill_text(table))


def _backfill_text(table: StoredTable) -> str:
    unit = UNITS[TABLES[table.table].grain]
    first, last = pd.Period(table.oldest, unit).start_time, pd.Period(table.newest, unit).end_time
    return f"airwatch backfill {first:%Y-%m-%d} {last:%Y-%m-%d} --tables {table.table}"


def _monitors(tables: Mapping[str, StoredTable], moment: Moment) -> Iterator[Due]:
    monitors = tables.get("monitors")
    if monitors is not None and moment.source != "practice" and moment.now - monitors.written_at > MONITORS_DUE:
        days = (moment.now - monitors.written_at).days
        run = "airwatch backfill yesterday yesterday --tables monitors --refresh"
        yield Due("monitors", "", f"read {days} days ago", run)


def _backfill(first: pd.Period, last: pd.Period, day: date) -> str:
    """The command for these days or months, up to the last day that can be built."""
    end = min(last.end_time.date(), day)
    return f"airwatch backfill {min(first.start_time.date(), end):%Y-%m-%d} {end:%Y-%m-%d}"
