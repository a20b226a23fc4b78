"""The calendar of all bulletins."""

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class ArchiveDay:
    """A bulletin in the archive."""

    issue_date: date
    highest_aqi: int
    """The highest AQI that it forecast for tomorrow."""
    category: str
    """EPA's English name of the category of ``highest_aqi``."""
    file_name: str
    """Of its page, relative to the archive."""


@dataclass(frozen=True)
class Cell:
    """A day of the calendar; ``known`` is its bulletin."""

    day: date
    known: ArchiveDay | None


@dataclass(frozen=True)
class Month:
    """A month, by weeks from Sunday on, as in the United States; None for days of the months beside it."""

    first: date
    weeks: tuple[tuple[Cell | None, ...], ...]


def years(days: Sequence[ArchiveDay]) -> Iterator[tuple[int, list[Month]]]:
    """The years with bulletins, newest first, each with the months from the first to the last bulletin's."""
    known = {one.issue_date: one for one in days}
    for year in sorted({day.year for day in known}, reverse=True):
        months = sorted({day.month for day in known if day.year == year})
        yield year, [_month(year, month, known) for month in range(months[0], months[-1] + 1)]


def _month(year: int, month: int, known: dict[date, ArchiveDay]) -> Month:
    weeks = calendar.Calendar(calendar.SUNDAY).monthdatescalendar(year, month)
    cells = (tuple(Cell(day, known.get(day)) if day.month == month else None for day in week) for week in weeks)
    return Month(date(year, month, 1), tuple(cells))
