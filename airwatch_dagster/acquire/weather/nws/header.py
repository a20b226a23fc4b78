"""Headers of the bulletins: which part, when it was issued, which days it is about, and in which order."""

import re
from dataclasses import dataclass
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.weather.months import MONTHS

LARGEST_DIFFERENCE: Final = pd.Timedelta(minutes=15)
"""How far the two times of issue of a bulletin may lie apart; the later one counts. In 52 bulletins of 2021 and 2022
they agree to the minute."""

UTC_OFFSET_HOURS: Final = {"EST": -5, "EDT": -4}
"""Hours that the zones of the issuing office are ahead of UTC."""

_WMO: Final = re.compile(r"FPUS20 KWBN (\d{2})(\d{2})(\d{2})(?: [A-Z]{3})?\s*$")
_PART: Final = re.compile(r"SELECTED CITIES WEATHER SUMMARY AND FORECASTS\.*\s*PART (\d) OF (\d)")
_ISSUED: Final = re.compile(r"(1[0-2]|0?[1-9])(\d{2})? (AM|PM) ([A-Z]{3}) [A-Z]{3} ([A-Z]{3}) (\d{1,2}) (\d{4})\s*$")
_INDICATE: Final = re.compile(r"TEMPERATURES INDICATE (DAYTIME HIGH|NIGHTTIME LOW)\.+")
_DAYS: Final = re.compile(r"\s*" + r"\s+".join([r"[A-Z]{3}\.{2,5} ?([A-Z]{3}) +(\d{1,2})"] * 3) + r"\s*$")
_ORDER: Final = re.compile(r"CITY\s+(HI/LO|LO/HI)\s+PCPN\s+WEA\s+(HI/LO|LO/HI)\s+WEA\s+(HI/LO|LO/HI)\s*$")


class BadHeader(Exception):
    """A bulletin's header cannot be trusted: the number of the line at fault, the line, and why."""

    def __init__(self, line_number: int, line: str, reason: str) -> None:
        super().__init__(reason)
        self.line_number, self.line, self.reason = line_number, line, reason


@dataclass(frozen=True)
class Header:
    """What a bulletin says of itself."""

    issued_at: pd.Timestamp
    """UTC, without zone."""
    issue_date: pd.Timestamp
    """Day of issue in the office's local time."""
    half: str
    """AM or PM: the morning's bulletin for the same and the next day, or the evening's for the next two."""
    part: int
    parts: int
    observed_date: pd.Timestamp
    target_dates: tuple[pd.Timestamp, pd.Timestamp]
    is_high_first: bool
    """The order of temperatures: a day's highest and the lowest of the night after it, else the lowest of the night
    before and the day's highest."""


def is_start(line: str) -> bool:
    """Whether a bulletin begins with this line."""
    return line.startswith("FPUS20 KWBN ")


def read_header(lines: list[tuple[int, str]]) -> Header:
    """The header of a bulletin, given as numbers and texts of its lines.

    Raises BadHeader where a line is missing or does not fit the others: the two times of issue differ by more than
    LARGEST_DIFFERENCE, the order of temperatures is not that of its half of the day, or the days are not those of its
    date.
    """
    wmo, part, issued, days, order = (_found(lines, *one) for one in _WANTED)
    issued_at, issue_date, half = _issued(*issued)
    header_at = _header_time(wmo[2], issued_at)
    if header_at is None or abs(header_at - issued_at) > LARGEST_DIFFERENCE:
        raise BadHeader(wmo[0], wmo[1], f"issued at {issued_at:%Y-%m-%d %H:%M} UTC by its local time, not by this line")
    is_high_first = _order(lines, *order)
    if is_high_first != (half == "AM"):
        raise BadHeader(
            order[0], order[1], f"expected {'HI/LO' if half == 'AM' else 'LO/HI'} in a bulletin of the {half}"
        )
    groups = days[2].groups()
    dates = [_date_near(month, day, issue_date) for month, day in zip(groups[::2], groups[1::2], strict=True)]
    first = issue_date - pd.Timedelta(days=1 if half == "AM" else 0)
    if dates != [first + pd.Timedelta(days=n) for n in range(3)]:
        expected = f"expected three days from {MONTHS[first.month - 1]} {first.day} in a bulletin of the {half}"
        raise BadHeader(days[0], days[1], expected)
    return Header(
        max(issued_at, header_at),
        issue_date,
        half,
        int(part[2].group(1)),
        int(part[2].group(2)),
        first,
        (first + pd.Timedelta(days=1), first + pd.Timedelta(days=2)),
        is_high_first,
    )


_WANTED: Final = (
    (_WMO, "FPUS20 KWBN and a time"),
    (_PART, "a part of SELECTED CITIES"),
    (_ISSUED, "a local time of issue"),
    (_DAYS, "three days"),
    (_ORDER, "the order of temperatures"),
)


def _found(lines: list[tuple[int, str]], pattern: re.Pattern[str], what: str) -> tuple[int, str, re.Match[str]]:
    for number, line in lines:
        if match := pattern.match(line):
            return number, line, match
    raise BadHeader(*lines[0], f"the bulletin has no line with {what}")


def _issued(number: int, line: str, match: re.Match[str]) -> tuple[pd.Timestamp, pd.Timestamp, str]:
    """Time of issue in UTC, local day of issue, and AM or PM."""
    clock, minute, half, zone, month, day, year = match.groups()
    try:
        hour = int(clock) % 12 + (12 if half == "PM" else 0)
        local = pd.Timestamp(int(year), MONTHS.index(month) + 1, int(day), hour, int(minute or 0))
        offset = UTC_OFFSET_HOURS[zone]
    except (ValueError, KeyError) as error:
        raise BadHeader(number, line, "expected a local time of issue in EST or EDT") from error
    return local - pd.Timedelta(hours=offset), local.normalize(), half


def _header_time(match: re.Match[str], near: pd.Timestamp) -> pd.Timestamp | None:
    """Day, hour and minute of the heading as the time nearest to ``near``; None where they are none."""
    day, hour, minute = map(int, match.groups())
    if not (1 <= day <= 31 and hour < 24 and minute < 60):
        return None
    days = [near.normalize() + pd.Timedelta(days=n) for n in range(-15, 16)]
    times = [one + pd.Timedelta(hours=hour, minutes=minute) for one in days if one.day == day]
    return min(times, key=lambda time: abs(time - near), default=None)


def _date_near(month: str, day: str, near: pd.Timestamp) -> pd.Timestamp | None:
    """The date of this month and day within a week of ``near``; None without one."""
    days = [near + pd.Timedelta(days=n) for n in range(-7, 8)]
    return next((one for one in days if MONTHS[one.month - 1] == month and one.day == int(day)), None)


def _order(lines: list[tuple[int, str]], number: int, line: str, match: re.Match[str]) -> bool:
    """Whether the day's highest comes first. Raises BadHeader where the header does not agree with itself."""
    orders = {one == "HI/LO" for one in match.groups()}
    orders |= {found.group(1) == "DAYTIME HIGH" for _, text in lines if (found := _INDICATE.match(text))}
    if len(orders) > 1:
        raise BadHeader(number, line, "the bulletin says both that highs and that lows come first")
    return orders.pop()
