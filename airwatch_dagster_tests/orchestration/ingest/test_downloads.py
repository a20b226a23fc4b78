"""Files of the download page: parsed once, and cut into the days of a run."""

import os
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.daily_downloads import DailyDownload, read_daily_download
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.ingest import downloads
from airwatch_dagster.orchestration.ingest.downloads import downloaded_file, is_fuller_than_download
from airwatch_dagster.orchestration.ingest.ingest_config import IngestConfig, resolved
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster_tests.builders import raw_readings

HEADER = (
    "Date,Source,Site ID,POC,Daily Mean PM2.5 Concentration,Units,Daily AQI Value,Daily Obs Count,Percent Complete,"
    "AQS Parameter Code,Method Code,CBSA Code,Site Latitude,Site Longitude"
)


def line(day: str, source: str = "AQS") -> str:
    return f"{day},{source},170310001,1,9.0,ug/m3 LC,50,1,100.0,88101,170,16980,41.67,-87.73"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Four days around New Year, one of them from both sources."""
    path = tmp_path / "download.csv"
    days = [line(day) for day in ("12/30/2020", "12/31/2020", "01/02/2021", "01/01/2021")]
    path.write_text("\n".join([HEADER, *days, line("12/31/2020", "AirNow"), ""]))
    return path


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are parsed, in order."""
    parsed: list[Path] = []

    def read(path: Path, *, newest: date) -> DailyDownload:
        parsed.append(path)
        return read_daily_download(path, newest=newest)

    monkeypatch.setattr(downloads, "read_daily_download", read)
    return parsed


def test_a_file_is_parsed_once_until_it_changes(file: Path, parses: list[Path]) -> None:
    for _ in range(3):
        downloaded_file(file).days(date(2020, 1, 1), date(2020, 12, 31))
        downloaded_file(file).spans()
    assert parses == [file]

    file.write_text("\n".join([HEADER, line("02/03/2020"), ""]))
    os.utime(file, ns=(1, 1))

    assert downloaded_file(file).spans() == [(date(2020, 2, 3), date(2020, 2, 3))]
    assert parses == [file, file]


def test_the_days_of_a_file_are_split_by_calendar_year(file: Path) -> None:
    assert downloaded_file(file).spans() == [
        (date(2020, 12, 30), date(2020, 12, 31)),
        (date(2021, 1, 1), date(2021, 1, 2)),
    ]


def test_the_rows_of_some_days_are_those_that_a_parse_of_these_days_returns(file: Path) -> None:
    first, last = date(2020, 12, 31), date(2021, 1, 1)

    pd.testing.assert_frame_equal(
        downloaded_file(file).days(first, last), read_daily_download(file, first, last).readings
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.csv"):
        downloaded_file(tmp_path / "gone.csv")


def test_a_file_was_not_seen_in_the_future_by_more_than_clocks_differ() -> None:
    days = pd.DatetimeIndex(["2020-12-31"])
    now = utc_now()
    soon = now + pd.Timedelta(seconds=30)
    assert resolved(IngestConfig(download="a.csv", seen_at=soon.isoformat()), days).seen_at == soon
    for seen_at in ("2062-01-01", "9999-12-31", (now + pd.Timedelta(minutes=3)).isoformat(), f"{soon}-05:00"):
        with pytest.raises(ConfigurationError, match=r"seen_at.* is in the future"):
            resolved(IngestConfig(download="a.csv", seen_at=seen_at), days)


@pytest.mark.parametrize("text", ["spring", "NaT", ""])
def test_a_time_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a day or time"):
        resolved(IngestConfig(undo=text), pd.DatetimeIndex(["2020-12-31"]))


def test_readings_of_the_bulk_files_hold_more_than_a_download_under_either_parameter() -> None:
    of_88502 = {"parameter_code": "88502", "pollutant_standard": None}
    downloaded = {"pollutant_standard": None, "first_max_value": None}
    rows = raw_readings({}, of_88502, downloaded | {"poc": 2}, downloaded | of_88502 | {"poc": 2})
    assert is_fuller_than_download(rows).tolist() == [True, True, False, False]
