"""Days as spreadsheets and statistics programs rewrite them, as ISO dates; what can be read in two ways is refused."""

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Final, Literal, get_args

from airwatch_dagster.errors import BadPayload

Order = Literal["month first", "day first"]
Numbers = tuple[int, int, int]
"""First number, second number, year."""

MIN_DAYS: Final = 3
"""Different days from which their distances tell something."""

MONTH_GAP, WEEK_GAP = 28, 7
"""Days from one day of a file to the next: 28 or more if days are taken for months, as each month then has the same
day; 7 or fewer where readings are daily, or of each third or sixth day."""

SURE: Final = 10
"""Days that prove one order, for each that seems to prove the other and then is a mistake of its own."""

LAST_MONTH: Final = 12
"""A greater number is a day."""

FIRST_YEAR: Final = 1969
"""First of the hundred years that two digits may mean. Source: POSIX, strptime."""

_MIDNIGHT: Final = r"(?:[T ]0{1,2}:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?|[T ]12:00(?::00)? ?AM|:00:00:00)?"
_ISO: Final = re.compile(r"(\d{4})([-/.]?)(\d\d?)\2(\d\d?)" + _MIDNIGHT, re.IGNORECASE)
_NUMERIC: Final = re.compile(r"(\d\d?)([-/.])(\d\d?)\2(\d{4}|\d\d)" + _MIDNIGHT, re.IGNORECASE)
_DAY_MONTH: Final = re.compile(r"(\d\d?)[-./ ]*([a-z]{3,9})[-./, ]*(\d{4}|\d\d)" + _MIDNIGHT, re.IGNORECASE)
_MONTH_DAY: Final = re.compile(r"(?:[a-z]+,? +)?([a-z]{3,9})\.? +(\d\d?),? +(\d{4})" + _MIDNIGHT, re.IGNORECASE)
_PUBLISHED: Final = re.compile(r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}")
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

_EXCEL_ZERO: Final = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}
"""Day 0 of the two calendars that spreadsheets count days in. Source: Microsoft, date systems in Excel."""


def published_dates(
    written: Collection[str], *, column: str, culprit: str, others: Collection[str] = ()
) -> Mapping[str, str]:
    """The ISO date of each of these days that a program rewrote; those in EPA's own layouts are left out.

    Read are years first, names of months in English, midnight after a day, and days with numbers alone if their order
    is known: 01/02/2021 is January 2, as EPA writes it, unless a first number above 12 proves days first; with dots or
    dashes an order has to be proven. ``others`` are days of the same file's other columns, for proof. Other text has
    no ISO date. Raises BadPayload for days of unknown order, and for days of which a spreadsheet took some months for
    days.
    """
    if all(_is_iso(value) for value in written):
        return {}
    orders: dict[str, Order] = {}
    for separator in "/.-":
        numbers = _numbers(written, separator)
        order = _order(numbers, _numbers(others, separator), separator)
        if order is None:
            raise _ambiguous(numbers, separator, column, culprit)
        orders[separator] = order
    dates = {value: _date(value, orders) for value in written}
    _refuse_days_as_months(dates, column, culprit)
    rewritten = {value: day.isoformat() for value, day in dates.items() if day}
    is_as_published = orders["/"] == "month first"
    return {v: iso for v, iso in rewritten.items() if iso != v and not (is_as_published and _PUBLISHED.fullmatch(v))}


def days_of_number(value: str) -> tuple[date, date]:
    """The two days that a spreadsheet may mean by a number such as 44197."""
    count = timedelta(days=int(float(value.replace(",", "."))))
    return _EXCEL_ZERO[1900] + count, _EXCEL_ZERO[1904] + count


def _is_iso(value: str) -> bool:
    return len(value) == 10 and value[4] == value[7] == "-"


def _numbers(written: Collection[str], separator: str) -> set[Numbers]:
    matches = [match for match in map(_NUMERIC.fullmatch, written) if match and match[2] == separator]
    return {(int(match[1]), int(match[3]), _year(match[4])) for match in matches}


def _order(numbers: set[Numbers], others: set[Numbers], separator: str) -> Order | None:
    """Which number is the month, proven by any of the days, or else by custom; None if the days do not tell."""
    every = numbers | others
    months_first = sum(second > LAST_MONTH >= first for first, second, _ in every)
    days_first = sum(first > LAST_MONTH >= second for first, second, _ in every)
    if not numbers or months_first > SURE * days_first or (separator == "/" and 0 < days_first <= months_first):
        return "month first"
    if months_first or days_first:
        return "day first" if days_first > SURE * months_first else None
    is_one_a_month = len(numbers) >= MIN_DAYS and (
        _gap(numbers, "month first") >= MONTH_GAP and _gap(numbers, "day first") <= WEEK_GAP
    )
    if separator == "/":
        return None if is_one_a_month else "month first"
    return "day first" if is_one_a_month and separator == "." else None


def _gap(numbers: Collection[Numbers], order: Order) -> float:
    """Median of the days from one day to the next."""
    days = sorted(day for one in numbers if (day := _day_of(*one, order)))
    return median((other - one).days for one, other in pairwise(days))


def _day_of(first: int, second: int, year: int, order: Order) -> date | None:
    return _valid(year, first, second) if order == "month first" else _valid(year, second, first)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(text: str) -> int:
    return int(text) if len(text) > 2 else FIRST_YEAR + (int(text) - FIRST_YEAR) % 100


def _date(value: str, orders: Mapping[str, Order]) -> date | None:
    if match := _ISO.fullmatch(value):
        has_all_digits = match[2] or len(match[3]) == len(match[4]) == 2
        return _valid(int(match[1]), int(match[3]), int(match[4])) if has_all_digits else None
    if match := _NUMERIC.fullmatch(value):
        return _day_of(int(match[1]), int(match[3]), _year(match[4]), orders[match[2]])
    if match := _DAY_MONTH.fullmatch(value):
        return _valid(_year(match[3]), _month(match[2]), int(match[1]))
    if match := _MONTH_DAY.fullmatch(value):
        return _valid(int(match[3]), _month(match[1]), int(match[2]))
    return None


def _month(name: str) -> int:
    """Number of a month by its English name or a beginning of it; 0 for other words."""
    word = name.lower()
    return next((number for number, month in enumerate(_MONTHS, 1) if month.startswith(word)), 0)


def _refuse_days_as_months(dates: Mapping[str, date | None], column: str, culprit: str) -> None:
    """Raises BadPayload if a spreadsheet whose days come first rewrote those of EPA's days that it took for days.

    It leaves 01/13/2021 as text, and makes February 1 of January 2: no day above 12 is among the rewritten ones.
    """
    slashed = [value for value in dates if _NUMERIC.fullmatch(value) and "/" in value]
    others = {day for value, day in dates.items() if day and value not in slashed}
    is_left = [_NUMERIC.fullmatch(value) for value in slashed]
    if len(others) < MIN_DAYS or not is_left or any(day.day > LAST_MONTH for day in others):
        return
    if all(match and int(match[3]) > LAST_MONTH for match in is_left):
        problem = f"{column} has no day after the {LAST_MONTH}th except in values such as {slashed[0]!r}"
        fix = "A spreadsheet took EPA's months for days; download the file again and import it unopened"
        raise BadPayload(culprit, problem, fix=fix)


def _ambiguous(numbers: set[Numbers], separator: str, column: str, culprit: str) -> BadPayload:
    first, second, year = next((one for one in sorted(numbers) if one[0] != one[1]), min(numbers))
    days = [f"{day:%Y-%m-%d}" for order in get_args(Order) if (day := _day_of(first, second, year, order))]
    written = f"{first}{separator}{second}{separator}{year}"
    doing = "the days do not show whether a program put the day or the month first"
    problem = f"{column} {written} may be {' or '.join(days)}: {doing}"
    return BadPayload(culprit, problem, fix="Save the dates as YYYY-MM-DD, or download the file again")
