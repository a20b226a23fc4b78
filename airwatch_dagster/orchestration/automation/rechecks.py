"""When history is looked at again, what is then read anew, and which ledgers follow."""

from collections.abc import Mapping
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.automation.jobs import (
    RANGE_END,
    RANGE_START,
    REASON,
    close_job,
    coverage_job,
    daily_job,
    days_read,
    months_read,
    recheck_job,
    reingest_job,
    revisions_job,
)
from airwatch_dagster.orchestration.ingest.recheck import found_ranges
from airwatch_dagster.orchestration.partitions import FIRST_DAY
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.watch.coverage import WINDOW_MONTHS as COVERAGE_MONTHS


def _recheck_schedule(name: str, look: str, cron: str, why: str) -> dg.ScheduleDefinition:
    """A look that only some sources can take; with another one its ticks are skipped and say so."""

    def ask(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if not can_recheck(look):
            return dg.SkipReason(f"AIRWATCH_SOURCE={Settings.from_environment().source} has no such look")
        config = {"ops": {"history_checks": {"config": {"look": look}}}}
        moment = f"{context.scheduled_execution_time:%Y-%m-%dT%H:%M}"
        return dg.RunRequest(run_key=f"{look}:{moment}", run_config=config, tags={"airwatch/look": look})

    return dg.ScheduleDefinition(
        name=name,
        job=recheck_job,
        cron_schedule=cron,
        execution_fn=ask,
        description=why,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def can_recheck(look: str) -> bool:
    """Whether the configured source can take a look, and it is worth one."""
    settings = Settings.from_environment()
    asks_aqs = settings.source == "aqs" or (settings.source == "live" and settings.has_aqs_credentials)
    return {
        "recent_days": settings.source == "live",
        "changed_since": asks_aqs,
        "whole_year": settings.source != "practice",
    }[look]


RECHECK_SCHEDULES: Final = (
    _recheck_schedule(
        "daily_recent_recheck",
        "recent_days",
        "0 18 * * *",
        "18:00 UTC, with AIRWATCH_SOURCE=live: AirNow's last 7 days again, before the day is forecast",
    ),
    _recheck_schedule(
        "weekly_aqs_changes",
        "changed_since",
        "0 15 * * 3",
        "15:00 UTC on Wednesdays, when AQS can be asked: the rows of ten years that changed since the last look",
    ),
    _recheck_schedule(
        "monthly_full_year_recheck",
        "whole_year",
        "0 15 15 * *",
        "15:00 UTC on the 15th: one whole year again, the one looked at longest ago, to find rows that vanished",
    ),
)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[recheck_job],
    request_job=reingest_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A look that found changed days has them read again, and only them: one run a range",
)
def reingest_changed_days(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
    run_id = context.dagster_run.run_id
    found = found_ranges(context.instance, run_id)
    if not found:
        return dg.SkipReason("No day changed")
    return [_reread_range(run_id, **one) for one in found]


def _reread_range(run_id: str, *, first: str, last: str, order: Mapping[str, str]) -> dg.RunRequest:
    tags = {RANGE_START: first, RANGE_END: last, REASON: f"look {run_id}"}
    config = {"ops": {"raw_readings": {"config": dict(order)}}}
    return dg.RunRequest(run_key=f"changed:{first}:{last}:{run_id}", tags=tags, run_config=config)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[daily_job, reingest_job, close_job],
    request_jobs=[revisions_job, coverage_job],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Days that were read are looked through for revisions, and the coverage of their months is told anew; "
    "when a month is closed, that of the months before too, whose deadlines pass",
)
def update_revisions_and_coverage(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
    run = context.dagster_run
    if run.job_name == close_job.name:
        first, last = days_read(run.tags)
        return [_coverage(run.run_id, str(pd.Period(first, "M") + 1 - COVERAGE_MONTHS), last)]
    months = months_read(context)
    if not months:
        return dg.SkipReason("More days of this look are being read")
    return [*_revisions(context), *(_coverage(run.run_id, *span) for span in months)]


def _revisions(context: dg.RunStatusSensorContext) -> list[dg.RunRequest]:
    """The day (UTC) on which the run noticed what it did: today, and the day it began."""
    stats = context.instance.get_run_stats(context.dagster_run.run_id)
    began = pd.Timestamp(stats.start_time, unit="s") if stats.start_time else utc_now()
    days = sorted({f"{moment:%Y-%m-%d}" for moment in (began, utc_now())})
    key = f"revisions:{context.dagster_run.run_id}"
    return [dg.RunRequest(run_key=f"{key}:{day}", job_name=revisions_job.name, partition_key=day) for day in days]


def _coverage(run_id: str, first: str, last: str) -> dg.RunRequest:
    months = {RANGE_START: max(first, FIRST_DAY[:7]), RANGE_END: last}
    return dg.RunRequest(run_key=f"coverage:{run_id}:{first}", job_name=coverage_job.name, tags=months)


RECHECK_SENSORS: Final = (reingest_changed_days, update_revisions_and_coverage)
