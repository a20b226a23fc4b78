from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.clean.monitor_days import monitor_days
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import API_ROW, envelope, mirror
from airwatch_dagster_tests.acquire.sources.histories import RAW, current, merged
from airwatch_dagster_tests.builders import RAW_ROW, table_of

YEAR = (date(2021, 1, 1), date(2021, 12, 31))
SEEN = pd.Timestamp("2021-11-01")
API_DAY = API_ROW | {"date_local": "2021-07-04"}


Open = Callable[..., AqsSource]


def changed_rows(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """A changed monitor-day as the API states it: a row for each form of each standard."""
    standards = [f"PM25 {form} {year}" for year in (2006, 2012, 1997, 2024) for form in ("24-hour", "Annual")]
    return [API_DAY | {"pollutant_standard": standard} | change for change in changes for standard in standards]


@pytest.fixture
def history(tmp_path: Path) -> pd.DataFrame:
    """Of the bulk file: two monitors of one site on two days, and an AirNow row of another site."""
    other = {"POC": "3", "Sample Duration": "24-HR BLK AVG", "Event Type": "Included"}
    daily = [{}, other, {"Date Local": "2021-07-05"}, other | {"Date Local": "2021-07-05"}]
    address = mirror(tmp_path / "mirror", daily={2021: daily}, monitors=[{}])
    bulk = AirDataSource(AirDataArchive(address, download_dir=tmp_path / "downloads"), Area.parse("cbsa:16980"), 0.0)
    return merged(RAW.empty(), bulk.pull(PullRequest(*YEAR)), SEEN)


def changed_pull(source: AqsSource, history: pd.DataFrame) -> Pull:
    return source.changes(PullRequest.of_year(2021, history=history), since=date(2021, 11, 1), until=date(2021, 11, 8))


def values(history: pd.DataFrame) -> list[tuple[int, int, float, str]]:
    days = monitor_days(history)
    return [(row.poc, row.date_local.day, row.pm25_ugm3, row.source) for row in days.itertuples()]


def test_a_changed_monitor_day_gets_the_apis_value_and_others_stay(
    source: Open, server: FakeServer, history: pd.DataFrame
) -> None:
    server.will_send("/dailyData/byCBSA", Reply(envelope(changed_rows({"arithmetic_mean": 5.5}))))
    pull = changed_pull(source(server.url, Area.parse("cbsa:16980")), history)
    after = merged(history, pull)
    assert values(history) == [
        (1, 4, 8.5, "airdata"),
        (1, 5, 8.5, "airdata"),
        (3, 4, 8.5, "airdata"),
        (3, 5, 8.5, "airdata"),
    ]
    assert values(after) == [(1, 4, 5.5, "aqs"), (1, 5, 8.5, "airdata"), (3, 4, 8.5, "airdata"), (3, 5, 8.5, "airdata")]
    superseded = after[after["superseded_at"].notna()]
    assert superseded[["poc", "arithmetic_mean", "source"]].to_numpy().tolist() == [[1, 8.5, "airdata"]]
    assert superseded["superseded_at"].tolist() == [pull.seen_at]


def test_an_identical_second_recheck_adds_nothing(source: Open, server: FakeServer, history: pd.DataFrame) -> None:
    server.will_send("/dailyData/byCBSA", Reply(envelope(changed_rows({"arithmetic_mean": 5.5}))))
    opened = source(server.url, Area.parse("cbsa:16980"))
    pull = changed_pull(opened, history)
    after = merged(history, pull)
    pd.testing.assert_frame_equal(merged(after, pull), after)
    assert len(server.requested) == 1
    later = changed_pull(opened, after.assign(first_seen_at=after["first_seen_at"] + pd.Timedelta("1us")))
    assert len(server.requested) == 2
    pd.testing.assert_frame_equal(merged(after, later), after)


def test_changes_are_requested_for_their_window_and_none_add_no_version(
    source: Open, server: FakeServer, history: pd.DataFrame
) -> None:
    server.will_send("/dailyData/byCBSA", Reply(envelope([])))
    pull = changed_pull(source(server.url, Area.parse("cbsa:16980")), history)
    (requested,) = server.requested
    for word in ("param=88101&", "bdate=20210101", "edate=20211231", "cbdate=20211101", "cedate=20211108"):
        assert word in requested
    assert len(pull.rows) == 0
    assert not pull.in_scope(history).any()
    pd.testing.assert_frame_equal(merged(history, pull), history)


def test_a_day_with_a_new_date_of_change_but_the_same_value_adds_nothing(
    source: Open, server: FakeServer, history: pd.DataFrame
) -> None:
    of_monitor_3 = {"poc": 3, "sample_duration": "24-HR BLK AVG", "event_type": "Events Included"}
    server.will_send("/dailyData/byCBSA", Reply(envelope(changed_rows({}, of_monitor_3 | {"arithmetic_mean": 9.5}))))
    pull = changed_pull(source(server.url, Area.parse("cbsa:16980")), history)
    assert pull.rows["poc"].unique().tolist() == [3]
    after = merged(history, pull)
    assert [(poc, day, value) for poc, day, value, _ in values(after)] == [
        (1, 4, 8.5), (1, 5, 8.5), (3, 4, 9.5), (3, 5, 8.5)
    ]  # fmt: skip


def test_a_full_year_recheck_recognises_a_record_that_moved_to_the_other_parameter(
    source: Open, server: FakeServer, history: pd.DataFrame
) -> None:
    other = {"parameter_code": "88502", "pollutant_standard": None}
    stays, moved, stranger = {"poc": 1}, {"poc": 3, **other}, {"poc": 9, **other}
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_DAY | change for change in (stays, moved, stranger)])))
    opened = source(server.url, Area.parse("cbsa:16980"))
    pull = opened.pull(PullRequest(*YEAR, history=history, is_recheck=True))
    assert "param=88101%2C88502" in server.requested[0]
    after = merged(history, pull)
    found = [(row.poc, row.parameter_code, row.date_local.day) for row in current(after).itertuples()]
    assert found == [(1, "88101", 4), (3, "88502", 4)]
    assert monitor_days(after, parameters=["88502"])["pm25_ugm3"].tolist() == [8.5]
    second = opened.pull(PullRequest(*YEAR, history=after, is_recheck=True))
    pd.testing.assert_frame_equal(merged(after, second), after)


def test_a_record_that_moved_back_leaves_the_other_parameter(source: Open, server: FakeServer) -> None:
    moved = {"parameter_code": "88502", "site_number": "0001", "pollutant_standard": None, "first_seen_at": SEEN}
    history = table_of("raw_readings", RAW_ROW, moved)
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_DAY])))
    after = merged(
        history, source(server.url, Area.parse("cbsa:16980")).pull(PullRequest(*YEAR, history=history, is_recheck=True))
    )
    assert current(after)["parameter_code"].tolist() == ["88101"]


def test_changes_outside_the_area_are_left_out(source: Open, server: FakeServer) -> None:
    elsewhere = changed_rows({"county_code": "001", "cbsa_code": "39500"}, {"county_code": "143", "cbsa_code": "37900"})
    server.will_send("/dailyData/byState", Reply(envelope(elsewhere)))
    pull = changed_pull(source(server.url, Area.parse("cbsa:37900,cbsa:40420")), RAW.empty())
    assert pull.rows["county_code"].unique().tolist() == ["143"]


def test_a_changed_days_value_supersedes_airnows_of_the_site(source: Open, server: FakeServer) -> None:
    provisional = table_of("raw_readings", RAW_ROW, {**AIRNOW, "site_number": "0001", "first_seen_at": SEEN})
    server.will_send("/dailyData/byCBSA", Reply(envelope(changed_rows({"poc": 3}))))
    after = merged(provisional, changed_pull(source(server.url, Area.parse("cbsa:16980")), provisional))
    assert values(after) == [(3, 4, 8.5, "aqs")]
    assert after.loc[after["source"] == "airnow", "superseded_at"].notna().all()


AIRNOW = {
    "source": "airnow", "poc": 0, "sample_duration": "24-HR BLK AVG", "pollutant_standard": None, "event_type": None,
    "date_of_last_change": pd.NaT,
}  # fmt: skip


@pytest.mark.slow
def test_airnows_row_survives_bulk_pulls_until_aqs_has_its_sites_day(tmp_path: Path) -> None:
    waiting = table_of(
        "raw_readings", RAW_ROW, AIRNOW | {"site_number": "0001", "first_seen_at": SEEN - pd.Timedelta("1D")}
    )

    def pulled(name: str, *daily: dict[str, str]) -> pd.DataFrame:
        address = mirror(tmp_path / name, daily={2021: daily}, monitors=[{}])
        archive = AirDataArchive(address, download_dir=tmp_path / "downloads" / name)
        return merged(waiting, AirDataSource(archive, Area.parse("cbsa:16980"), 0.0).pull(PullRequest(*YEAR)), SEEN)

    other_day, other_site = pulled("a", {"Date Local": "2021-07-05"}), pulled("b", {"Site Num": "0002"})
    assert current(other_day)["source"].tolist() == ["airnow", "airdata"]
    assert sorted(current(other_site)["source"]) == ["airdata", "airnow"]
    finalised = pulled("c", {"POC": "3"})
    assert current(finalised)["source"].tolist() == ["airdata"]
    assert finalised["source"].tolist() == ["airnow", "airdata"]


def test_a_whole_pull_of_the_api_supersedes_airnows_rows_of_published_days_only(
    source: Open, server: FakeServer
) -> None:
    later = {"date_local": pd.Timestamp("2021-07-05"), "site_number": "0001", "first_seen_at": SEEN}
    waiting = table_of(
        "raw_readings", RAW_ROW, AIRNOW | later, AIRNOW | later | {"date_local": pd.Timestamp("2021-07-04")}
    )
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_DAY])))
    after = merged(waiting, source(server.url, Area.parse("cbsa:16980")).pull(PullRequest(*YEAR, history=waiting)))
    assert [(row.source, row.date_local.day) for row in current(after).itertuples()] == [("airnow", 5), ("aqs", 4)]
