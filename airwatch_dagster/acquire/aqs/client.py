"""The AQS API: published readings and monitors of one area at a time, politely and without leaking the key."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

import pandas as pd

from airwatch_dagster.acquire.addresses import AQS_URL
from airwatch_dagster.acquire.aqs.geographies import Geography
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.request_plan import DailyRequest, plan_daily
from airwatch_dagster.acquire.aqs.response_cache import Payload, ResponseCache
from airwatch_dagster.acquire.aqs.responses import rows_of
from airwatch_dagster.acquire.http.retry import any_jitter, retry
from airwatch_dagster.acquire.http.session import get
from airwatch_dagster.acquire.parsing.values import SourceLocation, codes
from airwatch_dagster.acquire.readings import (
    FOREIGN_STATES,
    PM25_PARAMETER,
    check_days,
    finish_monitors,
    finish_readings,
    one_row_per_key,
)
from airwatch_dagster.errors import BadPayload, ConfigurationError

if TYPE_CHECKING:
    import requests

RETRY_WAITS_S: Final = (15.0, 60.0, 180.0)
"""Seconds before each repetition of a request that failed for a passing reason: gateways recover within minutes."""

LONGEST_WAIT_S: Final = 900.0
"""A server that asks for a longer wait, in seconds, is left alone: the run fails and can be repeated later."""

TTL: Final = pd.Timedelta(days=7)
"""How long an answer may be taken instead of asking again: AQS's data mart is refreshed once a week."""

_SIGN_UP: Final = "Open https://aqs.epa.gov/data/api/signup?email=YOU@EXAMPLE.ORG; EPA mails the key. Then set both"
"""How to get credentials. Source: AQS API documentation, sign up."""

_READING_NAMES: Final = (
    *("state_code", "county_code", "site_number", "parameter_code", "poc", "latitude", "longitude", "date_local"),
    *("sample_duration", "pollutant_standard", "event_type", "units_of_measure", "observation_count"),
    *("observation_percent", "arithmetic_mean", "first_max_value", "first_max_hour", "aqi"),
)
"""Fields every dailyData row has; others of ours may be absent from old answers."""

_MONITOR_NAMES: Final = (
    *("state_code", "county_code", "site_number", "parameter_code", "poc", "latitude", "longitude"),
    *("open_date", "close_date", "naaqs_primary_monitor"),
)
"""Fields every monitors row has."""


@dataclass(frozen=True)
class Answer:
    """One finished request for daily data."""

    readings: pd.DataFrame
    """Columns of raw_readings without versions, one row per key, sorted."""
    asked_at: pd.Timestamp
    """When the answer came, naive UTC."""
    payload: Payload | None = None
    """As it was kept; None for a client that keeps nothing."""
    is_kept: bool = False
    """It was kept before, and not asked for now."""


class AqsClient:
    """The AQS API at ``base_url`` for one registered user.

    Requests go one at a time through ``limiter``, which every process of the machine shares, repetitions included.
    ``patience`` scales the waits before a repetition. With ``payloads``, finished daily answers are kept, and one that
    was kept but never stored is not asked for again.
    Email and key are in no message, repr, log, kept answer or exception chain of this class.
    """

    def __init__(
        self,
        base_url: str = AQS_URL,
        *,
        email: str | None,
        key: str | None,
        limiter: RateLimiter,
        session: "requests.Session | None" = None,
        payloads: ResponseCache | None = None,
        source: str = "aqs",
        patience: float = 1.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = any_jitter,
    ) -> None:
        if not email or not key:
            missing = " and ".join(n for n, v in (("EPA_AQS_EMAIL", email), ("EPA_AQS_API_KEY", key)) if not v)
            raise ConfigurationError(missing, "the AQS API needs credentials, and this is not set", fix=_SIGN_UP)
        self._base_url = base_url.rstrip("/")
        self._credentials = {"email": email, "key": key}
        self._limiter = limiter
        self._session = session
        self.payloads = payloads
        self.source = source
        self._waits_s = tuple(patience * wait_s for wait_s in RETRY_WAITS_S)
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter

    def __repr__(self) -> str:
        return f"AqsClient(source={self.source!r})"

    def daily_data(self, geography: Geography, first: date, last: date) -> pd.DataFrame:
        """Every published 88101 row from ``first`` to ``last``, in the columns of raw_readings without versions.

        No rows means that EPA published none. One request per calendar year, as the API demands. Errors as ``daily``.
        """
        check_days(first, last)
        answers = [self.daily(request) for request in plan_daily([geography], first, last)]
        if self.payloads is not None:
            self.payloads.finish([answer.payload for answer in answers if answer.payload is not None])
        pieces = [answer.readings for answer in answers]
        filled = [piece for piece in pieces if len(piece)] or pieces[:1]
        return one_row_per_key(pd.concat(filled, ignore_index=True), culprit="AQS dailyData")

    def daily(
        self, request: DailyRequest, *, not_before: pd.Timestamp | None = None, also_finished: bool = False
    ) -> Answer:
        """The answer to one request: the one kept from an attempt that did not finish, else a fresh one, which is kept.

        ``not_before`` and ``also_finished`` as ``PayloadArchive.kept``. Raises SourceRefused when the API says no,
        SourceUnavailable when it does not answer properly, BadPayload for rows it garbled; those are not kept.
        """
        kept = self.kept(request, not_before=not_before, also_finished=also_finished)
        if kept is not None:
            return Answer(self._readings(request, list(kept.rows)), kept.seen_at, kept, is_kept=True)
        rows = self.request(request.service, request.params)
        asked_at = self._now()
        readings = self._readings(request, rows)
        if self.payloads is None:
            return Answer(readings, asked_at)
        return Answer(
            readings, asked_at, self.payloads.keep(request.service, request.params, rows, fetched_at=asked_at)
        )

    def kept(
        self, request: DailyRequest, *, not_before: pd.Timestamp | None = None, also_finished: bool = False
    ) -> Payload | None:
        """The answer that ``daily`` would not ask for."""
        if self.payloads is None:
            return None
        oldest = self._now() - TTL
        not_before = oldest if not_before is None else max(oldest, not_before)
        return self.payloads.kept(request.service, request.params, not_before=not_before, also_finished=also_finished)

    def monitors(self, geography: Geography, first: date, last: date) -> pd.DataFrame:
        """The 88101 monitors that ran between two days, in the columns of monitors without is_context.

        Errors as ``daily_data``.
        """
        check_days(first, last)
        service = f"monitors/{geography.service}"
        days = {"bdate": f"{first:%Y%m%d}", "edate": f"{last:%Y%m%d}"}
        rows = self.request(service, {"param": PM25_PARAMETER, **days, **geography.params})
        frame = _frame(rows, _MONITOR_NAMES, f"AQS {service}")
        frame = frame.rename(
            columns={
                "close_date": "last_sample_date",
                "naaqs_primary_monitor": "is_primary",
                "last_method_code": "method_code",
                "local_site_name": "site_name",
            }
        )
        located = frame["latitude"].notna() & frame["longitude"].notna()
        return finish_monitors(frame[located], origin=SourceLocation(f"AQS {service}", "row", 1), null_means_open=True)

    def _now(self) -> pd.Timestamp:
        return pd.Timestamp(round(self._clock() * 1e6), unit="us").as_unit("ns")

    def _readings(self, request: DailyRequest, rows: list[dict[str, Any]]) -> pd.DataFrame:
        culprit = f"AQS {request.service}"
        frame = _frame(rows, _READING_NAMES, culprit, parameters=request.parameters)
        return finish_readings(frame, source=self.source, origin=SourceLocation(culprit, "row", 1))

    def request(self, service: str, params: dict[str, str]) -> list[dict[str, Any]]:
        """The rows of one answer, none when the API published nothing; repeats what failed for a passing reason."""
        return retry(
            lambda: self._request_once(service, params),
            waits_s=self._waits_s,
            longest_wait_s=LONGEST_WAIT_S,
            sleep=self._sleep,
            jitter=self._jitter,
        )

    def _request_once(self, service: str, params: dict[str, str]) -> list[dict[str, Any]]:
        culprit = f"AQS {service}"
        session = self._session = self._session or _new_session()
        with self._limiter.turn():
            answer = get(
                session,
                f"{self._base_url}/{service}",
                culprit=culprit,
                params={**self._credentials, **params},
                redirects=False,
            )
        return rows_of(answer, culprit=culprit, redact=self._redacted, now_s=self._clock())

    def _redacted(self, text: str) -> str:
        """``text`` without email and key, however they were written."""
        for secret in self._credentials.values():
            for written in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
                text = re.sub(re.escape(written), "(hidden)", text, flags=re.IGNORECASE)
        return re.sub(r"\b(email|key)=[^&\s\"']+", r"\1=(hidden)", text, flags=re.IGNORECASE)


def _new_session() -> "requests.Session":
    import requests

    return requests.Session()


def _frame(
    rows: list[dict[str, Any]], needed: tuple[str, ...], culprit: str, parameters: tuple[str, ...] = (PM25_PARAMETER,)
) -> pd.DataFrame:
    """Rows of the parameters outside Canada, as answered; the index still counts the answer's rows.

    Raises BadPayload for absent fields.
    """
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in needed})
    frame = pd.DataFrame(rows, dtype=object)
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise BadPayload(culprit, f"rows have no field {', '.join(missing)}", fix="The API changed; report it")
    parameter = codes(frame["parameter_code"], "parameter_code", origin=SourceLocation(culprit, "row", 1))
    return frame[parameter.isin(parameters) & ~frame["state_code"].isin(FOREIGN_STATES)]
