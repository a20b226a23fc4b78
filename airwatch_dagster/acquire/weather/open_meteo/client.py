"""Open-Meteo's interfaces: hours of places, within the limits of the service, each request answered once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pandas as pd

from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
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

_OUTSIDE: Final[dict[str, Any]] = {"is_outside": True}
"""What is kept of a place outside of the model."""

_KEPT: Final = ("latitude", "longitude", "elevation", "utc_offset_seconds", "hourly_units", "hourly")
"""Fields of a place's object that are kept; the others are of the answer, as how long it took."""


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    places: tuple[PlaceHours | None, ...]
    """In the request's order; None for a place outside of the model."""
    requests: int
    """Requests that were made for it."""


class OpenMeteoClient:
    """One interface of Open-Meteo; as a context manager it closes the session it opened.

    Answers are kept in ``cache_dir`` as they came, place by place, whatever other places were asked for with it.
    Without ``budget``, as for customers, requests are not spaced. ``backoff_scale`` scales the waits between retries.
    The key never appears in a message, repr, log, kept answer or exception chain. Errors of the address as
    ``address_of``.
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

    def is_kept(self, alone: HourlyRequest, *, not_before: pd.Timestamp) -> bool:
        """Whether the answer for one place is kept, and was asked for at ``not_before`` (naive UTC) or later."""
        return self._kept(alone, not_before) is not None

    def answer(self, request: HourlyRequest, *, not_before: pd.Timestamp) -> Answer:
        """The hours of the request's places: those that are kept as ``is_kept`` says, else new ones, which are kept.

        Places outside of the model, which cost a whole request its answer, are found by halves. Raises RunUnavailable
        for a single run that Open-Meteo does not have, SourceRefused when it refuses the request, SourceUnavailable for
        no answer, limits that are reached or what is no JSON, BadPayload for another layout; none of it is kept.
        """
        found = {alone: self._kept(alone, not_before) for alone in request.alone()}
        rows = {alone: row for alone, row in found.items() if row is not None}
        parts = request.of([alone.places[0] for alone in found if alone not in rows]).parts()
        for part in parts:
            asked_at = self.now()
            for alone, place in zip(part.alone(), self._places(part), strict=True):
                rows[alone] = place or _OUTSIDE
                put = self._cache.put(self.interface, alone.params, [rows[alone]], fetched_at=asked_at)
                self._cache.mark_stored([put])  # so that it may be cleaned up: the table has what was made of it
        return Answer(tuple(self._hours(alone, rows[alone]) for alone in request.alone()), len(parts))

    def _hours(self, alone: HourlyRequest, row: dict[str, Any]) -> PlaceHours | None:
        return None if row == _OUTSIDE else hours_of(row, request=alone, culprit=self._culprit(alone))

    def _kept(self, alone: HourlyRequest, not_before: pd.Timestamp) -> dict[str, Any] | None:
        found = self._cache.get(self.interface, alone.params, not_before=not_before, include_stored=True)
        return found.rows[0] if found is not None and len(found.rows) == 1 else None

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
