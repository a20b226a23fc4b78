"""Open-Meteo's interfaces: hours of places, within the limits of the service, each request answered once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pandas as pd

from airwatch_dagster.acquire.aqs.response_cache import CachedResponse, ResponseCache
from airwatch_dagster.acquire.http.redaction import without_secrets
from airwatch_dagster.acquire.http.redirects import Configured
from airwatch_dagster.acquire.http.retry import random_jitter, retry
from airwatch_dagster.acquire.http.session import SessionHolder, get
from airwatch_dagster.acquire.weather.open_meteo.addresses import SETTING, Interface, address_of
from airwatch_dagster.acquire.weather.open_meteo.call_budget import CallBudget
from airwatch_dagster.acquire.weather.open_meteo.request_plan import HourlyRequest
from airwatch_dagster.acquire.weather.open_meteo.responses import (
    NoDataHere,
    PlaceHours,
    check_places,
    hours_of,
    places_of,
)
from airwatch_dagster.limits import MAX_OPEN_METEO_BYTES

if TYPE_CHECKING:
    import requests

ATTRIBUTION: Final = "Weather data by Open-Meteo.com (https://open-meteo.com/), CC BY 4.0"
"""What must be shown where its data are, with the links. Source: Open-Meteo's licence."""

RETRY_WAITS_S: Final = (15.0, 60.0)
"""Seconds before each retry of a transient failure; the limit of a minute is met again after 60."""

MAX_WAIT_S: Final = 900.0
"""Longest wait, in seconds, for a limit that Open-Meteo says is reached; that of an hour or a day ends the run."""

_KEPT: Final = ("latitude", "longitude", "elevation", "utc_offset_seconds", "hourly_units", "hourly")
"""Fields of a place's object that are kept; the others are of the answer, as how long it took."""


@dataclass(frozen=True)
class Answer:
    """The answer to one request."""

    places: tuple[PlaceHours | None, ...]
    """In the request's order; None for a place outside of the model."""
    is_cached: bool
    """No request was made for it."""


class OpenMeteoClient:
    """One interface of Open-Meteo; as a context manager it closes the session it opened.

    Answers are kept in ``cache_dir`` as they came. Without ``budget``, as for customers, requests are not spaced.
    ``backoff_scale`` scales the waits between retries. The key never appears in a message, repr, log, kept answer or
    exception chain. Errors of the address as ``address_of``.
    """

    def __init__(
        self,
        interface: Interface,
        base_url: str | None = None,
        *,
        cache_dir: Path,
        budget: CallBudget | None,
        key: str | None = None,
        session: "requests.Session | None" = None,
        backoff_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random_jitter,
    ) -> None:
        self.interface = interface
        self._url = address_of(interface, base_url, has_key=bool(key))
        self._secrets = {"apikey": key} if key else {}
        self._budget = budget
        self._cache = ResponseCache(cache_dir)
        self._connection = SessionHolder(session)
        self._waits_s = tuple(backoff_scale * wait_s for wait_s in RETRY_WAITS_S)
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter

    def __repr__(self) -> str:
        return f"OpenMeteoClient({self.interface!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the session that the client opened itself."""
        self._connection.close()

    def now(self) -> pd.Timestamp:
        """The time by the client's clock, naive UTC."""
        return pd.Timestamp(datetime.fromtimestamp(self._clock(), UTC).replace(tzinfo=None))

    def is_cached(self, request: HourlyRequest, *, not_before: pd.Timestamp) -> bool:
        """Whether ``answer`` would make no request."""
        return self._cached(request, not_before) is not None

    def answer(self, request: HourlyRequest, *, not_before: pd.Timestamp) -> Answer:
        """The hours of the request's places: the kept answer if it arrived at ``not_before`` (naive UTC) or later, else
        a new one, which is kept.

        Places outside of the model, which cost the whole request its answer, are found by halves. Raises RunUnavailable
        for a single run that Open-Meteo does not have, SourceRefused when it refuses the request, SourceUnavailable for
        no answer, limits that are reached or what is no JSON, BadPayload for another layout; none of it is kept.
        """
        cached = self._cached(request, not_before)
        if cached is None:
            places = self._places(request)
            rows = [{"place": number, **(place or {})} for number, place in enumerate(places)]
            cached = self._cache.put(self.interface, request.params, rows, fetched_at=self.now())
            return self._answer(request, cached, is_cached=False)
        return self._answer(request, cached, is_cached=True)

    def _cached(self, request: HourlyRequest, not_before: pd.Timestamp) -> CachedResponse | None:
        found = self._cache.get(self.interface, request.params, not_before=not_before, include_stored=True)
        return found if found is not None and len(found.rows) == len(request.places) else None

    def _answer(self, request: HourlyRequest, cached: CachedResponse, *, is_cached: bool) -> Answer:
        culprit = self._culprit(request)
        rows = sorted(cached.rows, key=lambda row: row["place"])
        hours = [hours_of(row, request=request, culprit=culprit) if "hourly" in row else None for row in rows]
        return Answer(tuple(hours), is_cached)

    def _places(self, request: HourlyRequest) -> list[dict[str, Any] | None]:
        try:
            places = retry(
                lambda: self._request_once(request),
                waits_s=self._waits_s,
                max_wait_s=MAX_WAIT_S,
                sleep=self._sleep,
                jitter=self._jitter,
            )
        except NoDataHere:
            if len(request.places) == 1:
                return [None]
            return [place for half in request.halves() for place in self._places(half)]
        check_places(places, request=request, culprit=self._culprit(request))
        return [{name: place[name] for name in _KEPT if name in place} for place in places]

    def _request_once(self, request: HourlyRequest) -> list[dict[str, Any]]:
        culprit = self._culprit(request)
        if self._budget is None:
            response = self._get(request, culprit)
        else:
            with self._budget.spend(request.calls, culprit=culprit):
                response = self._get(request, culprit)
        return places_of(
            response,
            request=request,
            culprit=culprit,
            redact=lambda text: without_secrets(text, self._secrets) if self._secrets else text,
            now_s=self._clock(),
        )

    def _get(self, request: HourlyRequest, culprit: str) -> "requests.Response":
        return get(
            self._connection.session(),
            self._url,
            culprit=culprit,
            configured=Configured(self._url, SETTING, self._secrets),
            params={**request.params, **self._secrets},
            max_bytes=MAX_OPEN_METEO_BYTES,
        )

    def _culprit(self, request: HourlyRequest) -> str:
        when = (
            f"run of {request.run:%Y-%m-%d %H} UTC" if request.run is not None else f"{request.first} to {request.last}"
        )
        return f"Open-Meteo {self.interface}, {request.model}, {when}, {len(request.places)} places"
