"""Daily, weekly and monthly schedules."""

from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.automation.jobs import archive_job, close_job, daily_job, early_job, monitors_job
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.early_issue import FOLLOWS_SOURCE
from airwatch_dagster.orchestration.partitions import newest_day
from airwatch_dagster.orchestration.resources import opened_storage

HISTORY_YEARS: Final = 2
"""Years of history that a skipped schedule suggests: one to train on, one to choose the champion by."""


def no_history(now: pd.Timestamp) -> dg.SkipReason | None:
    """Why nothing can be forecast or closed yet, and how to fill history; None once a month has a champion.

    A storage that does not answer is no reason: the run is requested, fails, and an alert says why.
    """
    try:
        if opened_storage(Settings.from_environment().storage).stored_partitions("champion_model"):
            return None
    except AirWatchError:
        return None
    command = f"airwatch backfill {newest_day(now) - pd.DateOffset(years=HISTORY_YEARS):%Y-%m-%d} yesterday"
    return dg.SkipReason(
        "History is empty: no month has a champion model. Fill it once, then this schedule runs by itself: "
        f"`docker compose exec code {command}` in the compose stack, `.venv/bin/{command}` elsewhere"
    )


def daily_request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A run for the day before; skipped while history is empty."""
    now = pd.Timestamp(context.scheduled_execution_time)
    day = f"{newest_day(now):%Y-%m-%d}"
    return no_history(now) or dg.RunRequest(run_key=day, partition_key=day)


daily_schedule = dg.ScheduleDefinition(
    name="daily_forecast",
    job=daily_job,
    cron_schedule="30 18 * * *",
    execution_timezone="UTC",
    execution_fn=daily_request,
    description="18:30 UTC, when AirNow's file of the day before is complete: ingest that day and forecast from it",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def early_request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A run for the day before; skipped while history is empty, where it can have no readings, and when its daily
    forecast is there already."""
    settings, now = Settings.from_environment(), pd.Timestamp(context.scheduled_execution_time)
    day = f"{newest_day(now):%Y-%m-%d}"
    if settings.source in FOLLOWS_SOURCE:
        return dg.SkipReason(f"AIRWATCH_SOURCE={settings.source} has no readings of {day} yet")
    if waits := no_history(now):
        return waits
    if is_issued(day, settings):
        return dg.SkipReason(f"The daily forecast of {day} is stored already")
    return dg.RunRequest(run_key=f"early:{day}", partition_key=day)


def is_issued(day: str, settings: Settings) -> bool:
    """Whether the daily forecast of a day is stored; False for a storage that does not answer, as its run will say."""
    try:
        return day in opened_storage(settings.storage).stored_partitions("predictions")
    except AirWatchError:
        return False


early_schedule = dg.ScheduleDefinition(
    name="early_issue",
    job=early_job,
    cron_schedule="0 12 * * *",
    execution_timezone="UTC",
    execution_fn=early_request,
    description="12:00 UTC: forecast from what has been published of the day before, until the daily forecast is there",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.schedule(
    name="daily_agency_forecasts",
    job=archive_job,
    cron_schedule="15 18 * * *",
    description="18:15 UTC: archive AirNow's reportingarea.dat of the day before; only with AIRWATCH_SOURCE=practice: "
    "with live daily_recent_recheck does so",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def archive_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A run for the day before; skipped for a source without AirNow, and where ``daily_recent_recheck`` does it."""
    source = Settings.from_environment().source
    if source != "practice":
        why = "archives with daily_recent_recheck, in one run" if source == "live" else "has no AirNow"
        return dg.SkipReason(f"AIRWATCH_SOURCE={source} {why}")
    day = f"{newest_day(pd.Timestamp(context.scheduled_execution_time)):%Y-%m-%d}"
    return dg.RunRequest(run_key=f"archive:{day}", partition_key=day)


def close_request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """A run for the month before; skipped while history is empty."""
    now = pd.Timestamp(context.scheduled_execution_time)
    month = now.tz_localize(None).to_period("M") - 1
    return no_history(now) or dg.RunRequest(run_key=f"close:{month}", partition_key=str(month))


monthly_schedule = dg.ScheduleDefinition(
    name="monthly_close",
    job=close_job,
    cron_schedule="0 20 1 * *",
    execution_fn=close_request,
    description="20:00 UTC on the 1st, when the last day is stored: close the month before, then open the new one",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

monitors_schedule = dg.ScheduleDefinition(
    name="weekly_monitors",
    job=monitors_job,
    cron_schedule="0 17 * * 1",
    description="17:00 UTC on Mondays: read EPA's monitor list",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

SCHEDULES: Final = (daily_schedule, early_schedule, archive_schedule, monthly_schedule, monitors_schedule)
