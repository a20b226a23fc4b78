"""AirData's files of two parameters: both read, kept apart, and one of them missing."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.http.mirrors import FolderMirror
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.errors import SourceRefused
from airwatch_dagster.orchestration.ingest.missing_files import missing_file_warnings
from airwatch_dagster_tests.acquire.published_samples import DAILY_ROW, csv_text, mirror, zipped
from airwatch_dagster_tests.acquire.sources.histories import RAW, current, merged

YEARS = (date(2020, 12, 31), date(2021, 12, 31))
SEEN, LATER = pd.Timestamp("2022-01-01"), pd.Timestamp("2022-02-01")
OWN = {2020: [{"Date Local": "2020-12-31"}], 2021: [{}]}
OTHER = {
    "Parameter Code": "88502",
    "Sample Duration": "24-HR BLK AVG",
    "Pollutant Standard": "",
    "Arithmetic Mean": "6.5",
    "Method Code": "731",
}
RURAL = OTHER | {"Site Num": "0099", "Local Site Name": "WOODLOT", "POC": "3"}
BOTH = ("88101", "88502")


def add_file(folder: Path, year: int, rows: Sequence[dict[str, str]], *, is_listed: bool = True) -> None:
    name = f"daily_88502_{year}.zip"
    (folder / name).write_bytes(zipped(csv_text([DAILY_ROW | row for row in rows]), f"daily_88502_{year}.csv"))
    if is_listed:
        with (folder / "file_list.csv").open("a") as listed:
            listed.write(f"{name},{len(rows)},1000,2021-12-09\n")


def bulk(tmp_path: Path, parameters: tuple[str, ...] = BOTH, *, with_2020: bool = True) -> AirDataSource:
    folder = tmp_path / "mirror"
    if not folder.exists():
        mirror(folder, daily=OWN, monitors=[{}])
        add_file(folder, 2021, [OTHER, RURAL])
        if with_2020:
            add_file(folder, 2020, [RURAL | {"Date Local": "2020-12-31"}])
    archive = AirDataArchive(folder.as_uri(), download_dir=tmp_path / "downloads")
    return AirDataSource(archive, Area.parse("cbsa:16980"), 0.0, parameters=parameters)


def shown(pull: Pull) -> list[tuple[str, str, str]]:
    return [(f"{row.date_local:%Y-%m-%d}", row.parameter_code, row.site_number) for row in pull.rows.itertuples()]


def test_both_parameters_are_read_and_a_poc_of_both_is_two_monitors(tmp_path: Path) -> None:
    pull = bulk(tmp_path).pull(PullRequest(*YEARS))
    assert sorted(shown(pull)) == [
        ("2020-12-31", "88101", "0001"),
        ("2020-12-31", "88502", "0099"),
        ("2021-07-04", "88101", "0001"),
        ("2021-07-04", "88502", "0001"),
        ("2021-07-04", "88502", "0099"),
    ]
    assert pull.counts["files"] == 4
    assert "missing_files" not in pull.counts


def test_the_list_is_not_asked_for_where_every_file_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(tmp_path / "mirror", daily=OWN, monitors=[{}, {"Parameter Code": "88502"}])
    for year, day in ((2020, "2020-12-31"), (2021, "2021-07-04")):
        add_file(tmp_path / "mirror", year, [RURAL | {"Date Local": day}])
    archive = AirDataArchive((tmp_path / "mirror").as_uri(), download_dir=tmp_path / "downloads", with_days=False)
    monkeypatch.delattr(AirDataArchive, "file_list")
    source = AirDataSource(archive, Area.parse("cbsa:16980"), 0.0, parameters=BOTH)
    assert source.pull(PullRequest(*YEARS)).counts["files"] == 4


def test_88101_alone_reads_its_files_only(tmp_path: Path) -> None:
    pull = bulk(tmp_path, ("88101",)).pull(PullRequest(*YEARS))
    assert {parameter for _, parameter, _ in shown(pull)} == {"88101"}
    assert pull.files == ("daily_88101_2020.zip", "daily_88101_2021.zip")


def test_stored_rows_of_a_parameter_that_is_not_read_are_not_withdrawn(tmp_path: Path) -> None:
    history = merged(RAW.empty(), bulk(tmp_path).pull(PullRequest(*YEARS)), SEEN)
    again = bulk(tmp_path, ("88101",)).pull(PullRequest(*YEARS, history=history))
    pd.testing.assert_frame_equal(merged(history, again, LATER), history)


def test_a_year_whose_file_the_mirror_never_had_is_read_without_it_and_the_file_is_named(tmp_path: Path) -> None:
    source = bulk(tmp_path, with_2020=False)
    pull = source.pull(PullRequest(*YEARS))
    assert {(day, parameter) for day, parameter, _ in shown(pull)} == {
        ("2020-12-31", "88101"), ("2021-07-04", "88101"), ("2021-07-04", "88502")
    }  # fmt: skip
    assert pull.counts["missing_files"] == "daily_88502_2020.zip"
    assert missing_file_warnings(pull, partitions=["2020-12-31", "2021-01-01"]) == {
        "2020-12-31": "the source has no daily_88502_2020.zip"
    }
    assert source.cost(*YEARS).missing_files == ("daily_88502_2020.zip",)
    assert source.cost(*YEARS).rows == 4


def test_what_is_stored_of_a_missing_file_from_another_source_stays(tmp_path: Path) -> None:
    source = bulk(tmp_path, with_2020=False)
    of_api = merged(RAW.empty(), bulk(tmp_path / "other").pull(PullRequest(*YEARS)), SEEN).assign(source="aqs")
    pull = source.pull(PullRequest(*YEARS, history=of_api))
    kept = current(merged(of_api, pull, LATER))
    assert len(kept) == len(of_api)


def test_a_mirror_that_lost_a_file_is_refused_while_the_copy_is_known(tmp_path: Path) -> None:
    source = bulk(tmp_path)
    source.pull(PullRequest(*YEARS))
    _lose(tmp_path)
    with pytest.raises(SourceRefused, match=r"no daily PM2\.5 file of parameter 88502 for 2020; years on offer: 2021"):
        bulk(tmp_path).pull(PullRequest(*YEARS))


def test_a_mirror_that_lost_a_file_is_refused_while_its_rows_are_stored(tmp_path: Path) -> None:
    history = merged(RAW.empty(), bulk(tmp_path).pull(PullRequest(*YEARS)), SEEN)
    _lose(tmp_path)
    for cached in (tmp_path / "downloads").iterdir():
        cached.unlink()
    with pytest.raises(SourceRefused, match="88502 for 2020"):
        bulk(tmp_path).pull(PullRequest(*YEARS, history=history))


def test_a_listed_file_that_a_server_lacks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = bulk(tmp_path)
    monkeypatch.setattr(FolderMirror, "is_remote", True)
    (tmp_path / "mirror" / "daily_88502_2020.zip").unlink()
    with pytest.raises(SourceRefused, match="88502 for 2020"):
        source.pull(PullRequest(*YEARS))


def test_a_folder_with_the_whole_list_and_some_of_the_files_is_read_without_the_others(tmp_path: Path) -> None:
    source = bulk(tmp_path)
    (tmp_path / "mirror" / "daily_88502_2020.zip").unlink()
    assert source.pull(PullRequest(*YEARS)).missing_files == {"daily_88502_2020.zip": 2020}
    assert bulk(tmp_path).monitors().monitors["parameter_code"].tolist() == ["88101", "88502", "88502"]


def test_a_file_without_a_list_is_read(tmp_path: Path) -> None:
    source = bulk(tmp_path)
    (tmp_path / "mirror" / "file_list.csv").unlink()
    assert len(source.pull(PullRequest(*YEARS)).rows) == 5


def test_monitors_that_the_list_leaves_out_come_from_the_files(tmp_path: Path) -> None:
    monitors = bulk(tmp_path).monitors().monitors
    columns = ["site_id", "parameter_code", "poc", "site_name", "method_code", "is_primary", "is_context"]
    assert monitors[columns].values.tolist() == [
        ["170310001", "88101", 1, "VILLAGE GARAGE", "145", True, False],
        ["170310001", "88502", 1, "VILLAGE GARAGE", "731", False, False],
        ["170310099", "88502", 3, "WOODLOT", "731", False, False],
    ]
    rural = monitors.iloc[2]
    assert (f"{rural['open_date']:%Y-%m-%d}", f"{rural['last_sample_date']:%Y-%m-%d}") == ("2020-01-01", "2021-07-04")


def test_the_list_of_sites_gives_names_and_places_that_the_rows_lack(tmp_path: Path) -> None:
    source = bulk(tmp_path)
    nowhere = RURAL | {"Latitude": "0.0", "Longitude": "0.0", "Local Site Name": ""}
    for year, day in ((2020, "2020-12-31"), (2021, "2021-07-04")):
        add_file(tmp_path / "mirror", year, [nowhere | {"Date Local": day}], is_listed=False)
    site = {
        "State Code": "17", "County Code": "031", "Site Number": "0099", "Latitude": "41.8", "Longitude": "-87.9",
        "Local Site Name": "EDGE OF TOWN", "CBSA Name": "Chicago-Naperville-Elgin, IL-IN-WI",
    }  # fmt: skip
    (tmp_path / "mirror" / "aqs_sites.zip").write_bytes(zipped(csv_text([site]), "aqs_sites.csv"))
    monitors = source.monitors().monitors
    rural = monitors[monitors["site_id"] == "170310099"]
    assert rural[["site_name", "latitude", "longitude"]].values.tolist() == [["EDGE OF TOWN", 41.8, -87.9]]
    rows = bulk(tmp_path).pull(PullRequest(*YEARS)).rows
    assert rows.loc[rows["site_number"] == "0099", "latitude"].tolist() == [41.8, 41.8]


def test_a_list_with_both_parameters_is_taken_as_it_is(tmp_path: Path) -> None:
    source = bulk(tmp_path)
    listed = [{}, {"Parameter Code": "88502", "POC": "7", "Last Method Code": "707", "NAAQS Primary Monitor": ""}]
    mirror(tmp_path / "mirror", daily=OWN, monitors=listed)
    monitors = source.monitors().monitors
    assert monitors[["parameter_code", "poc"]].values.tolist() == [["88101", 1], ["88502", 7]]
    assert bulk(tmp_path, ("88101",)).monitors().monitors["parameter_code"].tolist() == ["88101"]


def test_a_site_of_88502_alone_is_an_area_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    denver = {"State Code": "08", "Latitude": "39.75", "Longitude": "-104.99", "CBSA Name": ""}
    mirror(folder, daily={2021: [denver]}, monitors=[denver])
    add_file(folder, 2021, [RURAL])
    archive = AirDataArchive(folder.as_uri(), download_dir=tmp_path / "downloads")
    source = AirDataSource(archive, Area.parse("state:17"), 100.0, parameters=BOTH)
    days = (date(2021, 1, 1), date(2021, 12, 31))
    assert shown(source.pull(PullRequest(*days))) == [("2021-07-04", "88502", "0099")]
    assert source.monitors().monitors["site_id"].tolist() == ["170310099"]


def _lose(tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    (folder / "daily_88502_2020.zip").unlink()
    listed = (folder / "file_list.csv").read_text().splitlines()
    (folder / "file_list.csv").write_text("\n".join([*(line for line in listed if "88502_2020" not in line), ""]))
