"""How many runs, each a process of its own, an ordinary day takes; and when revisions are among them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._utils.schedules import schedule_execution_time_iterator

from airwatch_dagster.orchestration.automation import rechecks, sensors
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.orchestration.watch_tables import revisions_due
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders

ORDINARY: datetime = datetime(2021, 7, 8, tzinfo=UTC)
"""A Thursday amid a month: nothing weekly or monthly is due."""

TODAY = f"{utc_now():%Y-%m-%d}"
BEFORE = f"{utc_now() - timedelta(days=1):%Y-%m-%d}"
FOLLOWING = (*rechecks.RECHECK_SENSORS, sensors.open_next_month)


def definitions() -> dg.Definitions:
    from airwatch_dagster.definitions import defs

    return defs


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableStorage:
    """A storage with a champion and a day of readings, and without revisions on the day before."""
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))
    for name in ("EPA_AQS_EMAIL", "EPA_AQS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    opened = TableStorage.open(str(tmp_path / "tables"))
    opened.write("champion_model", {"2021-07": TABLES["champion_model"].empty()})
    opened.write("revisions", {BEFORE: TABLES["revisions"].empty()})
    store_readings(opened, {})
    return opened


def store_readings(tables: TableStorage, *changes: dict[str, Any]) -> None:
    rows = builders.raw_readings(*({"first_seen_at": pd.Timestamp(utc_now())} | one for one in changes))
    tables.write("raw_readings", {f"{rows['date_local'].iloc[0]:%Y-%m-%d}": rows})


def requested(tick_or_requests: Any) -> list[dg.RunRequest]:
    if isinstance(tick_or_requests, dg.RunRequest):
        return [tick_or_requests]
    return tick_or_requests if isinstance(tick_or_requests, list) else []


def scheduled(instance: dg.DagsterInstance) -> list[tuple[str, str | None]]:
    """Job and partition of every request of the day's schedules."""
    found = []
    for schedule in definitions().schedules or []:
        assert isinstance(schedule, dg.ScheduleDefinition)
        if schedule.default_status != dg.DefaultScheduleStatus.RUNNING:
            continue
        cron = str(schedule.cron_schedule)
        for moment in schedule_execution_time_iterator(ORDINARY.timestamp(), cron, schedule.execution_timezone):
            if moment >= ORDINARY + timedelta(days=1):
                break
            context = dg.build_schedule_context(
                instance, scheduled_execution_time=moment, repository_def=definitions().get_repository_def()
            )
            tick = schedule.evaluate_tick(context)
            found += [(schedule.job_name, one.partition_key) for one in tick.run_requests or []]
    return found


def followed(instance: dg.DagsterInstance, job: str, partition: str | None) -> list[str | None]:
    """Jobs that the sensors request once a run of ``job`` has succeeded."""
    tags = {"dagster/partition": partition} if partition else {}
    run = create_run_for_test(instance, job_name=job, tags=tags, status=dg.DagsterRunStatus.SUCCESS)
    event = dg.DagsterEvent("PIPELINE_SUCCESS", job)
    found: list[str | None] = []
    for sensor in FOLLOWING:
        watched = {one.name for one in sensor._monitored_jobs}  # type: ignore[attr-defined]  # no public name
        if job in watched and sensor._run_status is dg.DagsterRunStatus.SUCCESS:  # type: ignore[attr-defined]
            context = dg.build_run_status_sensor_context(sensor.name, event, instance, run)
            found += [one.job_name or sensor.job_name for one in requested(sensor(context))]
    return found


def runs_of_a_day() -> list[str | None]:
    with dg.DagsterInstance.ephemeral() as instance:
        first = scheduled(instance)
        return [job for job, _ in first] + [more for one in first for more in followed(instance, *one)]


@pytest.mark.parametrize(
    ("source", "jobs"),
    [
        ("airdata", ["forecast_day", "update_coverage"]),
        ("live", ["forecast_day", "issue_early", "recheck_recent_days", "update_coverage"]),
    ],
)
def test_an_ordinary_day_takes_few_runs(
    tables: TableStorage, monkeypatch: pytest.MonkeyPatch, source: str, jobs: list[str]
) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", source)
    assert sorted(map(str, runs_of_a_day())) == jobs


def test_a_day_with_a_revision_lists_it(tables: TableStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", "airdata")
    revise(tables)
    assert sorted(map(str, runs_of_a_day())) == ["forecast_day", "update_coverage", "update_revisions"]


def revise(tables: TableStorage) -> None:
    early = pd.Timestamp("2021-07-06")
    store_readings(
        tables, {"first_seen_at": early, "superseded_at": pd.Timestamp(utc_now())}, {"arithmetic_mean": 30.0}
    )


def test_revisions_are_due_where_there_are_any_and_once_after_them(tables: TableStorage) -> None:
    assert not revisions_due(TODAY, tables)
    revise(tables)
    assert revisions_due(TODAY, tables)
    store_readings(tables, {})
    row = {
        "noticed_on": BEFORE,
        "noticed_at": BEFORE,
        "date_local": BEFORE,
        "site_id": "170310001",
        "parameter_code": "88101",
        "kind": "changed",
    }
    tables.write("revisions", {BEFORE: builders.filled("revisions", **row)})
    assert revisions_due(TODAY, tables), "the warnings of the day before have to end"
    tables.write("revisions", {TODAY: TABLES["revisions"].empty()})
    assert not revisions_due(TODAY, tables)


def test_the_first_run_stores_an_empty_day_of_revisions(tmp_path: Path) -> None:
    assert revisions_due(TODAY, TableStorage.open(str(tmp_path)))


def test_a_storage_that_does_not_answer_gets_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", "airdata")
    monkeypatch.setenv("AIRWATCH_STORAGE", "s3://bucket/prefix?wrong")
    with dg.DagsterInstance.ephemeral() as instance:
        assert "update_revisions" in followed(instance, "forecast_day", "2021-07-07")
