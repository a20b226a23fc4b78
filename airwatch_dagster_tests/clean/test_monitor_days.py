"""One value per monitor and day from many published rows."""

import pandas as pd
import pytest

from airwatch_dagster.clean.monitor_days import monitor_days, published_days
from airwatch_dagster.errors import BadPayload
from airwatch_dagster_tests.builders import raw_readings

STANDARDS = [f"PM25 {kind} {year}" for kind in ("24-hour", "Annual") for year in (1997, 2006, 2012, 2024)]


def test_eight_standards_and_two_hourly_rows_are_one_monitor_day() -> None:
    continuous = {"sample_duration": "24-HR BLK AVG", "event_type": "Events Included", "poc": 3}
    hourly = {**continuous, "sample_duration": "1 HOUR", "pollutant_standard": None, "arithmetic_mean": 8.04}
    rows = [{**continuous, "pollutant_standard": standard} for standard in STANDARDS]
    rows += [hourly, {**hourly, "event_type": "Concurred Events Excluded"}]
    days = monitor_days(raw_readings(*rows))
    assert days["pollutant_standard"].tolist() == ["PM25 24-hour 2024"]
    assert days["pm25_ugm3"].tolist() == [8.0]


@pytest.mark.parametrize("included", ["Events Included", "Included"])
def test_rows_that_include_events_count_and_rows_that_exclude_them_do_not(included: str) -> None:
    days = monitor_days(
        raw_readings(
            {"event_type": included, "arithmetic_mean": 90.0},
            {"event_type": "Concurred Events Excluded", "arithmetic_mean": 9.0},
            {"event_type": "Events Excluded", "arithmetic_mean": 9.0},
            {"event_type": "Excluded", "arithmetic_mean": 9.0},
        )
    )
    assert days["pm25_ugm3"].tolist() == [90.0]


def test_a_monitor_with_flagged_rows_only_has_its_day() -> None:
    assert len(monitor_days(raw_readings({"event_type": "Events Included"}))) == 1


def test_rows_of_88502_are_ignored_by_default() -> None:
    assert len(monitor_days(raw_readings({"parameter_code": "88502"}, {}))) == 1


@pytest.mark.parametrize(("observation_percent", "is_valid"), [(74.0, False), (75.0, True), (None, True)])
def test_a_day_below_75_percent_of_its_observations_is_invalid(
    observation_percent: float | None, is_valid: bool
) -> None:
    days = monitor_days(raw_readings({"observation_percent": observation_percent}))
    assert days["is_valid"].tolist() == [is_valid]


def test_a_day_that_epa_marks_invalid_stays_and_is_invalid() -> None:
    assert monitor_days(raw_readings({"validity_indicator": "N"}))["is_valid"].tolist() == [False]


def test_superseded_versions_do_not_count() -> None:
    old = {
        "arithmetic_mean": 3.0,
        "superseded_at": pd.Timestamp("2021-11-01"),
        "first_seen_at": pd.Timestamp("2021-09-01"),
    }
    assert monitor_days(raw_readings(old, {}))["pm25_ugm3"].tolist() == [8.0]


def test_standards_that_disagree_about_one_day_are_an_error() -> None:
    rows = raw_readings({}, {"pollutant_standard": "PM25 24-hour 2012", "arithmetic_mean": 9.5})
    with pytest.raises(BadPayload, match=r"17-031-9001-88101-1 on 2021-07-04.*disagree by 1\.5"):
        monitor_days(rows)


def test_rows_without_a_mean_are_ignored() -> None:
    assert monitor_days(raw_readings({"arithmetic_mean": None})).empty


def test_negative_readings_stay() -> None:
    assert monitor_days(raw_readings({"arithmetic_mean": -2.5}))["pm25_ugm3"].tolist() == [-2.5]


AIRNOW = {
    "source": "airnow",
    "poc": 0,
    "pollutant_standard": None,
    "event_type": None,
    "sample_duration": "24-HR BLK AVG",
    "validity_indicator": None,
    "arithmetic_mean": 9.5,
}


def test_airnows_readings_are_monitor_days_of_the_site_or_of_a_monitor() -> None:
    days = monitor_days(raw_readings(AIRNOW, {**AIRNOW, "site_number": "9002", "poc": 3}))
    assert days[["site_id", "poc", "pm25_ugm3", "is_valid"]].values.tolist() == [
        ["170319001", 0, 9.5, True],
        ["170319002", 3, 9.5, True],
    ]


def test_aqs_replaces_airnow_on_the_same_monitor_day() -> None:
    days = monitor_days(raw_readings({**AIRNOW, "poc": 1}, {"sample_duration": "24-HR BLK AVG"}))
    assert days[["source", "pm25_ugm3"]].values.tolist() == [["aqs", 8.0]]


def test_aqs_of_one_monitor_does_not_replace_airnow_of_another() -> None:
    assert monitor_days(raw_readings({**AIRNOW, "poc": 3}, {}))["source"].tolist() == ["aqs", "airnow"]


def test_the_parameter_can_be_88502() -> None:
    rows = raw_readings({"parameter_code": "88502", "arithmetic_mean": 6.0}, {})
    assert monitor_days(rows, parameters=["88502"])["pm25_ugm3"].tolist() == [6.0]


def test_published_days_take_the_newest_standard_where_standards_disagree() -> None:
    rows = raw_readings({}, {"pollutant_standard": "PM25 24-hour 2012", "arithmetic_mean": 9.5})
    assert published_days(rows)["pm25_ugm3"].tolist() == [8.0]
