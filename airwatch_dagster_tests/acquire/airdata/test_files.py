import time
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
import pytest

from airwatch_dagster.acquire.airdata.files import DailyFile, read_daily, read_monitors
from airwatch_dagster.acquire.positions import site_positions
from airwatch_dagster.acquire.readings import READING_COLUMNS, MonitorList
from airwatch_dagster.errors import BadPayload, ConfigurationError, SourceUnavailable
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.acquire.published_samples import DAILY_ROW, MONITOR_ROW, csv_text, daily_zip, zipped

YEAR = (date(2021, 1, 1), date(2021, 12, 31))


def read(folder: Path, *changes: Mapping[str, str]) -> DailyFile:
    return read_daily(daily_zip(folder, *(changes or ({},))), *YEAR, source="airdata")


def daily(folder: Path, *changes: Mapping[str, str]) -> pd.DataFrame:
    return read(folder, *changes).readings


def sites(count: int, *, first: int = 1, **changes: str) -> list[dict[str, str]]:
    return [{"Site Num": f"{number:04d}", **changes} for number in range(first, first + count)]


def stored(rejected: pd.DataFrame) -> pd.DataFrame:
    rows = rejected.assign(read_for="raw_readings", read_at=pd.Timestamp("2022-01-01"))
    return rows[TABLES["rejected_lines"].column_names]


def test_a_published_row_has_contract_columns_and_dtypes(tmp_path: Path) -> None:
    readings = daily(tmp_path)
    assert tuple(readings.columns) == READING_COLUMNS
    assert readings.iloc[0].to_dict() == {
        "state_code": "17", "county_code": "031", "site_number": "0001", "parameter_code": "88101", "poc": 1,
        "date_local": pd.Timestamp("2021-07-04"), "sample_duration": "24 HOUR",
        "pollutant_standard": "PM25 24-hour 2012",
        "event_type": "None", "units_of_measure": "Micrograms/cubic meter (LC)", "observation_count": 1,
        "observation_percent": 100.0, "validity_indicator": None, "arithmetic_mean": 8.5, "first_max_value": 8.5,
        "first_max_hour": 0, "aqi": 35, "method_code": "145", "latitude": 41.670992, "longitude": -87.732457,
        "datum": "WGS84", "cbsa_code": "16980", "date_of_last_change": pd.Timestamp("2021-11-20"), "source": "airdata",
    }  # fmt: skip
    versioned = readings.assign(first_seen_at=pd.Timestamp("2022-01-01"), superseded_at=pd.NaT)
    validated = TABLES["raw_readings"].schema.validate(versioned)
    assert (validated.dtypes == TABLES["raw_readings"].empty().dtypes).all()


def test_the_event_type_none_is_text_and_empty_is_null(tmp_path: Path) -> None:
    hours = {"Sample Duration": "1 HOUR", "Pollutant Standard": "", "AQI": "", "Method Code": ""}
    row = daily(tmp_path, hours).iloc[0]
    assert row["event_type"] == "None"
    assert row[["pollutant_standard", "aqi", "method_code"]].isna().all()


def test_numbers_are_read_to_the_last_digit(tmp_path: Path) -> None:
    readings = daily(tmp_path, {"Latitude": "30.497477999999997", "Arithmetic Mean": "-7.2"})
    assert readings["latitude"].tolist() == [30.497477999999997]
    assert readings["arithmetic_mean"].tolist() == [-7.2]


@pytest.mark.parametrize("written", ["2021-07-04", "07/04/2021"])
def test_both_published_date_layouts_are_read(tmp_path: Path, written: str) -> None:
    assert daily(tmp_path, {"Date Local": written})["date_local"].tolist() == [pd.Timestamp("2021-07-04")]


def test_columns_are_found_by_name_in_any_order_with_or_without_quotes(tmp_path: Path) -> None:
    names = [*reversed(DAILY_ROW), "Brand New"]
    path = tmp_path / "daily_88101_2021.zip"
    path.write_bytes(zipped(csv_text([DAILY_ROW | {"Brand New": "x"}], names, quoted=False)))
    pd.testing.assert_frame_equal(read_daily(path, *YEAR, source="airdata").readings, daily(tmp_path))


def test_an_older_layout_without_method_code_is_read(tmp_path: Path) -> None:
    path = tmp_path / "daily_88101_2021.zip"
    path.write_bytes(zipped(csv_text([DAILY_ROW], [name for name in DAILY_ROW if name != "Method Code"])))
    assert read_daily(path, *YEAR, source="airdata").readings["method_code"].isna().all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1"])
def test_accents_are_read_in_either_encoding(tmp_path: Path, encoding: str) -> None:
    rows = [DAILY_ROW | {"County Code": "999", "CBSA Name": "Cañon City, CO", "Local Site Name": "Peña"}]
    path = tmp_path / "daily_88101_2021.zip"
    path.write_bytes(zipped(csv_text(rows).encode(encoding)))
    assert read_daily(path, *YEAR, source="airdata").readings["cbsa_code"].tolist() == ["15860"]


def test_a_line_break_inside_quotes_does_not_end_the_row(tmp_path: Path) -> None:
    assert len(daily(tmp_path, {"Address": "4500 W.\n123RD ST."})) == 1


def test_other_parameters_and_days_are_left_out(tmp_path: Path) -> None:
    path = daily_zip(tmp_path, {}, {"Parameter Code": "88502"}, {"Date Local": "2021-07-05"})
    readings = read_daily(path, date(2021, 7, 4), date(2021, 7, 4), source="practice").readings
    assert len(readings) == 1
    assert readings["source"].tolist() == ["practice"]


def test_sites_of_mexico_and_canada_are_left_out_and_counted(tmp_path: Path) -> None:
    mexico = {"State Code": "80", "County Code": "002", "Site Num": "0012", "Latitude": "32.6", "Longitude": "-115.4"}
    other = mexico | {"Parameter Code": "88502"}
    path = daily_zip(tmp_path, {}, mexico, mexico | {"POC": "2"}, other, {"State Code": "CC", "Site Num": "1"})
    result = read_daily(path, *YEAR, source="airdata")
    assert result.sites["state_code"].tolist() == ["17"]
    assert result.foreign_rows == 3


@pytest.mark.parametrize("name", ["Chicago-Naperville-Elgin, IL-IN", "Atlantis, XX", ""])
def test_the_county_gives_the_statistical_area_whatever_name_the_file_has(tmp_path: Path, name: str) -> None:
    result = read_daily(daily_zip(tmp_path, {"CBSA Name": name}), *YEAR, source="airdata")
    assert result.readings["cbsa_code"].tolist() == ["16980"]
    assert result.unknown_cbsa_names == {}


def test_only_the_selected_sites_are_read(tmp_path: Path) -> None:
    path = daily_zip(tmp_path, {}, {"Site Num": "0002"}, {"Site Num": "0002", "Date Local": "2021-07-05"})
    result = read_daily(path, *YEAR, source="airdata", keep=lambda sites: sites["site_number"] == "0002")
    assert result.readings["site_number"].tolist() == ["0002", "0002"]
    assert result.sites["site_number"].tolist() == ["0001", "0002"]
    assert result.sites["cbsa_code"].tolist() == ["16980", "16980"]


def test_an_unknown_statistical_area_leaves_no_code_and_is_counted(tmp_path: Path) -> None:
    elsewhere = {"County Code": "999", "CBSA Name": "Atlantis, XX"}
    path = daily_zip(tmp_path, elsewhere, elsewhere | {"POC": "2"}, {"POC": "3"})
    result = read_daily(path, *YEAR, source="airdata")
    assert result.unknown_cbsa_names == {"Atlantis, XX": 2}
    assert result.readings["cbsa_code"].isna().tolist() == [False, True, True]


KNOWN = pd.DataFrame({"site_id": ["170310001"], "latitude": [41.7], "longitude": [-87.7]})


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [("0.0", "0.0"), ("0", "-87.7"), ("-999", "-999"), ("", ""), ("N/A", ""), ("41.7", "87.7"), ("-87.7", "41.7"),
     ("42.7", "-87.7"), ("61.2", "-149.9")],
)  # fmt: skip
def test_the_known_position_replaces_an_impossible_or_distant_one(
    tmp_path: Path, latitude: str, longitude: str
) -> None:
    path = daily_zip(tmp_path, {"Latitude": latitude, "Longitude": longitude}, {"Site Num": "0002"})
    result = read_daily(path, *YEAR, source="airdata", known=KNOWN)
    assert result.readings[["latitude", "longitude"]].to_numpy().tolist() == [[41.7, -87.7], [41.670992, -87.732457]]
    assert result.sites[["latitude", "longitude"]].to_numpy().tolist() == [[41.7, -87.7], [41.670992, -87.732457]]
    assert (result.repaired_positions, len(result.rejected)) == (1, 0)


def test_a_position_near_the_known_one_stands(tmp_path: Path) -> None:
    path = daily_zip(tmp_path, {"Latitude": "41.9", "Longitude": "-87.7"})
    result = read_daily(path, *YEAR, source="airdata", known=KNOWN)
    assert result.readings["latitude"].tolist() == [41.9]
    assert result.repaired_positions == 0


UNPLACED = {
    ("0.0", "0.0"): "Latitude",
    ("-999", "-999"): "Latitude",
    ("north", "-87.7"): "Latitude",
    ("41.7", "181"): "Longitude",
    ("41.7", ""): "Longitude",
    ("", ""): "Latitude",
}


@pytest.mark.parametrize(("latitude", "longitude", "column"), [(*place, column) for place, column in UNPLACED.items()])
def test_a_row_of_a_site_that_nothing_places_is_set_aside(
    tmp_path: Path, latitude: str, longitude: str, column: str
) -> None:
    path = daily_zip(tmp_path, {}, {"Site Num": "0002", "Latitude": latitude, "Longitude": longitude})
    result = read_daily(path, *YEAR, source="airdata", known=KNOWN)
    assert result.readings["site_number"].tolist() == ["0001"]
    assert result.sites["site_number"].tolist() == ["0001"]
    assert result.repaired_positions == 0
    line = result.rejected.iloc[0]
    assert line[["line_number", "column_name", "site_id"]].tolist() == [3, column, "170310002"]
    assert "expected a position in the site's part of the US" in line["reason"]


def test_only_rows_that_are_read_count_as_repaired(tmp_path: Path) -> None:
    nowhere = {"Latitude": "0.0", "Longitude": "0.0"}
    path = daily_zip(tmp_path, nowhere, nowhere | {"Date Local": "2021-07-05"})
    result = read_daily(path, date(2021, 7, 4), date(2021, 7, 4), source="airdata", known=KNOWN)
    assert result.repaired_positions == 1


@pytest.mark.parametrize("column", ["Arithmetic Mean", "Date Local", "CBSA Name", "Event Type", "POC"])
def test_a_missing_column_is_named_with_its_file(tmp_path: Path, column: str) -> None:
    path = tmp_path / "daily_88101_2021.zip"
    path.write_bytes(zipped(csv_text([DAILY_ROW], [name for name in DAILY_ROW if name != column])))
    with pytest.raises(BadPayload, match=f"daily_88101_2021.zip: has no column {column}"):
        read_daily(path, *YEAR, source="airdata")


UNREADABLE = {
    ("Date Local", "2021-02-30"): "expected a date as 2021-07-04 or 07/04/2021",
    ("Date Local", "4 July"): "expected a date with day, month and year; a spreadsheet saved only what it showed",
    ("Date Local", "soon"): "expected a date as 2021-07-04 or 07/04/2021",
    ("Date Local", "9999-12-31"): "expected a date as 2021-07-04 or 07/04/2021",
    ("Date Local", ""): "has no value, expected a value",
    ("Date Local", "2020-07-04"): "expected a day of 2021, as in the rest of the file",
    ("Date Local", "07/04/2121"): "expected a day of 2021, as in the rest of the file",
    ("State Code", "1"): "expected 2 digits as text, leading zeros included",
    ("County Code", "31"): "expected 3 digits as text, leading zeros included",
    ("Site Num", "14"): "expected 4 digits as text, leading zeros included",
    ("Site Num", ""): "has no value, expected a value",
    ("Parameter Code", "8810"): "expected 5 digits as text, leading zeros included",
    ("Parameter Code", ""): "has no value, expected a value",
    ("Method Code", "47"): "expected 3 digits as text, leading zeros included",
    ("Arithmetic Mean", "n/a"): "expected a number",
    ("Arithmetic Mean", "inf"): "expected a number",
    ("Arithmetic Mean", "-999"): "expected a value from -50 to 5000",
    ("Arithmetic Mean", "99999"): "expected a value from -50 to 5000",
    ("1st Max Hour", "24"): "expected a value from 0 to 23",
    ("1st Max Hour", "-1"): "expected a value from 0 to 23",
    ("POC", "1.5"): "expected a whole number",
    ("POC", "100"): "expected a value from 0 to 99",
    ("POC", ""): "has no value, expected a value",
    ("AQI", "high"): "expected a whole number",
    ("AQI", "-1"): "expected a value of at least 0",
    ("Observation Count", "-1"): "expected a value of at least 0",
    ("Observation Percent", "-999"): "expected a value of at least 0",
    ("Sample Duration", ""): "has no value, expected a value",
    ("Date of Last Change", "9999-99-99"): "expected a date as 2021-07-04 or 07/04/2021",
}
"""An impossible cell of each kind, and what is said of it."""


@pytest.mark.parametrize(("column", "value", "reason"), [(*cell, reason) for cell, reason in UNREADABLE.items()])
def test_an_impossible_cell_sets_its_row_aside_with_line_and_reason(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    file = read(tmp_path, {}, {"POC": "2", column: value}, {"POC": "3"})

    assert file.readings["poc"].tolist() == [1, 3]
    assert file.last_day == pd.Timestamp("2021-07-04")
    row = file.rejected.iloc[0]
    assert row[["file", "line_number", "is_repaired"]].tolist() == ["daily_88101_2021.zip", 3, False]
    assert row[["column_name", "value", "reason"]].tolist() == [column, value or None, reason]
    assert len(file.rejected) == 1


def test_the_site_and_day_of_a_row_set_aside_are_known_unless_they_are_what_is_wrong(tmp_path: Path) -> None:
    wrong = [
        {"Arithmetic Mean": "-999"},
        {"Site Num": "14"},
        {"Date Local": "2020-07-04"},
        {"Date Local": "x", "State Code": "1"},
    ]
    rejected = read(tmp_path, *[{"POC": str(poc)} for poc in range(1, 7)], *wrong).rejected

    assert rejected["site_id"].tolist() == ["170310001", None, "170310001", None]
    assert rejected["date_local"].tolist() == [pd.Timestamp("2021-07-04"), pd.Timestamp("2021-07-04"), pd.NaT, pd.NaT]
    assert validated("rejected_lines", stored(rejected))["file"].unique().tolist() == ["daily_88101_2021.zip"]


def test_a_code_that_was_taken_for_a_number_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, {"Parameter Code": "88101.0", "State Code": "17.0", "Arithmetic Mean": "-999"}, {}, {})
    assert file.rejected["site_id"].tolist() == ["170310001"]
    assert len(file.readings) == 1


@pytest.mark.parametrize("column", ["Site Num", "Arithmetic Mean", "Date Local", "Latitude"])
def test_a_file_whose_rows_are_all_unreadable_is_refused_naming_the_first(tmp_path: Path, column: str) -> None:
    with pytest.raises(BadPayload, match=rf"^daily_88101_2021\.zip: 2 of 2 lines .*line 2: {column} is 'x'") as raised:
        daily(tmp_path, {column: "x"}, {column: "x", "POC": "2"})
    assert not raised.value.retry_helps


@pytest.mark.parametrize(("good", "bad"), [(1, 5), (54, 6)])
def test_a_few_rows_or_a_tenth_of_them_may_be_unreadable(tmp_path: Path, good: int, bad: int) -> None:
    file = read(tmp_path, *sites(good), *sites(bad, first=100, **{"Arithmetic Mean": "-999"}))
    assert (len(file.readings), len(file.rejected)) == (good, bad)


@pytest.mark.parametrize(("good", "bad"), [(1, 6), (53, 6)])
def test_more_rows_than_that_say_that_the_layout_changed(tmp_path: Path, good: int, bad: int) -> None:
    with pytest.raises(BadPayload, match=f"{bad} of {good + bad} lines cannot be read"):
        read(tmp_path, *sites(good), *sites(bad, first=100, **{"Arithmetic Mean": "-999"}))


def test_the_share_counts_the_rows_of_the_sites_and_days_that_are_read(tmp_path: Path) -> None:
    bad = [{"Site Num": "0002", "POC": str(poc), "Arithmetic Mean": "-999"} for poc in range(9)]
    path = daily_zip(tmp_path, *sites(5, first=100), *bad)

    assert read_daily(path, *YEAR, source="airdata", keep=lambda sites: sites["site_number"] != "0002").rejected.empty
    with pytest.raises(BadPayload, match="9 of 14 lines"):
        read_daily(path, *YEAR, source="airdata")


def test_rows_of_other_parameters_and_of_canada_are_not_examined(tmp_path: Path) -> None:
    file = read(tmp_path, {}, {"Parameter Code": "88502", "Site Num": ""}, {"State Code": "CC", "Parameter Code": "x"})
    assert (len(file.readings), len(file.rejected)) == (1, 0)


@pytest.mark.parametrize(("column", "value"), [("Latitude", "999"), ("Longitude", ""), ("Latitude", "x")])
def test_a_site_is_where_its_first_row_with_a_location_has_it(tmp_path: Path, column: str, value: str) -> None:
    wrong = [{"Date Local": f"2021-07-0{day}", column: value} for day in (1, 2)]
    file = read(tmp_path, *wrong, {}, {"Site Num": "0002"}, {"Site Num": "0003"} | {column: value})

    assert file.sites["site_number"].tolist() == ["0001", "0002"]
    assert file.sites["latitude"].tolist() == [41.670992, 41.670992]
    assert file.readings["latitude"].tolist() == [41.670992] * 4
    assert file.repaired_positions == 2
    assert file.rejected["line_number"].tolist() == [6]


def test_a_repeated_row_is_one_row_with_its_latest_change(tmp_path: Path) -> None:
    readings = daily(tmp_path, {}, {"Date of Last Change": "2022-01-02"}, {})
    assert readings["date_of_last_change"].tolist() == [pd.Timestamp("2022-01-02")]


def test_all_rows_of_a_key_with_two_values_are_set_aside(tmp_path: Path) -> None:
    file = read(tmp_path, {}, {"Arithmetic Mean": "9.5"}, {}, {"POC": "2"}, {"POC": "3", "AQI": "1"}, {"POC": "3"})

    assert file.readings["poc"].tolist() == [2]
    shown = file.rejected[["line_number", "column_name", "value", "reason"]]
    why = "expected the same value in all lines of this monitor and day"
    assert shown.values.tolist() == [
        [2, "Arithmetic Mean", "8.5", why],
        [3, "Arithmetic Mean", "9.5", why],
        [4, "Arithmetic Mean", "8.5", why],
        [6, "AQI", "1", why],
        [7, "AQI", "35", why],
    ]


def test_every_row_doubled_with_another_value_is_refused_in_a_moment(tmp_path: Path) -> None:
    year = [{"Date Local": f"{day:%Y-%m-%d}", "POC": str(poc)} for day in pd.date_range(*YEAR) for poc in range(20)]
    began = time.process_time()
    with pytest.raises(BadPayload, match="14,600 of 14,600 lines"):
        daily(tmp_path, *year, *[row | {"Arithmetic Mean": "9.5"} for row in year])
    assert time.process_time() - began < 10.0


def test_a_line_with_too_few_values_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "daily_88101_2021.zip"
    path.write_bytes(zipped(csv_text([DAILY_ROW]) + '"17","031"\n'))
    result = read_daily(path, *YEAR, source="airdata")
    assert len(result.readings) == 1
    assert result.rejected[["line_number", "reason"]].values.tolist() == [[3, "expected 29 values, not 2"]]


def test_an_empty_file_of_the_right_layout_gives_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "daily_88101_2021.zip"
    path.write_bytes(zipped(csv_text([], list(DAILY_ROW))))
    readings = read_daily(path, *YEAR, source="airdata").readings
    assert len(readings) == 0
    assert readings["date_local"].dtype == "datetime64[ns]"


def test_the_last_day_before_the_first_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="2021-01-01 is before the first, 2021-12-31"):
        read_daily(daily_zip(tmp_path, {}), date(2021, 12, 31), date(2021, 1, 1), source="airdata")


def test_a_retry_helps_with_a_damaged_zip(tmp_path: Path) -> None:
    path = daily_zip(tmp_path, {})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SourceUnavailable, match="damaged") as raised:
        read_daily(path, *YEAR, source="airdata")
    assert raised.value.retry_helps


def test_a_zip_of_two_tables_is_refused(tmp_path: Path) -> None:
    path = daily_zip(tmp_path, {})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("second.csv", "a,b\n")
    with pytest.raises(BadPayload, match="2 CSV files"):
        read_daily(path, *YEAR, source="airdata")


def monitor_list(folder: Path, *changes: Mapping[str, str]) -> MonitorList:
    path = folder / "aqs_monitors.zip"
    path.write_bytes(zipped(csv_text([MONITOR_ROW | change for change in changes]), "aqs_monitors.csv"))
    return read_monitors(path)


def monitors(folder: Path, *changes: Mapping[str, str]) -> pd.DataFrame:
    return monitor_list(folder, *changes).monitors


def test_a_monitor_has_contract_columns_and_dtypes(tmp_path: Path) -> None:
    listed = monitors(tmp_path, {})
    assert listed.iloc[0].to_dict() == {
        "site_id": "170310001", "parameter_code": "88101", "poc": 1, "state_code": "17", "county_code": "031",
        "site_number": "0001", "latitude": 41.670992, "longitude": -87.732457, "datum": "WGS84", "cbsa_code": "16980",
        "site_name": "VILLAGE GARAGE", "is_primary": True, "open_date": pd.Timestamp("1999-01-01"),
        "last_sample_date": pd.Timestamp("2022-06-28"), "method_code": "145", "primary_changed_at": pd.NaT,
    }  # fmt: skip
    TABLES["monitors"].schema.validate(listed.assign(is_context=False))


def test_a_monitor_that_is_listed_several_times_is_one_row(tmp_path: Path) -> None:
    newer = {"Last Sample Date": "2022-12-31", "Last Method Code": "236", "NAAQS Primary Monitor": ""}
    never = {"Last Sample Date": "", "Last Method Code": "", "NAAQS Primary Monitor": ""}
    older = {"First Year of Data": "1998", "Last Sample Date": "2001-01-01", "Last Method Code": "118"}
    row = monitors(tmp_path, newer, never, older).iloc[0]
    assert row["is_primary"]
    assert row["open_date"] == pd.Timestamp("1998-01-01")
    assert row["last_sample_date"] == pd.Timestamp("2022-12-31")
    assert row["method_code"] == "236"


def test_monitors_of_other_parameters_and_countries_are_left_out_and_those_abroad_counted(tmp_path: Path) -> None:
    mexico = {"State Code": "80", "County Code": "002", "Latitude": "32.6", "Longitude": "-115.4"}
    others = [{"Parameter Code": "44201"}, {"State Code": "CC", "Site Number": "7"}, mexico]
    listed = monitor_list(tmp_path, {}, *others)
    assert listed.monitors["site_id"].tolist() == ["170310001"]
    assert listed.foreign_rows == 2
    assert listed.rejected.empty


def test_a_monitor_without_a_location_has_that_of_its_site_or_is_set_aside(tmp_path: Path) -> None:
    nowhere = [{"Site Number": "0002", "Latitude": ""}, {"Site Number": "0003", "Latitude": "0", "Longitude": "0"}]
    listed = monitor_list(tmp_path, {"POC": "2", "Latitude": "-999"}, {}, *nowhere)
    assert listed.monitors[["poc", "latitude"]].to_numpy().tolist() == [[1, 41.670992], [2, 41.670992]]
    assert listed.rejected["site_id"].tolist() == ["170310002", "170310003"]


UNREADABLE_MONITOR = {
    ("POC", "100"): "expected a value from 0 to 99",
    ("POC", "x"): "expected a whole number",
    ("State Code", "1"): "expected 2 digits as text, leading zeros included",
    ("Site Number", "14"): "expected 4 digits as text, leading zeros included",
    ("Last Method Code", "47"): "expected 3 digits as text, leading zeros included",
    ("First Year of Data", "9999"): "expected a year",
    ("First Year of Data", "long ago"): "expected a year",
    ("Last Sample Date", "2022-13-28"): "expected a date as 2021-07-04 or 07/04/2021",
    ("Site Number", ""): "has no value, expected a value",
}


@pytest.mark.parametrize(("column", "value", "reason"), [(*c, reason) for c, reason in UNREADABLE_MONITOR.items()])
def test_an_impossible_cell_sets_its_monitor_aside(tmp_path: Path, column: str, value: str, reason: str) -> None:
    listed = monitor_list(tmp_path, {}, {"POC": "2", column: value}, {"POC": "3"})

    assert listed.monitors["poc"].tolist() == [1, 3]
    shown = listed.rejected[["file", "line_number", "column_name", "value", "reason"]]
    assert shown.values.tolist() == [["aqs_monitors.zip", 3, column, value or None, reason]]


def test_a_list_of_unreadable_monitors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPayload, match=r"2 of 2 lines cannot be read, such as line 2: POC is '100'"):
        monitor_list(tmp_path, {"POC": "100"}, {"POC": "101"})


def test_the_recorded_files_are_read_completely(real_data: Path) -> None:
    result = read_daily(
        real_data / "airdata" / "daily_88101_2012.zip", date(2012, 1, 1), date(2012, 12, 31), source="airdata"
    )
    assert len(result.readings) == 67_090
    assert result.unknown_cbsa_names == {}
    assert result.readings["event_type"].value_counts().to_dict() == {"None": 54325, "Included": 12479, "Excluded": 286}
    assert result.readings["cbsa_code"].isna().sum() == 5376
    assert result.rejected.empty
    listed = read_monitors(real_data / "airdata" / "aqs_monitors.zip")
    assert listed.rejected.empty
    assert (len(listed.monitors), listed.monitors["is_primary"].sum(), listed.foreign_rows) == (2708, 887, 7)


@pytest.mark.slow
@pytest.mark.parametrize("year", [2012, 2018, 2019, 2020, 2021])
def test_nothing_of_the_recorded_files_is_repaired_or_left_out(real_data: Path, year: int) -> None:
    known = site_positions(read_monitors(real_data / "airdata" / "aqs_monitors.zip").monitors)
    path = real_data / "airdata" / f"daily_88101_{year}.zip"
    result = read_daily(path, date(year, 1, 1), date(year, 12, 31), source="airdata", known=known)
    assert (result.repaired_positions, result.foreign_rows, len(result.rejected)) == (0, 0, 0)


def test_values_that_keep_every_rule_are_read_without_loading_panderas_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    check = pa.Check.__call__

    def checked(rule: pa.Check, *values: object) -> object:
        asked.append(rule.name)
        return check(rule, *values)

    monkeypatch.setattr(pa.Check, "__call__", checked)

    assert len(daily(tmp_path, *sites(3))) == 3
    assert len(monitor_list(tmp_path, {}).monitors) == 1
    assert asked == []
    assert len(daily(tmp_path, *sites(300), {"POC": "100"})) == 300
    assert asked
