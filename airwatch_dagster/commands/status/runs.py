"""What Dagster's instance knows: runs that are under way or queued, checks that failed last, and the schedules."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._utils.schedules import get_next_cron_tick

from airwatch_dagster.orchestration.alerts.messages import one_line
from airwatch_dagster.orchestration.automation.purge import PURGE_SCHEDULE
from airwatch_dagster.orchestration.automation.rechecks import RECHECK_SCHEDULES
from airwatch_dagster.orchestration.automation.schedules import SCHEDULES
from airwatch_dagster.orchestration.early_issue import EARLY_JOB
from airwatch_dagster.orchestration.incidents.signs.run_names import job_of, partitions_of

MAX_RUNS: Final = 100
"""Runs that are listed."""

WAITING: Final = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
UNDER_WAY: Final = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


@dataclass(frozen=True)
class ActiveRun:
    """A run that has not ended."""

    run_id: str
    job: str
    partitions: str
    status: str
    """Dagster's: QUEUED, STARTED, …"""
    age_s: float
    """Seconds since it began, or since it was queued."""


@dataclass(frozen=True)
class FailedCheck:
    """A check whose latest evaluation did not pass."""

    asset: str
    check: str
    severity: str
    """ERROR or WARN."""
    partition: str | None
    description: str
    evaluated_at: datetime
    """UTC."""


@dataclass(frozen=True)
class ScheduleState:
    """A schedule and its next tick."""

    name: str
    cron: str
    is_on: bool
    next_at: datetime
    """UTC."""


def active_runs(instance: dg.DagsterInstance) -> list[ActiveRun]:
    """Runs that have not ended, the oldest first."""
    records = instance.get_run_records(dg.RunsFilter(statuses=[*WAITING, *UNDER_WAY]), limit=MAX_RUNS)
    return sorted(map(_active_run, records), key=lambda run: -run.age_s)


def _active_run(record: dg.RunRecord) -> ActiveRun:
    run, since = record.dagster_run, record.start_time or record.create_timestamp.timestamp()
    partitions = "…".join(dict.fromkeys(filter(None, partitions_of(run.tags))))
    return ActiveRun(run.run_id, job_of(run), partitions, run.status.value, max(0.0, time.time() - since))


def failed_checks(instance: dg.DagsterInstance) -> list[FailedCheck]:
    """Checks whose latest evaluation failed, those of severity ERROR first.

    Those of an early issue, which has half a day, are left out: the daily run evaluates them again.
    """
    found = [record for key in _evaluated_checks(instance) for record in _latest(instance, key)]
    failed = [record for record in found if not record.event.asset_check_evaluation.passed]
    runs = instance.get_runs(dg.RunsFilter(run_ids=sorted({record.run_id for record in failed}))) if failed else []
    early = {run.run_id for run in runs if run.job_name == EARLY_JOB}
    shown = [_failed_check(record) for record in failed if record.run_id not in early]
    return sorted(shown, key=lambda one: (one.severity != "ERROR", one.asset, one.check))


def _evaluated_checks(instance: dg.DagsterInstance) -> Iterator[dg.AssetCheckKey]:
    """Every check that ever ran. The code location would name them too, but takes a second to import."""
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    columns = AssetCheckExecutionsTable.c
    with storage.index_connection() as connection:
        rows = connection.execute(sa.select(columns.asset_key, columns.check_name).distinct()).fetchall()
    for asset, name in rows:
        key = dg.AssetKey.from_db_string(asset)
        if key is not None:
            yield dg.AssetCheckKey(key, name)


def _latest(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> list[Any]:
    """The latest evaluation that ended; none for a check that was only planned."""
    statuses = COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
    return [*instance.event_log_storage.get_asset_check_execution_history(key, limit=1, status=statuses)]


def _failed_check(record: Any) -> FailedCheck:
    evaluation = record.event.asset_check_evaluation
    return FailedCheck(
        asset=evaluation.asset_key.to_user_string(),
        check=evaluation.check_name,
        severity=evaluation.severity.value,
        partition=evaluation.partition,
        description=one_line(evaluation.description or "", max_length=200),
        evaluated_at=datetime.fromtimestamp(record.event.timestamp, UTC),
    )


def schedule_states(instance: dg.DagsterInstance, now: datetime) -> list[ScheduleState]:
    """Every schedule, the one that ticks next first; what was switched in the UI counts."""
    states = instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
    switched = {one.instigator_name: one.status for one in states}
    schedules = (*SCHEDULES, *RECHECK_SCHEDULES, PURGE_SCHEDULE)
    crons = {one.name: _cron(one) for one in schedules}
    defaults = {one.name: one.default_status for one in schedules}
    found = [
        ScheduleState(name, cron, _is_on(switched.get(name), defaults[name]), get_next_cron_tick(cron, now, "UTC"))
        for name, cron in crons.items()
    ]
    return sorted(found, key=lambda one: one.next_at)


def _is_on(switched: InstigatorStatus | None, default: dg.DefaultScheduleStatus) -> bool:
    if switched in (InstigatorStatus.RUNNING, InstigatorStatus.STOPPED):
        return switched == InstigatorStatus.RUNNING
    return default == dg.DefaultScheduleStatus.RUNNING


def _cron(schedule: Any) -> str:
    """The daily schedule is built of its job's partitions, and has its cron expression only when both are resolved."""
    if not isinstance(schedule, dg.ScheduleDefinition):
        return f"{schedule.minute_of_hour} {schedule.hour_of_day} * * *"
    return str(schedule.cron_schedule)
