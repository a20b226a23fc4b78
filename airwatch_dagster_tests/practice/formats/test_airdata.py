"""AirData's files."""

import csv
import io
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.practice.formats.airdata import BulkFile, bulk_file

TODAY = date(2024, 5, 10)


def file_of(name: str, today: date = TODAY, seed: int = 1) -> BulkFile:
    file = bulk_file(name, seed=seed, today=today)
    assert file is not None
    return file


def text_of(name: str, today: date = TODAY) -> str:
    with zipfile.ZipFile(io.BytesIO(file_of(name, today).content)) as archive:
        assert archive.namelist() == [name.replace(".zip", ".csv")]
        return archive.read(archive.namelist()[0]).decode("iso-8859-1")


def rows_of(name: str, today: date = TODAY) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text_of(name, today)), dtype=str, keep_default_na=False)


def genuine_header(folder: Path, name: str) -> str:
    with zipfile.ZipFile(folder / "airdata" / name) as archive, archive.open(archive.namelist()[0]) as file:
        return file.readline().decode().rstrip("\r\n")


def test_the_same_day_and_seed_give_the_same_bytes() -> None:
    first = file_of("daily_88101_2024.zip").content
    from airwatch_dagster.practice.formats import airdata
    from airwatch_dagster.practice.world import air, instruments, published

    for cached in (air.air_of_year, instruments.instrument_year, published._published_year, airdata._daily):
        cached.cache_clear()
    assert file_of("daily_88101_2024.zip").content == first
    assert file_of("daily_88101_2024.zip", seed=2).content != first


def test_the_bytes_of_a_final_year_do_not_change() -> None:
    assert file_of("daily_88101_2022.zip", TODAY).content == file_of("daily_88101_2022.zip", date(2026, 1, 1)).content


def test_daily_files_have_the_genuine_header(real_data: Path) -> None:
    assert text_of("daily_88101_2023.zip").split("\n")[0] == genuine_header(real_data, "daily_88101_2012.zip")


def test_the_monitor_list_has_the_genuine_header(real_data: Path) -> None:
    assert text_of("aqs_monitors.zip").split("\n")[0] == genuine_header(real_data, "aqs_monitors.zip")


def test_text_is_quoted_and_numbers_are_not() -> None:
    line = next(line for line in text_of("daily_88101_2023.zip").split("\n") if '"1 HOUR"' in line)
    assert line.startswith(
        '"17","031","9001","88101",3,41.8757,-87.6243,"WGS84","PM2.5 - Local Conditions","1 HOUR","",'
    )
    assert next(csv.reader([line]))[19] == ""


def test_names_are_in_latin_1() -> None:
    assert "Practice Rivière" in text_of("daily_88101_2023.zip")


def test_a_filter_day_is_one_row_and_a_continuous_day_two() -> None:
    rows = rows_of("daily_88101_2023.zip")
    rows = rows[(rows["Event Type"] != "Excluded") & (rows["Observation Percent"].astype(float) == 100.0)]
    key = ["State Code", "County Code", "Site Num", "POC", "Date Local"]
    durations = rows.groupby(key)["Sample Duration"].agg(lambda found: " + ".join(sorted(found)))
    assert set(durations) == {"24 HOUR", "1 HOUR + 24-HR BLK AVG", "24-HR BLK AVG"}


def test_day_values_have_the_newest_standard_and_an_aqi_and_hours_have_neither() -> None:
    rows = rows_of("daily_88101_2023.zip")
    is_hours = rows["Sample Duration"] == "1 HOUR"
    assert set(rows.loc[is_hours, "Pollutant Standard"]) == {""}
    assert set(rows.loc[is_hours, "AQI"]) == {""}
    assert set(rows.loc[~is_hours, "Pollutant Standard"]) == {"PM25 24-hour 2024"}
    assert (rows.loc[~is_hours, "AQI"].astype(int) >= 0).all()


def test_aqi_uses_the_breakpoints_of_2024() -> None:
    rows = rows_of("daily_88101_2023.zip")
    rows = rows[(rows["AQI"] != "") & (rows["Event Type"] != "Excluded")]
    found = dict(zip(rows["Arithmetic Mean"].astype(float), rows["AQI"].astype(int), strict=True))
    assert {mean: found[mean] for mean in (4.3, 8.8, 9.0, 9.1, 12.0)} == {4.3: 24, 8.8: 49, 9.0: 50, 9.1: 51, 12.0: 56}


def test_event_types_are_those_of_airdata() -> None:
    rows = rows_of("daily_88101_2023.zip")
    assert set(rows["Event Type"]) == {"None", "Included", "Excluded"}
    key = ["State Code", "County Code", "Site Num", "POC", "Date Local", "Sample Duration"]
    excluded = rows[rows["Event Type"] == "Excluded"].merge(rows[rows["Event Type"] == "Included"], on=key)
    assert len(excluded) > 10
    assert (excluded["Arithmetic Mean_x"].astype(float) < excluded["Arithmetic Mean_y"].astype(float)).all()
    assert (excluded["AQI_x"] == excluded["AQI_y"]).all()


def test_rural_sites_have_no_cbsa_name() -> None:
    rows = rows_of("daily_88101_2023.zip")
    assert set(rows.loc[rows["Local Site Name"] == "Practice Reservoir", "CBSA Name"]) == {""}


def test_the_monitor_list_follows_the_clock() -> None:
    then, now = rows_of("aqs_monitors.zip", date(2018, 7, 1)), rows_of("aqs_monitors.zip")
    assert len(then) < len(now)
    assert "Practice Harbor" not in set(then["Local Site Name"])
    lakefront = then[(then["Local Site Name"] == "Practice Lakefront") & (then["POC"] == "3")].iloc[0]
    assert lakefront[["Last Method Code", "Last Sample Date", "First Year of Data"]].tolist() == [
        "170",
        "2018-06-30",
        "2015",
    ]
    lakefront = now[(now["Local Site Name"] == "Practice Lakefront") & (now["POC"] == "3")].iloc[0]
    assert lakefront[["Last Method Code", "Last Sample Date"]].tolist() == ["236", "2024-05-09"]
    assert now.loc[now["Local Site Name"] == "Practice Foundry", "Last Sample Date"].tolist() == ["2022-12-31"]


def test_primary_monitors_are_marked() -> None:
    rows = rows_of("aqs_monitors.zip")
    marks = rows[rows["Local Site Name"] == "Practice Rail Yard"].set_index("POC")["NAAQS Primary Monitor"].to_dict()
    assert marks == {"1": "Y", "3": ""}


@pytest.mark.slow
def test_the_file_list_counts_the_rows_and_bytes_of_every_file() -> None:
    listed = pd.read_csv(io.BytesIO(file_of("file_list.csv", date(2017, 3, 1)).content)).set_index("filename")
    assert list(listed.index) == [
        *("daily_88101_2015.zip", "daily_88101_2016.zip", "daily_88101_2017.zip"),
        *("daily_88502_2015.zip", "daily_88502_2016.zip", "daily_88502_2017.zip", "aqs_monitors.zip"),
    ]
    for name, row in listed.iterrows():
        assert row["rows"] == len(rows_of(str(name), date(2017, 3, 1)))
        assert row["size_bytes"] == len(file_of(str(name), date(2017, 3, 1)).content)
    assert listed["as_of"].tolist() == [*["2016-03-31", "2017-01-01", "2017-03-01"] * 2, "2017-03-01"]


def test_the_file_list_has_the_genuine_columns(real_data: Path) -> None:
    genuine = (real_data / "airdata" / "file_list.csv").read_text().splitlines()[0]
    assert file_of("file_list.csv", date(2015, 3, 1)).content.decode().splitlines()[0] == genuine


@pytest.mark.parametrize(
    "name", ["daily_88101_2014.zip", "daily_88101_2025.zip", "daily_88502_2014.zip", "daily_81102_2023.zip", ""]
)
def test_other_files_do_not_exist(name: str) -> None:
    assert bulk_file(name, seed=1, today=TODAY) is None


def test_each_parameter_has_its_file_and_88502_has_neither_standards_nor_flagged_events() -> None:
    own, other = rows_of("daily_88101_2023.zip"), rows_of("daily_88502_2023.zip")
    assert (set(own["Parameter Code"]), set(other["Parameter Code"])) == ({"88101"}, {"88502"})
    assert set(other["Pollutant Standard"]) == {""}
    assert set(other["Event Type"]) == {"None"}
    names = {duration: set(rows["Local Site Name"]) for duration, rows in other.groupby("Sample Duration")}
    assert names["24 HOUR"] == {"Practice Rivière"}
    assert names["24-HR BLK AVG"] == {
        *("Practice Lighthouse", "Practice Speedway", "Practice Cornfield", "Practice Cherry Orchard"),
    }


def test_a_poc_number_repeats_between_parameters() -> None:
    rows = rows_of("aqs_monitors.zip")
    dearborn = rows[rows["Local Site Name"] == "Practice Rivière"]
    assert dearborn[["Parameter Code", "POC"]].values.tolist() == [["88502", "3"], ["88101", "3"]]
