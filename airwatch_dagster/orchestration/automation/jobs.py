"""Jobs: the tables each builds, the tags of a run over a range of partitions, and which runs to follow up."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.automation.run_sizes import size_tags
from airwatch_dagster.orchestration.early_issue import EARLY_JOB
from airwatch_dagster.orchestration.partitions import spans

RANGE_START: Final = "dagster/asset_partition_range_start"
RANGE_END: Final = "dagster/asset_partition_range_end"

FOLLOW_UP_S: Final = 180
"""Seconds between two looks of a sensor that follows runs up: nothing waits for it, and each look takes a tenth of a
second of CPU."""

REASON: Final = "airwatch/reason"
"""Tag: why days are ingested again. The runs of one recheck share it."""

DAILY_TABLES: Final = (
    *("raw_readings", "weather_forecasts", "site_days", "features"),
    *("predictions", "forecast_scores", "bulletin", "sensor_flags"),
)
EARLY_TABLES: Final = (
    *("raw_readings", "weather_forecasts", "site_days", "features"),
    *("early_predictions", "bulletin"),
)
EARLY_SCORED: Final = "early_scores"
"""Scored with the daily forecasts; a day without an early issue lacks nothing."""
REINGEST_TABLES: Final = (
    *("raw_readings", "site_days", "features", "forecast_scores", EARLY_SCORED, "bulletin"),
    "sensor_flags",
)
"""Re-published days are rescored; issued forecasts never change, their bulletins show the new readings."""
CLOSE_TABLES: Final = (
    *("training_examples", "candidate_scores", "verification"),
    *("scoreboard", "scoreboard_events", "monthly_findings", "drift_report"),
)
REBUILD_TABLES: Final = ("training_examples", "verification", "scoreboard", "scoreboard_events")
"""Months whose readings changed. Shadow scores follow with the next backfill, because they load every model."""
OPEN_TABLES: Final = ("trained_models", "champion_model")
TUNING_TABLES: Final = ("hyperparameters", *OPEN_TABLES)
"""The first month of a year, where a search is allowed; its result is used from this month on."""


MAX_HOURS: Final = {
    **dict.fromkeys(("refresh_monitors", "forecast_day", EARLY_JOB), 1),
    **dict.fromkeys(("archive_forecasts", "recheck_recent_days", "update_revisions"), 1),
    **dict.fromkeys(("update_coverage", "rebuild_examples", "close_month", "open_month"), 3),
    **dict.fromkeys(("recheck_history", "reingest_days"), 6),
    "tune_and_open_month": 12,
}
"""Job → hours after which run monitoring ends a run and an alert is sent, some five times what the whole nation takes.
AQS needs half an hour for a year of one state, and a search as long as AIRWATCH_SEARCH_MINUTES says. Runs without a job
have ``max_runtime_seconds`` of dagster.yaml, six hours."""


def _job(name: str, tables: Sequence[str], description: str) -> Any:
    """A job over ``tables``, partitioned as they are, with its longest run time and its size on a cluster."""
    tags = {"dagster/max_runtime": str(MAX_HOURS[name] * 3600), **size_tags(name)}
    return dg.define_asset_job(name, selection=dg.AssetSelection.assets(*tables), description=description, tags=tags)


monitors_job = _job("refresh_monitors", ["monitors", "monitor_changes"], "Read EPA's monitor list and find changes")
daily_job = _job(
    "forecast_day",
    (*DAILY_TABLES, EARLY_SCORED),
    "Ingest a day, flag its sensors, forecast from it, and score the forecasts of that day",
)
early_job = _job(
    EARLY_JOB, EARLY_TABLES, "Forecast in the morning from what has been published of a day; the daily job follows"
)
reingest_job = _job("reingest_days", REINGEST_TABLES, "Ingest days that EPA changed, and rescore their forecasts")
examples_job = _job(
    "rebuild_examples",
    REBUILD_TABLES,
    "Rebuild training examples, verification and scoreboard of months whose readings changed",
)
close_job = _job(
    "close_month",
    CLOSE_TABLES,
    "Build a finished month's examples, shadow scores, verification, scoreboard, findings and drift report",
)
open_job = _job("open_month", OPEN_TABLES, "Train every model family for a new month and select its champion")
tuning_job = _job(
    "tune_and_open_month", TUNING_TABLES, "Search hyperparameters for a new year, then open its first month"
)
archive_job = _job("archive_forecasts", ["agency_forecasts"], "Archive the forecasts that the agencies issued")
recent_job = _job(
    "recheck_recent_days",
    ["agency_forecasts", "history_checks"],
    "Archive the forecasts that the agencies issued, and find days of AirNow that changed",
)
recheck_job = _job("recheck_history", ["history_checks"], "Find stored days that EPA changed")
revisions_job = _job("update_revisions", ["revisions"], "List the values that changed in a day's pulls")
coverage_job = _job(
    "update_coverage",
    ["coverage", "monthly_findings"],
    "Compare what was published of a month with what was due, and judge what changed in it",
)

JOBS: Final = (
    monitors_job,
    daily_job,
    early_job,
    archive_job,
    recent_job,
    recheck_job,
    reingest_job,
    revisions_job,
    coverage_job,
    examples_job,
    close_job,
    open_job,
    tuning_job,
)


@dataclass(frozen=True)
class FollowUp:
    """The successful runs to follow up together: one run, or those of one recheck."""

    key: str
    """The same for the same runs, whichever of them ended last."""
    months: list[tuple[str, str]]
    """Months of the ingested days, as first and last of each run of adjacent months."""
    days: list[str]
    """Days (UTC) on which the runs were under way, and so detected what they did."""


def follow_up(context: dg.RunStatusSensorContext) -> FollowUp | dg.SkipReason:
    """What follows a run that ended, however it ended.

    Runs of one recheck are followed up once, when the last of them has ended: those that succeeded count. The reason
    names what is still to end, or that no run succeeded.
    """
    run = context.dagster_run
    reason = run.tags.get(REASON)
    same = dg.RunsFilter(job_name=run.job_name, tags={REASON: reason}) if reason else dg.RunsFilter([run.run_id])
    records = context.instance.get_run_records(same)
    if any(not one.dagster_run.is_finished for one in records):
        return dg.SkipReason("Other runs of this recheck are still to end")
    done = [one for one in records if one.dagster_run.is_success]
    days = [span for one in done if (span := partition_span(one.dagster_run.tags))]
    if not days:
        return dg.SkipReason("No run with partitions succeeded")
    months = {month for first, last in days for month in pd.period_range(first[:7], last[:7], freq="M")}
    ids = ",".join(sorted(one.dagster_run.run_id for one in done))
    return FollowUp(hashlib.sha256(ids.encode()).hexdigest()[:12], spans(sorted(months)), _days_under_way(done))


def _days_under_way(records: Sequence[dg.RunRecord]) -> list[str]:
    """Days (UTC) from the first run's begin to the last one's end."""
    begins = [one.start_time or one.create_timestamp.timestamp() for one in records]
    ends = [one.end_time or one.update_timestamp.timestamp() for one in records]
    first, last = (pd.Timestamp(moment, unit="s").normalize() for moment in (min(begins), max(ends)))
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, last)]


def partition_span(tags: Mapping[str, str]) -> tuple[str, str] | None:
    """First and last partition of a run, from its tags; None for a run without partitions."""
    single = tags.get("dagster/partition")
    first, last = tags.get(RANGE_START, single), tags.get(RANGE_END, single)
    return (first, last) if first and last else None
