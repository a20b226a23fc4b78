"""The AQS API: envelopes of its responses, and its error messages."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from airwatch_dagster.practice.formats.aqs import (
    Row,
    cbsa_rows,
    county_rows,
    daily_rows,
    monitor_rows,
    site_rows,
    state_rows,
)
from airwatch_dagster.practice.formats.geographies import Box, Geography
from airwatch_dagster.practice.world.published import AT_ONCE, Publishing

_Handler = tuple[tuple[str, ...], Callable[[Mapping[str, str]], list[Row]]]

MAX_PARAMETERS: Final = 5
"""Most parameter codes per request."""

_DATES: Final = ("bdate", "edate", "cbdate", "cedate")
_EDGES: Final = ("minlat", "maxlat", "minlon", "maxlon")
_GEOGRAPHIES: Final = {
    "byState": ("state",),
    "byCounty": ("state", "county"),
    "bySite": ("state", "county", "site"),
    "byCBSA": ("cbsa",),
    "byBox": _EDGES,
}
_AVAILABLE: Final = (
    "API service is up and running healthy. Status: connection_pool: size: 5, connections: 1, in use: 1, "
    "waiting_in_queue: 0"
)


@dataclass(frozen=True)
class ApiResponse:
    """HTTP status and JSON body of a response."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Api:
    """The practice AQS API as of ``today``; it accepts one key."""

    seed: int
    today: date
    key: str
    publishing: Publishing = AT_ONCE

    def respond(self, service: str, query: Mapping[str, str]) -> ApiResponse | None:
        """The response to a service such as ``dailyData/byCBSA``; None for one that does not exist (names are
        case-sensitive)."""
        if service == "metaData/isAvailable":
            return self._enveloped(200, service, query, [], {"status": _AVAILABLE})
        handlers = self._handlers()
        if service not in handlers:
            return None
        required, rows_of = handlers[service]
        if problems := self._problems(service, query, required):
            return self._enveloped(400, service, query, [], {"status": "Failed", "error": problems})
        rows = rows_of({name: query[name] for name in (*required, "cbdate", "cedate") if name in query})
        status = "Success" if rows else "No data matched your selection"
        return self._enveloped(200, service, query, rows, {"status": status, "rows": len(rows)})

    def _handlers(self) -> dict[str, _Handler]:
        """Per service, the parameters it requires and the function of its rows."""
        handlers: dict[str, _Handler] = {
            "list/states": ((), lambda _: state_rows()),
            "list/cbsas": ((), lambda _: cbsa_rows()),
            "list/countiesByState": (("state",), lambda query: county_rows(query["state"])),
            "list/sitesByCounty": (
                ("state", "county"),
                lambda query: site_rows(query["state"], query["county"]),
            ),
        }
        for geography, needed in _GEOGRAPHIES.items():
            handlers[f"dailyData/{geography}"] = (("param", "bdate", "edate", *needed), self._daily)
            handlers[f"monitors/{geography}"] = (("param", "bdate", "edate", *needed), self._monitors)
        return handlers

    def _daily(self, query: Mapping[str, str]) -> list[Row]:
        changed = _date(query.get("cbdate", "19000101")), _date(query.get("cedate", "29991231"))
        first, last = _date(query["bdate"]), _date(query["edate"])
        rows = daily_rows(
            *(_geography(query), first, last),
            changed=changed,
            parameters=_parameters(query),
            seed=self.seed,
            today=self.today,
            publishing=self.publishing,
        )
        return list(rows)

    def _monitors(self, query: Mapping[str, str]) -> list[Row]:
        days = _date(query["bdate"]), _date(query["edate"])
        return monitor_rows(_geography(query), *days, today=self.today, parameters=_parameters(query))

    def _problems(self, service: str, query: Mapping[str, str], required: tuple[str, ...]) -> list[str]:
        """Errors of a request, in EPA's wording where it is known; empty for a valid one."""
        missing = [name for name in ("email", "key", *required) if not query.get(name)]
        if missing:
            return [f"value is missing or the value is empty: {name}" for name in missing]
        if "@" not in query["email"] or query["key"] != self.key:
            return ["The email or the key is not valid."]
        wrong = [name for name in _DATES if name in query and not _is_date(query[name])]
        if wrong:
            return [f"{name}: {query[name]}, requires the following format: yyyymmdd." for name in wrong]
        not_degrees = [name for name in _EDGES if name in required and not _is_degrees(query[name])]
        if not_degrees:
            return [f"{name}: {query[name]}, requires a number of decimal degrees." for name in not_degrees]
        if len(_parameters(query)) > MAX_PARAMETERS:
            return [f"param: {query['param']}, no more than {MAX_PARAMETERS} parameter codes are permitted."]
        if service.startswith("dailyData/") and query["bdate"][:4] != query["edate"][:4]:
            return [f"bdate: {query['bdate']}, edate: {query['edate']}, only 1 year of data is permitted."]
        return []

    def _enveloped(
        self, status: int, service: str, query: Mapping[str, str], rows: list[Row], header: dict[str, Any]
    ) -> ApiResponse:
        """EPA's envelope, which echoes the query with email and key, as EPA's does. The time is always noon."""
        echo = {
            "request_time": f"{self.today.isoformat()}T12:00:00-05:00",
            "url": f"aqs/{service}?{urlencode(query, safe='@,')}",
        }
        first = {"status": header["status"], **echo, **header}
        return ApiResponse(status, json.dumps({"Header": [first], "Data": rows}).encode())


def _geography(query: Mapping[str, str]) -> Geography:
    box = Box(*(float(query[name]) for name in _EDGES)) if "minlat" in query else None
    return Geography(query.get("state"), query.get("county"), query.get("site"), query.get("cbsa"), box)


def _parameters(query: Mapping[str, str]) -> list[str]:
    return query.get("param", "").split(",")


def _date(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()


def _is_date(text: str) -> bool:
    try:
        return bool(_date(text)) and len(text) == len("yyyymmdd")
    except ValueError:
        return False


def _is_degrees(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
