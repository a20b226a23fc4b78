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


HEADER = {"status": "Success", "rows": 1, "url": "https://x?email=someone@example.org&key=sesame-42"}
DEVIATIONS: dict[str, dict[str, object]] = {
    "rows as text": {"Header": [HEADER | {"rows": "1"}], "Data": [API_ROW]},
    "rows as a fraction": {"Header": [HEADER | {"rows": 1.0}], "Data": [API_ROW]},
    "no number of rows": {"Header": [{"status": "Success", "rows": None}], "Data": [API_ROW]},
    "a header that is no list": {"Header": HEADER, "Data": [API_ROW]},
    "a single row that is no list": {"Header": [HEADER], "Data": API_ROW},
    "Body instead of Data": {"Header": [HEADER], "Body": [API_ROW]},
    "Body beside a Data of null": {"Header": [HEADER], "Data": None, "Body": [API_ROW]},
    "names in lower case": {"header": [{"status": "success", "rows": 1}], "data": [API_ROW]},
    "names in upper case": {"HEADER": [{"STATUS": "SUCCESS", "ROWS": 1}], "DATA": [API_ROW]},
}


@pytest.mark.parametrize("what", DEVIATIONS)
def test_an_envelope_that_deviates_is_read(client: AqsClient, server: FakeServer, what: str) -> None:
    server.will_send(DAILY, Reply(json.dumps(DEVIATIONS[what]).encode()))
    assert client.daily_data(ByState("17"), *JULY)["arithmetic_mean"].tolist() == [8.5]


NOTHING: dict[str, dict[str, object]] = {
    "older wording": {"Header": [{"status": "No data meets your criteria", "rows": 0}], "Data": []},
    "another wording": {"Header": [{"status": "Sorry: NO DATA found.", "rows": 0}], "Data": []},
    "Data of null": {"Header": [{"status": "No data matched your selection", "rows": 0}], "Data": None},
    "no Data": {"Header": [{"status": "no data matched your selection", "rows": 0}]},
    "no Data, rows as text": {"Header": [{"status": "No data matched your selection", "rows": "0"}]},
    "no Data, no rows": {"Header": [{"status": "No data matched your selection"}]},
    "success with Data of null": {"Header": [{"status": "Success", "rows": 0}], "Data": None},
    "success without Data": {"Header": [{"status": "Success", "rows": "0"}]},
    "success with Data of braces": {"Header": [{"status": "Success", "rows": 0}], "Data": {}},
}


@pytest.mark.parametrize("what", NOTHING)
def test_nothing_published_may_be_said_in_other_ways(client: AqsClient, server: FakeServer, what: str) -> None:
    server.will_send(DAILY, Reply(json.dumps(NOTHING[what]).encode()))
    assert len(client.daily_data(ByState("17"), *JULY)) == 0
    assert len(server.requested) == 1


INCOMPLETE: dict[str, dict[str, object]] = {
    "success without Data": {"Header": [{"status": "Success"}]},
    "success with rows but Data of null": {"Header": [{"status": "Success", "rows": 3}], "Data": None},
    "nothing with rows promised": {"Header": [{"status": "No data matched your selection", "rows": 3}], "Data": []},
    "nothing with rows": {"Header": [{"status": "No data matched your selection", "rows": 1}], "Data": [API_ROW]},
    "a number of rows that is none": {"Header": [{"status": "Success", "rows": "many"}], "Data": [API_ROW]},
    "fewer rows than promised as text": {"Header": [{"status": "Success", "rows": "2"}], "Data": [API_ROW]},
    "rows that are no objects": {"Header": [{"status": "Success", "rows": 1}], "Data": [["17", "031"]]},
    "no header": {"Data": [API_ROW]},
    "an empty header": {"Header": [], "Data": [API_ROW]},
    "no status": {"Header": [{"rows": 1}], "Data": [API_ROW]},
}


@pytest.mark.parametrize("what", INCOMPLETE)
def test_a_response_that_contradicts_itself_is_never_taken_for_nothing(
    client: AqsClient, server: FakeServer, what: str
) -> None:
    server.will_send(DAILY, Reply(json.dumps(INCOMPLETE[what]).encode()))
    with pytest.raises(SourceUnavailable) as raised:
        client.daily_data(ByState("17"), *JULY)
    assert raised.value.fix == "Try again later; if it lasts, check AIRWATCH_AQS_URL"


def test_a_response_in_another_encoding_is_read(client: AqsClient, server: FakeServer) -> None:
    row = API_ROW | {"local_site_name": "Cataño"}
    content = json.dumps({"Header": [HEADER], "Data": [row]}, ensure_ascii=False)
    server.will_send(DAILY, Reply(content.encode("iso-8859-1")), Reply(content.encode("utf-8-sig")))
    for _ in range(2):
        assert client.request(DAILY[1:], {})[0]["local_site_name"] == "Cataño"


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
