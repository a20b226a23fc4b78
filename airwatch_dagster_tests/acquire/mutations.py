"""Published files with damage at random places, and what must hold for every reader of them.

A test draws a few hundred of them; ``benchmarks/fuzz_readers.py`` tens of thousands.
"""

import io
import json
import os
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pandas as pd
import requests
from hypothesis import strategies as st
from urllib3 import HTTPResponse

from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download
from airwatch_dagster.acquire.airdata.files import read_daily, read_monitors
from airwatch_dagster.acquire.airnow.historical.records import read_rows
from airwatch_dagster.acquire.airnow.historical.responses import rows_of
from airwatch_dagster.acquire.airnow.layouts import DAILY, OLD_DAILY
from airwatch_dagster.acquire.airnow.readers import read_day, read_forecasts
from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.geographies import ByCounty
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.request_plan import plan_daily
from airwatch_dagster.acquire.parsing.rejections import REJECTED_COLUMNS
from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.acquire.airnow.historical.samples import CHICAGO, row
from airwatch_dagster_tests.acquire.published_samples import API_ROW, DAILY_ROW, MONITOR_ROW, csv_text, zipped

DAY: Final = date(2021, 6, 1)

JUNK: Final = (
    *(
        b"|",
        b",",
        b'"',
        b'""',
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\x1a",
        b"\x00",
        b"\xff",
        b"\xe9",
        b"\xc3\xa9",
        b" ",
    ),
    *(b"N/A", b"NA", b"-999", b"999999999", b"1e308", b"nan", b"inf", b"0", b"9999-99-99", b"13/45/21", b"'", b"\\"),
    *(b"None", b"null", b"<html>", b"=1+1", b"\xef\xbb\xbf", b"24", b"88502", b"CC", b"80", b"x" * 300),
)
"""What was seen in damaged files, or stands for its kind."""


@st.composite
def damaged(draw: st.DrawFn, content: bytes, *, most: int = 3) -> bytes:
    """``content`` with one to ``most`` changes: a span replaced, deleted, repeated or moved; cut; lines shuffled."""
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        end = min(len(content), start + draw(st.integers(0, 12)))
        kind = draw(
            st.sampled_from(["replace", "insert", "delete", "repeat", "cut", "drop_line", "double_line", "bytes"])
        )
        content = _changed(content, kind, start, end, draw)
    return content


def _changed(content: bytes, kind: str, start: int, end: int, draw: st.DrawFn) -> bytes:
    before, span, after = content[:start], content[start:end], content[end:]
    lines = content.split(b"\n")
    at = content[:start].count(b"\n")
    if kind == "replace":
        return before + draw(st.sampled_from(JUNK)) + after
    if kind == "insert":
        return before + draw(st.sampled_from(JUNK)) + span + after
    if kind == "delete":
        return before + after
    if kind == "repeat":
        return before + span * 2 + after
    if kind == "cut":
        return before or content
    if kind == "drop_line":
        return b"\n".join(lines[:at] + lines[at + 1 :]) or content
    if kind == "double_line":
        return b"\n".join(lines[: at + 1] + lines[at:])
    return before + draw(st.binary(min_size=1, max_size=6)) + after


def airnow_lines(sites: int = 12) -> bytes:
    """A daily file: Chicago's county with some other parameters, Canada, a tribal and a mobile monitor."""
    lines = [
        f"06/01/21|17031{number:04d}|SITE {number}|PM2.5-24hr|UG/M3|{8 + number / 10}|24|Illinois EPA|40|0"
        f"|41.{number:03d}1|-87.7|84017031{number:04d}"
        for number in range(1, sites + 1)
    ]
    others = (
        "06/01/21|170310001|SITE 1|OZONE-8HR|PPB|31|8|Illinois EPA|30|0|41.7|-87.7|840170310001",
        "06/01/21|000060435|Toronto|PM2.5-24hr|UG/M3|6.0|24|Canada|25|0|43.657|-79.388|124000060435",
        "06/01/21|TT5630013|Tribal|PM2.5-24hr|UG/M3|6.0|24|A Tribe|24|0|41.8|-87.9|840TT5630013",
        "06/01/21|MMIL80001|Mobile|PM2.5-24hr|UG/M3|6.0|24|USFS|24|0|41.8|-87.9|840MMIL80001",
    )
    return "\r\n".join([*lines, *others, ""]).encode("iso-8859-1")


def old_airnow_lines(sites: int = 12) -> bytes:
    """The layout before version 2."""
    lines = [
        f"06/01/21|17031{number:04d}|SITE {number}|PM2.5-24hr|UG/M3|{8 + number / 10}|24|Illinois EPA"
        for number in range(1, sites + 1)
    ]
    return "\n".join(lines).encode()


def forecast_lines(areas: int = 12) -> bytes:
    """A reportingarea.dat."""
    lines = [
        f"06/01/21|06/02/21||CDT|1|F|Y|Area {number}|IL|41.9640|-87.6596|PM2.5|55|Moderate|No|Some words.|Illinois EPA"
        for number in range(areas)
    ]
    return "\r\n".join(lines).encode()


def daily_csv(sites: int = 12) -> bytes:
    """A year's daily file: one day of Chicago's county."""
    rows = [DAILY_ROW | {"Site Num": f"{number:04d}"} for number in range(1, sites + 1)]
    return csv_text(rows, list(DAILY_ROW)).encode()


def monitors_csv(sites: int = 12) -> bytes:
    """A monitor list."""
    rows = [MONITOR_ROW | {"Site Number": f"{number:04d}"} for number in range(1, sites + 1)]
    return csv_text(rows, list(MONITOR_ROW)).encode()


def download_csv(sites: int = 12) -> bytes:
    """A file of EPA's Download Daily Data page."""
    header = (
        "Date,Source,Site ID,POC,Daily Mean PM2.5 Concentration,Units,Daily AQI Value,Local Site Name,Daily Obs Count,"
        "Percent Complete,AQS Parameter Code,AQS Parameter Description,Method Code,CBSA Code,CBSA Name,"
        "State FIPS Code,State,County FIPS Code,County,Site Latitude,Site Longitude"
    )
    rows = [
        f"01/02/2020,AQS,17031{number:04d},1,{8 + number / 10},ug/m3 LC,35,SITE {number},1,100,88101,PM2.5 - Local "
        f'Conditions,145,16980,"Chicago-Naperville-Elgin, IL-IN-WI",17,Illinois,031,Cook,41.7,-87.7'
        for number in range(1, sites + 1)
    ]
    return "\n".join([header, *rows, ""]).encode()


def api_body(sites: int = 12) -> bytes:
    """A dailyData response."""
    rows = [API_ROW | {"site_number": f"{number:04d}"} for number in range(1, sites + 1)]
    return json.dumps({"Header": [{"status": "Success", "rows": sites}], "Data": rows}).encode()


def _in_file(name: str, read: Callable[[Path], Any]) -> Callable[[bytes], Any]:
    def read_content(content: bytes) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_bytes(content)
            return read(path)

    return read_content


def _of_airnow(path: Path) -> Any:
    layout = DAILY if path.name == DAILY.file_name else OLD_DAILY
    locations = pd.DataFrame(
        {"site_id": [f"17031{n:04d}" for n in range(1, 99)], "latitude": 41.7, "longitude": -87.7, "cbsa_code": "16980"}
    )
    return read_day(path, layout, DAY, site_locations=locations, culprit="AirNow")


def historical_body(days: int = 12) -> bytes:
    """A response of AirNow's historical forecasts."""
    return json.dumps([row(dateValid=f"2024-03-{10 + number}") for number in range(days)]).encode()


def _of_service(content: bytes) -> Any:
    rows = rows_of(_response(content), culprit="AirNow", redact=str, now_s=0.0)
    return read_rows(rows, area=CHICAGO, first=date(2024, 3, 1), last=date(2024, 3, 31), culprit="AirNow")


def _response(content: bytes) -> requests.Response:
    """A response with this body, which can be read once."""
    response = requests.Response()
    response.status_code, response.url = 200, "http://aqs/dailyData"
    response.raw = HTTPResponse(io.BytesIO(content), preload_content=False)
    return response


def _of_api(content: bytes) -> Any:
    session: Any = SimpleNamespace(get=lambda *_, **__: _response(content), get_redirect_target=lambda _: None)
    limiter = RateLimiter(Path(tempfile.gettempdir(), f"airwatch-damaged-{os.getpid()}"), interval_s=0.0, pause_s=0.0)
    client = AqsClient(
        "http://aqs", email="a", key="b", limiter=limiter, session=session, backoff_scale=0.0, sleep=lambda _: None
    )
    [request] = plan_daily([ByCounty("17", "031")], date(2021, 7, 4), date(2021, 7, 4))
    return client.daily(request)


READERS: Final[dict[str, tuple[Callable[[], bytes], Callable[[bytes], Any]]]] = {
    "airnow": (airnow_lines, _in_file("daily_data_v2.dat", _of_airnow)),
    "old_airnow": (old_airnow_lines, _in_file("daily_data.dat", _of_airnow)),
    "reportingarea": (
        forecast_lines,
        _in_file("reportingarea.dat", lambda path: read_forecasts(path, DAY, culprit="AirNow")),
    ),
    "airdata": (
        daily_csv,
        lambda content: _in_file(
            "daily_88101_2021.zip",
            lambda path: read_daily(path, date(2021, 1, 1), date(2021, 12, 31), source="airdata"),
        )(zipped(content, "daily_88101_2021.csv")),
    ),
    "monitors": (
        monitors_csv,
        lambda content: _in_file("aqs_monitors.zip", read_monitors)(zipped(content, "aqs_monitors.csv")),
    ),
    "download": (download_csv, _in_file("download.csv", read_daily_download)),
    "api": (api_body, _of_api),
    "historical": (historical_body, _of_service),
}
"""By parser: a good file, and the parser of a file's content."""


def check_damaged(reader: str, content: bytes) -> str:
    """Read damaged content, and return what came of it: an error of AirWatch, or rows that its contract allows.

    Raises AssertionError for rows that break the contract, any other exception, or a lost neighbour: a row of the good
    file whose line is unchanged and that is neither among the rows nor explained by a line set aside.
    """
    make, read = READERS[reader]
    good = make()
    try:
        result = read(content)
    except AirWatchError as error:
        return type(error).__name__
    rows = next(getattr(result, name) for name in ("readings", "records", "monitors") if hasattr(result, name))
    _check_contract(reader, rows)
    assert tuple(result.rejected.columns) == REJECTED_COLUMNS
    if reader not in ("api", "historical"):
        _check_neighbours(good, content, rows, result.rejected)
    return "read" if result.rejected.empty else "read, with lines set aside or repaired"


def _check_contract(reader: str, rows: pd.DataFrame) -> None:
    if reader in ("reportingarea", "historical"):
        validated("agency_forecasts", rows)
    elif reader == "monitors":
        validated("monitors", rows.assign(is_context=False))
    else:
        validated("raw_readings", rows.assign(first_seen_at=pd.Timestamp("2024-01-01"), superseded_at=pd.NaT))


def _check_neighbours(good: bytes, content: bytes, rows: pd.DataFrame, rejected: pd.DataFrame) -> None:
    """Every unchanged line of a site or area is among the rows, unless there are lines set aside to explain it."""
    damaged_lines = set(content.replace(b"\r", b"\n").split(b"\n"))
    key = "reporting_area" if "reporting_area" in rows else "site_number"
    found = set(rows[key])
    intact = [line for line in good.replace(b"\r", b"\n").split(b"\n") if line and line in damaged_lines]
    lost = [line for line in intact if (name := _name(line, key)) is not None and name not in found]
    set_aside = rejected[~rejected["is_repaired"].astype(bool)]
    assert len(lost) <= max(len(set_aside), sum(str(value).count("\n") for value in set_aside["value"])), lost


def _name(line: bytes, key: str) -> str | None:
    """The site number or reporting area of a line of the good files; None for lines that give no row."""
    text = line.decode("iso-8859-1")
    if key == "reporting_area":
        return text.split("|")[7]
    if "|" in text:
        is_read = "PM2.5-24hr" in text and "|17031" in text
        return text.split("|")[1][5:] if is_read else None
    fields = [field.strip('"') for field in text.split(",")]
    if fields[0] == "17":
        return fields[2]
    return fields[2][5:] if len(fields) > 2 and fields[2].startswith("17031") else None
