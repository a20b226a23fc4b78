"""What is due: tables that the schedules should have brought up to date by now, each with the command that does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.commands.inspect.stored_tables import UNITS, StoredTable
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.orchestration.automation.jobs import CLOSE_TABLES, DAILY_TABLES, OPEN_TABLES
from airwatch_dagster.orchestration.early_issue import FOLLOWS_SOURCE
from airwatch_dagster.orchestration.weather.completeness import TABLE as WEATHER
from airwatch_dagster.schemas import TABLES

FORECAST_DUE: Final = timedelta(hours=19, minutes=30)
"""Time of the day (UTC) from which the day before is due: an hour after the schedule daily_forecast starts."""

CLOSE_DUE: Final = timedelta(hours=22)
"""Time of the 1st of a month (UTC) from which the month before is due: two hours after monthly_close starts."""

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


@dataclass(frozen=True)
class Moment:
    """When it is, and what can be expected by then."""

    now: datetime
    """UTC."""
    today: date
    """The day that is not over yet; in a rehearsal the simulated one."""
    source: str
    is_rehearsal: bool
    """Whether the day is simulated: then everything up to yesterday is due at once."""
    has_weather: bool = False
    """Whether weather has a source; without one its days are empty, and none is due."""

    def newest_day(self, tables: Mapping[str, StoredTable]) -> date:
        """The last day that daily tables should have by now."""
        yesterday = self.today - timedelta(days=1)
        readings = tables.get("raw_readings")
        if self.source in FOLLOWS_SOURCE:
            return date.fromisoformat(readings.newest) if readings and readings.newest else yesterday
        is_late = self.is_rehearsal or _time_of(self.now) >= FORECAST_DUE or self.now.date() != self.today
        return yesterday if is_late else yesterday - timedelta(days=1)

    def closed_month(self, newest: date) -> pd.Period:
        """The last month that should be closed by now, with ``newest`` as the last day that tables should have."""
        month = pd.Period(newest, "M")
        is_over = newest == month.end_time.date()
        is_late = self.is_rehearsal or self.source in FOLLOWS_SOURCE or _time_of(self.now) >= CLOSE_DUE
        return month if is_over and is_late else month - 1


def due_partitions(stored: Sequence[StoredTable], moment: Moment) -> list[Due]:
    """Everything that is due, daily tables first; an empty storage has only its first backfill due."""
    tables = {one.table: one for one in stored}
    if "raw_readings" not in tables:
        first = f"{moment.today - timedelta(days=730):%Y-%m-%d}"
        return [Due("raw_readings", "", "nothing is stored yet", f"airwatch backfill {first} yesterday")]
    day = moment.newest_day(tables)
    expected = {
        **dict.fromkeys(_daily_tables(moment), f"{day:%Y-%m-%d}"),
        **dict.fromkeys(CLOSE_TABLES, str(moment.closed_month(day))),
        **dict.fromkeys(OPEN_TABLES, f"{day:%Y-%m}"),
    }
    found = [_missing(table, tables.get(table), newest, day) for table, newest in expected.items()]
    return [*(one for one in found if one is not None), *_gaps(tables, expected), *_monitors(tables, moment)]


def _daily_tables(moment: Moment) -> list[str]:
    return [table for table in DAILY_TABLES if moment.has_weather or table != WEATHER]


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


def _time_of(moment: datetime) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)
