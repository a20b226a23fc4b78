import traceback
from collections.abc import Iterator
from dataclasses import replace
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
from airwatch_dagster.acquire.aqs.request_plan import DailyRequest
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.errors import AirWatchError, BadPayload, ConfigurationError, SourceUnavailable
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.aqs.conftest import EMAIL, KEY, Waits
from airwatch_dagster_tests.acquire.aqs.test_responses import TRANSIENT
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import API_MONITOR, API_ROW, envelope

DAILY, MONITORS = "/dailyData/byState", "/monitors/byState"
JULY = (date(2021, 7, 1), date(2021, 7, 31))
JULY_REQUEST = DailyRequest(ByState("17"), *JULY)


def links(error: BaseException | None) -> Iterator[BaseException]:
    """The error and every error behind it, shown or not."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def requested(server: FakeServer) -> list[dict[str, str]]:
    return [
        {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()} for target in server.requested
    ]


def test_a_published_row_has_contract_columns_and_dtypes(client: AqsClient, server: FakeServer) -> None:
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
def test_a_request_has_the_documented_parameters(
    client: AqsClient, server: FakeServer, geography: Geography, path: str, params: dict[str, str]
) -> None:
    server.will_send(path, Reply(envelope([])))
    client.daily_data(geography, *JULY)
    expected = {"email": EMAIL, "key": KEY, "param": "88101", "bdate": "20210701", "edate": "20210731", **params}
    assert requested(server) == [expected]


def test_each_calendar_year_is_its_own_request(client: AqsClient, server: FakeServer) -> None:
    leap_year, new_year = API_ROW | {"date_local": "2020-07-04"}, API_ROW | {"date_local": "2021-01-01", "poc": 2}
    server.will_send(DAILY, Reply(envelope([])), Reply(envelope([leap_year])), Reply(envelope([new_year])))
    readings = client.daily_data(ByState("17"), date(2019, 12, 30), date(2021, 1, 1))
    assert [(query["bdate"], query["edate"]) for query in requested(server)] == [
        ("20191230", "20191231"),
        ("20200101", "20201231"),
        ("20210101", "20210101"),
    ]
    assert readings["poc"].tolist() == [1, 2]


def test_other_parameters_are_left_out_and_old_rows_can_lack_newer_fields(
    client: AqsClient, server: FakeServer
) -> None:
    old = {k: v for k, v in API_ROW.items() if k not in ("sample_duration_code", "validity_indicator", "method_code")}
    server.will_send(DAILY, Reply(envelope([old, API_ROW | {"parameter_code": "88502"}])))
    readings = client.daily_data(ByState("17"), *JULY)
    assert readings["parameter_code"].tolist() == ["88101"]
    assert readings["method_code"].isna().all()


UNREADABLE: list[tuple[str, Any, str | None, str]] = [
    ("state_code", "1", "1", "expected 2 digits as text, leading zeros included"),
    ("state_code", 17, "17", "expected 2 digits as text, leading zeros included"),
    ("site_number", 1, "1", "expected 4 digits as text, leading zeros included"),
    ("site_number", None, None, "has no value, expected a value"),
    ("parameter_code", 88101, "88101", "expected 5 digits as text, leading zeros included"),
    ("date_local", "soon", "soon", "expected a date as 2021-07-04 or 07/04/2021"),
    ("date_local", "9999-07-04", "9999-07-04", "expected a date as 2021-07-04 or 07/04/2021"),
    ("date_local", "2121-07-04", "2121-07-04", "expected a day from 2021-07-01 to 2021-07-31, as requested"),
    ("date_local", None, None, "has no value, expected a value"),
    ("arithmetic_mean", "x", "x", "expected a number"),
    ("arithmetic_mean", -999.0, "-999.0", "expected a value from -50 to 5000"),
    ("arithmetic_mean", [8.5], "[8.5]", "expected a number"),
    ("arithmetic_mean", {"mean": 8.5}, "{'mean': 8.5}", "expected a number"),
    ("first_max_hour", 24, "24", "expected a value from 0 to 23"),
    ("poc", 100, "100", "expected a value from 0 to 99"),
    ("poc", 1.5, "1.5", "expected a whole number"),
    ("sample_duration", ["soon"], "['soon']", "expected one of 24 HOUR, 24-HR BLK AVG, 1 HOUR"),
]


@pytest.mark.parametrize(("column", "value", "shown", "reason"), UNREADABLE)
def test_a_malformed_row_is_set_aside_naming_row_and_value(
    client: AqsClient, server: FakeServer, column: str, value: Any, shown: str | None, reason: str
) -> None:
    server.will_send(DAILY, Reply(envelope([API_ROW, API_ROW | {"poc": 2, column: value}, API_ROW | {"poc": 3}])))
    response = client.daily(JULY_REQUEST)

    assert response.readings["poc"].tolist() == [1, 3]
    name = "AQS dailyData/byState param=88101 bdate=20210701 edate=20210731 state=17"
    row = response.rejected[["file", "line_number", "column_name", "value", "reason"]]
    assert row.values.tolist() == [[name, 2, column, shown, reason]]
    assert response.name == name


def test_the_site_and_day_of_a_row_set_aside_are_known_unless_they_are_what_is_wrong(
    client: AqsClient, server: FakeServer
) -> None:
    wrong: list[dict[str, Any]] = [{"arithmetic_mean": -999}, {"state_code": 17}, {"date_local": "2121-07-04"}]
    server.will_send(DAILY, Reply(envelope([API_ROW, *(API_ROW | {"poc": 2} | one for one in wrong)])))
    rejected = client.daily(JULY_REQUEST).rejected

    assert rejected["site_id"].tolist() == ["170310001", None, "170310001"]
    assert rejected["date_local"].tolist() == [pd.Timestamp("2021-07-04"), pd.Timestamp("2021-07-04"), pd.NaT]


def test_a_response_of_malformed_rows_is_refused_naming_the_first(client: AqsClient, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(envelope([API_ROW | {"poc": poc, "state_code": "1"} for poc in range(8)])))
    with pytest.raises(BadPayload, match=r"AQS dailyData/byState .*: 8 of 8 rows .* row 1: state_code is '1'"):
        client.daily_data(ByState("17"), *JULY)


def test_each_response_has_a_name_of_its_own(client: AqsClient, server: FakeServer) -> None:
    server.will_send(DAILY, *[Reply(envelope([API_ROW, API_ROW | {"aqi": "x"}])) for _ in range(4)])
    requests = [
        JULY_REQUEST,
        replace(JULY_REQUEST, parameters=("88101", "88502")),
        replace(JULY_REQUEST, last=date(2021, 7, 30)),
        replace(JULY_REQUEST, changed=(date(2021, 8, 1), date(2021, 8, 8))),
    ]
    assert len({client.daily(request).rejected["file"].item() for request in requests}) == 4


@pytest.mark.parametrize("published", ["16980", "28450", "", None])
def test_the_county_gives_the_statistical_area(client: AqsClient, server: FakeServer, published: str | None) -> None:
    server.will_send(DAILY, Reply(envelope([API_ROW | {"cbsa_code": published}])))
    assert client.daily_data(ByState("17"), *JULY)["cbsa_code"].tolist() == ["16980"]


@pytest.mark.parametrize("position", [{"latitude": 0, "longitude": 0}, {"latitude": None}, {"latitude": "-999"}])
def test_the_known_position_replaces_an_impossible_one(
    client: AqsClient, server: FakeServer, position: dict[str, Any]
) -> None:
    known = pd.DataFrame({"site_id": ["170310001"], "latitude": [41.7], "longitude": [-87.7]})
    server.will_send(DAILY, *[Reply(envelope([API_ROW | position, API_ROW | {"site_number": "0002"}]))] * 2)
    response = client.daily(JULY_REQUEST, known=known)
    assert response.readings["latitude"].tolist() == [41.7, API_ROW["latitude"]]
    assert (response.repaired_positions, len(response.rejected)) == (1, 0)
    assert client.daily(replace(JULY_REQUEST, last=date(2021, 7, 30))).rejected["site_id"].tolist() == ["170310001"]


def test_an_absent_field_is_named(client: AqsClient, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(envelope([{k: v for k, v in API_ROW.items() if k != "arithmetic_mean"}])))
    with pytest.raises(BadPayload, match="no field arithmetic_mean"):
        client.daily_data(ByState("17"), *JULY)


def test_all_rows_of_a_key_with_two_values_are_set_aside(client: AqsClient, server: FakeServer) -> None:
    rows = [API_ROW, API_ROW | {"arithmetic_mean": 9.5}, API_ROW | {"poc": 2}]
    server.will_send(DAILY, Reply(envelope(rows)))
    response = client.daily(JULY_REQUEST)
    assert response.readings["poc"].tolist() == [2]
    assert response.rejected[["line_number", "value"]].values.tolist() == [[1, "8.5"], [2, "9.5"]]


@pytest.mark.parametrize(
    ("email", "key", "missing"),
    [(None, None, "EPA_AQS_EMAIL and EPA_AQS_API_KEY"), ("a@b.c", "", "EPA_AQS_API_KEY"), (None, "k", "EPA_AQS_EMAIL")],
)
def test_the_fix_for_missing_credentials_is_the_sign_up(
    tmp_path: Path, email: str | None, key: str | None, missing: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{missing}: .*aqs\.epa\.gov/data/api/signup\?email="):
        AqsClient(email=email, key=key, limiter=RateLimiter(tmp_path / "turn"))


def test_the_last_day_before_the_first_is_refused_without_a_request(client: AqsClient, server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match="before the first"):
        client.daily_data(ByState("17"), JULY[1], JULY[0])
    assert server.requested == []


LEAKS = {
    **TRANSIENT,
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
    text = "".join(traceback.format_exception(raised.value)) + repr(client) + str(client)
    text += "".join(f"{error!r} {error} {vars(error)}" for error in links(raised.value))
    assert not [secret for secret in ("someone", "example.org", "sesame") if secret in text.lower()]


def test_email_and_key_stay_hidden_without_a_response(session: requests.Session, tmp_path: Path, waits: Waits) -> None:
    limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
    client = AqsClient("http://127.0.0.1:9", email=EMAIL, key=KEY, limiter=limiter, session=session, sleep=waits)
    with pytest.raises(SourceUnavailable, match="ConnectionError") as raised:
        client.daily_data(ByState("17"), *JULY)
    chain = list(links(raised.value))
    assert all(isinstance(error, AirWatchError) for error in chain)
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_monitors_have_contract_columns_and_open_ones_no_last_day(client: AqsClient, server: FakeServer) -> None:
    closed = API_MONITOR | {"close_date": "2010-12-31", "last_method_code": "118", "open_date": "1998-01-01"}
    server.will_send(
        MONITORS, Reply(envelope([API_MONITOR, closed, API_MONITOR | {"poc": 2, "close_date": "2012-01-01"}]))
    )
    listed = client.monitors(ByState("17"), date(1997, 1, 1), date(2022, 1, 1)).monitors
    TABLES["monitors"].schema.validate(listed.assign(is_context=False))
    assert listed["poc"].tolist() == [1, 2]
    assert listed["last_sample_date"].tolist() == [pd.NaT, pd.Timestamp("2012-01-01")]
    assert listed["open_date"].tolist() == [pd.Timestamp("1998-01-01"), pd.Timestamp("1999-01-21")]
    assert listed["method_code"].tolist() == ["145", "145"]
    assert requested(server)[0]["edate"] == "20220101"


def test_a_primary_monitor_may_be_flagged_in_lower_case(client: AqsClient, server: FakeServer) -> None:
    flags = ["y", "Y ", "n", "", None]
    rows = [API_MONITOR | {"poc": poc, "naaqs_primary_monitor": flag} for poc, flag in enumerate(flags, start=1)]
    server.will_send(MONITORS, Reply(envelope(rows)))
    listed = client.monitors(ByState("17"), date(1997, 1, 1), date(2022, 1, 1)).monitors
    assert listed["is_primary"].tolist() == [True, True, False, False, False]


UNREADABLE_MONITOR: dict[tuple[str, Any], str] = {
    ("poc", 100): "expected a value from 0 to 99",
    ("site_number", 1): "expected 4 digits as text, leading zeros included",
    ("open_date", "9999-01-21"): "expected a date as 2021-07-04 or 07/04/2021",
    ("close_date", "never"): "expected a date as 2021-07-04 or 07/04/2021",
    ("last_method_code", "47"): "expected 3 digits as text, leading zeros included",
}


@pytest.mark.parametrize(("cell", "reason"), UNREADABLE_MONITOR.items(), ids=str)
def test_a_malformed_monitor_is_set_aside_naming_row_and_field(
    client: AqsClient, server: FakeServer, cell: tuple[str, Any], reason: str
) -> None:
    monitors = [API_MONITOR, API_MONITOR | {"poc": 2} | dict([cell]), API_MONITOR | {"poc": 3}]
    server.will_send(MONITORS, Reply(envelope(monitors)))
    listed = client.monitors(ByState("17"), date(1997, 1, 1), date(2022, 1, 1))

    assert listed.monitors["poc"].tolist() == [1, 3]
    shown = listed.rejected[["file", "line_number", "column_name", "value", "reason"]]
    assert shown.values.tolist() == [["AQS monitors/byState state=17", 2, cell[0], str(cell[1]), reason]]


def test_the_recorded_response_for_wake_county_has_750_rows(
    client: AqsClient, server: FakeServer, real_data: Path
) -> None:
    recorded = real_data / "aqs_api" / "dailyData" / "byCounty_88101_wake_nc_2016-01_2016-02.json"
    server.will_send("/dailyData/byCounty", Reply(recorded.read_bytes()))
    readings = client.daily_data(ByCounty("37", "183"), date(2016, 1, 1), date(2016, 2, 28))
    assert len(readings) == 750
    assert readings["cbsa_code"].unique().tolist() == ["39580"]
    assert readings[["poc", "date_local"]].drop_duplicates().shape[0] == 79


def test_a_client_closes_the_session_that_it_opened(
    server: FakeServer, tmp_path: Path, open_sessions: set[requests.Session]
) -> None:
    server.will_send(DAILY, Reply(envelope([])))
    limiter = RateLimiter(tmp_path / "limit", interval_s=0.0, pause_s=0.0)
    with AqsClient(server.url, email=EMAIL, key=KEY, limiter=limiter) as client:
        client.daily_data(ByState("17"), *JULY)
        assert len(open_sessions) == 1
    assert open_sessions == set()
