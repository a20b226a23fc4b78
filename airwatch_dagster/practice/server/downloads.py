"""AirData's and AirNow's files over HTTP, with ETag, Last-Modified and 304."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from airwatch_dagster.practice.formats.airdata import bulk_file
from airwatch_dagster.practice.formats.airnow import area_list, daily_data, daily_data_before_v2, reporting_areas
from airwatch_dagster.practice.http import Request, Response, not_found
from airwatch_dagster.practice.server.validators import has_version, validators
from airwatch_dagster.practice.world.published import AT_ONCE, Publishing
from airwatch_dagster.practice.world.world import FIRST_DAY

_AIRNOW_PATH: Final = re.compile(r"/airnow/(\d{4})/(\1\d{4})/(daily_data_v2|daily_data|reportingarea)\.dat")

_AIRNOW_FILES: Final[Mapping[str, Callable[..., bytes]]] = {
    "daily_data_v2": daily_data,
    "daily_data": daily_data_before_v2,
    "reportingarea": reporting_areas,
}


_AREA_LIST: Final = "/airnow/today/reportingarea_metadata.dat"


def download(
    request: Request,
    *,
    seed: int,
    today: date,
    publishing: Publishing = AT_ONCE,
    airnow_keeps_days: int | None = None,
) -> Response:
    """The response to the request of a file as of ``today``: 200, 304 when the client has this version, 404 without a
    file.

    ``publishing`` concerns AirData's files only; AirNow's appear the next day and are never rewritten. Its files of
    forecasts are gone after ``airnow_keeps_days``; None keeps them.
    """
    if request.path.startswith("/airdata/"):
        response = _airdata(request.path, seed=seed, today=today, publishing=publishing)
    else:
        response = _airnow(request.path, seed=seed, today=today, keeps_days=airnow_keeps_days)
    is_known = response.status == 200 and has_version(request.headers, response.headers)
    return Response(304, headers=response.headers) if is_known else response


def _airdata(path: str, *, seed: int, today: date, publishing: Publishing) -> Response:
    file = bulk_file(path.removeprefix("/airdata/"), seed=seed, today=today, publishing=publishing)
    if file is None:
        return not_found(path)
    kind = "application/zip" if path.endswith(".zip") else "text/csv"
    return Response(200, file.content, kind, _written(file.content, file.as_of))


def _airnow(path: str, *, seed: int, today: date, keeps_days: int | None) -> Response:
    """An AirNow file; the newest are yesterday's readings and today's forecasts."""
    if path == _AREA_LIST:
        return Response(200, area_list(), "application/octet-stream", _written(area_list(), FIRST_DAY))
    match = _AIRNOW_PATH.fullmatch(path)
    day = _day(match[2]) if match else None
    if not match or day is None or day < FIRST_DAY:
        return not_found(path)
    is_forecast = match[3] == "reportingarea"
    if day > today or (day == today and not is_forecast):
        return not_found(path)
    if is_forecast and keeps_days is not None and (today - day).days > keeps_days:
        return not_found(path)
    content = _AIRNOW_FILES[match[3]](day, seed=seed)
    written_on = day if is_forecast else day + timedelta(days=1)
    return Response(200, content, "application/octet-stream", _written(content, written_on))


def _day(compact: str) -> date | None:
    try:
        return datetime.strptime(compact, "%Y%m%d").date()
    except ValueError:
        return None


def _written(content: bytes, on: date) -> dict[str, str]:
    return validators(content, datetime(on.year, on.month, on.day, tzinfo=UTC))
