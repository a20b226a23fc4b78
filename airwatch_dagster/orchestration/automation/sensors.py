"""The opening of months, the sensor for changed files of EPA, and the one for runs whose process is gone."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg
import pandas as pd
from dagster._core.events import RunFailureReason
from dagster._core.storage.tags import RUN_FAILURE_REASON_TAG

from airwatch_dagster.acquire.airdata.archive import daily_file, daily_years
from airwatch_dagster.orchestration.automation.jobs import (
    FOLLOW_UP_S,
    RANGE_END,
    RANGE_START,
    REASON,
    close_job,
    open_job,
    reingest_job,
    tuning_job,
)
from airwatch_dagster.orchestration.automation.retraining import (
    RETRAINED_FOR,
    job_of_training,
    loss_in,
    retrain_after_loss,
)
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.configuration.training_settings import TrainingSettings
from airwatch_dagster.orchestration.first_day import since_listed
from airwatch_dagster.orchestration.instance.lost_runs import end_lost_runs
from airwatch_dagster.orchestration.instance.missed_retries import show_again
from airwatch_dagster.orchestration.instance.run_locks import FOLDER
from airwatch_dagster.orchestration.partitions import DAYS
from airwatch_dagster.orchestration.registry.mlflow_client import end_lost_mlflow_runs
from airwatch_dagster.orchestration.resources import SourceResource, configured_parameters

FILE_LIST_MAX_S: Final = 20.0
"""Seconds for the one attempt of a tick to read AirData's file list; Dagster ends a tick after 60 s by default."""

OVERLAP: Final = timedelta(seconds=10)
"""Part of the time before its last look that a look sees again: a run's end is stored a moment after its time."""


@dg.run_status_sensor(
    minimum_interval_seconds=FOLLOW_UP_S,
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[close_job],
    request_jobs=[open_job, tuning_job],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After a closed month: open the next one with its scores known; after a search in January and when "
    "skill was lost, if allowed",
)
def open_next_month(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    """A run for the month after the closed one; skipped when a range of months was closed. After a loss of skill a tag
    says so, and a search comes first, if allowed."""
    closed = context.dagster_run.tags.get("dagster/partition")
    if closed is None:
        return dg.SkipReason("A range of months was closed; the same backfill opens the next one")
    month, run_id = str(pd.Period(closed, "M") + 1), context.dagster_run.run_id
    loss = loss_in(context.instance, run_id) if TrainingSettings.from_environment().retrain else ""
    job = job_of_training(is_searched=month.endswith("-01") or bool(loss))
    tags = {RETRAINED_FOR: f"{loss} {closed}"} if loss else {}
    return dg.RunRequest(job_name=job, run_key=f"open:{month}:{run_id}", partition_key=month, tags=tags)


@dg.sensor(
    jobs=[reingest_job],
    minimum_interval_seconds=6 * 3600,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Watch AirData's file_list.csv: when a year's daily file changed, ingest that year",
)
def airdata_file_changes(
    context: dg.SensorEvaluationContext, source: SourceResource
) -> dg.SensorResult | dg.SkipReason:
    """The first tick only records the list: history is filled by backfills, deliberately."""
    with source.open(max_s=FILE_LIST_MAX_S) as opened:
        files = {
            str(row.filename): f"{row.as_of} {row.rows} {row.size_bytes}" for row in opened.file_list().itertuples()
        }
    if context.cursor is None:
        context.update_cursor(json.dumps(files))
        return dg.SkipReason(f"Recorded {len(files)} files; later changes are ingested")
    changed = [year for year in changed_years(json.loads(context.cursor), files) if _has_days(year)]
    return dg.SensorResult(run_requests=[_reingest_year(year, files) for year in changed], cursor=json.dumps(files))


@dg.sensor(
    minimum_interval_seconds=45,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A run is reported as failed, so that none waits for it, when the process of its command was killed, "
    "and when its code server ended before the run had started. A retry that Dagster missed is started",
)
def lost_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Requests no run; skips with the ids of the runs that it reported. MLflow's runs of lost runs are ended, also of
    those that others reported since the last look, whose time is the cursor."""
    # gRPC's client is for the code server alone: runs import the code location without it.
    from airwatch_dagster.orchestration.instance.run_launcher import report_if_not_started

    instance, folder, now = context.instance, Settings.from_environment().state / FOLDER, datetime.now(UTC)
    starting = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING]))
    lost = end_lost_runs(instance, folder=folder)
    lost += [one.dagster_run.run_id for one in starting if report_if_not_started(instance, one, now=now.timestamp())]
    since = datetime.fromisoformat(context.cursor) if context.cursor else now - timedelta(days=1)
    failed = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since - OVERLAP))
    if any(run.tags.get(RUN_FAILURE_REASON_TAG) != RunFailureReason.STEP_FAILURE.value for run in failed):
        end_lost_mlflow_runs(instance)
    context.update_cursor(now.isoformat())
    told = {"Reported as failed": lost, "Missed retries, which are started now": show_again(instance, now=now)}
    found = [f"{what}: {', '.join(runs)}" for what, runs in told.items() if runs]
    return dg.SkipReason("; ".join(found) or "Every run under way has its process")


def changed_years(before: Mapping[str, str], now: Mapping[str, str]) -> list[int]:
    """Years of which a daily file that is read is new or has changed."""
    names = [name for name, state in now.items() if before.get(name) != state]
    return sorted({year for parameter in configured_parameters() for year in daily_years(names, parameter)})


def _has_days(year: int) -> bool:
    """Whether the year has listed days: the archive begins earlier, and a new file may precede its first day."""
    return since_listed(f"{year}-12-31")[:4] == str(year) and f"{year}-01-01" <= (DAYS.get_last_partition_key() or "")


def _reingest_year(year: int, files: Mapping[str, str]) -> dg.RunRequest:
    states = {daily_file(year, one): files.get(daily_file(year, one)) for one in configured_parameters()}
    state = ", ".join(f"{name}: {known}" for name, known in states.items() if known)
    last = min(f"{year}-12-31", DAYS.get_last_partition_key() or "")
    tags = {RANGE_START: since_listed(f"{year}-01-01"), RANGE_END: last, REASON: f"changed: {state}"}
    return dg.RunRequest(job_name=reingest_job.name, run_key=f"reingest:{year}:{state}", tags=tags)


SENSORS: Final = (open_next_month, retrain_after_loss, airdata_file_changes, lost_runs)
