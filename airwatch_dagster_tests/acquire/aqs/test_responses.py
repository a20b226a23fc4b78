import json
from datetime import date
from pathlib import Path

import pytest

from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.geographies import ByState
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.errors import SourceRefused, SourceUnavailable
from airwatch_dagster_tests.acquire.aqs.conftest import Waits
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import API_ROW, envelope

DAILY, MONITORS = "/dailyData/byState", "/monitors/byState"
JULY = (date(2021, 7, 1), date(2021, 7, 31))


def test_envelopes_with_data_or_body_and_statuses_in_any_case_give_rows(client: AqsClient, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(envelope([API_ROW], status="SUCCESS", body="Body")))
    assert len(client.daily_data(ByState("17"), *JULY)) == 1


@pytest.mark.parametrize("status", ["No data matched your selection", "NO DATA MATCHED YOUR SELECTION", "Success"])
def test_nothing_published_is_an_empty_table_with_its_columns(
    client: AqsClient, server: FakeServer, status: str
) -> None:
    server.will_send(DAILY, Reply(envelope([], status=status)))
    readings = client.daily_data(ByState("17"), *JULY)
    assert len(readings) == 0
    assert tuple(readings.columns) == READING_COLUMNS
    assert readings["date_local"].dtype == "datetime64[ns]"


@pytest.mark.parametrize(
    ("status_code", "body", "words"),
    [
        (
            400,
            envelope([], status="Failed", error=["value is missing or the value is empty: param"]),
            "is empty: param",
        ),
        (200, envelope([], status="failed", error=["only 1 year of data is permitted."]), "1 year of data"),
        (400, b'{"Header":[{"status":"Failed","error":["no such user"]}]}', "no such user"),
        (422, b"<html>no</html>", "HTTP 422"),
        (401, b"", "HTTP 401"),
    ],
)
def test_a_refusal_names_the_reason_and_is_not_retried(
    client: AqsClient, server: FakeServer, waits: Waits, status_code: int, body: bytes, words: str
) -> None:
    server.will_send(DAILY, Reply(body, status_code))
    with pytest.raises(SourceRefused, match=words) as raised:
        client.daily_data(ByState("17"), *JULY)
    assert not raised.value.retry_helps
    assert waits == []
    assert len(server.requested) == 1


TRANSIENT = {
    "a web page": Reply(b"<!DOCTYPE html><html>Maintenance</html>"),
    "truncated JSON": Reply(envelope([API_ROW])[:-20]),
    "JSON without an envelope": Reply(b"[1, 2]"),
    "fewer rows than promised": Reply(envelope([API_ROW], rows=2)),
    "an unknown status": Reply(envelope([], status="Queued for https://x?email=someone@example.org&key=sesame-42")),
    "a server error": Reply(b"<html>Bad gateway</html>", 502),
    "a redirect": Reply(b"", 302, {"Location": "https://elsewhere.example/?key=sesame-42"}),
    "half a response": Reply(envelope([API_ROW]), cut=True),
}


@pytest.mark.parametrize("what", TRANSIENT)
def test_a_transient_failure_is_retried_with_growing_waits_then_unavailable(
    client: AqsClient, server: FakeServer, waits: Waits, what: str
) -> None:
    server.will_send(DAILY, TRANSIENT[what])
    with pytest.raises(SourceUnavailable) as raised:
        client.daily_data(ByState("17"), *JULY)
    assert raised.value.retry_helps
    assert waits == [15.0, 60.0, 180.0]
    assert len(server.requested) == 4


def test_a_successful_retry_gives_the_rows(client: AqsClient, server: FakeServer, waits: Waits) -> None:
    server.will_send(DAILY, Reply(b"", 503), Reply(envelope([API_ROW])))
    assert len(client.daily_data(ByState("17"), *JULY)) == 1
    assert waits == [15.0]


def test_a_retry_waits_as_long_as_the_server_asks(client: AqsClient, server: FakeServer, waits: Waits) -> None:
    by_date = Reply(b"", 429, {"Retry-After": "Thu, 01 Jan 1970 00:05:00 GMT"})
    server.will_send(
        DAILY, Reply(b"", 429, {"Retry-After": "120"}), by_date, Reply(b"", 429), Reply(envelope([API_ROW]))
    )
    assert len(client.daily_data(ByState("17"), *JULY)) == 1
    assert waits == [120.0, 300.0, 180.0]


def test_a_server_that_asks_for_hours_is_not_retried(client: AqsClient, server: FakeServer, waits: Waits) -> None:
    server.will_send(DAILY, Reply(b"", 429, {"Retry-After": "7200"}))
    with pytest.raises(SourceUnavailable, match="wait 7200 s") as raised:
        client.daily_data(ByState("17"), *JULY)
    assert raised.value.retry_helps
    assert waits == []


def test_the_documented_errors_are_distinguished(client: AqsClient, server: FakeServer, real_data: Path) -> None:
    folder = real_data / "aqs_api" / "documented_errors"
    server.will_send(DAILY, Reply((folder / "http200_no_data.json").read_bytes()))
    assert len(client.daily_data(ByState("17"), *JULY)) == 0
    server.will_send(DAILY, Reply((folder / "http400_failed_missing_param.json").read_bytes(), 400))
    with pytest.raises(SourceRefused, match="value is missing or the value is empty: param"):
        client.daily_data(ByState("17"), *JULY)
    sample = json.loads((folder / "http200_success_sample.json").read_bytes())
    server.will_send("/sampleData/byState", Reply(json.dumps(sample).encode()))
    assert client.request("sampleData/byState", {})[0]["state_code"] == "01"
