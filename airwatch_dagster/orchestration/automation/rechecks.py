"""Schedules and sensors for rechecks of history, and for the tables that follow ingested days."""

from collections.abc import Sequence
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.automation.jobs import (
    FOLLOW_UP_S,
    RANGE_END,
    RANGE_START,
    REASON,
    FollowUp,
    close_job,
    coverage_job,
    daily_job,
    examples_job,
    follow_up,
    partition_span,
    recent_job,
    recheck_job,
    reingest_job,
    revisions_job,
)
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.first_day import listed_spans
from airwatch_dagster.orchestration.ingest.recheck import changed_ranges
from airwatch_dagster.orchestration.partitions import newest_day
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.watch_tables import revisions_due
from airwatch_dagster.watch.coverage import WINDOW_MONTHS as COVERAGE_MONTHS


def can_recheck(kind: str) -> bool:
    """Whether the configured source supports this kind of recheck, and its data can change."""
    settings = Settings.from_environment()
    has_aqs = settings.source == "aqs" or (settings.source == "live" and settings.has_aqs_credentials)
    return {
        "recent_days": settings.source == "live",
        "changed_since": has_aqs,
        "whole_year": settings.source != "practice",
    }[kind]


def _recheck_schedule(
    name: str, kind: str, cron: str, description: str, *, job: dg.JobDefinition = recheck_job
) -> dg.ScheduleDefinition:
    """A schedule that skips its ticks, with a reason, for sources without this kind of recheck. A ``job`` with
    partitions is run for the day before."""

    def request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if not can_recheck(kind):
            return dg.SkipReason(f"AIRWATCH_SOURCE={Settings.from_environment().source} has no such recheck")
        config = {"ops": {"history_checks": {"config": {"kind": kind}}}}
        now = pd.Timestamp(context.scheduled_execution_time)
        day = None if job is recheck_job else f"{newest_day(now):%Y-%m-%d}"
        tags = {"airwatch/recheck_kind": kind}
        return dg.RunRequest(f"{kind}:{now:%Y-%m-%dT%H:%M}", run_config=config, tags=tags, partition_key=day)

    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_fn=request,
        description=description,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


RECHECK_SCHEDULES: Final = (
    _recheck_schedule(
        "daily_recent_recheck",
        "recent_days",
        "0 18 * * *",
        "18:00 UTC, before the daily forecast: recheck AirNow's last 7 days, and archive its reportingarea.dat of the "
        "day before; AIRWATCH_SOURCE=live only",
        job=recent_job,
    ),
    _recheck_schedule(
        "weekly_aqs_changes",
        "changed_since",
        "0 15 * * 3",
        "15:00 UTC on Wednesdays: request AQS rows of the last ten years that changed since the previous recheck; "
        "needs AQS credentials",
    ),
    _recheck_schedule(
        "monthly_full_year_recheck",
        "whole_year",
        "0 15 15 * *",
        "15:00 UTC on the 15th: recheck one whole year, the one rechecked longest ago, to find withdrawn rows",
    ),
)


@dg.run_status_sensor(
    minimum_interval_seconds=FOLLOW_UP_S,
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[recheck_job, recent_job],
    request_job=reingest_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After a recheck: ingest the days it found changed, one run per range",
)
def reingest_changed_days(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
    """One run per range of changed days; skipped when no day changed."""
    run_id = context.dagster_run.run_id
    ranges = changed_ranges(context.instance, run_id)
    if not ranges:
        return dg.SkipReason("No day changed")
    return [
        dg.RunRequest(
            run_key=f"changed:{one['first']}:{one['last']}:{run_id}",
            tags={RANGE_START: first, RANGE_END: last, REASON: f"recheck {run_id}"},
            run_config={"ops": {"raw_readings": {"config": dict(one["config"])}}},
        )
        for one in ranges
        for first, last in listed_spans([(one["first"], one["last"])])
    ]


@dg.run_status_sensor(
    minimum_interval_seconds=FOLLOW_UP_S,
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[reingest_job],
    request_job=examples_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After re-ingested days: rebuild the training examples, verification and scoreboard of their months",
)
def rebuild_changed_examples(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
    """Runs for the months that ``follow_up`` names; its skip reason when there is nothing to do."""
    done = follow_up(context)
    return done if isinstance(done, dg.SkipReason) else _examples(done)


@dg.run_status_sensor(
    minimum_interval_seconds=FOLLOW_UP_S,
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[daily_job, reingest_job, close_job],
    request_jobs=[revisions_job, coverage_job],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After ingested days: update coverage and findings of their months, and revisions where there are any. "
    "After a closed month: "
    "update the coverage of the months before it too, whose reporting deadlines pass",
)
def update_revisions_and_coverage(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
    """Runs for revisions, coverage and findings of the ingested days, or for the coverage of closed months."""
    run = context.dagster_run
    closed = partition_span(run.tags)
    if run.job_name == close_job.name and closed:
        before = str(pd.Period(closed[0], "M") + 1 - COVERAGE_MONTHS)
        alone = [dg.AssetKey("coverage")]
        return [_coverage(run.run_id, *span, only=alone) for span in listed_spans([(before, closed[1])])]
    done = follow_up(context)
    return done if isinstance(done, dg.SkipReason) else _revisions_and_coverage(done)


def _follow_up_sensor(status: dg.DagsterRunStatus, ending: str) -> dg.SensorDefinition:
    """A recheck's last run may end without success: the ranges that succeeded are still followed up."""

    @dg.run_status_sensor(
        minimum_interval_seconds=FOLLOW_UP_S,
        name=f"follow_up_{ending}_reingest",
        run_status=status,
        monitored_jobs=[reingest_job],
        request_jobs=[examples_job, revisions_job, coverage_job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"When the last run of a recheck ends as {ending}: update what depends on the days ingested",
    )
    def sensor(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
        done = follow_up(context)
        return done if isinstance(done, dg.SkipReason) else [*_examples(done), *_revisions_and_coverage(done)]

    return sensor


follow_up_failed_reingest = _follow_up_sensor(dg.DagsterRunStatus.FAILURE, "failed")
follow_up_canceled_reingest = _follow_up_sensor(dg.DagsterRunStatus.CANCELED, "canceled")


def _examples(done: FollowUp) -> list[dg.RunRequest]:
    return [
        dg.RunRequest(
            run_key=f"examples:{first}:{done.key}",
            job_name=examples_job.name,
            tags={RANGE_START: first, RANGE_END: last},
        )
        for first, last in listed_spans(done.months)
    ]


def _revisions_and_coverage(done: FollowUp) -> list[dg.RunRequest]:
    """Revisions of each day (UTC) on which the runs were under way, where there is something to tell; coverage and
    findings of each span of months."""
    revisions = [
        dg.RunRequest(run_key=f"revisions:{done.key}:{day}", job_name=revisions_job.name, partition_key=day)
        for day in done.days
        if _has_revisions(day)
    ]
    return [*revisions, *(_coverage(done.key, *span) for span in listed_spans(done.months))]


def _has_revisions(day: str) -> bool:
    """As ``revisions_due``; True for a storage that does not answer, as the run will say."""
    try:
        return revisions_due(day, opened_storage(Settings.from_environment().storage))
    except AirWatchError:
        return True


def _coverage(key: str, first: str, last: str, *, only: Sequence[dg.AssetKey] | None = None) -> dg.RunRequest:
    """A run for these months; of the job's tables ``only`` some."""
    months = {RANGE_START: first, RANGE_END: last}
    run_key = f"coverage:{key}:{first}"
    return dg.RunRequest(run_key=run_key, job_name=coverage_job.name, tags=months, asset_selection=only)


RECHECK_SENSORS: Final = (
    reingest_changed_days,
    rebuild_changed_examples,
    update_revisions_and_coverage,
    follow_up_failed_reingest,
    follow_up_canceled_reingest,
)
