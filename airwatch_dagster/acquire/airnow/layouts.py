"""Layouts of AirNow's text files: pipe-separated fields without a header."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.http.session import looks_like_html
from airwatch_dagster.acquire.parsing.encoding import decode
from airwatch_dagster.acquire.parsing.values import SourceLocation
from airwatch_dagster.errors import BadPayload, SourceUnavailable

_DAY_FORMAT: Final = "%m/%d/%y"
_STARTS_WITH_DAY: Final = re.compile(r"\s*\d{1,2}/\d{1,2}/\d{2}\|")
_MAX_SHOWN_CHARACTERS: Final = 80


@dataclass(frozen=True)
class Layout:
    """A file layout: its name and its fields in order, AirNow's names by contract name."""

    file_name: str
    fields: Mapping[str, str]
    us_site: str = ""
    """Pattern of a US site's airnow_id; its group is the 9-digit AQS site."""
    may_wrap: bool = False
    """Whether its free text can contain line breaks."""


DAILY: Final = Layout(
    "daily_data_v2.dat",
    {
        "date_local": "ValidDate",
        "short_id": "AQSID",
        "site_name": "SiteName",
        "parameter": "Parameter",
        "units_of_measure": "Units",
        "arithmetic_mean": "Value",
        "averaging_period": "AveragingPeriod",
        "agency": "DataSource",
        "aqi": "AQI",
        "aqi_category": "AQICategory",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "airnow_id": "FullAQSID",
    },
    us_site=r"840([0-9]{9})",
)
"""A day's values per site; ids begin with the country, 840 for the US. Source: AirNow daily data file fact sheet."""

OLD_DAILY: Final = Layout(
    "daily_data.dat",
    {
        "date_local": "ValidDate",
        "airnow_id": "AQSID",
        "site_name": "SiteName",
        "parameter": "Parameter",
        "units_of_measure": "Units",
        "arithmetic_mean": "Value",
        "averaging_period": "AveragingPeriod",
        "agency": "DataSource",
    },
    us_site=r"((?!00|80)[0-9]{9})",
)
"""The layout of days before version 2, without AQI and position; Canada's ids begin with 00, and 80 is Mexico's state
code. Source: AirNow daily data file fact sheet."""

REPORTING_AREAS: Final = Layout(
    "reportingarea.dat",
    {
        "issue_date": "IssueDate",
        "target_date": "ValidDate",
        "valid_time": "ValidTime",
        "time_zone": "TZ",
        "day_index": "DayIndex",
        "record_type": "RecordType",
        "is_primary": "Primary",
        "reporting_area": "ReportingArea",
        "state": "State",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "parameter": "Parameter",
        "aqi": "AQI",
        "agency_category": "Category",
        "is_action_day": "ActionDay",
        "discussion": "Discussion",
        "forecast_source": "ForecastSource",
    },
    may_wrap=True,
)
"""Observations and forecasts per area. Source: AirNow reporting area file fact sheet."""


def check_layout(path: Path, layout: Layout, *, culprit: str) -> None:
    """Raises SourceUnavailable for an empty file, a web page, and any other file without a record of ``layout``."""
    content = path.read_bytes()
    problem = None
    if not content.strip():
        problem = "the file is empty; it is being written"
    elif looks_like_html(content):
        problem = "a web page came instead of the file"
    elif not any(len(values) == len(layout.fields) for _, values in _records(decode(content), layout)):
        problem = f"no line has the {len(layout.fields)} fields of {layout.file_name}"
    if problem is not None:
        raise SourceUnavailable(culprit, problem, fix="Wait until the file is complete, or check the URL")


def read_fields(path: Path, layout: Layout, *, culprit: str) -> tuple[pd.DataFrame, SourceLocation]:
    """Every record as text in contract names, empty values null; the index is the line number minus one.

    A trailing pipe, blank lines and a byte-order mark are accepted; the encoding is UTF-8 or else ISO-8859-1. Raises
    BadPayload naming the first line with another number of fields.
    """
    numbers, rows = [], []
    for number, values in _records(decode(path.read_bytes()), layout):
        if len(values) != len(layout.fields):
            shown = "|".join(values)[:_MAX_SHOWN_CHARACTERS]
            problem = f"line {number} has {len(values)} fields instead of {len(layout.fields)}: {shown!r}"
            raise BadPayload(culprit, problem, fix="Report it to the publisher, or use another copy of the data")
        numbers.append(number - 1)
        rows.append([value.strip() or None for value in values])
    frame = pd.DataFrame(rows, columns=list(layout.fields), index=pd.Index(numbers, dtype="int64"), dtype=object)
    return frame, SourceLocation(culprit, "line", 1, layout.fields)


def days(written: pd.Series, name: str, *, origin: SourceLocation) -> pd.Series:
    """Days written as 01/31/23. Raises BadPayload for anything else, null included."""
    parsed = pd.to_datetime(written, format=_DAY_FORMAT, errors="coerce")
    for row in written.index[parsed.isna()][:1]:
        origin.reject(int(row), name, written[row], "a date as 01/31/23")
    return parsed.astype("datetime64[ns]")


def coded_values(written: pd.Series, name: str, meanings: Mapping[str, Any], *, origin: SourceLocation) -> pd.Series:
    """The meaning of each published code, in any case. Raises BadPayload for an unknown code, null included."""
    known = {word.upper(): meaning for word, meaning in meanings.items()}
    upper = written.str.upper()
    for row in written.index[~upper.isin(known)][:1]:
        origin.reject(int(row), name, written[row], " or ".join(meanings))
    return upper.map(known)


def _records(text: str, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """First line number and fields of each record; a record that wraps over lines is one record."""
    number, pending = 0, ""
    for at, line in enumerate(text.split("\n"), start=1):
        is_complete = not layout.may_wrap or pending.count("|") >= len(layout.fields) - 1
        if pending and (is_complete or _STARTS_WITH_DAY.match(line)):
            yield number, _fields(pending, layout)
            pending = ""
        if pending:
            pending = f"{pending} {line}"
        elif line.strip():
            number, pending = at, line
    if pending:
        yield number, _fields(pending, layout)


def _fields(line: str, layout: Layout) -> list[str]:
    """The values of a line; one empty value too many comes from a trailing pipe."""
    values = line.rstrip("\r").split("|")
    return values[:-1] if len(values) == len(layout.fields) + 1 and not values[-1].strip() else values
