"""Whether data are stale, by the days they speak of, as messages and Dagster's UI tell it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.freshness import FreshnessState

from airwatch_dagster.orchestration.freshness import expected
from airwatch_dagster.orchestration.freshness.expected import Moment
from airwatch_dagster.orchestration.freshness.policies import POLICIES
from airwatch_dagster.orchestration.incidents.signs import gathering
from airwatch_dagster.orchestration.incidents.signs.data_age import age_signs, data_age
from airwatch_dagster.orchestration.incidents.state import Failure, folded
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.alert_receivers import Received
from airwatch_dagster_tests.builders import site_days
from airwatch_dagster_tests.orchestration.incidents.watched import Outcome, Watched

NOW = pd.Timestamp("2021-07-05 20:00")


def moment(source: str = "live", *, now: str = "2021-07-05 20:00") -> Moment:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    return Moment(now=at, today=at.date(), source=source, is_rehearsal=False)


def stored(tables: TableStorage, *days: str, forecast: str | None = None, empty: tuple[str, ...] = ()) -> None:
    """Readings of these days, and a forecast of the last of them; ``empty`` days are stored without a reading."""
    for day in (*days, *empty):
        rows = site_days({"date_local": pd.Timestamp(day)}) if day in days else TABLES["site_days"].empty()
        tables.write("site_days", {day: rows})
        tables.write("raw_readings", {day: TABLES["raw_readings"].empty()})
    tables.write("predictions", {forecast or max(days): TABLES["predictions"].empty()})


def problems(tables: TableStorage, at: Moment) -> dict[str, str]:
    age = data_age(tables, at)
    assert age is not None
    return {one.asset: one.error for one in age_signs(age, [], now=NOW) if isinstance(one, Failure)}


def test_readings_of_yesterday_are_due_an_hour_after_the_daily_run(watched: Watched) -> None:
    tables = watched.storage.tables()
    stored(tables, "2021-07-02", "2021-07-03")

    assert problems(tables, moment(now="2021-07-05 19:00")) == {}
    assert problems(tables, moment()) == {
        "raw_readings": "The newest readings are of 3 July 2021, and those of 4 July 2021 should be there by now "
        "(source live)"
    }


def test_a_backfill_of_old_days_and_an_empty_new_day_make_nothing_fresh(watched: Watched) -> None:
    tables = watched.storage.tables()
    stored(tables, "2018-01-01", "2018-01-02", "2021-07-03", empty=("2021-07-04",))

    [found] = problems(tables, moment()).values()

    assert found.startswith("The newest readings are of 3 July 2021")


def test_a_forecast_that_is_not_issued_from_new_readings_is_told(watched: Watched) -> None:
    tables = watched.storage.tables()
    stored(tables, "2021-07-03", "2021-07-04", forecast="2021-07-02")

    assert problems(tables, moment()) == {
        "predictions": "The newest forecast was issued on 2 July 2021, and that of 4 July 2021 should be there by now"
    }


@pytest.mark.parametrize(
    ("source", "today", "newest", "is_fresh"),
    [
        (
            "aqs",
            "2021-07-05",
            "2021-03-31",
            True,
        ),
        ("aqs", "2021-07-13", "2020-12-31", False),
        ("aqs", "2021-07-12", "2020-12-31", True),
        ("airdata", "2021-12-28", "2020-12-20", True),
        ("airdata", "2021-12-30", "2020-12-20", False),
    ],
)
def test_a_source_that_publishes_months_late_is_judged_by_epas_deadline(
    watched: Watched, source: str, today: str, newest: str, is_fresh: bool
) -> None:
    # The first quarter is due on 29 June; the data mart has it two weeks later, AirData's files half a year later.
    tables = watched.storage.tables()
    stored(tables, newest, empty=(f"{pd.Timestamp(today) - pd.Timedelta(days=1):%Y-%m-%d}",))

    assert (problems(tables, moment(source, now=f"{today} 20:00")) == {}) is is_fresh


def test_nothing_newer_is_due_of_a_mirror(watched: Watched) -> None:
    tables = watched.storage.tables()
    stored(tables, "2018-12-31")

    assert problems(tables, replace(moment("airdata"), is_of_mirror=True)) == {}


def test_nothing_is_stale_before_a_first_backfill(watched: Watched) -> None:
    assert data_age(watched.storage.tables(), moment()) is None


def test_no_second_message_while_the_failed_run_or_schedule_is_open(watched: Watched) -> None:
    tables = watched.storage.tables()
    stored(tables, "2021-07-03")
    age = data_age(tables, moment())
    assert age is not None
    for known in (
        Failure(NOW, "features", rule="run_failed", error="no room"),
        Failure(NOW, "daily_forecast", rule="tick_missed", error="not started"),
    ):
        assert not any(isinstance(one, Failure) for one in age_signs(age, folded([], [known]), now=NOW))
    other = Failure(NOW, "coverage", rule="run_failed", error="no room")
    assert any(isinstance(one, Failure) for one in age_signs(age, folded([], [other]), now=NOW))


def test_a_look_tells_once_closes_when_the_day_is_there_and_reports_to_dagsters_ui(
    watched: Watched, webhook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, now = watched.storage.tables(), pd.Timestamp.now("UTC").tz_localize(None).floor("us")
    monkeypatch.setattr(gathering, "current_moment", moment)
    stored(tables, "2021-07-03")

    def looked(hours: int) -> None:
        watched.cursor = replace(watched.cursor, measured_at=0.0)
        watched.look(at=now + pd.Timedelta(hours=hours))

    def states() -> dict[str, FreshnessState]:
        keys = [dg.AssetKey(table) for table in POLICIES]
        found = watched.instance.get_freshness_state_records(keys)
        return {key.to_user_string(): one.freshness_state for key, one in found.items()}

    looked(0)
    looked(1)
    fail = dict.fromkeys(("raw_readings", "site_days", "predictions"), FreshnessState.FAIL)
    assert states() == fail
    watched.run("raw_readings", first="2018-01-01")  # a backfill of an old day
    watched.look(at=now + pd.Timedelta(hours=1))
    assert states() == fail
    stored(tables, "2021-07-04")
    looked(2)

    assert [post["text"].splitlines()[0] for post in webhook.posts] == [
        "AirWatch: raw_readings is stale",
        "AirWatch: resolved: raw_readings is stale",
    ]
    assert "What follows: Forecasts start from old readings. No forecast since 3 July 2021." in webhook.posts[0]["text"]
    assert states() == dict.fromkeys(fail, FreshnessState.PASS)


def test_a_damaged_file_keeps_no_other_problem_from_being_told(
    watched: Watched, webhook: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "current_moment", moment)
    stored(watched.storage.tables(), "2021-07-04")
    (watched.folder / "tables" / "site_days" / "2021-07-04.parquet").write_bytes(b"no Parquet")
    watched.outcomes["raw_readings"] = Outcome(ValueError("no such column"))
    watched.run("raw_readings")

    watched.look()

    assert webhook.subjects == ["AirWatch: raw_readings failed, 2021-07-01"]
    assert [one.rule for one in watched.incidents] == ["run_failed"]


def test_every_table_that_a_schedule_brings_up_to_date_has_a_policy() -> None:
    from airwatch_dagster.definitions import defs

    specs = {spec.key.to_user_string(): spec.freshness_policy for spec in defs.resolve_all_asset_specs()}
    assert {name for name, policy in specs.items() if policy} == set(POLICIES)
    assert set(moment().newest_partitions("2021-07-04")) | {"weather_forecasts"} == set(POLICIES)


def test_a_mirror_is_known_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", "airdata")
    monkeypatch.delenv("AIRWATCH_AIRDATA_URL", raising=False)
    assert not expected.current_moment().is_of_mirror

    monkeypatch.setenv("AIRWATCH_AIRDATA_URL", "file:///mirror")
    assert expected.current_moment().is_of_mirror


def test_the_moment_is_that_of_the_configured_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", "practice")
    monkeypatch.setenv("AIRWATCH_PRACTICE_TODAY", "2021-06-01")

    found: Any = expected.current_moment()

    assert (found.is_rehearsal, found.oldest_fresh_day()) == (True, date(2021, 5, 31))
