import csv
import gzip
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.errors import BadPayload, ConfigurationError, SourceUnavailable
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.published_samples import zipped

OLDER_HEADER: Final = [
    "Date", "Source", "Site ID", "POC", "Daily Mean PM2.5 Concentration", "UNITS", "DAILY_AQI_VALUE", "Site Name",
    "DAILY_OBS_COUNT", "PERCENT_COMPLETE", "AQS_PARAMETER_CODE", "AQS_PARAMETER_DESC", "CBSA_CODE", "CBSA_NAME",
    "STATE_CODE", "STATE", "COUNTY_CODE", "COUNTY", "SITE_LATITUDE", "SITE_LONGITUDE",
]  # fmt: skip
NEWEST_HEADER: Final = [
    "Date", "Source", "Site ID", "POC", "Daily Mean PM2.5 Concentration", "Units", "Daily AQI Value",
    "Local Site Name", "Daily Obs Count", "Percent Complete", "AQS Parameter Code", "AQS Parameter Description",
    "Method Code", "Method Description", "CBSA Code", "CBSA Name", "State FIPS Code", "State", "County FIPS Code",
    "County", "Site Latitude", "Site Longitude",
]  # fmt: skip
HEADER_2024: Final = [name for name in NEWEST_HEADER if not name.startswith("Method")]
ROW: Final = {
    "Date": "01/02/2020",
    "Source": "AQS",
    "Site ID": "010730023",
    "POC": "3",
    "Daily Mean PM2.5 Concentration": "5.9",
    "Units": "ug/m3 LC",
    "Daily AQI Value": "25",
    "Local Site Name": "North Birmingham",
    "Daily Obs Count": "1",
    "Percent Complete": "100.0",
    "AQS Parameter Code": "88101",
    "AQS Parameter Description": "PM2.5 - Local Conditions",
    "Method Code": "170",
    "Method Description": "Met One BAM-1020",
    "CBSA Code": "13820",
    "CBSA Name": "Birmingham-Hoover, AL",
    "State FIPS Code": "01",
    "State": "Alabama",
    "County FIPS Code": "073",
    "County": "Jefferson",
    "Site Latitude": "33.553056",
    "Site Longitude": "-86.815",
}


def text(*changes: dict[str, str], header: Sequence[str] = NEWEST_HEADER) -> bytes:
    names = dict(zip(HEADER_2024, header, strict=True)) if header == OLDER_HEADER else {name: name for name in header}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([(ROW | change)[name] for name in names] for change in changes or ({},))
    return out.getvalue().encode()


def download(folder: Path, *changes: dict[str, str], header: Sequence[str] = NEWEST_HEADER) -> pd.DataFrame:
    path = folder / "ad_viz_plotval_data.csv"
    path.write_bytes(text(*changes, header=header))
    return read_daily_download(path).readings


def rejected(folder: Path, *changes: dict[str, str], newest: date | None = None) -> pd.DataFrame:
    path = folder / "ad_viz_plotval_data.csv"
    path.write_bytes(text(*changes))
    return read_daily_download(path, newest=newest).rejected


def test_a_row_has_contract_columns_and_dtypes(tmp_path: Path) -> None:
    readings = download(tmp_path)
    assert tuple(readings.columns) == READING_COLUMNS
    row = readings.astype(object).where(readings.notna(), None).iloc[0]
    assert row.to_dict() == {
        "state_code": "01", "county_code": "073", "site_number": "0023", "parameter_code": "88101", "poc": 3,
        "date_local": pd.Timestamp("2020-01-02"), "sample_duration": "24-HR BLK AVG", "pollutant_standard": None,
        "event_type": None, "units_of_measure": "Micrograms/cubic meter (LC)", "observation_count": 1,
        "observation_percent": 100.0, "validity_indicator": None, "arithmetic_mean": 5.9, "first_max_value": None,
        "first_max_hour": None, "aqi": 25, "method_code": "170", "latitude": 33.553056, "longitude": -86.815,
        "datum": None, "cbsa_code": "13820", "date_of_last_change": None, "source": "aqs",
    }  # fmt: skip
    versioned = readings.assign(first_seen_at=pd.Timestamp("2020-05-04"), superseded_at=pd.NaT)
    validated = TABLES["raw_readings"].schema.validate(versioned)
    assert (validated.dtypes == TABLES["raw_readings"].empty().dtypes).all()


@pytest.mark.parametrize("header", [OLDER_HEADER, HEADER_2024])
def test_both_generations_of_header_give_the_same_rows(tmp_path: Path, header: list[str]) -> None:
    newest = download(tmp_path)
    pd.testing.assert_frame_equal(download(tmp_path, header=header), newest.assign(method_code=None))


def test_columns_are_found_in_any_case_spacing_and_order(tmp_path: Path) -> None:
    expected = download(tmp_path)
    path = tmp_path / "renamed.csv"
    names = [name.replace(" ", "_").lower() for name in reversed(NEWEST_HEADER)]
    values = [ROW[name] for name in reversed(NEWEST_HEADER)]
    path.write_text(",".join(["Brand New", *names]) + "\n" + ",".join(["x", *(f'"{value}"' for value in values)]))
    pd.testing.assert_frame_equal(read_daily_download(path).readings, expected)


def test_plain_gzipped_and_zipped_files_are_read_under_any_name(tmp_path: Path) -> None:
    expected = download(tmp_path)
    for name, content in {
        "a.csv.gz": gzip.compress(text()),
        "b.zip": zipped(text().decode()),
        "c.csv": gzip.compress(text()),
    }.items():
        (tmp_path / name).write_bytes(content)
        pd.testing.assert_frame_equal(read_daily_download(tmp_path / name).readings, expected)


def test_the_fix_for_a_damaged_gzip_is_a_new_download(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(text())[:-20])
    with pytest.raises(SourceUnavailable, match=r"a\.csv\.gz: the file is damaged .*Download it again"):
        read_daily_download(path)


def test_only_the_requested_days_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text(*({"Date": f"01/0{day}/2020"} for day in range(1, 6))))
    days = read_daily_download(path, date(2020, 1, 2), date(2020, 1, 3)).readings["date_local"]
    assert days.dt.day.tolist() == [2, 3]
    assert read_daily_download(path, first=date(2020, 1, 4)).readings["date_local"].dt.day.tolist() == [4, 5]
    assert read_daily_download(path, last=date(2020, 1, 1)).readings["date_local"].dt.day.tolist() == [1]
    with pytest.raises(ConfigurationError, match="Swap them"):
        read_daily_download(path, date(2020, 1, 3), date(2020, 1, 2))


def test_a_file_without_rows_gives_no_readings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(NEWEST_HEADER) + "\n")
    readings = read_daily_download(path).readings
    assert readings.empty
    assert tuple(readings.columns) == READING_COLUMNS


def test_a_day_of_two_samples_is_one_row_with_200_percent(tmp_path: Path) -> None:
    readings = download(tmp_path, {"Daily Obs Count": "2", "Percent Complete": "200.0000"})
    assert readings[["observation_count", "observation_percent"]].values.tolist() == [[2, 200.0]]


def test_both_parameters_are_read(tmp_path: Path) -> None:
    readings = download(tmp_path, {}, {"AQS Parameter Code": "88502", "Daily Mean PM2.5 Concentration": "6.1"})
    assert readings["parameter_code"].tolist() == ["88101", "88502"]


def test_aqs_wins_over_airnow_where_both_have_the_monitor_day(tmp_path: Path) -> None:
    other = {"Source": "AirNow", "Daily Mean PM2.5 Concentration": "7.7"}
    readings = download(tmp_path, other, {}, {**other, "POC": "4"}, {**other, "AQS Parameter Code": "88502"})
    shown = readings[["parameter_code", "poc", "source", "arithmetic_mean"]]
    assert shown.values.tolist() == [["88101", 3, "aqs", 5.9], ["88101", 4, "airnow", 7.7], ["88502", 3, "airnow", 7.7]]


def test_repeated_rows_collapse_even_if_ignored_columns_differ(tmp_path: Path) -> None:
    assert len(download(tmp_path, {}, {}, {"Local Site Name": "N. Birmingham"})) == 1


def test_two_values_of_one_source_for_a_monitor_day_are_set_aside(tmp_path: Path) -> None:
    rows = [{}, {"Daily Mean PM2.5 Concentration": "6.0"}, {"POC": "4"}]
    assert download(tmp_path, *rows)["poc"].tolist() == [4]
    aside = rejected(tmp_path, *rows)
    assert aside["column_name"].unique().tolist() == ["Daily Mean PM2.5 Concentration"]
    assert aside[["line_number", "value"]].values.tolist() == [[2, "5.9"], [3, "6.0"]]


def test_monitors_of_mexico_and_canada_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "download.csv"
    path.write_bytes(text({}, {"Site ID": "CC0010001"}, {"Site ID": "800020012"}))
    result = read_daily_download(path)
    assert result.readings["state_code"].tolist() == ["01"]
    assert (result.foreign_rows, len(result.rejected)) == (2, 0)


def test_a_site_of_colorado_without_its_zero_is_no_site_of_mexico(tmp_path: Path) -> None:
    with pytest.raises(BadPayload, match=r"'80310002', expected 9 digits; a spreadsheet .* leading zero"):
        download(tmp_path, {"Site ID": "80310002"})


@pytest.mark.parametrize("code", ["13820", "17410", ""])
def test_the_county_gives_the_statistical_area(tmp_path: Path, code: str) -> None:
    readings = download(tmp_path, {"CBSA Code": code}, {"CBSA Code": code, "Site ID": "390350038"})
    assert readings["cbsa_code"].tolist() == ["13820", "17460"]


def test_an_impossible_position_is_that_of_the_sites_other_rows_or_leaves_the_row_out(tmp_path: Path) -> None:
    path = tmp_path / "download.csv"
    nowhere = {"Site Latitude": "0", "Site Longitude": "0"}
    path.write_bytes(text(nowhere, {"Date": "01/03/2020"}, nowhere | {"Site ID": "010730099"}))
    result = read_daily_download(path)
    assert result.readings["latitude"].tolist() == [33.553056, 33.553056]
    assert result.repaired_positions == 1
    assert result.rejected["site_id"].tolist() == ["010730099"]


UNREADABLE = {
    ("Site ID", "10730023"): "expected 9 digits; a spreadsheet that saved the file dropped the leading zero",
    ("Site ID", "01-073-0023"): "expected 9 digits",
    ("Source", "PurpleAir"): "expected AQS or AirNow",
    ("Source", ""): "has no value, expected a value",
    ("Units", "ppb"): "expected ug/m3 LC",
    ("AQS Parameter Code", "81102"): "expected 88101 or 88502",
    ("Date", "2020-13-01"): "expected a date as 2021-07-04 or 07/04/2021",
    ("Date", "01/02/9999"): "expected a date as 2021-07-04 or 07/04/2021",
    ("Date", "01/02/2099"): "expected a day up to 2021-12-31",
    ("Daily Mean PM2.5 Concentration", "n/a"): "expected a number",
    ("Daily Mean PM2.5 Concentration", "-999"): "expected a value from -50 to 5000",
    ("POC", "100"): "expected a value from 0 to 99",
    ("Percent Complete", "-1"): "expected a value of at least 0",
}


@pytest.mark.parametrize(("column", "value", "reason"), [(*cell, reason) for cell, reason in UNREADABLE.items()])
def test_an_impossible_cell_sets_its_row_aside(tmp_path: Path, column: str, value: str, reason: str) -> None:
    path = tmp_path / "ad_viz_plotval_data.csv"
    path.write_bytes(text({}, {"POC": "4", column: value}, {"POC": "5"}))
    file = read_daily_download(path, newest=date(2021, 12, 31))

    assert file.readings["poc"].tolist() == [3, 5]
    shown = file.rejected[["file", "line_number", "column_name", "value", "reason"]]
    assert shown.values.tolist() == [["ad_viz_plotval_data.csv", 3, column, value or None, reason]]


@pytest.mark.parametrize(("column", "value"), [("Site ID", "10730023"), ("Units", "ppb"), ("POC", "100")])
def test_a_file_of_unreadable_rows_is_refused_naming_the_first(tmp_path: Path, column: str, value: str) -> None:
    with pytest.raises(BadPayload, match=f"2 of 2 lines cannot be read, such as line 2: {column} is '{value}'"):
        download(tmp_path, {column: value}, {column: value, "Date": "01/03/2020"})


def test_the_site_and_day_of_a_row_set_aside_are_known_unless_they_are_what_is_wrong(tmp_path: Path) -> None:
    wrong = [{"Units": "ppb"}, {"Site ID": "x"}, {"Date": "01/02/2099"}]
    aside = rejected(tmp_path, {}, *wrong, newest=date(2021, 12, 31))
    assert aside["site_id"].tolist() == ["010730023", None, "010730023"]
    assert aside["date_local"].tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-02"), pd.NaT]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPayload, match="has no column POC"):
        download(tmp_path, header=[name for name in NEWEST_HEADER if name != "POC"])


@pytest.mark.slow
def test_the_recorded_downloads_contain_each_monitor_day_once(real_data: Path) -> None:
    vintages = [read_daily_download(path).readings for path in sorted((real_data / "restatement").glob("*.csv.gz"))]
    assert [len(readings) for readings in vintages] == [41_825, 29_166]
    assert [int((readings["observation_percent"] == 200.0).sum()) for readings in vintages] == [89, 83]
    assert [int((readings["source"] == "airnow").sum()) for readings in vintages] == [28_021, 22_866]
