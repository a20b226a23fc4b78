"""A broken line of AirNow costs itself; a lost line of the area's own site is an error."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.equivalence import replaced_rows
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.live import LiveSource
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import BadPayload, SourceUnavailable
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.airnow.samples import CHICAGO, changed
from airwatch_dagster_tests.acquire.published_samples import DAILY_ROW, MONITOR_ROW, csv_text, zipped

TODAY = date(2023, 1, 20)
SEEN, SEEN_AGAIN = pd.Timestamp("2023-01-20"), pd.Timestamp("2023-01-21")
DAY = date(2023, 1, 9)
NORTHBROOK = changed("170310001", "170314201", changed("|8.1|", "|7.3|", CHICAGO))
FOREIGN = changed("Pu", "Pu|", "01/09/23|CHN000099|Pudong|PM2.5-24hr|UG/M3|35.0|24|Shanghai|140|0|31.2|121.5|156CHN99")


def source(folder: Path, *lines: str, **settings: bool) -> LiveSource:
    """Two listed sites in Chicago, AirData's file of 2022, and AirNow's file of 9 January 2023 with these lines."""
    airdata, airnow = folder / "mirror", folder / "airnow" / f"{DAY:%Y}" / f"{DAY:%Y%m%d}"
    airdata.mkdir(parents=True, exist_ok=True)
    airnow.mkdir(parents=True, exist_ok=True)
    monitors = [MONITOR_ROW | {"Site Number": number} for number in ("0001", "4201")]
    (airdata / "aqs_monitors.zip").write_bytes(zipped(csv_text(monitors, list(MONITOR_ROW))))
    (airdata / "daily_88101_2022.zip").write_bytes(
        zipped(csv_text([DAILY_ROW | {"Date Local": "2022-07-04"}], list(DAILY_ROW)))
    )
    (airdata / "file_list.csv").write_text("filename,rows,size,as_of\ndaily_88101_2022.zip,1,1,2022-12-01\n")
    (airnow / "daily_data_v2.dat").write_text("\n".join(lines))
    archive = AirDataArchive(f"file://{airdata}", download_dir=folder / "downloads")
    archives = AirNowArchive(f"file://{folder / 'airnow'}", download_dir=folder / "downloads" / "airnow")
    bulk = AirDataSource(archive, Area.parse("cbsa:16980"), 0.0)
    return LiveSource(bulk, archives, TODAY, **settings)


def pulled(folder: Path, *lines: str, **settings: bool) -> Pull:
    return source(folder, *lines, **settings).pull(PullRequest(DAY, DAY))


def test_a_broken_line_of_another_country_costs_nothing_and_is_shown(tmp_path: Path) -> None:
    pull = pulled(tmp_path, CHICAGO, NORTHBROOK, FOREIGN, "01/09/23|000080402|PA|OZONE-8HR|PPB|31|8|Saskatchewan")

    assert pull.rows["site_number"].tolist() == ["0001", "4201"]
    assert pull.rejected[["line_number", "is_repaired"]].to_numpy().tolist() == [[3, True], [4, False]]
    assert pull.counts["airnow_lines"] == 3
    assert pull.counts["airnow_foreign_sites"] == 1


LOST = "01/09/23|170314201|NORTHBROOK|PM2.5-24hr|UG/"


def test_a_lost_line_of_a_site_of_the_area_is_an_error_naming_it_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadPayload) as raised:
        pulled(tmp_path, CHICAGO, LOST, FOREIGN)

    text = str(raised.value)
    assert "daily_data_v2.dat of 2023-01-09: line 2, of the area's site 170314201" in text
    assert "AIRWATCH_ACCEPT_LOST_LINES=true" in text
    assert LOST in text


def test_the_day_can_be_read_without_the_lost_line(tmp_path: Path) -> None:
    pull = pulled(tmp_path, CHICAGO, LOST, accept_lost_lines=True)

    assert pull.rows["site_number"].tolist() == ["0001"]
    assert pull.rejected["site_id"].tolist() == ["170314201"]


def test_a_broken_line_beside_a_good_one_of_the_same_site_is_no_loss(tmp_path: Path) -> None:
    assert pulled(tmp_path, CHICAGO, NORTHBROOK, LOST).rows["site_number"].tolist() == ["0001", "4201"]


def test_what_a_lost_line_may_be_about_is_not_withdrawn(tmp_path: Path) -> None:
    stored = pulled(tmp_path / "before", CHICAGO, NORTHBROOK).rows.assign(
        first_seen_at=pd.Timestamp("2023-01-10"), superseded_at=pd.NaT
    )
    pull = pulled(tmp_path / "after", CHICAGO, LOST, accept_lost_lines=True)

    assert pull.in_scope(stored).tolist() == [True, True]
    assert replaced_rows(stored, pull).tolist() == [True, False]


def test_a_final_row_that_stays_for_a_bad_line_is_not_joined_by_airnows(tmp_path: Path) -> None:
    def published(folder: Path, mean: str) -> LiveSource:
        live = source(folder, CHICAGO, NORTHBROOK)
        day = {"Date Local": f"{DAY}"}
        rows = [DAILY_ROW | day | {"Arithmetic Mean": mean}, DAILY_ROW | day | {"Site Num": "4201"}]
        (folder / "mirror" / "daily_88101_2023.zip").write_bytes(zipped(csv_text(rows)))
        return live

    before = published(tmp_path / "before", "8.5").pull(PullRequest(DAY, DAY))
    history = merge_pull(TABLES["raw_readings"].empty(), before.rows, seen_at=SEEN, in_scope=before.in_scope)
    assert history["source"].tolist() == ["airdata", "airdata"]

    after = published(tmp_path / "after", "-999").pull(PullRequest(DAY, DAY, history))
    merged = merge_pull(history, after.rows, seen_at=SEEN_AGAIN, in_scope=replaced_rows(history, after))

    assert after.rejected["site_id"].tolist() == ["170310001"]
    pd.testing.assert_frame_equal(merged, history)


def test_a_site_at_null_island_is_where_the_monitor_list_has_it(tmp_path: Path) -> None:
    pull = pulled(tmp_path, changed("41.670992|-87.732457", "0.000000|0.000000", CHICAGO), NORTHBROOK)

    assert pull.rows["latitude"].round(4).tolist() == [41.671, 41.671]


@pytest.mark.parametrize("days_ago", [1, 11])
def test_pm25_under_an_unknown_name_is_an_error_however_old_the_day(tmp_path: Path, days_ago: int) -> None:
    renamed = changed("PM2.5-24hr", "PM2.5 mean 24", CHICAGO)
    live = source(tmp_path, renamed)
    today = DAY + timedelta(days=days_ago)

    with pytest.raises(BadPayload, match=r"'PM2\.5 mean 24'"):
        LiveSource(live.bulk, live.airnow, today).pull(PullRequest(DAY, DAY))


def test_a_day_that_has_no_line_yet_can_still_come(tmp_path: Path) -> None:
    live = source(tmp_path, changed("01/09/23", "01/08/23", CHICAGO))

    with pytest.raises(SourceUnavailable, match="no data of 2023-01-09 yet"):
        LiveSource(live.bulk, live.airnow, DAY + timedelta(days=1)).pull(PullRequest(DAY, DAY))
