import json
from pathlib import Path

import pandas as pd

from airwatch_dagster.clean.aqi import pm25_aqi
from airwatch_dagster.clean.monitor_days import monitor_days
from airwatch_dagster.clean.site_days import site_days
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import monitors, raw_readings

UNDESIGNATED = {"is_primary": False}


def test_the_primary_monitor_determines_the_site_day() -> None:
    days = site_days(raw_readings({}, {"poc": 3, "arithmetic_mean": 20.0}), monitors=monitors())
    assert days[["pm25_ugm3", "chosen_by", "monitor_count"]].values.tolist() == [[8.0, "primary_monitor", 1]]


def test_on_a_day_without_the_primary_the_collocated_ones_are_averaged() -> None:
    rows = raw_readings({"poc": 2, "arithmetic_mean": 6.0}, {"poc": 3, "arithmetic_mean": 7.0})
    days = site_days(rows, monitors=monitors())
    assert days[["pm25_ugm3", "chosen_by", "monitor_count"]].values.tolist() == [[6.5, "collocated_average", 2]]


def test_a_valid_collocated_monitor_replaces_an_invalid_primary() -> None:
    rows = raw_readings({"observation_percent": 50.0}, {"poc": 3, "arithmetic_mean": 7.0})
    days = site_days(rows, monitors=monitors())
    assert days[["pm25_ugm3", "chosen_by", "is_valid"]].values.tolist() == [[7.0, "collocated_average", True]]


def test_a_day_without_a_valid_value_stays_and_is_flagged() -> None:
    days = site_days(raw_readings({"validity_indicator": "N"}), monitors=monitors())
    assert days[["pm25_ugm3", "chosen_by", "is_valid"]].values.tolist() == [[8.0, "primary_monitor", False]]


def test_a_site_without_designation_has_its_sole_monitor_or_the_mean() -> None:
    alone = site_days(raw_readings({}), monitors=monitors(UNDESIGNATED))
    assert alone["chosen_by"].tolist() == ["sole_monitor"]
    several = site_days(raw_readings({}, {"poc": 2, "arithmetic_mean": 9.0}), monitors=monitors(UNDESIGNATED))
    assert several[["pm25_ugm3", "chosen_by"]].values.tolist() == [[8.5, "undesignated_average"]]


def test_a_primary_monitor_that_opens_later_does_not_change_earlier_days() -> None:
    listed = monitors(UNDESIGNATED, {"poc": 5, "open_date": pd.Timestamp("2021-07-05")})
    rows = raw_readings({}, {"date_local": pd.Timestamp("2021-07-05")})
    assert site_days(rows, monitors=listed)["chosen_by"].tolist() == ["sole_monitor", "collocated_average"]


def test_a_restated_pair_is_one_instrument_and_its_corrected_row_wins() -> None:
    original = {"poc": 3, "method_code": "236", "arithmetic_mean": 10.0, "sample_duration": "24-HR BLK AVG"}
    corrected = {**original, "poc": 23, "method_code": "736", "arithmetic_mean": 8.3}
    days = site_days(raw_readings(original, corrected), monitors=monitors({"poc": 3}))
    columns = ["pm25_ugm3", "chosen_by", "monitor_count", "is_restated", "method_code"]
    assert days[columns].values.tolist() == [[8.3, "primary_monitor", 1, True, "736"]]


def test_a_poc_above_twenty_of_another_method_is_a_separate_monitor() -> None:
    rows = raw_readings({"poc": 1}, {"poc": 21, "arithmetic_mean": 10.0, "method_code": "209"})
    days = site_days(rows, monitors=monitors(UNDESIGNATED))
    assert days[["pm25_ugm3", "monitor_count", "is_restated"]].values.tolist() == [[9.0, 2, False]]


def test_an_average_over_different_methods_has_a_null_method() -> None:
    rows = raw_readings({"poc": 2, "method_code": "170"}, {"poc": 3, "method_code": "236"})
    assert site_days(rows, monitors=monitors())["method_code"].tolist() == [None]


def test_no_readings_give_an_empty_table_of_the_right_columns() -> None:
    days = site_days(TABLES["raw_readings"].empty(), monitors=monitors())
    assert days.empty
    assert list(days.columns) == TABLES["site_days"].column_names


def test_the_recorded_wake_county_response_is_79_monitor_days_and_59_site_days(real_data: Path) -> None:
    payload = json.loads((real_data / "aqs_api/dailyData/byCounty_88101_wake_nc_2016-01_2016-02.json").read_text())
    rows = pd.DataFrame(payload["Data"]).assign(source="aqs", superseded_at=pd.NaT)
    rows["date_local"] = pd.to_datetime(rows["date_local"])
    site = {"site_id": "371830014", "state_code": "37", "county_code": "183", "site_number": "0014"}
    assert len(rows) == 750
    assert len(monitor_days(rows)) == 79
    days = site_days(rows, monitors=monitors({**site, "cbsa_code": "39580"}))
    assert days["chosen_by"].value_counts().to_dict() == {"collocated_average": 39, "primary_monitor": 20}
    published = rows[rows["aqi"].notna()]
    assert (pm25_aqi(published["arithmetic_mean"]) == published["aqi"].astype("Int64")).sum() == 632 == len(published)
