"""Runs that stand or wait, and schedules and sensors that fail or do not start."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._utils.error import SerializableErrorInfo

from airwatch_dagster.orchestration.incidents.signs.overdue import ended_unseen, standing_runs, ticks_of
from airwatch_dagster.orchestration.incidents.signs.run_ends import Graph
from airwatch_dagster.orchestration.incidents.state import Failure, Recovery, folded

NOON = pd.Timestamp("2021-07-04 12:00")
ORIGIN = RemoteRepositoryOrigin(GrpcServerCodeLocationOrigin(host="127.0.0.1", port=1), "__repository__")


@dg.job
def work() -> None:
    """A job of no steps."""


@dg.sensor(job=work)
def watcher() -> None:
    """A sensor."""


DEFINITIONS = dg.Definitions(
    jobs=[work], sensors=[watcher], schedules=[dg.ScheduleDefinition("every_day", cron_schedule="0 8 * * *", job=work)]
)
REPOSITORY = DEFINITIONS.get_repository_def()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as opened:
        yield opened


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def switched_on(instance: dg.DagsterInstance, name: str, *, since: str = "2021-07-01 00:00") -> InstigatorState:
    kind = InstigatorType.SENSOR if name == "watcher" else InstigatorType.SCHEDULE
    data: Any = (
        SensorInstigatorData()
        if kind == InstigatorType.SENSOR
        else ScheduleInstigatorData("0 8 * * *", start_timestamp=moment(since))
    )
    status = InstigatorStatus.RUNNING
    return instance.add_instigator_state(
        InstigatorState(RemoteInstigatorOrigin(ORIGIN, name), kind, status, instigator_data=data)
    )


def ticked(instance: dg.DagsterInstance, state: InstigatorState, at: str, *, error: str | None = None) -> None:
    instance.create_tick(
        TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name=state.instigator_name,
            instigator_type=state.instigator_type,
            status=TickStatus.FAILURE if error else TickStatus.SKIPPED,
            timestamp=moment(at),
            selector_id=state.selector_id,
            error=SerializableErrorInfo(error, [], "ValueError") if error else None,
        )
    )


def failures(instance: dg.DagsterInstance, now: pd.Timestamp = NOON) -> dict[tuple[str, str], str]:
    found = ticks_of(instance, REPOSITORY, now=now)
    return {(one.rule, one.asset): one.error for one in found if isinstance(one, Failure)}


def test_a_schedule_whose_last_tick_failed_is_told_with_its_error(instance: dg.DagsterInstance) -> None:
    state = switched_on(instance, "every_day")
    ticked(instance, state, "2021-07-04 08:00", error="ValueError: no such source")

    assert failures(instance) == {("tick_failed", "every_day"): "no such source"}

    ticked(instance, state, "2021-07-05 08:00")
    signs = ticks_of(instance, REPOSITORY, now=NOON + pd.Timedelta(days=1))
    assert [one.is_open for one in folded(folded([], [failed_tick()]), signs)] == [False]


def failed_tick() -> Failure:
    return Failure(NOON, "every_day", rule="tick_failed", error="no such source")


def test_a_sensor_counts_as_failing_at_its_second_failure_in_a_row(instance: dg.DagsterInstance) -> None:
    state = switched_on(instance, "watcher")
    ticked(instance, state, "2021-07-04 11:58", error="the code server restarts")
    assert failures(instance) == {}

    ticked(instance, state, "2021-07-04 11:59", error="the code server restarts")
    assert failures(instance) == {("tick_failed", "watcher"): "the code server restarts"}


def test_a_schedule_that_was_due_and_has_no_tick_has_missed_it(instance: dg.DagsterInstance) -> None:
    state = switched_on(instance, "every_day")
    ticked(instance, state, "2021-07-03 08:00")

    assert failures(instance, NOON.replace(hour=8, minute=29)) == {}
    why = "It was due at 2021-07-04 08:00 UTC and has not been started by Dagster's daemon"
    assert failures(instance, NOON.replace(hour=8, minute=31)) == {("tick_missed", "every_day"): why}


def test_a_schedule_that_was_just_switched_on_has_missed_nothing(instance: dg.DagsterInstance) -> None:
    switched_on(instance, "every_day", since="2021-07-04 09:00")

    assert failures(instance) == {}


def test_one_that_is_switched_off_or_no_longer_defined_is_left_alone(instance: dg.DagsterInstance) -> None:
    state = switched_on(instance, "every_day")
    instance.update_instigator_state(state.with_status(InstigatorStatus.STOPPED))
    ticked(instance, switched_on(instance, "of_an_old_version"), "2021-07-04 08:00", error="gone")

    assert failures(instance) == {}


def run_of(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str) -> dg.DagsterRun:
    return instance.create_run_for_job(
        work, status=status, tags={name.replace("__", "/"): tag for name, tag in tags.items()}
    )


def standing(instance: dg.DagsterInstance, *, hours: float) -> list[str]:
    now = pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(hours=hours)
    signs = standing_runs(instance, Graph(), now=now)
    return [one.error for one in signs if isinstance(one, Failure)]


def test_a_run_that_takes_longer_than_it_may_is_told_of_while_it_stands(instance: dg.DagsterInstance) -> None:
    run_of(instance, dg.DagsterRunStatus.STARTED, dagster__max_runtime="3600")

    assert standing(instance, hours=1.1) == []
    [error] = standing(instance, hours=1.2)
    assert error.startswith("A run has been under way for 1.2 hours")


def test_a_run_that_waits_too_long_for_its_start_is_told_of(instance: dg.DagsterInstance) -> None:
    origin = RemoteJobOrigin(ORIGIN, "work")
    instance.create_run_for_job(work, status=dg.DagsterRunStatus.QUEUED, remote_job_origin=origin)

    assert standing(instance, hours=1.9) == []
    assert standing(instance, hours=2.1) == [
        "A run has waited for 2.1 hours for its start: other runs hold its place or its pool"
    ]


def test_a_run_that_stood_and_was_cancelled_is_over(instance: dg.DagsterInstance) -> None:
    run = run_of(instance, dg.DagsterRunStatus.STARTED)
    now = pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(hours=7)
    known = folded([], standing_runs(instance, Graph(), now=now))
    assert ended_unseen(instance, known, now=now) == []

    instance.report_run_canceled(run)

    [sign] = ended_unseen(instance, known, now=now)
    assert isinstance(sign, Recovery)
    assert [one.is_open for one in folded(known, [sign])] == [False]
