"""AirNow's values count only on days that AQS has not published."""

from typing import Any, Final

import pytest

from airwatch_dagster.clean.site_days import site_days
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import monitors, raw_readings

AIRNOW: Final[dict[str, Any]] = {
    "source": "airnow",
    "poc": 0,
    "pollutant_standard": None,
    "event_type": None,
    "sample_duration": "24-HR BLK AVG",
    "validity_indicator": None,
    "method_code": None,
    "arithmetic_mean": 20.0,
}
SHOWN: Final = ["pm25_ugm3", "chosen_by", "is_provisional", "is_valid", "monitor_count"]


@pytest.mark.parametrize("is_primary", [True, False])
def test_airnows_value_of_a_site_is_the_site_day_until_aqs_has_one(is_primary: bool) -> None:
    days = site_days(raw_readings(AIRNOW), monitors=monitors({"is_primary": is_primary}))
    assert days[SHOWN].values.tolist() == [[20.0, "airnow_site", True, True, 1]]
    TABLES["site_days"].schema.validate(days)


@pytest.mark.parametrize("source", ["aqs", "airdata"])
def test_any_reading_of_aqs_replaces_airnows_of_the_site(source: str) -> None:
    days = site_days(raw_readings(AIRNOW, {"source": source, "poc": 3}), monitors=monitors())
    assert days[SHOWN].values.tolist() == [[8.0, "collocated_average", False, True, 1]]


def test_an_invalid_day_of_aqs_replaces_airnow_and_is_flagged() -> None:
    days = site_days(raw_readings(AIRNOW, {"validity_indicator": "N"}), monitors=monitors())
    assert days[SHOWN].values.tolist() == [[8.0, "primary_monitor", False, False, 1]]


def test_airnows_value_of_a_site_is_not_averaged_with_that_of_its_monitor() -> None:
    rows = raw_readings(AIRNOW, {**AIRNOW, "poc": 3, "arithmetic_mean": 18.0})
    days = site_days(rows, monitors=monitors({"is_primary": False}))
    assert days[SHOWN].values.tolist() == [[18.0, "sole_monitor", True, True, 1]]


def test_aqs_on_another_day_does_not_replace_airnow() -> None:
    yesterday = AIRNOW["arithmetic_mean"]
    rows = raw_readings({**AIRNOW, "date_local": "2021-07-03"}, {})
    days = site_days(rows, monitors=monitors())
    assert days["pm25_ugm3"].tolist() == [yesterday, 8.0]
    assert days["chosen_by"].tolist() == ["airnow_site", "primary_monitor"]
