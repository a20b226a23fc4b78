"""The client of AirNow's historical forecasts: one area and range of days per request, rate-limited, the key hidden."""

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Self

import pandas as pd

from airwatch_dagster.acquire.addresses import AIRNOW_API_URL
from airwatch_dagster.acquire.airnow.areas import ReportingArea
from airwatch_dagster.acquire.airnow.historical.records import HistoricalRecords, read_rows
from airwatch_dagster.acquire.airnow.historical.responses import ADDRESS_SETTING, rows_of
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import CachedResponse, ResponseCache
from airwatch_dagster.acquire.http.redaction import without_secrets
from airwatch_dagster.acquire.http.redirects import Configured
from airwatch_dagster.acquire.http.retry import random_jitter, retry
from airwatch_dagster.acquire.http.session import SessionHolder, get
from airwatch_dagster.limits import MIN_RESPONSE_BYTES

if TYPE_CHECKING:
    import requests

AIRNOW_INTERVAL_S: Final = 7.2
"""Seconds between request starts: AirNow allows a key 500 requests an hour. Probed in September 2026."""

RETRY_WAITS_S: Final = (15.0, 60.0, 180.0)
"""Seconds before each retry of a transient failure, as for AQS."""

MAX_WAIT_S: Final = 3600.0
"""Longest wait, in seconds, that the service may ask for: its limit is one of requests an hour."""

TTL: Final = pd.Timedelta(days=7)
"""Lifetime of a cached response: an interrupted backfill is resumed within days, and requests nothing twice."""

_SERVICE: Final = "forecast/historical"


class HistoricalForecasts:
    """AirNow's historical forecasts at ``base_url`` for one key; a context manager that closes its own session.

    Requests go one at a time through ``limiter``, which every process of the machine shares, retries included.
    ``backoff_scale`` scales the waits between retries. Responses that can be read are
    cached for ``TTL``. The key never
    appears in a message, repr, log, cached response or exception chain of this class.
    """

    def __init__(
        self,
        base_url: str = AIRNOW_API_URL,
        *,
        key: str,
        limiter: RateLimiter,
        cache: ResponseCache,
        session: "requests.Session | None" = None,
        backoff_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random_jitter,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credentials = {"api_key": key}
        self._limiter = limiter
        self._cache = cache
        self._connection = SessionHolder(session)
        self._waits_s = tuple(backoff_scale * wait_s for wait_s in RETRY_WAITS_S)
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter

    def __repr__(self) -> str:
        return "HistoricalForecasts()"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the session that the client opened itself."""
        self._connection.close()

    def forecasts(self, area: ReportingArea, first: date, last: date) -> HistoricalRecords:
        """The service's forecasts of an area (``read_rows``) for the target days ``first``…``last``; it may know none.

        Transient failures are retried. Errors as ``rows_of`` and ``read_rows``.
        """
        params = _params(area.code, first, last)
        culprit = culprit_of(params)
        cached = self._cached(params)
        if cached is not None:
            rows = [entry["row"] for entry in sorted(cached.rows, key=lambda entry: int(entry["number"]))]
            return read_rows(rows, area=area, first=first, last=last, culprit=culprit)
        rows = retry(
            lambda: self._request_once(params, culprit),
            waits_s=self._waits_s,
            max_wait_s=MAX_WAIT_S,
            sleep=self._sleep,
            jitter=self._jitter,
        )
        read = read_rows(rows, area=area, first=first, last=last, culprit=culprit)
        numbered = [{"number": number, "row": row} for number, row in enumerate(rows)]
        put = self._cache.put(_SERVICE, params, numbered, fetched_at=self._now())
        self._cache.mark_stored([put])  # so that it may be cleaned up: after ``TTL`` nothing reads it
        return read

    def is_cached(self, area_code: str, first: date, last: date) -> bool:
        """Whether ``rows`` would make no request."""
        return self._cached(_params(area_code, first, last)) is not None

    def _cached(self, params: dict[str, str]) -> CachedResponse | None:
        return self._cache.get(_SERVICE, params, not_before=self._now() - TTL, include_stored=True)

    def _now(self) -> pd.Timestamp:
        return pd.Timestamp(round(self._clock() * 1e6), unit="us").as_unit("ns")

    def _request_once(self, params: dict[str, str], culprit: str) -> list[Any]:
        with self._limiter.acquire():
            response = get(
                self._connection.session(),
                f"{self._base_url}/{_SERVICE}/",
                culprit=culprit,
                configured=Configured(self._base_url, ADDRESS_SETTING, self._credentials),
                params={**self._credentials, **params},
                max_bytes=MIN_RESPONSE_BYTES,
            )
        return rows_of(
            response,
            culprit=culprit,
            redact=lambda text: without_secrets(text, self._credentials),
            now_s=self._clock(),
        )


def culprit_of(params: Mapping[str, str]) -> str:
    """A response as errors and rejected lines name it."""
    days = f"{params['startDate']} to {params['endDate']}"
    return f"AirNow historical forecasts of {params['reportingAreaCode']}, {days}"


def _params(area_code: str, first: date, last: date) -> dict[str, str]:
    """All query parameters except the key."""
    days = {"startDate": first.isoformat(), "endDate": last.isoformat()}
    return {"format": "application/json", "reportingAreaCode": area_code, **days}
