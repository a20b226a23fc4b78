"""AirNow's historical forecasts: responses and error messages, as they were probed in September 2026."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from airwatch_dagster.practice.formats.airnow import historical_forecasts
from airwatch_dagster.practice.http import Response

HISTORICAL_PATH: Final = "/aq/forecast/historical/"


def historical(query: Mapping[str, str], *, seed: int, today: date, key: str) -> Response:
    """The forecasts of one area for a range of target days; an error envelope with status 200 when there are none.

    The messages of a bad request and of an empty result are invented: AirNow's are not known.
    """
    if query.get("api_key") != key:
        return _response(401, _error("Request not authenticated."))
    first, last = (_day(query.get(name, "")) for name in ("startDate", "endDate"))
    if first is None or last is None or not query.get("reportingAreaCode"):
        return _response(400, _error("Invalid parameters."))
    rows = historical_forecasts(query["reportingAreaCode"], first, last, today=today, seed=seed)
    return _response(200, rows or _error("No forecasts are available."))


def _error(message: str) -> dict[str, Any]:
    return {"WebServiceError": [{"Message": message}]}


def _response(status: int, content: Any) -> Response:
    return Response(status, json.dumps(content).encode(), "application/json")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
