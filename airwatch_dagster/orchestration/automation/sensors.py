"""When things happen: every day, every week, every month, and when EPA publishes a file anew."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.automation.jobs import (
    RANGE_END,
    RANGE_START,
    REASON,
    archive_job,
    close_job,
    daily_job,
    examples_job,
    monitors_job,
    months_read,
    open_job,
    reingest_job,
    tuning_job,
)
from airwatch_dagster.orchestration.partitions import DAYS, FIRST_DAY
from airwatch_dagster.orchestration.resources import SourceResource
from airwatch_dagster.orchestration.settings import Settings

daily_schedule = dg.build_schedule_from_partitioned_job(
    daily_job,
    name="daily_forecast",
    hour_of_day=18,
    minute_of_hour=30,
    description="18:30 UTC: the day before is over everywhere in the US and AirNow's day file is complete",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.schedule(
    name="daily_agency_forecasts",
    job=archive_job,
    cron_schedule="15 18 * * *",
    description="18:15 UTC, with a source that has AirNow: the day before's reportingarea.dat",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def archive_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    if Settings.from_environment().source not in ("live", "practice"):
        return dg.SkipReason("AIRWATCH_SOURCE has no AirNow")
    yesterday = f"{context.scheduled_execution_time - timedelta(days=1):%Y-%m-%d}"
    return dg.RunRequest(run_key=f"archive:{yesterday}", partition_key=yesterday)


monthly_schedule = dg.ScheduleDefinition(
    name="monthly_close",
    job=close_job,
    cron_schedule="0 20 1 * *",
    execution_fn=lambda context: close_request(context.scheduled_execution_time),
    description="20:00 UTC on the 1st, when the last day is in: close the month before, then open the new one",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

monitors_schedule = dg.ScheduleDefinition(
    name="weekly_monitors",
    job=monitors_job,
    cron_schedule="0 17 * * 1",
    description="17:00 UTC on Mondays: read the monitor list anew",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def close_request(now: pd.Timestamp) -> dg.RunRequest:
    """Ask for the month before ``now``."""
    month = pd.Timestamp(now).tz_localize(None).to_period("M") - 1
    return dg.RunRequest(run_key=f"close:{month}", partition_key=str(month))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[close_job],
    request_jobs=[open_job, tuning_job],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A closed month opens the next: retrain and choose with its scores known; January, with a search first",
)
def open_next_month(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    closed = context.dagster_run.tags.get("dagster/partition")
    if closed is None:
        return dg.SkipReason("Months closed by a backfill are opened by that backfill")
    month = str(pd.Period(closed, "M") + 1)
    is_searched = month.endswith("-01") and Settings.from_environment().search_minutes > 0
    job = tuning_job if is_searched else open_job
    run_key = f"open:{month}:{context.dagster_run.run_id}"
    return dg.RunRequest(job_name=job.name, run_key=run_key, partition_key=month)


@dg.sensor(
    jobs=[reingest_job],
    minimum_interval_seconds=6 * 3600,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Watches AirData's file_list.csv; a daily file that changed is read anew, one run a year",
)
def airdata_file_changes(
    context: dg.SensorEvaluationContext, source: SourceResource
) -> dg.SensorResult | dg.SkipReason:
    """The first look only remembers: history is filled by backfills, deliberately."""
    with source.open() as opened:
        files = {
            str(row.filename): f"{row.as_of} {row.rows} {row.size_bytes}" for row in opened.file_list().itertuples()
        }
    if context.cursor is None:
        context.update_cursor(json.dumps(files))
        return dg.SkipReason(f"Remembered {len(files)} files; changes from now on are read")
    changed = [year for year in changed_years(json.loads(context.cursor), files) if _has_days(year)]
    return dg.SensorResult(run_requests=[_reread(year, files) for year in changed], cursor=json.dumps(files))


def changed_years(before: Mapping[str, str], now: Mapping[str, str]) -> list[int]:
    """Years of the daily files that are new or not what they were."""
    names = [name for name, state in now.items() if name.startswith("daily_88101_") and before.get(name) != state]
    return sorted(int(name.removeprefix("daily_88101_").removesuffix(".zip")) for name in names)


def _has_days(year: int) -> bool:
    """The archive goes back further than the day partitions, and a new year's file may precede its first one."""
    return str(year) >= FIRST_DAY[:4] and f"{year}-01-01" <= (DAYS.get_last_partition_key() or "")


def _reread(year: int, files: Mapping[str, str]) -> dg.RunRequest:
    name = f"daily_88101_{year}.zip"
    last = min(f"{year}-12-31", DAYS.get_last_partition_key() or "")
    tags = {RANGE_START: f"{year}-01-01", RANGE_END: last, REASON: f"{name} changed"}
    return dg.RunRequest(job_name=reingest_job.name, run_key=f"reread:{name}:{files[name]}", tags=tags)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[reingest_job],
    request_job=examples_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Days read anew change the training examples of their months, and how good the forecasts were",
)
def rebuild_changed_examples(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
    months = months_read(context)
    if not months:
        return dg.SkipReason("More days of this look are being read")
    return [
        dg.RunRequest(
            run_key=f"examples:{first}:{context.dagster_run.run_id}", tags={RANGE_START: first, RANGE_END: last}
        )
        for first, last in months
    ]


SCHEDULES: Final = (daily_schedule, archive_schedule, monthly_schedule, monitors_schedule)
SENSORS: Final = (open_next_month, airdata_file_changes, rebuild_changed_examples)
