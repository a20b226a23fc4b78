from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import ConfigurationError, SourceRefused
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.wire import API_MONITOR, API_ROW, FakeServer, Reply, envelope, mirror

YEAR = (date(2021, 1, 1), date(2021, 12, 31))
SEEN = pd.Timestamp("2022-01-01")

MILWAUKEE = {
    "State Code": "55", "County Code": "079", "Latitude": "43.06", "Longitude": "-87.91",
    "CBSA Name": "Milwaukee-Waukesha-West Allis, WI",
}  # fmt: skip
MADISON = {"State Code": "55", "County Code": "025", "Latitude": "43.10", "Longitude": "-89.36", "CBSA Name": ""}
DENVER = {"State Code": "08", "Latitude": "39.75", "Longitude": "-104.99", "CBSA Name": "Denver-Aurora-Lakewood, CO"}


def bulk(tmp_path: Path, area: str, context_km: float, *, daily: dict, monitors: list | None = None) -> AirDataSource:
    address = mirror(tmp_path / "mirror", daily=daily, monitors=[{}] if monitors is None else monitors)
    archive = AirDataArchive(address, download_dir=tmp_path / "downloads")
    return AirDataSource(archive, Area.parse(area), context_km)


def states(frame: pd.DataFrame) -> list[str]:
    return sorted(frame["state_code"].unique())


@pytest.mark.parametrize(
    ("area", "context_km", "expected"),
    [
        ("cbsa:16980", 0, ["17"]),
        ("cbsa:16980", 200, ["17", "55"]),
        ("cbsa:16980", 2000, ["08", "17", "55"]),
        ("state:08", 10, ["08"]),
        ("us", 0, ["08", "17", "55"]),
    ],
)
def test_a_pull_holds_the_area_and_the_sites_near_it(
    tmp_path: Path, area: str, context_km: float, expected: list[str]
) -> None:
    source = bulk(tmp_path, area, context_km, daily={2021: [{}, MILWAUKEE, DENVER]})
    pull = source.pull(PullRequest(*YEAR))
    assert states(pull.rows) == expected
    assert pull.rows["source"].unique().tolist() == ["airdata"]


def test_context_is_measured_from_listed_sites_that_have_no_rows_too(tmp_path: Path) -> None:
    source = bulk(tmp_path, "cbsa:16980", 200, daily={2021: [MILWAUKEE, DENVER]})
    assert states(source.pull(PullRequest(*YEAR)).rows) == ["55"]


def test_context_is_measured_from_sites_that_the_monitor_list_lacks(tmp_path: Path) -> None:
    source = bulk(tmp_path, "cbsa:16980", 200, daily={2021: [{}, MILWAUKEE, DENVER]}, monitors=[DENVER])
    assert states(source.pull(PullRequest(*YEAR)).rows) == ["17", "55"]


def test_days_of_several_years_come_from_several_files(tmp_path: Path) -> None:
    files = {2020: [{"Date Local": "2020-12-31"}, {"Date Local": "2020-12-30"}], 2021: [{"Date Local": "2021-01-01"}]}
    pull = bulk(tmp_path, "us", 0, daily=files).pull(PullRequest(date(2020, 12, 31), date(2021, 1, 1)))
    assert pull.rows["date_local"].dt.strftime("%Y-%m-%d").tolist() == ["2020-12-31", "2021-01-01"]


def test_a_year_without_a_file_is_refused_naming_the_years_on_offer(tmp_path: Path) -> None:
    source = bulk(tmp_path, "us", 0, daily={2020: [{}], 2021: [{}]})
    with pytest.raises(SourceRefused, match=r"no daily PM2\.5 file for 2019; years on offer: 2020, 2021") as raised:
        source.pull(PullRequest(date(2019, 1, 1), date(2020, 1, 1)))
    assert not raised.value.retry_helps


def test_an_area_without_any_monitor_is_refused_naming_areas_that_could_be_meant(tmp_path: Path) -> None:
    source = bulk(tmp_path, "cbsa:16980", 800, daily={2021: [{"CBSA Name": "Chicago Renamed, IL"}]}, monitors=[DENVER])
    with pytest.raises(ConfigurationError, match=r"no PM2.5 monitor in cbsa:16980; .*Chicago Renamed, IL"):
        source.pull(PullRequest(*YEAR))
    with pytest.raises(ConfigurationError, match=r"no PM2.5 monitor in cbsa:16980"):
        source.monitors()


def test_unknown_statistical_areas_are_counted_over_all_years(tmp_path: Path) -> None:
    renamed = {"CBSA Name": "Atlantis, XX", "POC": "2"}
    files = {2020: [{}, renamed], 2021: [{}, renamed, renamed | {"POC": "3"}]}
    assert bulk(tmp_path, "us", 0, daily=files).pull(
        PullRequest(date(2020, 1, 1), date(2021, 1, 1))
    ).unknown_cbsa_names == {"Atlantis, XX": 3}


def test_monitors_are_those_of_the_area_and_marked_ones_around_it(tmp_path: Path) -> None:
    source = bulk(tmp_path, "cbsa:16980", 250, daily={2021: [{}]}, monitors=[{}, MILWAUKEE, MADISON, DENVER])
    listed = source.monitors()
    TABLES["monitors"].schema.validate(listed)
    assert dict(zip(listed["site_id"], listed["is_context"], strict=True)) == {
        "170310001": False, "550250001": True, "550790001": True
    }  # fmt: skip


def test_a_pull_speaks_for_all_it_would_hold_and_nothing_else(tmp_path: Path) -> None:
    everyone = [{}, MILWAUKEE, MADISON, DENVER]
    everyone += [row | {"Date Local": "2021-08-01"} for row in everyone]
    whole = bulk(tmp_path / "a", "us", 0, daily={2021: everyone}).pull(PullRequest(*YEAR))
    history = merge_pull(TABLES["raw_readings"].empty(), whole.rows, seen_at=SEEN, in_scope=whole.in_scope)
    near = bulk(tmp_path / "b", "cbsa:16980", 250, daily={2021: [{}, MILWAUKEE]}).pull(
        PullRequest(date(2021, 7, 1), date(2021, 7, 31))
    )
    spoken_for = history[near.in_scope(history)]
    assert states(spoken_for) == ["17", "55"]
    assert spoken_for["date_local"].unique().tolist() == [pd.Timestamp("2021-07-04")]
    merged = merge_pull(history, near.rows, seen_at=SEEN + pd.Timedelta(1, "D"), in_scope=near.in_scope)
    withdrawn = merged[merged["superseded_at"].notna()]
    assert withdrawn[["county_code", "date_local"]].to_numpy().tolist() == [["025", pd.Timestamp("2021-07-04")]]


def test_a_failed_pull_leaves_the_downloads_from_before(tmp_path: Path) -> None:
    source = bulk(tmp_path, "us", 0, daily={2021: [{}]})
    before = source.pull(PullRequest(*YEAR)).rows
    file = tmp_path / "mirror" / "daily_88101_2021.zip"
    whole = file.read_bytes()
    file.write_bytes(b"<html>Down for maintenance</html>")
    with pytest.raises(Exception, match="web page"):
        source.pull(PullRequest(*YEAR))
    assert (tmp_path / "downloads" / file.name).read_bytes() == whole
    file.write_bytes(whole)
    pd.testing.assert_frame_equal(source.pull(PullRequest(*YEAR)).rows, before)


@pytest.fixture
def client(server: FakeServer, session: requests.Session, tmp_path: Path) -> AqsClient:
    limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
    return AqsClient(server.url, email="a@b.c", key="sesame", limiter=limiter, session=session)


def test_the_api_is_asked_for_each_part_of_the_area_and_overlaps_count_once(
    client: AqsClient, server: FakeServer
) -> None:
    other = API_ROW | {"county_code": "099", "cbsa_code": None}
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_ROW])))
    server.will_send("/dailyData/byState", Reply(envelope([API_ROW, other])))
    server.will_send("/monitors/byCBSA", Reply(envelope([API_MONITOR])))
    server.will_send("/monitors/byState", Reply(envelope([API_MONITOR, API_MONITOR | {"poc": 2}])))
    source = AqsSource(client, Area.parse("cbsa:16980,state:17"), date(2022, 1, 1))
    pull = source.pull(PullRequest(*YEAR))
    assert pull.rows["county_code"].tolist() == ["031", "099"]
    history = merge_pull(TABLES["raw_readings"].empty(), pull.rows, seen_at=SEEN, in_scope=pull.in_scope)
    assert pull.in_scope(history).all()
    assert not pull.in_scope(history.assign(state_code="55", cbsa_code=None)).any()
    listed = TABLES["monitors"].schema.validate(source.monitors())
    assert listed["poc"].tolist() == [1, 2]
    assert not listed["is_context"].any()
    assert len(source.file_list()) == 0


def test_the_whole_country_is_asked_state_by_state(client: AqsClient, server: FakeServer) -> None:
    server.will_send("/dailyData/byState", Reply(envelope([], status="No data matched your selection")))
    assert len(AqsSource(client, Area.parse("us"), date(2022, 1, 1)).pull(PullRequest(*YEAR)).rows) == 0
    assert len(server.asked) == 55


def test_both_sources_say_whose_data_they_give(tmp_path: Path, client: AqsClient) -> None:
    sources: list[Source] = [bulk(tmp_path, "us", 0, daily={}), AqsSource(client, Area.parse("us"), date(2022, 1, 1))]
    assert [source.kind for source in sources] == ["airdata", "aqs"]


def test_the_genuine_chicago_year_holds_its_26_sites_and_their_surroundings(tmp_path: Path, real_data: Path) -> None:
    archive = AirDataArchive((real_data / "airdata").as_uri(), download_dir=tmp_path)
    source = AirDataSource(archive, Area.parse("cbsa:16980"), 800.0)
    pull = source.pull(PullRequest(date(2021, 7, 1), date(2021, 7, 31)))
    chicago = pull.rows[pull.rows["cbsa_code"] == "16980"]
    assert len(chicago.drop_duplicates(["state_code", "county_code", "site_number"])) == 26
    assert "08" not in states(pull.rows)
    assert pull.unknown_cbsa_names == {}
