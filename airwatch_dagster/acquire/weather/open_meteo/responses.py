"""Open-Meteo's answers: hours of places, or why there are none."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.http.session import looks_like_html
from airwatch_dagster.acquire.http.statuses import Throttled, check_status
from airwatch_dagster.acquire.parsing.json_bodies import parsed_json
from airwatch_dagster.acquire.weather.open_meteo.addresses import SETTING
from airwatch_dagster.acquire.weather.open_meteo.models import UNITS
from airwatch_dagster.acquire.weather.open_meteo.request_plan import HourlyRequest
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable
from airwatch_dagster.limits import MIN_BYTES_PER_NUMBER

if TYPE_CHECKING:
    import requests

_NUMBERS: Final = {float, int, type(None)}
"""Types of values; true and false are none."""

_LATER: Final = f"Try again later; if it lasts, check {SETTING}"

_LAYOUT: Final = f"Check {SETTING}; if it is Open-Meteo's, its answers are not those that AirWatch reads"

_WAITS_S: Final = {"minutely": 60.0, "hourly": 3_600.0, "daily": 86_400.0, "monthly": 86_400.0}
"""Seconds after which the limit that the reason of a status 429 begins with is met again."""

_RUN_MISSING: Final = ("model run is not available", "modelrununavailable")
"""How Open-Meteo says that it does not have a run, in lower case. Sources: its issues 1969 and 2020."""

_NO_DATA: Final = "no data is available for this location"
"""How it says that a place is outside of a model, in lower case."""


class RunUnavailable(SourceRefused):
    """Open-Meteo does not have the single run."""


class NoDataHere(SourceRefused):
    """A place of the request is outside of the model."""


@dataclass(frozen=True)
class PlaceHours:
    """The hours of one place."""

    valid_at: pd.DatetimeIndex
    """Naive UTC, full hours."""
    values: dict[str, np.ndarray]
    """By the variable's name as asked for, in its unit of UNITS; nan is null."""


def places_of(
    response: "requests.Response",
    *,
    request: HourlyRequest,
    culprit: str,
    redact: Callable[[str], str],
    now_s: float,
) -> list[dict[str, Any]]:
    """The body's object for each place of the request, in order.

    Raises Throttled where a limit is reached, RunUnavailable, NoDataHere or SourceRefused with the reason that
    Open-Meteo gives, SourceUnavailable for a server's error and for what is no JSON, BadPayload for another layout.
    """
    body = parsed_json(response.content, min_bytes_per_value=MIN_BYTES_PER_NUMBER)
    reason = _reason(body, response.content)
    if response.status_code == 429:
        wait_s = _WAITS_S.get((reason or "").lower().partition(" ")[0])
        raise Throttled(culprit, redact(reason or "the server responded with status 429").rstrip(". "), wait_s=wait_s)
    if reason is not None and response.status_code < 500:
        raise _refusal(redact(reason).rstrip(". "), culprit)
    check_status(response, culprit, now_s=now_s, fix=_LATER)
    if response.status_code != 200:
        raise SourceRefused(culprit, f"HTTP {response.status_code} without a reason", fix=_LAYOUT)
    if body is None:
        kind = "a web page" if looks_like_html(response.content) else "no complete JSON"
        raise SourceUnavailable(culprit, f"{kind} came instead of data", fix=_LATER)
    places = body if isinstance(body, list) else [body]
    if len(places) != len(request.places) or not all(isinstance(place, dict) for place in places):
        problem = f"{len(places)} of {len(request.places)} places came, or something else"
        raise BadPayload(culprit, problem, fix=_LAYOUT)
    return places


def _reason(body: Any, content: bytes) -> str | None:
    """The reason of a body that reports an error; None for another body."""
    if isinstance(body, dict) and body.get("error"):
        return str(body.get("reason") or "no reason given")
    if body is None and any(said.encode() in content[-1_000:].lower() for said in _RUN_MISSING):
        return "The requested model run is not available"
    return None


def _refusal(reason: str, culprit: str) -> SourceRefused:
    said = reason.lower()
    if any(one in said for one in _RUN_MISSING):
        return RunUnavailable(culprit, reason, fix="Use an earlier run; most are kept since 2 April 2026")
    if _NO_DATA in said:
        return NoDataHere(culprit, reason, fix="Ask for places within the model, or another model")
    return SourceRefused(culprit, reason, fix="Correct the request; for a wrong key check the key of Open-Meteo")


def hours_of(place: dict[str, Any], *, request: HourlyRequest, culprit: str) -> PlaceHours:
    """The hours of one place's object. Raises BadPayload for a time zone or unit other than asked for, for times that
    are no full hours or come twice, and for values that are not as many finite numbers or nulls."""
    offset = place.get("utc_offset_seconds")
    if offset != 0:
        raise _bad(culprit, "utc_offset_seconds", offset, "0")
    hourly, units = place.get("hourly"), place.get("hourly_units")
    if not isinstance(hourly, dict) or not isinstance(units, dict):
        raise _bad(culprit, "hourly and hourly_units", type(hourly).__name__, "objects")
    valid_at = _times(hourly.get("time"), culprit)
    values = {name: _numbers(hourly.get(name), name, len(valid_at), culprit) for name in request.hourly}
    for name, numbers in values.items():
        expected = UNITS[name.partition("_previous_day")[0]]
        # A variable that a model does not have is null throughout, and its unit is undefined.
        if units.get(name) != expected and not np.isnan(numbers).all():
            raise _bad(culprit, f"unit of {name}", units.get(name), expected)
    return PlaceHours(valid_at, values)


def _times(texts: Any, culprit: str) -> pd.DatetimeIndex:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _bad(culprit, "time", type(texts).__name__, "a list of times")
    try:
        times = pd.DatetimeIndex(pd.to_datetime(texts, format="%Y-%m-%dT%H:%M")).as_unit("ns")
    except ValueError as error:
        raise _bad(culprit, "time", str(error).partition(",")[0], "times as 2026-07-04T00:00") from error
    if not times.is_unique or (times != times.floor("h")).any():
        raise _bad(culprit, "time", "a time that comes twice or is no full hour", "each hour once")
    return times


def _numbers(items: Any, name: str, count: int, culprit: str) -> np.ndarray:
    if not isinstance(items, list) or len(items) != count:
        found = f"{len(items)} values" if isinstance(items, list) else "missing" if items is None else items
        raise _bad(culprit, name, found, f"a list of {count} values")
    if set(map(type, items)) <= _NUMBERS:
        numbers = np.array(items, dtype=float)
        if np.isfinite(numbers).sum() + items.count(None) == count:
            return numbers
    wrong = next(item for item in items if item is not None and not _is_number(item))
    raise _bad(culprit, name, wrong, "a number or null")


def _is_number(item: Any) -> bool:
    return type(item) in _NUMBERS and math.isfinite(item)


def _bad(culprit: str, what: str, found: Any, expected: str) -> BadPayload:
    return BadPayload(culprit, f"{what}: {str(found)[:80]!r} came, expected {expected}", fix=_LAYOUT)


def check_places(places: Sequence[dict[str, Any]], *, request: HourlyRequest, culprit: str) -> None:
    """Raises BadPayload as ``hours_of`` for the first place that cannot be read."""
    for number, place in enumerate(places, 1):
        hours_of(place, request=request, culprit=f"{culprit}, place {number} of {len(places)}")
