from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airwatch_dagster.acquire.aqs.geographies import ByCbsa, ByCounty, BySite, ByState, Geography
from airwatch_dagster.acquire.aqs.request_plan import (
    Cost,
    DailyRequest,
    cost_of,
    geographies_of,
    plan_daily,
    rows_per_day_of,
)
from airwatch_dagster.acquire.area import Area
from airwatch_dagster_tests.builders import MONITOR_ROW, table_of

YEAR = (date(2021, 1, 1), date(2021, 12, 31))
ILLINOIS = ByState("17")
DAYS = st.dates(date(1997, 1, 1), date(2030, 12, 31))


def days_of(request: DailyRequest) -> list[date]:
    return [request.first + timedelta(days=n) for n in range((request.last - request.first).days + 1)]


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        ("cbsa:16980", [ByCbsa("16980")]),
        ("state:17", [ByState("17")]),
        ("cbsa:37900,state:17", [ByState("17")]),
        ("cbsa:16980,state:17,state:18,state:55", [ByState("17"), ByState("18"), ByState("55")]),
        ("cbsa:16980,state:17,state:18", [ByCbsa("16980"), ByState("17"), ByState("18")]),
        ("cbsa:31540,cbsa:33340", [ByState("55")]),
        ("cbsa:31540,cbsa:37900", [ByCbsa("31540"), ByCbsa("37900")]),
        ("cbsa:16980,cbsa:31540,cbsa:33340", [ByCbsa("16980"), ByState("55")]),
        ("cbsa:37900,cbsa:40420,cbsa:41180,state:29", [ByState("17"), ByState("29")]),
    ],
)
def test_an_area_is_covered_by_the_fewest_geographies(area: str, expected: list[Geography]) -> None:
    assert list(geographies_of(Area.parse(area))) == expected


def test_the_country_is_every_state_once_without_foreign_codes() -> None:
    requested = geographies_of(Area.parse("us"))
    assert {type(one) for one in requested} == {ByState}
    codes = [one.params["state"] for one in requested]
    assert codes == sorted(set(codes))
    assert len(codes) == 54
    assert {"66", "72", "78"} < set(codes)
    assert not {"80", "CC"} & set(codes)


def test_without_a_monitor_list_a_request_spans_its_year_and_its_rows_are_unknown() -> None:
    requests = plan_daily([ILLINOIS], date(2020, 12, 30), date(2022, 1, 2))
    assert [(request.first, request.last) for request in requests] == [
        (date(2020, 12, 30), date(2020, 12, 31)),
        YEAR,
        (date(2022, 1, 1), date(2022, 1, 2)),
    ]
    assert {request.expected_rows for request in requests} == {None}


def test_too_many_rows_are_requested_in_nearly_equal_parts() -> None:
    requests = plan_daily([ILLINOIS], *YEAR, rows_per_day={ILLINOIS: 4000})
    assert [(request.first, request.last, request.expected_rows) for request in requests] == [
        (date(2021, 1, 1), date(2021, 7, 1), 728_000),
        (date(2021, 7, 2), date(2021, 12, 31), 732_000),
    ]


def test_two_parameters_are_one_request_with_the_rows_of_both() -> None:
    (both,) = plan_daily([ILLINOIS], *YEAR, rows_per_day={ILLINOIS: 2000}, parameters=("88101", "88502"))
    assert both.expected_rows == 730_000
    assert both.params["param"] == "88101,88502"


def test_rows_are_counted_for_the_listed_parameters_and_as_many_for_one_that_the_list_leaves_out() -> None:
    both = ("88101", "88502")
    listed = table_of("monitors", MONITOR_ROW, {}, {"poc": 2}, {"parameter_code": "88502", "poc": 3})
    assert rows_per_day_of(listed, [ILLINOIS], *YEAR) == {ILLINOIS: 20}
    assert rows_per_day_of(listed, [ILLINOIS], *YEAR, parameters=both) == {ILLINOIS: 30}
    of_88101 = listed[listed["parameter_code"] == "88101"]
    assert rows_per_day_of(of_88101, [ILLINOIS], *YEAR, parameters=both) == {ILLINOIS: 40}


def test_geographies_without_monitors_are_requested_too() -> None:
    (request,) = plan_daily([ILLINOIS], *YEAR, rows_per_day={})
    assert request.expected_rows == 0


@given(first=DAYS, length=st.integers(0, 1500), per_day=st.integers(0, 700), max_rows=st.integers(1, 20_000))
def test_every_day_is_requested_once_in_the_fewest_legal_requests(
    first: date, length: int, per_day: int, max_rows: int
) -> None:
    last = first + timedelta(days=length)
    requests = plan_daily([ILLINOIS], first, last, rows_per_day={ILLINOIS: per_day}, max_rows=max_rows)
    requested = [day for request in requests for day in days_of(request)]
    assert requested == [first + timedelta(days=n) for n in range(length + 1)]
    longest = max(1, max_rows // per_day) if per_day else 366
    for year in range(first.year, last.year + 1):
        pieces = [len(days_of(request)) for request in requests if request.first.year == year]
        assert all(request.last.year == year for request in requests if request.first.year == year)
        assert max(pieces) <= longest
        assert max(pieces) - min(pieces) <= 1
        assert (len(pieces) - 1) * longest < sum(pieces)
    assert all(one.last + timedelta(days=1) == other.first for one, other in pairwise(requests))
    assert all(request.expected_rows == per_day * len(days_of(request)) for request in requests)


def test_a_request_has_its_window_of_changes_and_no_credentials() -> None:
    changed = (date(2022, 5, 1), date(2022, 5, 8))
    request = DailyRequest(ByCbsa("16980"), *YEAR, ("88101", "88502"), changed)
    assert request.service == "dailyData/byCBSA"
    assert request.params == {
        "param": "88101,88502", "bdate": "20210101", "edate": "20211231",
        "cbdate": "20220501", "cedate": "20220508", "cbsa": "16980",
    }  # fmt: skip
    assert set(DailyRequest(ILLINOIS, *YEAR).params) == {"param", "bdate", "edate", "state"}


def test_a_geography_has_ten_rows_per_day_and_running_monitor() -> None:
    monitors = table_of(
        "monitors",
        MONITOR_ROW,
        {},
        {"poc": 2, "open_date": pd.Timestamp("2021-12-31")},
        {"poc": 3, "open_date": pd.Timestamp("2022-01-01")},
        {"poc": 4, "last_sample_date": pd.Timestamp("2020-12-31")},
        {"poc": 5, "last_sample_date": pd.Timestamp("2021-01-01"), "open_date": pd.NaT},
        {"site_id": "170199001", "county_code": "019", "cbsa_code": "16580"},
        {"site_id": "180899001", "state_code": "18", "county_code": "089"},
        {"site_id": "290959001", "state_code": "29", "county_code": "095", "cbsa_code": None},
    )
    county, site, chicago = ByCounty("17", "031"), BySite("17", "031", "9001"), ByCbsa("16980")
    places = (ILLINOIS, county, site, chicago, ByState("29"), ByState("55"))
    assert rows_per_day_of(monitors, places, *YEAR) == {
        ILLINOIS: 40, county: 30, site: 30, chicago: 40, ByState("29"): 10, ByState("55"): 0
    }  # fmt: skip


def test_cached_requests_cost_nothing() -> None:
    requests = plan_daily([ILLINOIS], *YEAR, rows_per_day={ILLINOIS: 4000})
    assert cost_of(requests) == Cost(2, 1_460_000, pytest.approx(5 + 5 + 1_460_000 / 125), 0)
    assert cost_of(requests, cached=requests[:1]) == Cost(1, 732_000, pytest.approx(5 + 732_000 / 125), 1)
    assert cost_of(requests, cached=requests) == Cost(0, 0, 0.0, 2)


def test_a_request_takes_the_interval_at_least_and_its_rows_can_be_unknown() -> None:
    assert cost_of(plan_daily([ILLINOIS], *YEAR)) == Cost(1, None, 6.0, 0)
    assert cost_of(plan_daily([ILLINOIS], *YEAR, rows_per_day={})) == Cost(1, 0, 6.0, 0)


def test_costs_add_up_and_unknown_rows_stay_unknown() -> None:
    assert Cost(1, 10, 6.0, 2) + Cost(2, 5, 1.0, 1) == Cost(3, 15, 7.0, 3)
    assert (Cost(1, 10, 6.0) + Cost(1, None, 6.0)).rows is None
