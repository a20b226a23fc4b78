"""What was read of AirData's files is kept as long as they do not change, and means the same as reading them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata import files, kept_days
from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airdata.kept import Kept, KeptReads
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster_tests.acquire.published_samples import DAILY_ROW, csv_text, mirror, zipped

DAY = date(2021, 7, 4)
OTHER_SITE = {"Site Num": "0002", "Latitude": "-41.670992", "Method Code": "", "Event Type": "Included"}
OTHER_DAY = {"Date Local": "2021-07-05", "AQI": "many"}
WISCONSIN = {"State Code": "55", "County Code": "079", "Latitude": "43.06", "Longitude": "-87.91", "CBSA Name": ""}
OTHER_PARAMETER = {"Parameter Code": "88502", "Sample Duration": "24-HR BLK AVG", "Method Code": "731", "POC": "3"}
NEXT_DAY = {"Date Local": "2021-07-05", "POC": "4"}
ROWS = [{}, OTHER_SITE, OTHER_DAY, NEXT_DAY, WISCONSIN, {"CBSA Name": "Atlantis, XX", "County Code": "999", "POC": "2"}]
PLACED = [{}, {"Site Number": "0002"}, WISCONSIN]


def publish(tmp_path: Path, rows: Sequence[dict[str, str]] = ROWS, monitors: Sequence[dict] = PLACED) -> None:
    mirror(tmp_path / "mirror", daily={2021: list(rows)}, monitors=list(monitors))
    text = csv_text([DAILY_ROW | OTHER_PARAMETER])
    (tmp_path / "mirror" / "daily_88502_2021.zip").write_bytes(zipped(text, "daily_88502_2021.csv"))
    with (tmp_path / "mirror" / "file_list.csv").open("a") as listed:
        listed.write("daily_88502_2021.zip,1,1000,2021-12-09\n")


def source(tmp_path: Path, *, is_kept: bool = True) -> AirDataSource:
    archive = AirDataArchive((tmp_path / "mirror").as_uri(), download_dir=tmp_path / "downloads")
    both = AirDataSource(archive, Area.parse("state:17"), 200.0, parameters=("88101", "88502"))
    return replace(both, kept=KeptReads(tmp_path / "read")) if is_kept else both


def assert_same(one: Pull, other: Pull) -> None:
    pd.testing.assert_frame_equal(one.rows, other.rows)
    pd.testing.assert_frame_equal(one.rejected, other.rejected)
    said = ("unknown_cbsa_names", "counts", "files", "last_published_day", "missing_files")
    assert [getattr(one, name) for name in said] == [getattr(other, name) for name in said]
    history = other.rows.assign(first_seen_at=pd.Timestamp("2022-01-01"), superseded_at=pd.NaT)
    assert one.in_scope(history).tolist() == other.in_scope(history).tolist()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read as text."""
    found: list[str] = []
    read_text = files.read_text

    def noted(path: Path, layout: files.Layout) -> object:
        found.append(path.name)
        return read_text(path, layout)

    monkeypatch.setattr(files, "read_text", noted)
    monkeypatch.setattr("airwatch_dagster.acquire.airdata.unlisted.read_text", noted)
    return found


@pytest.mark.parametrize("day", [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)])
def test_a_day_is_the_same_from_the_file_and_from_what_was_kept(tmp_path: Path, day: date, reads: list[str]) -> None:
    publish(tmp_path)
    expected = source(tmp_path, is_kept=False).pull(PullRequest(day, day))
    source(tmp_path).pull(PullRequest(DAY, DAY + timedelta(days=5)))
    reads.clear()
    assert_same(source(tmp_path).pull(PullRequest(day, day)), expected)
    assert reads == []


def test_monitors_are_the_same_from_what_was_kept(tmp_path: Path, reads: list[str]) -> None:
    publish(tmp_path, monitors=[*PLACED, {"Site Number": "0007", "Latitude": "", "Longitude": ""}])
    expected, _ = source(tmp_path, is_kept=False).monitors(), source(tmp_path).monitors()
    reads.clear()
    listed = source(tmp_path).monitors()
    pd.testing.assert_frame_equal(listed.monitors, expected.monitors)
    pd.testing.assert_frame_equal(listed.rejected, expected.rejected)
    assert (listed.foreign_rows, reads, len(listed.rejected)) == (expected.foreign_rows, [], 1)


def test_a_changed_file_is_read_again_and_replaces_what_was_kept(tmp_path: Path) -> None:
    publish(tmp_path)
    source(tmp_path).pull(PullRequest(DAY, DAY))
    publish(tmp_path, [{"Arithmetic Mean": "9.5"}])
    assert source(tmp_path).pull(PullRequest(DAY, DAY)).rows["arithmetic_mean"].tolist() == [9.5, 8.5]
    assert len(list((tmp_path / "read" / "daily_88101_2021.zip").iterdir())) == 1


def test_a_changed_monitor_list_counts_at_once(tmp_path: Path) -> None:
    publish(tmp_path)
    source(tmp_path).pull(PullRequest(DAY, DAY))
    publish(tmp_path, monitors=[PLACED[0] | {"Latitude": "39.5"}, *PLACED[1:]])
    assert_same(
        source(tmp_path).pull(PullRequest(DAY, DAY)), source(tmp_path, is_kept=False).pull(PullRequest(DAY, DAY))
    )


def test_other_code_reads_again(tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path)
    source(tmp_path).pull(PullRequest(DAY, DAY))
    reads.clear()
    monkeypatch.setattr("airwatch_dagster.acquire.airdata.kept._digest_of_readers", lambda: "newer")
    source(tmp_path).pull(PullRequest(DAY, DAY))
    assert "daily_88101_2021.zip" in reads


def test_a_file_with_a_line_that_cannot_be_placed_is_not_kept(tmp_path: Path) -> None:
    publish(tmp_path, [{}, {"Date Local": "2012-07-04"}])
    first, second = (source(tmp_path).pull(PullRequest(DAY, DAY)) for _ in range(2))
    assert len(second.rejected) == 1
    assert_same(first, second)
    assert not (tmp_path / "read" / "daily_88101_2021.zip").exists()


def test_a_run_that_fills_history_keeps_no_readings(tmp_path: Path) -> None:
    publish(tmp_path)
    source(tmp_path).pull(PullRequest(DAY, DAY + timedelta(days=kept_days.MAX_DAYS)))
    assert not (tmp_path / "read" / "daily_88101_2021.zip").exists()


def test_damaged_bytes_are_made_again(tmp_path: Path) -> None:
    publish(tmp_path)
    expected = source(tmp_path).pull(PullRequest(DAY, DAY))
    for path in (tmp_path / "read").rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:-40])
    assert_same(source(tmp_path).pull(PullRequest(DAY, DAY)), expected)


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    kept = KeptReads(tmp_path)
    kept.keep("name", ["state"], Kept(pd.DataFrame({"value": ["".join(map(str, range(99)))]}), {"number": 1}))
    (path,) = tmp_path.rglob("*.parquet")
    content = bytearray(path.read_bytes())
    content[content.index(b"404142")] ^= 1
    path.write_bytes(bytes(content))
    assert kept.find("name", ["state"]) is None
    assert kept.find("name", ["other state"]) is None
