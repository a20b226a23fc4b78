"""What is due: what the schedules should have built by now, and nothing before."""

from datetime import UTC, date, datetime, timedelta

import pytest

from airwatch_dagster.commands.inspect.stored_tables import StoredTable
from airwatch_dagster.commands.status.due import Due, due_partitions
from airwatch_dagster.orchestration.automation.jobs import CLOSE_TABLES, DAILY_TABLES, OPEN_TABLES
from airwatch_dagster.orchestration.freshness.expected import Moment

MORNING = datetime(2021, 6, 11, 12, 0, tzinfo=UTC)
EVENING = datetime(2021, 6, 11, 20, 0, tzinfo=UTC)
RECENTLY = datetime(2021, 6, 11, 11, 0, tzinfo=UTC)


def moment(now: datetime, source: str = "live", *, is_rehearsal: bool = False) -> Moment:
    return Moment(now=now, today=now.date(), source=source, is_rehearsal=is_rehearsal)


def table(name: str, newest: str, *, oldest: str = "2021-01-01", missing: int = 0) -> StoredTable:
    return StoredTable(name, 10, newest, 0, RECENTLY, oldest[: len(newest)], missing)


def stored(day: str, closed: str, opened: str, **others: StoredTable) -> list[StoredTable]:
    """Every table that schedules build, up to a day and months; ``others`` replace single ones."""
    found = {name: table(name, day) for name in DAILY_TABLES}
    found |= {name: table(name, closed) for name in CLOSE_TABLES}
    found |= {name: table(name, opened) for name in OPEN_TABLES}
    return [*{**found, "monitors": StoredTable("monitors", 0, None, None, RECENTLY), **others}.values()]


def due(tables: list[StoredTable], when: Moment) -> list[tuple[str, str, str]]:
    return [(one.what, one.partitions, one.run) for one in due_partitions(tables, when)]


def test_an_early_issue_is_never_due_whether_it_is_missing_or_old() -> None:
    early = {name: table(name, "2021-06-01", missing=3) for name in ("early_predictions", "early_scores")}

    for tables in (stored("2021-06-10", "2021-05", "2021-06"), stored("2021-06-10", "2021-05", "2021-06", **early)):
        assert due(tables, moment(EVENING)) == []


def test_before_the_evenings_schedule_yesterday_is_not_due() -> None:
    tables = stored("2021-06-09", "2021-05", "2021-06")

    assert due(tables, moment(MORNING)) == []
    assert {one.what for one in due_partitions(tables, moment(EVENING))} == set(DAILY_TABLES) - {"weather_forecasts"}


def test_weather_is_due_where_it_has_a_source() -> None:
    tables = [one for one in stored("2021-06-10", "2021-05", "2021-06") if one.table != "weather_forecasts"]
    with_source = Moment(EVENING, EVENING.date(), "live", is_rehearsal=False, has_weather=True)

    assert due(tables, moment(EVENING)) == []
    assert due(tables, with_source) == [
        ("weather_forecasts", "2021-06-10", "airwatch backfill 2021-06-10 2021-06-10"),
    ]


def test_a_missing_forecast_is_named_with_the_command_that_builds_it() -> None:
    tables = stored("2021-06-10", "2021-05", "2021-06", predictions=table("predictions", "2021-06-07"))

    [only] = due_partitions(tables, moment(EVENING))

    run = "airwatch backfill 2021-06-08 2021-06-10"
    assert only == Due("predictions", "2021-06-08…2021-06-10", "3 days behind", run)


def test_in_a_rehearsal_everything_up_to_yesterday_is_due_at_once() -> None:
    tables = stored("2021-06-09", "2021-05", "2021-06")

    assert ("predictions", "2021-06-10", "airwatch backfill 2021-06-10 2021-06-10") in due(
        tables, moment(MORNING, "practice", is_rehearsal=True)
    )


@pytest.mark.parametrize("source", ["airdata", "aqs"])
def test_a_source_that_publishes_months_later_makes_due_what_it_has_published(source: str) -> None:
    tables = stored("2021-03-31", "2021-03", "2021-03")
    behind = stored("2021-03-31", "2021-03", "2021-03", features=table("features", "2021-03-30"))

    assert due(tables, moment(EVENING, source)) == []
    assert [one[0] for one in due(behind, moment(EVENING, source))] == ["features"]


def test_a_month_is_to_be_closed_in_the_evening_of_the_1st() -> None:
    tables = stored("2021-05-31", "2021-04", "2021-05")
    first = datetime(2021, 6, 1, 21, 0, tzinfo=UTC)

    assert due(tables, moment(first)) == []
    found = {one.what: one for one in due_partitions(tables, moment(first + timedelta(hours=1, minutes=30)))}

    assert set(found) == set(CLOSE_TABLES)
    assert found["verification"].partitions == "2021-05"
    assert found["verification"].run == "airwatch backfill 2021-05-01 2021-05-31"


def test_a_month_needs_a_champion_when_its_first_day_is_to_be_forecast() -> None:
    tables = stored("2021-06-01", "2021-05", "2021-05")

    found = due(tables, moment(datetime(2021, 6, 2, 20, 0, tzinfo=UTC)))

    command = "airwatch backfill 2021-06-01 2021-06-01"
    assert found == [(table, "2021-06", command) for table in OPEN_TABLES]


def test_gaps_between_stored_days_are_due() -> None:
    gap = table("site_days", "2021-06-10", missing=2)
    tables = stored("2021-06-10", "2021-05", "2021-06", site_days=gap)

    assert due(tables, moment(EVENING)) == [
        (
            "site_days",
            "2021-01-01…2021-06-10",
            "airwatch backfill 2021-01-01 2021-06-10 --tables site_days",
        )
    ]


def test_a_monitor_list_of_last_week_is_due_and_that_of_simulated_air_never() -> None:
    old = StoredTable("monitors", 0, None, None, EVENING - timedelta(days=9))
    tables = stored("2021-06-10", "2021-05", "2021-06", monitors=old)

    assert [one[0] for one in due(tables, moment(EVENING))] == ["monitors"]
    assert due(tables, moment(EVENING, "practice")) == []


def test_of_an_empty_storage_only_the_first_backfill_is_due() -> None:
    [only] = due_partitions([], moment(EVENING))

    assert (only.what, only.run) == ("raw_readings", "airwatch backfill 2019-06-12 yesterday")


def test_after_midnight_utc_the_running_day_is_still_the_one_before() -> None:
    """From 00:00 to 10:00 UTC yesterday is not over in Hawaii, and the evening's schedule has run."""
    night = Moment(
        now=datetime(2021, 6, 12, 3, 0, tzinfo=UTC), today=date(2021, 6, 11), source="live", is_rehearsal=False
    )

    assert due(stored("2021-06-10", "2021-05", "2021-06"), night) == []
    assert due(stored("2021-06-09", "2021-05", "2021-06"), night) != []
