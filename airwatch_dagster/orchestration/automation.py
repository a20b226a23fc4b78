"""When things happen: every day, every month, and when EPA publishes a file anew."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.history_looks import found_ranges
from airwatch_dagster.orchestration.partitions import DAYS, FIRST_DAY
from airwatch_dagster.orchestration.resources import SourceResource, utc_now
from airwatch_dagster.orchestration.settings import Settings

RANGE_START: Final = "dagster/asset_partition_range_start"
RANGE_END: Final = "dagster/asset_partition_range_end"

DAILY: Final = ("raw_readings", "site_days", "features", "predictions", "forecast_scores", "agency_forecasts")
REREAD: Final = ("raw_readings", "site_days", "features", "forecast_scores")
"""A day that EPA published anew is rescored, but the forecast issued then stays the one that was issued."""
CLOSING: Final = ("training_examples", "candidate_scores", "drift_report")
OPENING: Final = ("trained_models", "champion_model")


def _job(name: str, tables: Sequence[str], why: str) -> Any:
    """Its partitions are those of its tables."""
    return dg.define_asset_job(name, selection=list(tables), description=why)


monitors_job = _job("refresh_monitors", ["monitors", "monitor_changes"], "EPA's monitor list, and what changed in it")
daily_job = _job("forecast_day", DAILY, "A day from its readings to its forecast, and the scores its readings allow")
reread_job = _job("reread_days", REREAD, "Days whose file EPA published anew, down to their scores")
examples_job = _job("remake_examples", ["training_examples"], "Examples of months whose readings changed")
close_job = _job("close_month", CLOSING, "The month that ended: its examples, shadow scores and drift report")
open_job = _job("open_month", OPENING, "The month that begins: retrain every family, choose the champion")
look_job = _job("look_back", ["history_checks"], "History looked at again: which days EPA changed")
revisions_job = _job("note_revisions", ["revisions"], "What the readings of a day showed otherwise than before")
coverage_job = _job("check_coverage", ["coverage"], "What was published of a month, and what should have been")

JOBS: Final = (
    monitors_job,
    daily_job,
    look_job,
    reread_job,
    revisions_job,
    coverage_job,
    examples_job,
    close_job,
    open_job,
)

daily_schedule = dg.build_schedule_from_partitioned_job(
    daily_job,
    name="every_day",
    hour_of_day=18,
    minute_of_hour=30,
    description="18:30 UTC: the day before is over everywhere in the US and AirNow's day file is complete",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

monthly_schedule = dg.ScheduleDefinition(
    name="every_month",
    job=close_job,
    cron_schedule="0 20 1 * *",
    execution_fn=lambda context: close_request(context.scheduled_execution_time),
    description="20:00 UTC on the 1st, when the last day is in: close the month before, then open the new one",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

monitors_schedule = dg.ScheduleDefinition(
    name="every_week",
    job=monitors_job,
    cron_schedule="0 17 * * 1",
    description="17:00 UTC on Mondays: read the monitor list anew",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def _look_schedule(name: str, look: str, cron: str, why: str) -> dg.ScheduleDefinition:
    """A look that only some sources can take; with another one its ticks are skipped and say so."""

    def ask(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if not can_look(look):
            return dg.SkipReason(f"AIRWATCH_SOURCE={Settings.from_environment().source} has no such look")
        config = {"ops": {"history_checks": {"config": {"look": look}}}}
        moment = f"{context.scheduled_execution_time:%Y-%m-%dT%H:%M}"
        return dg.RunRequest(run_key=f"{look}:{moment}", run_config=config, tags={"airwatch/look": look})

    return dg.ScheduleDefinition(
        name=name,
        job=look_job,
        cron_schedule=cron,
        execution_fn=ask,
        description=why,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def can_look(look: str) -> bool:
    """Whether the configured source can take a look, and it is worth one."""
    settings = Settings.from_environment()
    asks_aqs = settings.source == "aqs" or (settings.source == "live" and settings.has_aqs_credentials)
    return {
        "recent_days": settings.source == "live",
        "changed_since": asks_aqs,
        "whole_year": settings.source != "practice",
    }[look]


LOOK_SCHEDULES: Final = (
    _look_schedule(
        "every_day_the_last_week",
        "recent_days",
        "0 18 * * *",
        "18:00 UTC, with AIRWATCH_SOURCE=live: AirNow's last 7 days again, before the day is forecast",
    ),
    _look_schedule(
        "every_week_what_changed",
        "changed_since",
        "0 15 * * 3",
        "15:00 UTC on Wednesdays, when AQS can be asked: the rows of ten years that changed since the last look",
    ),
    _look_schedule(
        "every_month_a_whole_year",
        "whole_year",
        "0 15 15 * *",
        "15:00 UTC on the 15th: one whole year again, the one looked at longest ago, to find rows that vanished",
    ),
)


def close_request(now: pd.Timestamp) -> dg.RunRequest:
    """Ask for the month before ``now``."""
    month = pd.Timestamp(now).tz_localize(None).to_period("M") - 1
    return dg.RunRequest(run_key=f"close:{month}", partition_key=str(month))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[close_job],
    request_job=open_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A closed month opens the next: retrain and choose with its scores known",
)
def open_next_month(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    closed = context.dagster_run.tags.get("dagster/partition")
    if closed is None:
        return dg.SkipReason("Months closed by a backfill are opened by that backfill")
    month = str(pd.Period(closed, "M") + 1)
    return dg.RunRequest(run_key=f"open:{month}:{context.dagster_run.run_id}", partition_key=month)


@dg.sensor(
    jobs=[reread_job],
    minimum_interval_seconds=6 * 3600,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Watches AirData's file_list.csv; a daily file that changed is read anew, one run a year",
)
def airdata_files(context: dg.SensorEvaluationContext, source: SourceResource) -> dg.SensorResult | dg.SkipReason:
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
    tags = {RANGE_START: f"{year}-01-01", RANGE_END: last, "airwatch/reason": f"{name} changed"}
    return dg.RunRequest(job_name=reread_job.name, run_key=f"reread:{name}:{files[name]}", tags=tags)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[look_job],
    request_job=reread_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A look that found changed days has them read again, and only them: one run a range",
)
def reread_changed_days(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
    run_id = context.dagster_run.run_id
    found = found_ranges(context.instance, run_id)
    if not found:
        return dg.SkipReason("No day changed")
    return [_reread_range(run_id, **one) for one in found]


def _reread_range(run_id: str, *, first: str, last: str, order: Mapping[str, str]) -> dg.RunRequest:
    tags = {RANGE_START: first, RANGE_END: last, "airwatch/reason": f"look {run_id}"}
    config = {"ops": {"raw_readings": {"config": dict(order)}}}
    return dg.RunRequest(run_key=f"changed:{first}:{last}:{run_id}", tags=tags, run_config=config)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[daily_job, reread_job],
    request_jobs=[revisions_job, coverage_job],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Days that were read are looked through for revisions, and the coverage of their months is told anew",
)
def keep_ledgers(context: dg.RunStatusSensorContext) -> list[dg.RunRequest]:
    run, days = context.dagster_run, days_read(context.dagster_run.tags)
    noticed = str(utc_now().date())
    ledger = dg.RunRequest(run_key=f"revisions:{run.run_id}", job_name=revisions_job.name, partition_key=noticed)
    months = {RANGE_START: days[0][:7], RANGE_END: days[1][:7]}
    return [ledger, dg.RunRequest(run_key=f"coverage:{run.run_id}", job_name=coverage_job.name, tags=months)]


def days_read(tags: Mapping[str, str]) -> tuple[str, str]:
    """First and last day of a run of one day or a range."""
    day = tags.get("dagster/partition")
    return tags.get(RANGE_START) or str(day), tags.get(RANGE_END) or str(day)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[reread_job],
    request_job=examples_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Days read anew change the training examples of their months",
)
def rebuild_examples(context: dg.RunStatusSensorContext) -> dg.RunRequest:
    first, last = days_read(context.dagster_run.tags)
    months = {RANGE_START: first[:7], RANGE_END: last[:7]}
    return dg.RunRequest(run_key=f"examples:{context.dagster_run.run_id}", tags=months)


SCHEDULES: Final = (daily_schedule, *LOOK_SCHEDULES, monthly_schedule, monitors_schedule)
SENSORS: Final = (open_next_month, airdata_files, reread_changed_days, rebuild_examples, keep_ledgers)
