from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.equivalence import replaced_rows
from airwatch_dagster.acquire.pulls import PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import ConfigurationError, SourceRefused
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.published_samples import mirror

YEAR = (date(2021, 1, 1), date(2021, 12, 31))
SEEN = pd.Timestamp("2022-01-01")

MILWAUKEE = {
    "State Code": "55", "County Code": "079", "Latitude": "43.06", "Longitude": "-87.91",
    "CBSA Name": "Milwaukee-Waukesha-West Allis, WI",
}  # fmt: skip
MADISON = {"State Code": "55", "County Code": "025", "Latitude": "43.10", "Longitude": "-89.36", "CBSA Name": ""}
RENAMED = {"County Code": "999", "CBSA Name": "Atlantis, XX"}
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
def test_a_pull_contains_the_area_and_the_sites_near_it(
    tmp_path: Path, area: str, context_km: float, expected: list[str]
) -> None:
    source = bulk(tmp_path, area, context_km, daily={2021: [{}, MILWAUKEE, DENVER]})
    pull = source.pull(PullRequest(*YEAR))
    assert states(pull.rows) == expected
    assert pull.rows["source"].unique().tolist() == ["airdata"]


def test_context_is_measured_from_listed_sites_without_rows_too(tmp_path: Path) -> None:
    source = bulk(tmp_path, "cbsa:16980", 200, daily={2021: [MILWAUKEE, DENVER]})
    assert states(source.pull(PullRequest(*YEAR)).rows) == ["55"]


def test_context_is_measured_from_sites_missing_in_the_monitor_list_too(tmp_path: Path) -> None:
    source = bulk(tmp_path, "cbsa:16980", 200, daily={2021: [{}, MILWAUKEE, DENVER]}, monitors=[DENVER])
    assert states(source.pull(PullRequest(*YEAR)).rows) == ["17", "55"]


def test_days_of_several_years_come_from_several_files(tmp_path: Path) -> None:
    files = {2020: [{"Date Local": "2020-12-31"}, {"Date Local": "2020-12-30"}], 2021: [{"Date Local": "2021-01-01"}]}
    pull = bulk(tmp_path, "us", 0, daily=files).pull(PullRequest(date(2020, 12, 31), date(2021, 1, 1)))
    assert pull.rows["date_local"].dt.strftime("%Y-%m-%d").tolist() == ["2020-12-31", "2021-01-01"]


def test_a_year_without_a_file_is_refused_naming_the_available_years(tmp_path: Path) -> None:
    source = bulk(tmp_path, "us", 0, daily={2020: [{}], 2021: [{}]})
    with pytest.raises(SourceRefused, match=r"no daily PM2\.5 file for 2019; years on offer: 2020, 2021") as raised:
        source.pull(PullRequest(date(2019, 1, 1), date(2020, 1, 1)))
    assert not raised.value.retry_helps


def test_an_area_without_a_monitor_is_refused_naming_unknown_areas_of_the_files(tmp_path: Path) -> None:
    source = bulk(tmp_path, "cbsa:16980", 800, daily={2021: [RENAMED]}, monitors=[DENVER])
    with pytest.raises(ConfigurationError, match=r"no PM2.5 monitor in cbsa:16980; .*Atlantis, XX"):
        source.pull(PullRequest(*YEAR))
    with pytest.raises(ConfigurationError, match=r"no PM2.5 monitor in cbsa:16980"):
        source.monitors()


def test_unknown_statistical_areas_are_counted_over_all_years(tmp_path: Path) -> None:
    renamed = RENAMED
    leap_year = {"Date Local": "2020-07-04"}
    files = {2020: [leap_year, renamed | leap_year], 2021: [{}, renamed, renamed | {"POC": "3"}]}
    assert bulk(tmp_path, "us", 0, daily=files).pull(
        PullRequest(date(2020, 1, 1), date(2021, 1, 1))
    ).unknown_cbsa_names == {"Atlantis, XX": 3}


def test_an_area_keeps_its_sites_when_its_name_changes(tmp_path: Path) -> None:
    named = {"CBSA Name": "Chicago-Naperville-Elgin, IL-IN"}
    source = bulk(tmp_path, "cbsa:16980", 0, daily={2021: [named, MILWAUKEE]}, monitors=[named, MILWAUKEE])
    assert states(source.pull(PullRequest(*YEAR)).rows) == ["17"]
    assert source.monitors().monitors["cbsa_code"].tolist() == ["16980"]


def test_a_site_at_0_0_is_where_the_list_has_it_and_no_anchor_of_the_surroundings(tmp_path: Path) -> None:
    nowhere = {"Latitude": "0.0", "Longitude": "0.0"}
    arizona = {"Latitude": "33.4", "Longitude": "-112.1"}
    phoenix = arizona | {"State Code": "04", "County Code": "013", "CBSA Name": "Phoenix-Mesa-Scottsdale, AZ"}
    daily = [nowhere, arizona | {"POC": "2"}, MILWAUKEE, phoenix]
    pull = bulk(tmp_path, "cbsa:16980", 200, daily={2021: daily}).pull(PullRequest(*YEAR))
    assert states(pull.rows) == ["17", "55"]
    assert pull.rows.loc[pull.rows["state_code"] == "17", "latitude"].tolist() == [41.670992, 41.670992]
    assert pull.counts == {"files": 1, "repaired_positions": 2, "left_out_foreign_rows": 0}


def test_sites_abroad_belong_neither_to_the_country_nor_to_the_surroundings(tmp_path: Path) -> None:
    mexicali = {"State Code": "80", "County Code": "002", "Latitude": "32.63", "Longitude": "-115.45", "CBSA Name": ""}
    yuma = {"State Code": "04", "County Code": "027", "Latitude": "32.69", "Longitude": "-114.61", "CBSA Name": ""}
    source = bulk(tmp_path, "us", 0, daily={2021: [{}, mexicali, yuma]}, monitors=[{}, mexicali, yuma])
    pull = source.pull(PullRequest(*YEAR))
    assert states(pull.rows) == ["04", "17"]
    assert pull.counts["left_out_foreign_rows"] == 1
    assert states(source.monitors().monitors) == ["04", "17"]
    assert source.monitors().foreign_rows == 1
    near = bulk(tmp_path, "state:04", 500, daily={2021: [{}, mexicali, yuma]}, monitors=[yuma, mexicali])
    assert states(near.pull(PullRequest(*YEAR)).rows) == ["04"]


def test_monitors_around_the_area_are_context(tmp_path: Path) -> None:
    source = bulk(tmp_path, "cbsa:16980", 250, daily={2021: [{}]}, monitors=[{}, MILWAUKEE, MADISON, DENVER])
    listed = source.monitors().monitors
    TABLES["monitors"].schema.validate(listed)
    assert dict(zip(listed["site_id"], listed["is_context"], strict=True)) == {
        "170310001": False, "550250001": True, "550790001": True
    }  # fmt: skip


def test_the_scope_of_a_pull_is_exactly_the_rows_it_would_contain(tmp_path: Path) -> None:
    everyone = [{}, MILWAUKEE, MADISON, DENVER]
    everyone += [row | {"Date Local": "2021-08-01"} for row in everyone]
    whole = bulk(tmp_path / "a", "us", 0, daily={2021: everyone}).pull(PullRequest(*YEAR))
    history = merge_pull(TABLES["raw_readings"].empty(), whole.rows, seen_at=SEEN, in_scope=whole.in_scope)
    near = bulk(tmp_path / "b", "cbsa:16980", 250, daily={2021: [{}, MILWAUKEE]}).pull(
        PullRequest(date(2021, 7, 1), date(2021, 7, 31))
    )
    in_scope_of = history[near.in_scope(history)]
    assert states(in_scope_of) == ["17", "55"]
    assert in_scope_of["date_local"].unique().tolist() == [pd.Timestamp("2021-07-04")]
    merged = merge_pull(history, near.rows, seen_at=SEEN + pd.Timedelta(1, "D"), in_scope=near.in_scope)
    withdrawn = merged[merged["superseded_at"].notna()]
    assert withdrawn[["county_code", "date_local"]].to_numpy().tolist() == [["025", pd.Timestamp("2021-07-04")]]


def test_a_failed_pull_leaves_the_cached_downloads(tmp_path: Path) -> None:
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


@pytest.mark.slow
def test_the_recorded_chicago_year_contains_its_26_sites_and_their_surroundings(
    tmp_path: Path, real_data: Path
) -> None:
    archive = AirDataArchive((real_data / "airdata").as_uri(), download_dir=tmp_path)
    source = AirDataSource(archive, Area.parse("cbsa:16980"), 800.0)
    pull = source.pull(PullRequest(date(2021, 7, 1), date(2021, 7, 31)))
    chicago = pull.rows[pull.rows["cbsa_code"] == "16980"]
    assert len(chicago.drop_duplicates(["state_code", "county_code", "site_number"])) == 26
    assert "08" not in states(pull.rows)
    assert pull.unknown_cbsa_names == {}


def test_the_kind_of_the_source_is_airdata(tmp_path: Path) -> None:
    source = bulk(tmp_path, "us", 0, daily={})
    assert source.kind == "airdata"


def test_a_pull_names_its_files_and_the_lines_that_it_set_aside(tmp_path: Path) -> None:
    files = {
        2020: [{"Date Local": "2020-12-30"}, {"Date Local": "2020-12-31", "Arithmetic Mean": "-999"}],
        2021: [{"Date Local": "2021-01-01"}, DENVER | {"Date Local": "2021-01-01", "1st Max Hour": "24"}],
    }
    chicago = bulk(tmp_path, "cbsa:16980", 0, daily=files)
    pull = chicago.pull(PullRequest(date(2020, 12, 30), date(2021, 1, 1)))

    assert pull.files == ("daily_88101_2020.zip", "daily_88101_2021.zip")
    assert pull.rejected[["file", "line_number", "site_id"]].values.tolist() == [
        ["daily_88101_2020.zip", 3, "170310001"]
    ]
    assert len(pull.rows) == 2


def test_a_site_whose_rows_have_no_location_does_not_hide_the_surroundings(tmp_path: Path) -> None:
    nowhere = {"Site Num": "0009", "Latitude": "999"}
    source = bulk(tmp_path, "cbsa:16980", 200, daily={2021: [nowhere, {}, MILWAUKEE, DENVER]})
    pull = source.pull(PullRequest(*YEAR))

    assert states(pull.rows) == ["17", "55"]
    assert pull.rejected["site_id"].tolist() == ["170310009"]


def test_an_impossible_monitor_is_left_out_of_the_list_and_shown(tmp_path: Path) -> None:
    source = bulk(tmp_path, "us", 0, daily={2021: [{}]}, monitors=[{}, DENVER | {"Latitude": "999"}])
    listed = source.monitors()

    assert listed.monitors["site_id"].tolist() == ["170310001"]
    assert listed.rejected[["file", "line_number", "column_name"]].values.tolist() == [
        ["aqs_monitors.zip", 3, "Latitude"]
    ]


def test_a_year_with_a_bad_line_withdraws_nothing_that_the_line_may_be_about(tmp_path: Path) -> None:
    good = [{"Date Local": f"2021-07-0{day}"} for day in (1, 2, 3)]
    whole = bulk(tmp_path / "a", "us", 0, daily={2021: good}).pull(PullRequest(*YEAR))
    history = merge_pull(TABLES["raw_readings"].empty(), whole.rows, seen_at=SEEN, in_scope=whole.in_scope)

    bad = [good[0], good[1] | {"Arithmetic Mean": "-999"}]
    pull = bulk(tmp_path / "b", "us", 0, daily={2021: bad}).pull(PullRequest(*YEAR))
    merged = merge_pull(history, pull.rows, seen_at=SEEN + pd.Timedelta(1, "D"), in_scope=replaced_rows(history, pull))

    assert merged["superseded_at"].isna().tolist() == [True, True, False]
