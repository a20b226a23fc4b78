"""Bulletins of selected cities (FPUS20): what was observed and what is forecast, city by city."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import MAX_SHOWN_CHARACTERS, Rejection, SourceLocation
from airwatch_dagster.acquire.weather.nws.header import BadHeader, Header, is_start, read_header
from airwatch_dagster.errors import BadPayload
from airwatch_dagster.limits import MAX_CITIES_BYTES, MAX_CITIES_LINES, megabytes

_FIX: Final = (
    "Use an untouched copy of the bulletin; if the National Weather Service changed it, AirWatch has to learn it"
)

_T: Final = r"B ?\d{1,3}|\d{1,3}B?|MM"
_CITY: Final = re.compile(
    r"(?P<city>[A-Z][A-Z .'-]*?)\s+"
    rf"(?P<observed_1>{_T})\s+(?P<observed_2>{_T})(?:\s+(?P<observed_precipitation>\d*\.\d+|TR|MM))?"
    rf"\s+(?P<word_1>[A-Z]+)\s+(?P<first_1>{_T})/(?P<second_1>{_T})"
    rf"\s+(?P<word_2>[A-Z]+)\s+(?P<first_2>{_T})/(?P<second_2>{_T})\s*$"
)
_TABLE_HEAD: Final = re.compile(r"CITY\s+(HI|LO)/")
_TABLE_END: Final = re.compile(r"\$\$|NATIONAL TEMPERATURE EXTREMES|\x03")

MAX_LINE: Final = 200
"""Characters of a line that are read; a city has 62."""

LOWEST_F, HIGHEST_F = -90, 140
"""Limits of temperatures, °F; beyond them a line is damaged."""

CITY_COLUMNS: Final = (
    "issued_at",
    "issue_date",
    "half",
    "part",
    "city",
    "observed_date",
    "observed_high_f",
    "observed_low_f",
    "observed_precipitation",
    *(f"target{n}_{name}" for n in (1, 2) for name in ("date", "word", "high_f", "low_f")),
)
"""A line of a bulletin: times and days of its header, what was observed (precipitation as published: inches, TR for a
trace, MM for missing), then date, word, highest and lowest temperature (°F) of the two days that are forecast. In a
bulletin of the AM a lowest temperature is of the night after its day, in one of the PM of the night before."""


@dataclass(frozen=True)
class CityForecasts:
    """The lines of one or more bulletins."""

    rows: pd.DataFrame
    """CITY_COLUMNS, one row per bulletin and city, in their order."""
    rejected: pd.DataFrame
    """Lines and bulletins set aside, in REJECTED_COLUMNS; a bulletin by the line of its header that is at fault."""
    bulletins: int
    """Bulletins found, set aside or not."""


def read_selected_cities(content: bytes, *, culprit: str) -> CityForecasts:
    """Every bulletin in ``content``, which may hold several, one after the other.

    A line of a city that cannot be read costs itself, a header that cannot be trusted (see ``read_header``) its
    bulletin. Text without any bulletin gives no rows. Raises BadPayload where bulletins were found and no line of them
    can be read, and for more text than the limits of ``limits`` allow.
    """
    origin = SourceLocation(culprit, "line", 1, fix=_FIX)
    rows: list[dict[str, Any]] = []
    bulletins = 0
    for lines in _bulletins(content, culprit):
        bulletins += 1
        try:
            header = read_header(lines)
        except BadHeader as bad:
            _note(origin, bad.line_number, bad.line, f"the bulletin is set aside: {bad.reason}")
            continue
        rows += _city_rows(lines, header, origin)
    if bulletins and not rows:
        first = f", such as {origin.described(min(origin.found))}" if origin.found else ""
        raise BadPayload(culprit, f"no line of its {bulletins} bulletins can be read{first}", fix=_FIX)
    return CityForecasts(_frame(rows), origin.rejected(pd.DataFrame()), bulletins)


def _bulletins(content: bytes, culprit: str) -> Iterator[list[tuple[int, str]]]:
    """Numbers and texts of the lines of each bulletin; what comes before the first is left out."""
    found = None
    if len(content) > MAX_CITIES_BYTES:
        found = f"more than {megabytes(MAX_CITIES_BYTES)}"
    elif content.count(b"\n") > MAX_CITIES_LINES:
        found = f"more than {MAX_CITIES_LINES:,} lines"
    if found is not None:
        raise BadPayload(culprit, f"holds {found}, several times what a day of bulletins has", fix=_FIX)
    current: list[tuple[int, str]] = []
    for number, text in enumerate(content.decode("ascii", errors="replace").split("\n"), start=1):
        line = text[:MAX_LINE].strip("\r\x01\x03\x1e").rstrip()
        if is_start(line):
            if current:
                yield current
            current = []
        if current or is_start(line):
            current.append((number, line))
    if current:
        yield current


def _city_rows(lines: list[tuple[int, str]], header: Header, origin: SourceLocation) -> Iterator[dict[str, Any]]:
    starts = [at for at, (_, line) in enumerate(lines) if _TABLE_HEAD.match(line)]
    for number, line in lines[starts[0] + 1 :]:
        if _TABLE_END.match(line):
            return
        if not line.strip():
            continue
        match = _CITY.match(line)
        if match is None:
            _note(origin, number, line, "expected a city, what was observed and two forecasts")
            continue
        row = _row(match, header)
        temperatures = [value for name, value in row.items() if name.endswith("_f") and value is not None]
        if any(not LOWEST_F <= value <= HIGHEST_F for value in temperatures):
            _note(origin, number, line, f"expected temperatures from {LOWEST_F} to {HIGHEST_F} °F")
            continue
        yield row


def _row(match: re.Match[str], header: Header) -> dict[str, Any]:
    names = ("high_f", "low_f") if header.is_high_first else ("low_f", "high_f")
    row: dict[str, Any] = {
        "issued_at": header.issued_at,
        "issue_date": header.issue_date,
        "half": header.half,
        "part": header.part,
        "city": match["city"],
        "observed_date": header.observed_date,
        "observed_precipitation": match["observed_precipitation"],
    }
    row |= {f"observed_{name}": _fahrenheit(match[f"observed_{n}"]) for n, name in enumerate(names, start=1)}
    for n, date in enumerate(header.target_dates, start=1):
        row |= {f"target{n}_date": date, f"target{n}_word": match[f"word_{n}"]}
        row[f"target{n}_{names[0]}"] = _fahrenheit(match[f"first_{n}"])
        row[f"target{n}_{names[1]}"] = _fahrenheit(match[f"second_{n}"])
    return row


def _fahrenheit(text: str) -> float | None:
    """A temperature; ``B`` before or behind it means below zero, MM that it is missing."""
    if text == "MM":
        return None
    number = float(text.strip("B "))
    return -number if "B" in text else number


def _note(origin: SourceLocation, number: int, line: str, reason: str) -> None:
    origin.note(number - 1, Rejection(reason, line.strip()[:MAX_SHOWN_CHARACTERS] or None))


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(CITY_COLUMNS))
    for name in CITY_COLUMNS:
        if name.endswith(("_at", "_date")):
            frame[name] = frame[name].astype("datetime64[ns]")
        elif name.endswith("_f"):
            frame[name] = frame[name].astype("float64")
    return frame.astype({"part": "int64"})
