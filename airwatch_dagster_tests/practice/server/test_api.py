"""Responses of the practice AQS API."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from airwatch_dagster.practice.server.api import Api

CHICAGO_WEEK = {
    "email": "someone@example.org",
    "key": "practice",
    "param": "88101",
    "bdate": "20230102",
    "edate": "20230108",
    "cbsa": "16980",
}


def ask(service: str, query: dict[str, str], *, today: date = date(2024, 5, 10)) -> tuple[int, Any]:
    response = Api(seed=1, today=today, key="practice").respond(service, query)
    assert response is not None
    return response.status, json.loads(response.body)


def daily(today: date = date(2024, 5, 10), **query: str) -> list[dict[str, Any]]:
    status, body = ask("dailyData/byCBSA", CHICAGO_WEEK | query, today=today)
    assert status == 200
    assert body["Header"][0]["rows"] == len(body["Data"])
    return body["Data"]


def refusal(service: str = "dailyData/byCBSA", drop: str = "", **changes: str) -> list[str]:
    query = {name: value for name, value in (CHICAGO_WEEK | changes).items() if name != drop}
    status, body = ask(service, query)
    assert (status, body["Header"][0]["status"], body["Data"]) == (400, "Failed", [])
    return body["Header"][0]["error"]


def genuine(folder: Any, path: str) -> dict[str, Any]:
    return json.loads((folder / "aqs_api" / path).read_text())


def test_a_request_gives_its_days_and_area_only() -> None:
    rows = daily()
    assert {row["cbsa_code"] for row in rows} == {"16980"}
    assert {row["date_local"] for row in rows} == {f"2023-01-{day:02}" for day in range(2, 9)}


def test_a_filter_day_is_eight_rows_and_an_hourly_day_ten() -> None:
    rows = [row for row in daily() if row["observation_percent"] > 74.0]
    counts = Counter((row["local_site_name"], row["poc"], row["date_local"]) for row in rows)
    assert counts["Practice Lakefront", 1, "2023-01-03"] == 8
    assert counts["Practice Lakefront", 3, "2023-01-03"] == 10
    assert counts["Practice Fox Valley", 3, "2023-01-03"] == 9
    assert set(counts.values()) == {8, 9, 10}


def test_the_eight_standards_agree_in_everything() -> None:
    rows = [row for row in daily() if row["poc"] == 3 and row["sample_duration"] == "24-HR BLK AVG"]
    lakefront = [row for row in rows if row["site_number"] == "9001" and row["county_code"] == "031"]
    one_day = [row for row in lakefront if row["date_local"] == "2023-01-03"]
    assert sorted(row["pollutant_standard"] for row in one_day) == [
        *("PM25 24-hour 1997", "PM25 24-hour 2006", "PM25 24-hour 2012", "PM25 24-hour 2024"),
        *("PM25 Annual 1997", "PM25 Annual 2006", "PM25 Annual 2012", "PM25 Annual 2024"),
    ]
    assert len({json.dumps({**row, "pollutant_standard": None}) for row in one_day}) == 1


def test_event_types_are_those_of_the_api_and_exclusions_are_in_the_hours_only() -> None:
    kinds = {(row["sample_duration"], row["sample_duration_code"], row["event_type"]) for row in daily()}
    assert kinds == {
        ("24 HOUR", "7", "No Events"),
        ("24-HR BLK AVG", "X", "Events Included"),
        ("24-HR BLK AVG", "X", "No Events"),
        ("1 HOUR", "1", "Events Included"),
        ("1 HOUR", "1", "Concurred Events Excluded"),
        ("1 HOUR", "1", "No Events"),
    }


@pytest.mark.slow
def test_block_averages_are_the_truncated_means_of_the_hours() -> None:
    rows = [row for row in daily(edate="20231231") if row["event_type"] == "Events Included"]
    hours = {(r["county_code"], r["poc"], r["date_local"], r["site_number"]): r for r in rows if r["aqi"] is None}
    for block in (row for row in rows if row["aqi"] is not None):
        mean = hours[block["county_code"], block["poc"], block["date_local"], block["site_number"]]["arithmetic_mean"]
        assert block["arithmetic_mean"] == pytest.approx(int(round(mean * 10, 6)) / 10)


def test_days_below_75_percent_are_not_valid() -> None:
    rows = daily(edate="20231231")
    assert {row["validity_indicator"] for row in rows if row["observation_percent"] < 75.0} == {"N"}
    assert {row["validity_indicator"] for row in rows if row["observation_percent"] >= 75.0} == {"Y"}
    assert any(row["validity_indicator"] == "N" and row["sample_duration_code"] == "X" for row in rows)


def test_daily_rows_have_the_genuine_fields_and_types(real_data: Path) -> None:
    recorded = genuine(real_data, "dailyData/byCounty_88101_wake_nc_2016-01_2016-02.json")["Data"]
    rows = daily()
    assert list(rows[0]) == list(recorded[0])
    for duration in ("24 HOUR", "24-HR BLK AVG", "1 HOUR"):
        ours, theirs = (next(r for r in found if r["sample_duration"] == duration) for found in (rows, recorded))
        assert {name: type(value) for name, value in ours.items()} == {n: type(v) for n, v in theirs.items()}


def test_the_vocabulary_is_genuine(real_data: Path) -> None:
    recorded = genuine(real_data, "dailyData/byCounty_88101_wake_nc_2016-01_2016-02.json")["Data"]
    names = (
        "parameter",
        "units_of_measure",
        "pollutant_standard",
        "sample_duration",
        "sample_duration_code",
        "event_type",
    )
    for name in names:
        assert {row[name] for row in daily()} == {row[name] for row in recorded}


def test_monitor_rows_have_the_genuine_fields(real_data: Path) -> None:
    _, body = ask("monitors/byCBSA", CHICAGO_WEEK)
    assert list(body["Data"][0]) == list(genuine(real_data, "monitors/byCBSA.json")["Data"][0])


def test_the_envelope_is_the_genuine_one(real_data: Path) -> None:
    recorded = genuine(real_data, "dailyData/byCBSA.json")
    _, body = ask("dailyData/byCBSA", CHICAGO_WEEK)
    assert list(body) == list(recorded)
    assert list(body["Header"][0]) == list(recorded["Header"][0])
    assert body["Header"][0]["status"] == "Success"


def test_the_header_echoes_the_credentials_as_epa_does() -> None:
    _, body = ask("dailyData/byCBSA", CHICAGO_WEEK)
    assert "email=someone@example.org&key=practice" in body["Header"][0]["url"]


def test_counties_states_and_sites_select_too() -> None:
    place = {"state": "17", "county": "031", "site": "9002"}
    found = {}
    for service, wanted in (("bySite", 3), ("byCounty", 2), ("byState", 1)):
        query = CHICAGO_WEEK | dict(list(place.items())[:wanted])
        _, body = ask(f"dailyData/{service}", query)
        found[service] = {(row["state_code"], row["county_code"], row["site_number"]) for row in body["Data"]}
    assert found["bySite"] == {("17", "031", "9002")}
    assert found["byCounty"] == {("17", "031", "9001"), ("17", "031", "9002")}
    assert found["byState"] > found["byCounty"]
    assert {state for state, _, _ in found["byState"]} == {"17"}


@pytest.mark.parametrize("service", ["dailyData", "monitors"])
def test_a_box_selects_the_sites_inside_it_and_on_its_edges(service: str) -> None:
    box = {"minlat": "41.8456", "maxlat": "41.9", "minlon": "-87.7539", "maxlon": "-87.6"}
    _, body = ask(f"{service}/byBox", CHICAGO_WEEK | box)
    assert {row["local_site_name"] for row in body["Data"]} == {"Practice Lakefront", "Practice Rail Yard"}
    _, body = ask(f"{service}/byBox", CHICAGO_WEEK | box | {"minlat": "41.8457"})
    assert {row["local_site_name"] for row in body["Data"]} == {"Practice Lakefront"}


def test_a_box_needs_its_four_edges_as_numbers() -> None:
    box = {"minlat": "41.0", "maxlat": "42.0", "minlon": "-88.0", "maxlon": "-87.0"}
    for name in box:
        missing = [f"value is missing or the value is empty: {name}"]
        assert refusal("dailyData/byBox", drop=name, **box) == missing
        wrong = [f"{name}: west, requires a number of decimal degrees."]
        assert refusal("monitors/byBox", **(box | {name: "west"})) == wrong
    assert refusal("dailyData/byBox", **(box | {"minlat": "nan"})) != []


def test_an_empty_box_has_no_rows() -> None:
    box = {"minlat": "10", "maxlat": "11", "minlon": "-88", "maxlon": "-87"}
    status, body = ask("dailyData/byBox", CHICAGO_WEEK | box)
    assert (status, body["Header"][0]["status"]) == (200, "No data matched your selection")


def test_a_change_window_gives_exactly_the_rows_revised_in_it() -> None:
    query = {"bdate": "20210101", "edate": "20210331"}
    before = daily(date(2021, 6, 29), **query)
    after = daily(date(2021, 6, 30), **query)
    changed = daily(date(2021, 6, 30), **query, cbdate="20210630", cedate="20210630")
    assert 0 < len(changed) < 0.1 * len(after)
    unchanged = {json.dumps(row) for row in before}
    assert {json.dumps(row) for row in changed} == {json.dumps(row) for row in after} - unchanged


def test_nothing_of_today_or_later_is_served() -> None:
    assert {row["date_local"] for row in daily(date(2023, 1, 5))} == {"2023-01-02", "2023-01-03", "2023-01-04"}
    assert daily(date(2023, 1, 2)) == []


@pytest.mark.parametrize("query", [{"param": "44201"}, {"cbsa": "99999"}, {"bdate": "19990101", "edate": "19990131"}])
def test_a_request_without_matches_succeeds_without_rows(query: dict[str, str]) -> None:
    status, body = ask("dailyData/byCBSA", CHICAGO_WEEK | query)
    assert status == 200
    assert (body["Header"][0]["status"], body["Header"][0]["rows"]) == ("No data matched your selection", 0)
    assert body["Data"] == []


@pytest.mark.parametrize("name", ["param", "bdate", "edate", "cbsa", "email", "key"])
def test_a_missing_parameter_is_named(name: str) -> None:
    assert refusal(drop=name) == [f"value is missing or the value is empty: {name}"]
    assert refusal(**{name: ""}) == [f"value is missing or the value is empty: {name}"]


def test_the_error_of_a_missing_parameter_is_epas(real_data: Path) -> None:
    printed = genuine(real_data, "documented_errors/http400_failed_missing_param.json")
    assert refusal(drop="param") == printed["Header"][0]["error"]


def test_every_missing_parameter_is_named() -> None:
    assert refusal("monitors/byState", bdate="", edate="") == [
        "value is missing or the value is empty: bdate",
        "value is missing or the value is empty: edate",
        "value is missing or the value is empty: state",
    ]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            {"bdate": "20221231", "edate": "20230101"},
            "bdate: 20221231, edate: 20230101, only 1 year of data is permitted.",
        ),
        ({"bdate": "2023-01-02"}, "bdate: 2023-01-02, requires the following format: yyyymmdd."),
        ({"edate": "20230231"}, "edate: 20230231, requires the following format: yyyymmdd."),
        ({"cbdate": "2015-05-01"}, "cbdate: 2015-05-01, requires the following format: yyyymmdd."),
        ({"key": "guess"}, "The email or the key is not valid."),
        ({"email": "someone"}, "The email or the key is not valid."),
        ({"param": "1,2,3,4,5,6"}, "param: 1,2,3,4,5,6, no more than 5 parameter codes are permitted."),
    ],
)
def test_a_bad_request_is_refused_with_its_reason(query: dict[str, str], problem: str) -> None:
    assert refusal(**query) == [problem]


def test_monitors_may_be_requested_for_several_years() -> None:
    status, body = ask("monitors/byCBSA", CHICAGO_WEEK | {"bdate": "20150101", "edate": "20241231"})
    assert status == 200
    assert len(body["Data"]) == 13
    both = CHICAGO_WEEK | {"bdate": "20150101", "edate": "20241231", "param": "88101,88502"}
    assert Counter(row["parameter_code"] for row in ask("monitors/byCBSA", both)[1]["Data"]) == {
        "88101": 13,
        "88502": 1,
    }


def test_monitors_are_those_that_ran_in_the_requested_time() -> None:
    def names(bdate: str, edate: str) -> set[tuple[str, int]]:
        _, body = ask("monitors/byState", CHICAGO_WEEK | {"bdate": bdate, "edate": edate, "state": "17"})
        return {(row["local_site_name"], row["poc"]) for row in body["Data"]}

    assert ("Practice Foundry", 3) in names("20221231", "20230105")
    assert ("Practice Foundry", 3) not in names("20230101", "20230105")
    assert ("Practice Lakefront", 23) not in names("20221201", "20221231")


def test_a_closing_date_is_unknown_before_the_day() -> None:
    query = CHICAGO_WEEK | {"bdate": "20220101", "edate": "20220201", "cbsa": "41180"}
    for today, closed_on in ((date(2022, 12, 31), None), (date(2023, 1, 1), "2022-12-31")):
        _, body = ask("monitors/byCBSA", query, today=today)
        assert [r["close_date"] for r in body["Data"] if r["local_site_name"] == "Practice Foundry"] == [closed_on]


def test_primary_monitors_have_y_and_others_null() -> None:
    _, body = ask("monitors/byCBSA", CHICAGO_WEEK)
    assert Counter(row["naaqs_primary_monitor"] for row in body["Data"]) == {"Y": 8, None: 5}


def test_lists_have_the_codes_and_names_of_the_network() -> None:
    who = {"email": "a@b", "key": "practice"}
    _, states = ask("list/states", who)
    _, areas = ask("list/cbsas", who)
    _, counties = ask("list/countiesByState", who | {"state": "55"})
    _, sites = ask("list/sitesByCounty", who | {"state": "17", "county": "031"})
    assert {"code": "17", "value_represented": "Illinois"} in states["Data"]
    assert {"code": "16980", "value_represented": "Chicago-Naperville-Elgin, IL-IN-WI"} in areas["Data"]
    assert {"code": "059", "value_represented": "Kenosha"} in counties["Data"]
    assert [row["code"] for row in sites["Data"]] == ["9001", "9002"]


def test_availability_is_a_status_without_rows(real_data: Path) -> None:
    status, body = ask("metaData/isAvailable", {})
    recorded = genuine(real_data, "metaData/isAvailable.json")
    assert status == 200
    assert body["Header"][0]["status"] == recorded["Header"][0]["status"]
    assert set(body["Header"][0]) == set(recorded["Header"][0])


@pytest.mark.parametrize("service", ["dailydata/byCBSA", "dailyData/bycbsa", "dailyData", "sampleData/byCBSA", ""])
def test_paths_are_case_sensitive(service: str) -> None:
    assert Api(seed=1, today=date(2024, 5, 10), key="practice").respond(service, CHICAGO_WEEK) is None


def test_one_request_returns_the_parameters_it_names() -> None:
    kenosha = CHICAGO_WEEK | {"state": "55", "county": "059"}
    for param, found in (("88101", 0), ("88502", 2), ("88101,88502", 2), ("44201", 0)):
        _, body = ask("dailyData/byCounty", kenosha | {"param": param, "edate": kenosha["bdate"]})
        assert len(body["Data"]) == found
        assert {row["pollutant_standard"] for row in body["Data"]} <= {None}
