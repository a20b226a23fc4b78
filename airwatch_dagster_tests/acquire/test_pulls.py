from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import Scope, sites_in_reach
from airwatch_dagster_tests.builders import RAW_ROW, table_of

YEAR = (date(2021, 1, 1), date(2021, 12, 31))
AIRNOW = {
    "source": "airnow", "poc": 0, "sample_duration": "24-HR BLK AVG", "pollutant_standard": None, "event_type": None,
    "date_of_last_change": pd.NaT,
}  # fmt: skip
CHICAGO = Scope(Area.parse("cbsa:16980"), *YEAR)


def in_scope_of(scope: Scope, *changes: dict[str, Any]) -> list[bool]:
    return [bool(is_in) for is_in in scope(table_of("raw_readings", RAW_ROW, *changes))]


def published(*changes: dict[str, Any]) -> Scope:
    return replace(CHICAGO, rows=table_of("raw_readings", RAW_ROW, *changes))


def test_the_scope_of_a_complete_pull_is_its_days_and_area() -> None:
    days = [{"date_local": pd.Timestamp(day)} for day in ("2020-12-31", "2021-01-01", "2021-12-31", "2022-01-01")]
    assert in_scope_of(CHICAGO, *days) == [False, True, True, False]


def test_another_parameter_is_in_scope_only_if_requested() -> None:
    assert in_scope_of(CHICAGO, {"parameter_code": "88502"}) == [False]
    assert in_scope_of(replace(CHICAGO, parameters=("88101", "88502")), {"parameter_code": "88502"}, {}) == [True, True]


def test_sites_out_of_reach_are_never_in_scope() -> None:
    milwaukee = {"state_code": "55", "cbsa_code": "33340", "latitude": 43.02, "longitude": -87.93}
    denver = {"state_code": "08", "cbsa_code": "19740", "latitude": 39.75, "longitude": -104.99}
    nowhere = {"site_number": "9003", "cbsa_code": None}
    assert in_scope_of(CHICAGO, {}, milwaukee, denver, nowhere) == [True, False, False, False]
    near = replace(
        CHICAGO, context_km=200.0, area_sites={2021: pd.DataFrame({"latitude": [41.9], "longitude": [-87.6]})}
    )
    assert in_scope_of(near, {}, milwaukee, denver) == [True, True, False]
    published_there = replace(near, rows=table_of("raw_readings", RAW_ROW, denver))
    assert in_scope_of(published_there, AIRNOW | denver) == [False]


def test_what_is_near_the_area_is_measured_from_its_sites_and_from_known_locations() -> None:
    sites = pd.DataFrame(
        {
            "state_code": ["17", "55", "18", "06"],
            "cbsa_code": ["16980", None, None, None],
            "latitude": [41.88, 43.04, 39.77, 34.05],
            "longitude": [-87.63, -87.91, -86.16, -118.24],
        }
    )
    area = Area.parse("cbsa:16980")
    assert sites_in_reach(area, sites, None, 800.0).tolist() == [True, True, True, False]
    assert sites_in_reach(area, sites, None, 150.0).tolist() == [True, True, False, False]
    assert sites_in_reach(area, sites, None, 0.0).tolist() == [True, False, False, False]
    assert sites_in_reach(area, sites[1:], None, 800.0).tolist() == [False, False, False]
    assert sites_in_reach(area, sites[1:], sites.iloc[:1], 150.0).tolist() == [True, False, False]


def test_a_site_of_the_area_at_an_impossible_position_is_no_anchor() -> None:
    sites = pd.DataFrame(
        {
            "state_code": ["17", "66"],
            "cbsa_code": ["16980", None],
            "latitude": [13.4, 13.4],
            "longitude": [144.7, 144.7],
        }
    )
    assert sites_in_reach(Area.parse("cbsa:16980"), sites, None, 800.0).tolist() == [True, False]


def test_airnow_rows_are_in_scope_only_where_the_pull_has_the_sites_day() -> None:
    scope = published({"poc": 3})
    assert in_scope_of(scope, AIRNOW) == [True]
    assert in_scope_of(scope, AIRNOW | {"date_local": pd.Timestamp("2021-07-05")}) == [False]
    assert in_scope_of(scope, AIRNOW | {"site_number": "9002"}) == [False]
    assert in_scope_of(CHICAGO, AIRNOW) == [False]
    assert in_scope_of(published({"parameter_code": "88502"}), AIRNOW) == [False]
