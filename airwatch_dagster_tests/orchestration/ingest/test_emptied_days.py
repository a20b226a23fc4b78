"""A day without readings among days that have some is a loss; filters' days off, and the first days, are none."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.orchestration.ingest.emptied_days import emptied_days, unused_days
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders

LISTED = builders.monitors()
AROUND = {"site_id": "550790001", "state_code": "55", "county_code": "079", "site_number": "0001", "is_context": True}
AFTER_12_DAYS = "no reading, though 12 or more of the 14 days before the gap have some"


def days(first: str, count: int, *, every: int = 1) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, periods=count)][::every]


def readings(on: Iterable[str], **changes: object) -> pd.DataFrame:
    rows = [{"date_local": pd.Timestamp(day), **changes} for day in on]
    return builders.raw_readings(*rows) if rows else TABLES["raw_readings"].empty()


@pytest.fixture
def tables(tmp_path: Path) -> TableStorage:
    return TableStorage.open(str(tmp_path))


def store(tables: TableStorage, frame: pd.DataFrame) -> None:
    for day, rows in frame.groupby(frame["date_local"].dt.strftime("%Y-%m-%d")):
        tables.write("raw_readings", {str(day): rows})


def emptied(
    tables: TableStorage, partitions: Sequence[str], on: Iterable[str] = (), monitors: pd.DataFrame = LISTED
) -> dict[str, str]:
    return emptied_days(tables, readings(on), monitors, partitions=list(partitions))


def test_an_empty_day_after_two_weeks_of_readings_is_a_loss(tables: TableStorage) -> None:
    store(tables, readings(days("2021-06-17", 14)))

    assert emptied(tables, ["2021-07-01"]) == {"2021-07-01": AFTER_12_DAYS}
    assert emptied(tables, ["2021-07-01"], on=["2021-07-01"]) == {}


@pytest.mark.parametrize(("count", "is_lost"), [(12, True), (11, False)])
def test_two_of_the_days_before_may_be_empty_too(tables: TableStorage, count: int, is_lost: bool) -> None:
    store(tables, readings(days("2021-06-17", 14)[:count]))

    assert bool(emptied(tables, ["2021-07-01"])) is is_lost


@pytest.mark.parametrize(("number", "is_lost"), [(4, True), (31, True), (32, False)])
def test_every_day_of_a_gap_is_a_loss_until_it_is_an_outage_that_coverage_tells(
    tables: TableStorage, number: int, is_lost: bool
) -> None:
    gap = days("2021-07-01", number)
    store(tables, readings(days("2021-06-17", 14)))

    assert emptied(tables, gap[-1:]) == (dict.fromkeys(gap[-1:], AFTER_12_DAYS) if is_lost else {})


def test_a_gap_within_a_range_is_told_as_day_by_day(tables: TableStorage) -> None:
    run = days("2021-06-17", 60)

    lost = emptied(tables, run, on=run[:14] + run[54:])

    assert list(lost) == run[14:45]


def test_a_day_in_the_middle_of_a_run_is_found(tables: TableStorage) -> None:
    month = days("2021-06-01", 30)

    assert emptied(tables, month, on=[day for day in month if day != "2021-06-20"]) == {"2021-06-20": AFTER_12_DAYS}


def test_the_days_before_a_run_are_those_that_are_stored(tables: TableStorage) -> None:
    store(tables, readings(days("2021-06-21", 10)))
    july = days("2021-07-01", 10)

    lost = emptied(tables, july, on=[day for day in july if day not in ("2021-07-02", "2021-07-05")])
    assert lost == {"2021-07-05": AFTER_12_DAYS}


def test_a_withdrawn_day_is_a_loss(tables: TableStorage) -> None:
    store(tables, readings(days("2021-06-17", 14)))
    withdrawn = readings(["2021-07-01"], superseded_at=pd.Timestamp("2022-01-01"))

    assert emptied_days(tables, withdrawn, LISTED, partitions=["2021-07-01"]) == {"2021-07-01": AFTER_12_DAYS}


@pytest.mark.parametrize("every", [3, 6])
def test_an_area_of_filters_alone_has_days_off(tables: TableStorage, every: int) -> None:
    year = days("2021-01-01", 365)

    assert emptied(tables, year, on=year[::every]) == {}


def test_the_first_days_of_a_history_are_no_loss(tables: TableStorage) -> None:
    first = days("2021-07-01", 20)

    assert emptied(tables, first[:5], on=first[3:5], monitors=LISTED) == {}
    assert emptied(tables, first, on=first[8:]) == {}


def test_readings_around_the_area_do_not_hide_that_its_own_are_gone(tables: TableStorage) -> None:
    listed = builders.monitors({}, AROUND)
    around = {name: AROUND[name] for name in ("state_code", "county_code", "site_number")}
    store(tables, readings(days("2021-06-17", 14)))
    only_around = readings(["2021-07-01"], **around)

    assert emptied_days(tables, only_around, listed, partitions=["2021-07-01"]) == {"2021-07-01": AFTER_12_DAYS}
    without_list = TABLES["monitors"].empty()
    assert emptied_days(tables, only_around, without_list, partitions=["2021-07-01"]) == {}


def test_a_range_without_any_reading_is_a_loss_while_monitors_are_listed_as_operating(tables: TableStorage) -> None:
    week = days("2021-07-01", 7)

    assert emptied(tables, week) == dict.fromkeys(week, "no reading in 7 days, though 1 monitor is listed")
    assert emptied(tables, week[:5]) == {}
    closed = builders.monitors({"last_sample_date": pd.Timestamp("2021-06-30")})
    assert emptied(tables, week, monitors=closed) == {}
    not_open_yet = builders.monitors({"open_date": pd.Timestamp("2021-07-08")})
    assert emptied(tables, week, monitors=not_open_yet) == {}


def test_a_day_whose_rows_give_no_site_day_is_named_with_its_words() -> None:
    rows = readings(["2021-07-01", "2021-07-02"], sample_duration="1 HOUR", event_type=None)
    of_first = builders.site_days({"date_local": pd.Timestamp("2021-07-01")})

    expected = "none of 1 rows of 1 sites counts (170319001); durations 1 HOUR; events None"
    assert unused_days(rows, of_first) == {"2021-07-02": expected}
    assert unused_days(rows.assign(superseded_at=pd.Timestamp("2022-01-01")), of_first) == {}


def test_a_site_whose_readings_count_for_nothing_fails_its_day_though_other_sites_have_values() -> None:
    lost = readings(["2021-07-01"], site_number="0009", sample_duration="24 HR WEIRD")
    both = pd.concat([readings(["2021-07-01"]), lost], ignore_index=True)

    found = unused_days(both, builders.site_days({"date_local": pd.Timestamp("2021-07-01")}))

    assert list(found) == ["2021-07-01"]
    assert "170310009" in found["2021-07-01"]
    assert "24 HR WEIRD" in found["2021-07-01"]


def test_hours_of_an_incomplete_day_need_not_make_a_mean() -> None:
    hours = readings(["2021-07-01"], sample_duration="1 HOUR", observation_percent=46.0)

    assert unused_days(hours, TABLES["site_days"].empty()) == {}
    assert list(unused_days(hours.assign(observation_percent=75.0), TABLES["site_days"].empty())) == ["2021-07-01"]
