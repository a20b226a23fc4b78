"""88101 counts before 88502, continuous monitors of 88502 count where it has no value, and filters of 88502 never."""

from typing import Any, Final

import pandas as pd
import pytest

from airwatch_dagster.clean.site_days import site_days
from airwatch_dagster.orchestration.ingest.emptied_days import unused_days
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import monitors, raw_readings

HOURLY: Final[dict[str, Any]] = {
    "parameter_code": "88502",
    "poc": 1,
    "sample_duration": "24-HR BLK AVG",
    "pollutant_standard": None,
    "method_code": "731",
    "arithmetic_mean": 6.0,
}
IMPROVE: Final = HOURLY | {"sample_duration": "24 HOUR", "method_code": "707", "arithmetic_mean": 4.0}
AIRNOW: Final = HOURLY | {"source": "airnow", "poc": 0, "method_code": None, "arithmetic_mean": 20.0}
SHOWN: Final = ["parameter_code", "pm25_ugm3", "chosen_by", "is_valid", "monitor_count"]


def days_of(*rows: dict[str, Any], parameters: tuple[str, ...] = ("88101", "88502")) -> list[list[Any]]:
    days = site_days(raw_readings(*rows), monitors=monitors({"is_primary": False}), parameters=parameters)
    TABLES["site_days"].schema.validate(days)
    return days[SHOWN].values.tolist()


def test_a_monitor_of_88502_gives_a_site_its_value_and_the_rule_tells() -> None:
    assert days_of(HOURLY) == [["88502", 6.0, "acceptable_monitor", True, 1]]
    assert days_of(HOURLY, HOURLY | {"poc": 2, "arithmetic_mean": 7.0}) == [
        ["88502", 6.5, "acceptable_average", True, 2]
    ]


def test_88101_counts_before_88502_under_the_same_poc_too() -> None:
    assert days_of(HOURLY, {}) == [["88101", 8.0, "sole_monitor", True, 1]]


def test_a_day_of_88101_is_never_averaged_with_88502_and_its_rule_stays() -> None:
    days = site_days(raw_readings({}, HOURLY), monitors=monitors())
    assert days[SHOWN].values.tolist() == [["88101", 8.0, "primary_monitor", True, 1]]


def test_a_valid_88502_replaces_an_invalid_88101_and_not_the_other_way_round() -> None:
    invalid = {"observation_percent": 50.0}
    assert days_of(invalid, HOURLY) == [["88502", 6.0, "acceptable_monitor", True, 1]]
    assert days_of(invalid, HOURLY | invalid) == [["88101", 8.0, "sole_monitor", False, 1]]
    assert days_of(HOURLY | invalid) == [["88502", 6.0, "acceptable_monitor", False, 1]]


def test_a_filter_of_88502_gives_no_value_whatever_else_the_site_has() -> None:
    assert days_of(IMPROVE) == []
    assert days_of(IMPROVE, {}) == [["88101", 8.0, "sole_monitor", True, 1]]
    assert days_of(IMPROVE | {"poc": 2}, HOURLY) == [["88502", 6.0, "acceptable_monitor", True, 1]]


@pytest.mark.parametrize("method", ["707", "810", "145"])
def test_in_files_without_durations_the_method_tells_a_filter(method: str) -> None:
    assert days_of(HOURLY | {"method_code": method}) == []


def test_a_filter_of_88101_counts_as_ever() -> None:
    assert days_of({"method_code": "145", "sample_duration": "24 HOUR"}) == [["88101", 8.0, "sole_monitor", True, 1]]


def test_work_on_the_naaqs_reads_88101_alone() -> None:
    assert days_of(HOURLY, HOURLY | {"site_number": "9002"}, {}, parameters=("88101",)) == [
        ["88101", 8.0, "sole_monitor", True, 1]
    ]


def test_airnows_value_has_the_parameter_it_was_matched_to_until_aqs_publishes_either() -> None:
    assert days_of(AIRNOW) == [["88502", 20.0, "airnow_site", True, 1]]
    assert days_of(AIRNOW, HOURLY) == [["88502", 6.0, "acceptable_monitor", True, 1]]
    assert days_of(AIRNOW | {"parameter_code": "88101"}, HOURLY) == [["88502", 6.0, "acceptable_monitor", True, 1]]
    assert days_of(AIRNOW, {}) == [["88101", 8.0, "sole_monitor", True, 1]]


def test_a_filter_of_88502_does_not_replace_airnow() -> None:
    assert days_of(AIRNOW | {"parameter_code": "88101"}, IMPROVE) == [["88101", 20.0, "airnow_site", True, 1]]


def test_restated_pairs_of_two_parameters_are_two_instruments() -> None:
    block = {"sample_duration": "24-HR BLK AVG"}
    original = block | {"poc": 3, "method_code": "236", "arithmetic_mean": 10.0}
    corrected = HOURLY | {"poc": 23, "method_code": "736", "arithmetic_mean": 8.3}
    assert days_of(original, corrected) == [["88101", 10.0, "sole_monitor", True, 1]]


def test_days_of_filters_of_88502_and_of_unread_parameters_are_not_unused() -> None:
    rows = raw_readings(IMPROVE, HOURLY | {"site_number": "9002"})
    none = site_days(rows.iloc[:0], monitors=monitors())
    assert unused_days(rows.iloc[:1], none) == {}
    assert list(unused_days(rows, none)) == ["2021-07-04"]
    assert unused_days(rows, none, parameters=("88101",)) == {}


def test_a_site_of_both_has_88101_on_its_sampling_days_and_88502_between() -> None:
    days = [{"date_local": pd.Timestamp(2021, 7, day)} for day in (4, 5, 6, 7)]
    filters = [days[0], days[3]]
    found = days_of(*filters, *(HOURLY | day for day in days))
    assert [row[0] for row in found] == ["88101", "88502", "88502", "88101"]
