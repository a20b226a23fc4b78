"""The client of AirNow's historical forecasts, over HTTP."""

import json
import logging
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.airnow.historical.client import HistoricalForecasts
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.errors import (
    AirWatchError,
    BadPayload,
    ConfigurationError,
    SourceRefused,
    SourceUnavailable,
)
from airwatch_dagster.orchestration.retention.files import Responses
from airwatch_dagster_tests.acquire.airnow.historical.samples import CHICAGO, PATH, row
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply, running

KEY = "sesame-42"
DAYS = (date(2024, 3, 1), date(2024, 3, 31))


def reply(content: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(content).encode(), status, headers)


def error(message: str, status: int = 200) -> Reply:
    return reply({"WebServiceError": [{"Message": message}]}, status)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(server: FakeServer, session: requests.Session, tmp_path: Path, waits: list[float]) -> HistoricalForecasts:
    return client_of(server, session, tmp_path, waits)


def client_of(
    server: FakeServer, session: requests.Session, folder: Path, waits: list[float], *, now_s: float = 1e9
) -> HistoricalForecasts:
    return HistoricalForecasts(
        f"{server.url}/aq",
        key=KEY,
        limiter=RateLimiter(folder / "turn", interval_s=0.0, pause_s=0.0),
        cache=ResponseCache(folder / "cache"),
        session=session,
        clock=lambda: now_s,
        sleep=waits.append,
        jitter=lambda: 1.0,
    )


def test_one_area_and_range_of_target_days_is_requested(client: HistoricalForecasts, server: FakeServer) -> None:
    server.will_send(PATH, reply([row()]))

    assert client.forecasts(CHICAGO, *DAYS).records["agency_aqi"].tolist() == [65]
    where = "format=application%2Fjson&reportingAreaCode=il001&startDate=2024-03-01&endDate=2024-03-31"
    assert server.requested == [f"{PATH}?api_key={KEY}&{where}"]


def test_a_response_is_requested_once_a_week_and_read_the_same_from_the_cache(
    client: HistoricalForecasts, server: FakeServer, session: requests.Session, tmp_path: Path, waits: list[float]
) -> None:
    rows = [row(aqi=70), row(aqi=40, categoryNumber=1), row(dateValid="not a date")]
    server.will_send(PATH, reply([*rows, *(row(dateValid=f"2024-03-{day}") for day in range(11, 25))]))
    first = client.forecasts(CHICAGO, *DAYS)
    again = client_of(server, session, tmp_path, waits, now_s=1e9 + 6 * 86_400).forecasts(CHICAGO, *DAYS)

    assert len(server.requested) == 1
    assert first.records.equals(again.records)
    assert first.rejected.equals(again.rejected)
    assert first.records["agency_aqi"].iloc[0] == 40
    assert first.rejected["line_number"].tolist() == [3]
    client_of(server, session, tmp_path, waits, now_s=1e9 + 8 * 86_400).forecasts(CHICAGO, *DAYS)
    assert len(server.requested) == 2


@pytest.mark.parametrize(
    "message",
    [
        "No forecasts are available.",
        "No data found",
        "There is no forecast for the requested dates",
        "No records were found.",
        "Forecast not available",
        "No matching historical forecast records found for the given area and dates",
        "Nothing was found",
    ],
)
def test_a_message_that_there_is_no_forecast_gives_no_records_and_is_cached(
    client: HistoricalForecasts, server: FakeServer, message: str
) -> None:
    server.will_send(PATH, error(message))

    assert len(client.forecasts(CHICAGO, *DAYS).records) == 0
    assert client.is_cached("il001", *DAYS)
    client.forecasts(CHICAGO, *DAYS)
    assert len(server.requested) == 1


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (error("Date range exceeds the limit of 14 days; no data returned."), "HTTP 200: Date range exceeds"),
        (error("Not enough parameters"), "HTTP 200: Not enough parameters"),
        (error("This service is no longer available."), "HTTP 200: This service is no longer available"),
        (error("Forecasts are not available: the service is down"), "HTTP 200: Forecasts are not available: the"),
        (error("No reporting area found"), "HTTP 200: No reporting area found"),
        (error("Internal error, no data"), "HTTP 200: Internal error"),
        (error(f"Bad request: api_key={KEY}&x=1", 400), r"HTTP 400: Bad request: api_key=\*\*\*&x=1"),
        (reply({"WebServiceError": []}), "HTTP 200 without a reason"),
        (Reply(b"<html>Not found</html>", 404), "HTTP 404 without a reason"),
    ],
)
def test_any_other_message_is_an_error_with_its_text_and_is_not_cached(
    client: HistoricalForecasts, server: FakeServer, answer: Reply, problem: str
) -> None:
    server.will_send(PATH, answer)

    with pytest.raises(SourceRefused, match=f"of il001, 2024-03-01 to 2024-03-31: {problem}") as raised:
        client.forecasts(CHICAGO, *DAYS)
    assert "How long a range of days may be" in raised.value.fix
    assert not client.is_cached("il001", *DAYS)
    assert len(server.requested) == 1


@pytest.mark.parametrize(
    "answer", [error("Request not authenticated.", 401), error("Invalid API key"), Reply(b"", 403)]
)
def test_a_refused_key_names_its_setting(client: HistoricalForecasts, server: FakeServer, answer: Reply) -> None:
    server.will_send(PATH, answer)

    with pytest.raises(ConfigurationError, match=r"^AIRNOW_API_KEY: .*refused it \(HTTP \d+") as raised:
        client.forecasts(CHICAGO, *DAYS)
    assert len(server.requested) == 1
    assert KEY not in str(raised.value)


PASSING = {
    "too many requests": Reply(b"", 429, {"Retry-After": "40"}),
    "a server error": Reply(b"", 500),
    "a gateway": Reply(b"", 503),
    "a cut connection": Reply(b"[", cut=True),
    "half the JSON": Reply(b'[{"dateIssue": "2024-03-09", "dateVa'),
    "a web page": Reply(b"<!DOCTYPE html><html></html>"),
    "nothing": Reply(b""),
    "a gateway's message": reply({"message": "Endpoint request timed out"}),
    "a number": reply(7),
    "deep nesting": Reply(b"[" * 100_000),
}


@pytest.mark.parametrize("what", PASSING)
def test_what_may_pass_is_retried_after_waits(
    client: HistoricalForecasts, server: FakeServer, waits: list[float], what: str
) -> None:
    server.will_send(PATH, PASSING[what], reply([row()]))

    assert len(client.forecasts(CHICAGO, *DAYS).records) == 1
    assert waits == [40.0 if what == "too many requests" else 15.0]


@pytest.mark.parametrize("what", PASSING)
def test_what_does_not_pass_is_an_error_and_never_an_empty_answer(
    client: HistoricalForecasts, server: FakeServer, waits: list[float], what: str
) -> None:
    server.will_send(PATH, PASSING[what])

    with pytest.raises(SourceUnavailable, match="Retrying may help"):
        client.forecasts(CHICAGO, *DAYS)
    assert len(server.requested) == len(waits) + 1 == 4
    assert not client.is_cached("il001", *DAYS)


def test_a_response_larger_than_any_is_refused_and_not_read_to_its_end(
    client: HistoricalForecasts, server: FakeServer
) -> None:
    server.will_send(PATH, Reply(b"[" + b" " * 17_000_000 + b"]"))

    with pytest.raises(BadPayload, match=r"larger than 16 MB.*AIRWATCH_AIRNOW_API_URL"):
        client.forecasts(CHICAGO, *DAYS)
    assert not client.is_cached("il001", *DAYS)


def test_a_cached_response_may_be_cleaned_up(client: HistoricalForecasts, server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    server.will_send(PATH, reply([row()]))
    client.forecasts(CHICAGO, *DAYS)
    (tmp_path / "cache").rename(tmp_path / "downloads" / "airnow-api-0")

    [item] = Responses(tmp_path).items(pd.Timestamp("2199-01-01", tz="UTC").to_pydatetime())
    assert item.name.endswith(".jsonl.gz")


def test_rows_that_cannot_be_read_are_not_cached(client: HistoricalForecasts, server: FakeServer) -> None:
    server.will_send(PATH, reply([{"issued": "2024-03-09"}]), reply([row()]))

    with pytest.raises(BadPayload, match="1 of 1 rows cannot be read, such as row 1: reportingArea has no value"):
        client.forecasts(CHICAGO, *DAYS)
    assert len(client.forecasts(CHICAGO, *DAYS).records) == 1


@pytest.mark.parametrize(("status", "error_type"), [(302, SourceUnavailable), (301, ConfigurationError)])
def test_a_redirect_to_another_host_is_refused_and_does_not_get_the_key(
    client: HistoricalForecasts, server: FakeServer, status: int, error_type: type[AirWatchError]
) -> None:
    elsewhere = FakeServer()
    http = running(elsewhere)
    server.will_send(PATH, Reply(b"", status, {"Location": f"{elsewhere.url}{PATH}"}))
    try:
        with pytest.raises(error_type, match=r"redirects to .*not followed.*AIRWATCH_AIRNOW_API_URL") as raised:
            client.forecasts(CHICAGO, *DAYS)
    finally:
        http.shutdown()
        http.server_close()
    assert elsewhere.requested == []
    assert KEY not in str(raised.value)


def test_the_key_is_in_no_log_name_repr_or_error(
    client: HistoricalForecasts,
    server: FakeServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.will_send(PATH, reply([row()]), error(f"failed for {KEY}"), Reply(b"", 500))
    client.forecasts(CHICAGO, *DAYS)
    with caplog.at_level(logging.DEBUG, logger="urllib3"), pytest.raises(SourceRefused) as refused:
        client.forecasts(CHICAGO, date(2024, 4, 1), date(2024, 4, 30))
    with caplog.at_level(logging.DEBUG, logger="urllib3"), pytest.raises(SourceUnavailable) as failed:
        client.forecasts(CHICAGO, date(2024, 5, 1), date(2024, 5, 31))

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in files) == ["", ".gz", ".stored"]
    assert PATH in caplog.text
    shown = f"{refused.value!r} {refused.value.__context__!r} {failed.value!r} {failed.value.__context__!r} {client!r}"
    assert KEY not in f"{shown} {caplog.text} {files}"
    assert all(KEY.encode() not in path.read_bytes() for path in files)
