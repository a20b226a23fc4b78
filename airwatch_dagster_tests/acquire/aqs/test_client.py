import json
import traceback
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.geographies import ByCbsa, ByCounty, BySite, ByState, Geography
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.errors import AirWatchError, BadPayload, ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.wire import API_MONITOR, API_ROW, FakeServer, Reply, envelope

EMAIL, KEY = "someone@example.org", "sesame-42"
DAILY, MONITORS = "/dailyData/byState", "/monitors/byState"
JULY = (date(2021, 7, 1), date(2021, 7, 31))


class Waits(list[float]):
    """Collects sleeps instead of sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(server: FakeServer, session: requests.Session, tmp_path: Path, waits: Waits) -> AqsClient:
    limiter = RateLimiter(tmp_path / "state" / "aqs.turn", interval_s=0.0, pause_s=0.0)
    return AqsClient(
        server.url,
        email=EMAIL,
        key=KEY,
        limiter=limiter,
        session=session,
        clock=lambda: 0.0,
        sleep=waits,
        jitter=lambda: 1.0,
    )


def links(error: BaseException | None) -> Iterator[BaseException]:
    """The error and every error behind it, shown or not."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def asked(server: FakeServer) -> list[dict[str, str]]:
    return [{name: values[0] for name, values in parse_qs(urlsplit(target).query).items()} for target in server.asked]


def test_a_published_row_arrives_in_the_columns_and_types_of_the_contract(
    client: AqsClient, server: FakeServer
) -> None:
    server.will_send(DAILY, Reply(envelope([API_ROW])))
    readings = client.daily_data(ByState("17"), *JULY)
    assert tuple(readings.columns) == READING_COLUMNS
    row = readings.iloc[0]
    assert row[["validity_indicator", "cbsa_code", "source", "aqi"]].tolist() == ["Y", "16980", "aqs", 47]
    versioned = readings.assign(first_seen_at=pd.Timestamp("2022-01-01"), superseded_at=pd.NaT)
    assert (TABLES["raw_readings"].schema.validate(versioned).dtypes == TABLES["raw_readings"].empty().dtypes).all()


@pytest.mark.parametrize(
    ("geography", "path", "params"),
    [
        (ByState("17"), "/dailyData/byState", {"state": "17"}),
        (ByCounty("17", "031"), "/dailyData/byCounty", {"state": "17", "county": "031"}),
        (BySite("17", "031", "0001"), "/dailyData/bySite", {"state": "17", "county": "031", "site": "0001"}),
        (ByCbsa("16980"), "/dailyData/byCBSA", {"cbsa": "16980"}),
    ],
)
def test_a_request_is_written_as_the_api_documents_it(
    client: AqsClient, server: FakeServer, geography: Geography, path: str, params: dict[str, str]
) -> None:
    server.will_send(path, Reply(envelope([])))
    client.daily_data(geography, *JULY)
    expected = {"email": EMAIL, "key": KEY, "param": "88101", "bdate": "20210701", "edate": "20210731", **params}
    assert asked(server) == [expected]


def test_each_calendar_year_is_its_own_request(client: AqsClient, server: FakeServer) -> None:
    new_year = API_ROW | {"date_local": "2021-01-01"}
    server.will_send(DAILY, Reply(envelope([])), Reply(envelope([API_ROW])), Reply(envelope([new_year | {"poc": 2}])))
    readings = client.daily_data(ByState("17"), date(2019, 12, 30), date(2021, 1, 1))
    assert [(query["bdate"], query["edate"]) for query in asked(server)] == [
        ("20191230", "20191231"),
        ("20200101", "20201231"),
        ("20210101", "20210101"),
    ]
    assert readings["poc"].tolist() == [1, 2]


def test_envelopes_with_data_or_body_and_statuses_in_any_case_are_rows(client: AqsClient, server: FakeServer) -> None:
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


def test_other_parameters_are_left_out_and_old_rows_may_lack_newer_fields(
    client: AqsClient, server: FakeServer
) -> None:
    old = {k: v for k, v in API_ROW.items() if k not in ("sample_duration_code", "validity_indicator", "method_code")}
    server.will_send(DAILY, Reply(envelope([old, API_ROW | {"parameter_code": "88502"}])))
    readings = client.daily_data(ByState("17"), *JULY)
    assert readings["parameter_code"].tolist() == ["88101"]
    assert readings["method_code"].isna().all()


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
def test_a_refusal_gives_the_reason_and_is_not_repeated(
    client: AqsClient, server: FakeServer, waits: Waits, status_code: int, body: bytes, words: str
) -> None:
    server.will_send(DAILY, Reply(body, status_code))
    with pytest.raises(SourceRefused, match=words) as raised:
        client.daily_data(ByState("17"), *JULY)
    assert not raised.value.retry_helps
    assert waits == []
    assert len(server.asked) == 1


PASSING = {
    "a web page": Reply(b"<!DOCTYPE html><html>Maintenance</html>"),
    "truncated JSON": Reply(envelope([API_ROW])[:-20]),
    "JSON without an envelope": Reply(b"[1, 2]"),
    "fewer rows than promised": Reply(envelope([API_ROW], rows=2)),
    "an unknown status": Reply(envelope([], status="Queued for https://x?email=someone@example.org&key=sesame-42")),
    "a server error": Reply(b"<html>Bad gateway</html>", 502),
    "a redirect": Reply(b"", 302, {"Location": "https://elsewhere.example/?key=sesame-42"}),
    "half an answer": Reply(envelope([API_ROW]), cut=True),
}


@pytest.mark.parametrize("what", PASSING)
def test_what_passes_by_itself_is_repeated_with_growing_waits_and_then_unavailable(
    client: AqsClient, server: FakeServer, waits: Waits, what: str
) -> None:
    server.will_send(DAILY, PASSING[what])
    with pytest.raises(SourceUnavailable) as raised:
        client.daily_data(ByState("17"), *JULY)
    assert raised.value.retry_helps
    assert waits == [15.0, 60.0, 180.0]
    assert len(server.asked) == 4


def test_a_repetition_that_succeeds_gives_the_rows(client: AqsClient, server: FakeServer, waits: Waits) -> None:
    server.will_send(DAILY, Reply(b"", 503), Reply(envelope([API_ROW])))
    assert len(client.daily_data(ByState("17"), *JULY)) == 1
    assert waits == [15.0]


def test_a_server_that_asks_to_wait_is_given_that_time(client: AqsClient, server: FakeServer, waits: Waits) -> None:
    by_date = Reply(b"", 429, {"Retry-After": "Thu, 01 Jan 1970 00:05:00 GMT"})
    server.will_send(
        DAILY, Reply(b"", 429, {"Retry-After": "120"}), by_date, Reply(b"", 429), Reply(envelope([API_ROW]))
    )
    assert len(client.daily_data(ByState("17"), *JULY)) == 1
    assert waits == [120.0, 300.0, 180.0]


def test_a_server_that_asks_for_hours_is_left_alone(client: AqsClient, server: FakeServer, waits: Waits) -> None:
    server.will_send(DAILY, Reply(b"", 429, {"Retry-After": "7200"}))
    with pytest.raises(SourceUnavailable, match="wait 7200 s") as raised:
        client.daily_data(ByState("17"), *JULY)
    assert raised.value.retry_helps
    assert waits == []


@pytest.mark.parametrize(
    "change",
    [
        {"state_code": "1"},
        {"site_number": 1},
        {"parameter_code": 88101},
        {"date_local": "soon"},
        {"arithmetic_mean": "x"},
    ],
)
def test_a_garbled_row_is_refused_naming_place_and_value(
    client: AqsClient, server: FakeServer, change: dict[str, Any]
) -> None:
    server.will_send(DAILY, Reply(envelope([API_ROW, API_ROW | {"poc": 2} | change])))
    ((name, value),) = change.items()
    with pytest.raises(BadPayload, match=f"AQS dailyData/byState: row 2: {name} is {value!r}"):
        client.daily_data(ByState("17"), *JULY)


def test_an_absent_field_is_named(client: AqsClient, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(envelope([{k: v for k, v in API_ROW.items() if k != "arithmetic_mean"}])))
    with pytest.raises(BadPayload, match="no field arithmetic_mean"):
        client.daily_data(ByState("17"), *JULY)


def test_one_key_with_two_values_is_refused(client: AqsClient, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(envelope([API_ROW, API_ROW | {"arithmetic_mean": 9.5}])))
    with pytest.raises(BadPayload, match=r"arithmetic_mean is 8.5 and 9.5"):
        client.daily_data(ByState("17"), *JULY)


@pytest.mark.parametrize(
    ("email", "key", "missing"),
    [(None, None, "EPA_AQS_EMAIL and EPA_AQS_API_KEY"), ("a@b.c", "", "EPA_AQS_API_KEY"), (None, "k", "EPA_AQS_EMAIL")],
)
def test_absent_credentials_say_how_to_sign_up(
    tmp_path: Path, email: str | None, key: str | None, missing: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{missing}: .*aqs\.epa\.gov/data/api/signup\?email="):
        AqsClient(email=email, key=key, limiter=RateLimiter(tmp_path / "turn"))


def test_the_last_day_before_the_first_is_refused_without_a_request(client: AqsClient, server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match="before the first"):
        client.daily_data(ByState("17"), JULY[1], JULY[0])
    assert server.asked == []


LEAKS = {
    **PASSING,
    "a refusal that echoes": Reply(
        envelope([], status="Failed", error=["bad: ?email=someone%40example.org&key=SESAME-42", f"{EMAIL} {KEY}"]), 400
    ),
    "a bad row": Reply(envelope([API_ROW | {"date_local": "soon"}])),
    "too many requests": Reply(b"", 429),
}


@pytest.mark.parametrize("what", LEAKS)
def test_email_and_key_are_in_no_message_repr_or_chain(client: AqsClient, server: FakeServer, what: str) -> None:
    server.will_send(DAILY, LEAKS[what])
    with pytest.raises(AirWatchError) as raised:
        client.daily_data(ByState("17"), *JULY)
    said = "".join(traceback.format_exception(raised.value)) + repr(client) + str(client)
    said += "".join(f"{error!r} {error} {vars(error)}" for error in links(raised.value))
    assert not [secret for secret in ("someone", "example.org", "sesame") if secret in said.lower()]


def test_email_and_key_stay_hidden_when_nobody_answers(session: requests.Session, tmp_path: Path, waits: Waits) -> None:
    limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
    client = AqsClient("http://127.0.0.1:9", email=EMAIL, key=KEY, limiter=limiter, session=session, sleep=waits)
    with pytest.raises(SourceUnavailable, match="ConnectionError") as raised:
        client.daily_data(ByState("17"), *JULY)
    chain = list(links(raised.value))
    assert all(isinstance(error, AirWatchError) for error in chain)
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_monitors_arrive_in_the_columns_of_the_contract_and_open_ones_without_a_last_day(
    client: AqsClient, server: FakeServer
) -> None:
    closed = API_MONITOR | {"close_date": "2010-12-31", "last_method_code": "118", "open_date": "1998-01-01"}
    server.will_send(
        MONITORS, Reply(envelope([API_MONITOR, closed, API_MONITOR | {"poc": 2, "close_date": "2012-01-01"}]))
    )
    listed = client.monitors(ByState("17"), date(1997, 1, 1), date(2022, 1, 1))
    TABLES["monitors"].schema.validate(listed.assign(is_context=False))
    assert listed["poc"].tolist() == [1, 2]
    assert listed["last_sample_date"].tolist() == [pd.NaT, pd.Timestamp("2012-01-01")]
    assert listed["open_date"].tolist() == [pd.Timestamp("1998-01-01"), pd.Timestamp("1999-01-21")]
    assert listed["method_code"].tolist() == ["145", "145"]
    assert asked(server)[0]["edate"] == "20220101"


def test_the_recorded_answer_for_wake_county_is_750_rows(
    client: AqsClient, server: FakeServer, real_data: Path
) -> None:
    recorded = real_data / "aqs_api" / "dailyData" / "byCounty_88101_wake_nc_2016-01_2016-02.json"
    server.will_send("/dailyData/byCounty", Reply(recorded.read_bytes()))
    readings = client.daily_data(ByCounty("37", "183"), date(2016, 1, 1), date(2016, 2, 28))
    assert len(readings) == 750
    assert readings["cbsa_code"].unique().tolist() == ["39580"]
    assert readings[["poc", "date_local"]].drop_duplicates().shape[0] == 79


def test_the_errors_that_epa_documents_are_told_apart(client: AqsClient, server: FakeServer, real_data: Path) -> None:
    folder = real_data / "aqs_api" / "documented_errors"
    server.will_send(DAILY, Reply((folder / "http200_no_data.json").read_bytes()))
    assert len(client.daily_data(ByState("17"), *JULY)) == 0
    server.will_send(DAILY, Reply((folder / "http400_failed_missing_param.json").read_bytes(), 400))
    with pytest.raises(SourceRefused, match="value is missing or the value is empty: param"):
        client.daily_data(ByState("17"), *JULY)
    sample = json.loads((folder / "http200_success_sample.json").read_bytes())
    server.will_send("/sampleData/byState", Reply(json.dumps(sample).encode()))
    assert client.request("sampleData/byState", {})[0]["state_code"] == "01"
