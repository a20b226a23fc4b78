from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.addresses import AIRNOW_URL
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.errors import ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster.practice.formats.airnow import daily_data
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.acquire.airnow.samples import (
    DAILY,
    DAY,
    LINE,
    OLD_DAILY,
    OLD_LINE,
    areas_line,
    changed,
    lines,
    site_locations,
)
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply


def no_sleep(seconds: float) -> None:
    """Time does not pass."""


Day = Callable[..., pd.DataFrame]


def test_the_default_url_is_epas(tmp_path: Path) -> None:
    assert AIRNOW_URL == "https://files.airnowtech.org/airnow"
    assert repr(AirNowArchive(download_dir=tmp_path)) == "AirNowArchive('https://files.airnowtech.org/airnow')"


def test_the_old_layout_is_read_if_the_new_file_is_missing(archive: AirNowArchive, server: FakeServer) -> None:
    toronto, tijuana = (changed("060290014", other, OLD_LINE) for other in ("000060435", "800020001"))
    server.will_send(OLD_DAILY, Reply(lines(OLD_LINE, toronto, tijuana, changed("060290014", "DK1010001", OLD_LINE))))
    day = archive.daily(DAY, site_locations=site_locations())
    row = day.readings.iloc[0]
    assert day.file_name == "daily_data.dat"
    assert len(day.readings) == 1
    assert (row["state_code"], row["arithmetic_mean"], row["latitude"], row["longitude"], row["cbsa_code"]) == (
        "06", 4.5, 35.35, -119.06, "12540",
    )  # fmt: skip
    assert pd.isna(row["aqi"])
    assert server.requested == [DAILY, OLD_DAILY]


def test_a_day_without_a_file_is_refused_naming_the_day(archive: AirNowArchive, server: FakeServer) -> None:
    with pytest.raises(SourceRefused, match=r"2023-01-09 .*no such file.*AIRWATCH_AIRNOW_URL") as raised:
        archive.daily(DAY)
    assert not raised.value.retry_helps
    assert server.requested == [DAILY, OLD_DAILY]
    with pytest.raises(SourceRefused, match="no file with forecasts of 2023-01-09"):
        archive.forecasts(DAY)


def test_the_old_layout_is_not_read_while_the_new_file_is_unavailable(
    archive: AirNowArchive, server: FakeServer
) -> None:
    server.will_send(DAILY, Reply(status=503))
    server.will_send(OLD_DAILY, Reply(lines(OLD_LINE)))
    with pytest.raises(SourceUnavailable, match="503"):
        archive.daily(DAY)
    assert OLD_DAILY not in server.requested


NO_FILES = {
    "an empty file": (b"", "being written"),
    "blank lines": (b"\n\n", "being written"),
    "a web page": (b"<!DOCTYPE html><html>|</html>", "web page"),
    "a plain excuse": (b"Service temporarily unavailable\n", "no line has the 13 fields"),
    "another layout": (lines(OLD_LINE), "no line has the 13 fields"),
}


@pytest.mark.parametrize("what", NO_FILES)
def test_a_malformed_file_is_retried_and_never_replaces_the_cached_copy(
    archive: AirNowArchive, server: FakeServer, tmp_path: Path, what: str
) -> None:
    content, problem = NO_FILES[what]
    server.will_send(DAILY, Reply(lines(LINE)))
    archive.daily(DAY)
    server.will_send(DAILY, Reply(content))
    with pytest.raises(SourceUnavailable, match=problem):
        archive.daily(DAY)
    assert server.requested.count(DAILY) == 4
    assert (tmp_path / "airnow" / "20230109" / "daily_data_v2.dat").read_bytes() == lines(LINE)


def test_a_file_that_is_complete_at_the_retry_is_read(archive: AirNowArchive, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(b""), Reply(lines(LINE)))
    assert archive.daily(DAY).readings["arithmetic_mean"].tolist() == [4.5]


def test_an_unchanged_day_is_revalidated_and_not_re_sent(
    archive: AirNowArchive, server: FakeServer, tmp_path: Path
) -> None:
    sent: list[str] = []

    def current(headers: Mapping[str, str]) -> Reply:
        if headers.get("if-modified-since") == "Tue, 10 Jan 2023 18:00:00 GMT":
            return Reply(status=304)
        sent.append(DAILY)
        return Reply(lines(LINE), headers={"Last-Modified": "Tue, 10 Jan 2023 18:00:00 GMT"})

    server.will_send(DAILY, current)
    pd.testing.assert_frame_equal(archive.daily(DAY).readings, archive.daily(DAY).readings)
    assert sent == [DAILY]
    assert server.requested == [DAILY, DAILY]
    assert sorted(path.name for path in (tmp_path / "airnow" / "20230109").iterdir()) == [
        "daily_data_v2.dat",
        "daily_data_v2.dat.json",
    ]


def test_a_corrected_day_replaces_the_copy(day_of: Day) -> None:
    assert day_of(LINE)["arithmetic_mean"].tolist() == [4.5]
    assert day_of(changed("|4.5|", "|5.2|"))["arithmetic_mean"].tolist() == [5.2]


def test_a_folder_serves_as_an_archive(tmp_path: Path) -> None:
    folder = tmp_path / "mirror" / "2023" / "20230109"
    folder.mkdir(parents=True)
    (folder / "daily_data_v2.dat").write_bytes(lines(LINE))
    (folder / "reportingarea.dat").write_bytes(lines(areas_line()))
    archive = AirNowArchive((tmp_path / "mirror").as_uri(), download_dir=tmp_path / "downloads")
    assert archive.daily(DAY).readings["arithmetic_mean"].tolist() == [4.5]
    assert archive.forecasts(DAY).records["agency_aqi"].tolist() == [65]
    with pytest.raises(SourceRefused, match="2023-01-10"):
        archive.daily(date(2023, 1, 10))


def test_a_url_that_is_not_a_valid_archive_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AIRWATCH_AIRNOW_URL"):
        AirNowArchive("ftp://host/airnow", download_dir=tmp_path)


def test_credentials_in_the_base_url_are_never_shown(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    address = server.url.replace("http://", "http://me:sesame-42@")
    archive = AirNowArchive(address, download_dir=tmp_path, session=session)
    with pytest.raises(SourceRefused) as raised:
        archive.daily(DAY)
    assert "sesame-42" not in f"{raised.value} {raised.value.__cause__} {archive!r} {archive._files!r}"


def test_a_day_of_the_practice_server_is_read_completely_and_sent_once(
    tmp_path: Path, session: requests.Session
) -> None:
    day, statuses = date(2024, 5, 9), []
    session.hooks["response"].append(lambda response, **_: statuses.append(response.status_code))
    with PracticeServer(today=date(2024, 5, 10), seed=1) as practice:
        archive = AirNowArchive(practice.airnow_url, download_dir=tmp_path, session=session, sleep=no_sleep)
        first, second, forecasts = archive.daily(day), archive.daily(day), archive.forecasts(day).records
        with pytest.raises(SourceRefused, match="2024-05-10"):
            archive.daily(date(2024, 5, 10))
    written = sorted(line.split("|") for line in daily_data(day, seed=1).decode("iso-8859-1").splitlines())
    readings = first.readings
    ids = readings["state_code"] + readings["county_code"] + readings["site_number"]
    assert ids.tolist() == [line[1] for line in written]
    assert readings["arithmetic_mean"].tolist() == [float(line[5]) for line in written]
    assert readings["aqi"].tolist() == [int(line[8]) for line in written]
    assert (first.sites_without_location, first.sites_without_value) == (0, 0)
    pd.testing.assert_frame_equal(second.readings, readings)
    assert statuses == [200, 304, 200, 404, 404]
    assert len(validated("agency_forecasts", forecasts)) == len(forecasts) > 0
    assert set(forecasts["record_type"]) == {"Y", "F"}
