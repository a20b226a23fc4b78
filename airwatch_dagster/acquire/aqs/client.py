"""The AQS API: published readings and monitors of one geography per request, rate-limited, credentials hidden."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Self

import pandas as pd

from airwatch_dagster.acquire.addresses import AQS_URL
from airwatch_dagster.acquire.aqs.geographies import Geography
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.request_plan import MAX_ROWS, DailyRequest, plan_daily
from airwatch_dagster.acquire.aqs.response_cache import CachedResponse, ResponseCache
from airwatch_dagster.acquire.aqs.responses import rows_of
from airwatch_dagster.acquire.aqs_codes import cbsa_codes, is_foreign
from airwatch_dagster.acquire.http.redaction import without_secrets
from airwatch_dagster.acquire.http.redirects import Configured
from airwatch_dagster.acquire.http.retry import random_jitter, retry
from airwatch_dagster.acquire.http.session import SessionHolder, get
from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.acquire.parsing.values import codes, dates
from airwatch_dagster.acquire.positions import with_known_positions
from airwatch_dagster.acquire.readings import (
    MonitorList,
    check_days,
    finish_monitors,
    finish_readings,
    one_row_per_key,
)
from airwatch_dagster.errors import BadPayload, ConfigurationError
from airwatch_dagster.limits import MAX_MONITORS, max_response_bytes
from airwatch_dagster.parameters import PM25_PARAMETER

if TYPE_CHECKING:
    import requests

RETRY_WAITS_S: Final = (15.0, 60.0, 180.0)
"""Seconds before each retry of a transient failure: a gateway that restarts is back within minutes."""

MAX_WAIT_S: Final = 900.0
"""Longest wait, in seconds, that a server may ask for; beyond it the run fails and can be repeated later."""

TTL: Final = pd.Timedelta(days=7)
"""Lifetime of a cached response: AQS's data mart is refreshed once a week."""

_SIGN_UP: Final = "Open https://aqs.epa.gov/data/api/signup?email=YOU@EXAMPLE.ORG; EPA mails the key. Then set both"

_READING_NAMES: Final = (
    *("state_code", "county_code", "site_number", "parameter_code", "poc", "latitude", "longitude", "date_local"),
    *("sample_duration", "pollutant_standard", "event_type", "units_of_measure", "observation_count"),
    *("observation_percent", "arithmetic_mean", "first_max_value", "first_max_hour", "aqi"),
)
"""Fields that every dailyData row has; other contract columns can be absent from old responses."""

_MONITOR_NAMES: Final = (
    *("state_code", "county_code", "site_number", "parameter_code", "poc", "latitude", "longitude"),
    *("open_date", "close_date", "naaqs_primary_monitor"),
)
"""Fields that every monitors row has."""

_MONITOR_SPELLINGS: Final = {
    "last_sample_date": "close_date",
    "is_primary": "naaqs_primary_monitor",
    "method_code": "last_method_code",
    "site_name": "local_site_name",
}
"""Fields of a monitors row by contract name, where they differ."""

_FLAGS: Final = {"validity_indicator", "naaqs_primary_monitor"}
"""Fields with Y, N or null."""


@dataclass(frozen=True)
class DailyResponse:
    """The response to one request for daily data."""

    name: str
    """Service and parameters, as ``rejected`` names the response."""
    readings: pd.DataFrame
    """Columns of raw_readings without versions, one row per key, sorted."""
    rejected: pd.DataFrame
    """Rows set aside, in REJECTED_COLUMNS."""
    received_at: pd.Timestamp
    """When the response arrived, naive UTC."""
    repaired_positions: int = 0
    """Number of rows with the known position of their site instead of the published one."""
    cached: CachedResponse | None = None
    """The response in the cache; None for a client without a cache."""
    is_cached: bool = False
    """It came from the cache; no request was made."""


class AqsClient:
    """The AQS API at ``base_url`` for one registered user; as a context manager it closes the session it opened.

    Requests go one at a time through ``limiter``, which every process of the machine shares, retries included.
    ``backoff_scale`` scales the waits between retries (None: no retry). With ``cache``, daily responses are cached, and
    a response that was cached but not stored is not requested a second time. Email and key never appear in a message,
    repr, log, cached response or exception chain of this class.
    """

    def __init__(
        self,
        base_url: str = AQS_URL,
        *,
        email: str | None,
        key: str | None,
        limiter: RateLimiter,
        session: "requests.Session | None" = None,
        cache: ResponseCache | None = None,
        source: str = "aqs",
        backoff_scale: float | None = 1.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random_jitter,
    ) -> None:
        if not email or not key:
            missing = " and ".join(n for n, v in (("EPA_AQS_EMAIL", email), ("EPA_AQS_API_KEY", key)) if not v)
            raise ConfigurationError(missing, "the AQS API needs credentials, and this is not set", fix=_SIGN_UP)
        self._base_url = base_url.rstrip("/")
        self._credentials = {"email": email, "key": key}
        self._limiter = limiter
        self._connection = SessionHolder(session)
        self.cache = cache
        self.source = source
        self._waits_s = () if backoff_scale is None else tuple(backoff_scale * wait_s for wait_s in RETRY_WAITS_S)
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter

    def __repr__(self) -> str:
        return f"AqsClient(source={self.source!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the session that the client opened itself."""
        self._connection.close()

    def daily_data(self, geography: Geography, first: date, last: date) -> pd.DataFrame:
        """Every published 88101 row from ``first`` to ``last``, in the columns of raw_readings without versions.

        No rows when EPA published none. One request per calendar year, as the API requires. Errors as ``daily``.
        """
        check_days(first, last)
        responses = [self.daily(request) for request in plan_daily([geography], first, last)]
        if self.cache is not None:
            self.cache.mark_stored([response.cached for response in responses if response.cached is not None])
        pieces = [response.readings for response in responses]
        filled = [piece for piece in pieces if len(piece)] or pieces[:1]
        return one_row_per_key(pd.concat(filled, ignore_index=True), culprit="AQS dailyData")

    def daily(
        self,
        request: DailyRequest,
        *,
        not_before: pd.Timestamp | None = None,
        include_stored: bool = False,
        known: pd.DataFrame | None = None,
    ) -> DailyResponse:
        """The response to one request: the pending one of an interrupted attempt, else a new one, which is cached.

        ``not_before`` and ``include_stored`` as ``ResponseCache.get``; ``known`` are the positions of
        ``with_known_positions``. Raises SourceRefused when the API refuses, SourceUnavailable for no response or a
        malformed one, BadPayload for malformed rows; these are not cached.
        """
        cached = self.cached(request, not_before=not_before, include_stored=include_stored)
        if cached is not None:
            response = self._response(request, list(cached.rows), received_at=cached.seen_at, known=known)
            return replace(response, cached=cached, is_cached=True)
        rows = self.request(request.service, request.params, max_rows=request.expected_rows)
        response = self._response(request, rows, received_at=self._now(), known=known)
        if self.cache is None:
            return response
        return replace(
            response, cached=self.cache.put(request.service, request.params, rows, fetched_at=response.received_at)
        )

    def cached(
        self, request: DailyRequest, *, not_before: pd.Timestamp | None = None, include_stored: bool = False
    ) -> CachedResponse | None:
        """The cached response that ``daily`` would use; None when it would make a request."""
        if self.cache is None:
            return None
        not_before = max(self._now() - TTL, pd.Timestamp.min if not_before is None else not_before)
        return self.cache.get(request.service, request.params, not_before=not_before, include_stored=include_stored)

    def monitors(
        self, geography: Geography, first: date, last: date, parameters: tuple[str, ...] = (PM25_PARAMETER,)
    ) -> MonitorList:
        """Monitors that ran between two days, as in monitors without is_context; errors as ``daily_data``."""
        check_days(first, last)
        service = f"monitors/{geography.service}"
        days = {"bdate": f"{first:%Y%m%d}", "edate": f"{last:%Y%m%d}"}
        rows = self.request(service, {"param": ",".join(parameters), **days, **geography.params}, max_rows=MAX_MONITORS)
        origin = SourceLocation(_name_of(service, geography.params), "row", 1, _MONITOR_SPELLINGS)
        frame = _frame(rows, _MONITOR_NAMES, origin, parameters=parameters)
        frame = frame.rename(columns={published: name for name, published in _MONITOR_SPELLINGS.items()})
        placed = with_known_positions(frame, None)
        placed.reject_unplaced(origin)
        monitors = finish_monitors(placed.rows, origin=origin, null_means_open=True)
        return MonitorList(monitors, origin.rejected(frame))

    def _now(self) -> pd.Timestamp:
        return pd.Timestamp(round(self._clock() * 1e6), unit="us").as_unit("ns")

    def _response(
        self,
        request: DailyRequest,
        rows: list[dict[str, Any]],
        *,
        received_at: pd.Timestamp,
        known: pd.DataFrame | None,
    ) -> DailyResponse:
        """The response with these rows; those of other days than the requested ones are set aside."""
        origin = SourceLocation(_name_of(request.service, request.params), "row", 1)
        frame = _frame(rows, _READING_NAMES, origin, parameters=request.parameters)
        days = dates(frame["date_local"], "date_local", origin=origin)
        others = frame["date_local"][(days < pd.Timestamp(request.first)) | (days > pd.Timestamp(request.last))]
        wanted = f"a day from {request.first} to {request.last}, as requested"
        origin.reject(others.index, "date_local", others, wanted)
        placed = with_known_positions(frame, known)
        placed.reject_unplaced(origin)
        readings = finish_readings(placed.rows, source=self.source, origin=origin)
        repaired = int(placed.is_repaired.sum())
        return DailyResponse(origin.culprit, readings, origin.rejected(frame), received_at, repaired)

    def request(self, service: str, params: dict[str, str], *, max_rows: int | None = None) -> list[dict[str, Any]]:
        """The rows of one response, none when nothing is published; transient failures are retried. Raises BadPayload
        for one larger than ``max_rows`` rows are, or those that the API allows."""
        return retry(
            lambda: self._request_once(service, params, max_response_bytes(max_rows or MAX_ROWS)),
            waits_s=self._waits_s,
            max_wait_s=MAX_WAIT_S,
            sleep=self._sleep,
            jitter=self._jitter,
        )

    def _request_once(self, service: str, params: dict[str, str], max_bytes: int) -> list[dict[str, Any]]:
        culprit = f"AQS {service}"
        with self._limiter.acquire():
            response = get(
                self._connection.session(),
                f"{self._base_url}/{service}",
                culprit=culprit,
                configured=Configured(self._base_url, "AIRWATCH_AQS_URL", self._credentials),
                params={**self._credentials, **params},
                max_bytes=max_bytes,
            )
        address, path = response.url.partition("?")[0], f"/{service}"
        if address.endswith(path):  # the next request starts where this one ended: each redirect is a request
            self._base_url = address.removesuffix(path)
        return rows_of(
            response,
            culprit=culprit,
            redact=lambda text: without_secrets(text, self._credentials),
            now_s=self._clock(),
        )


def _name_of(service: str, params: Mapping[str, str]) -> str:
    """A response by its service and parameters, which identify it among others."""
    return " ".join([f"AQS {service}", *(f"{name}={value}" for name, value in params.items())])


def _frame(
    rows: list[dict[str, Any]],
    needed: tuple[str, ...],
    origin: SourceLocation,
    parameters: tuple[str, ...] = (PM25_PARAMETER,),
) -> pd.DataFrame:
    """Rows of ``parameters`` in the US, with the cbsa_code of their county; the index counts the rows of the response.

    Values are as received, but text without characters is null, flags are upper-case, and a list or an object, which no
    field has, is its text. Raises BadPayload for missing fields.
    """
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in needed})
    frame = pd.DataFrame(rows, dtype=object)
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        fix = "Check AIRWATCH_AQS_URL; if it is EPA's, its fields are not those that this version of AirWatch reads"
        raise BadPayload(origin.culprit, f"rows have no field {', '.join(missing)}", fix=fix)
    for name in (name for name in frame if pd.api.types.infer_dtype(frame[name]).startswith("mixed")):
        frame[name] = [str(value) if isinstance(value, list | dict) else value for value in frame[name]]
    frame = frame.mask(frame.isin([""]), None)
    for name in _FLAGS & set(frame.columns):
        frame[name] = [value.strip().upper() if isinstance(value, str) else value for value in frame[name]]
    parameter = codes(frame["parameter_code"], "parameter_code", origin=origin)
    is_other = (parameter.notna() & ~parameter.isin(parameters)) | is_foreign(frame["state_code"])
    frame = frame[~is_other.astype(bool)]
    return frame.assign(cbsa_code=cbsa_codes(frame, frame.get("cbsa_code"))[0])
