"""What can be asked to run: the tables of each job, and the tags that make a run one of a range of partitions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.partitions import spans

RANGE_START: Final = "dagster/asset_partition_range_start"
RANGE_END: Final = "dagster/asset_partition_range_end"

REASON: Final = "airwatch/reason"
"""Why days are read again; the runs of one look share it."""

DAILY: Final = ("raw_readings", "site_days", "features", "predictions", "forecast_scores")
REREAD: Final = ("raw_readings", "site_days", "features", "forecast_scores")
"""A day that EPA published anew is rescored, but the forecast issued then stays the one that was issued."""
CLOSING: Final = ("training_examples", "candidate_scores", "verification", "drift_report")
REMADE: Final = ("training_examples", "verification")
"""What a month's readings change at once. Shadow scores follow with the next backfill; they load every model."""
OPENING: Final = ("trained_models", "champion_model")
SEARCHING: Final = ("hyperparameters", *OPENING)
"""The year's first month, where a search is allowed: what it finds serves from this month on."""


def _job(name: str, tables: Sequence[str], why: str) -> Any:
    """Its partitions are those of its tables."""
    return dg.define_asset_job(name, selection=list(tables), description=why)


monitors_job = _job("refresh_monitors", ["monitors", "monitor_changes"], "EPA's monitor list, and what changed in it")
daily_job = _job("forecast_day", DAILY, "A day from its readings to its forecast, and the scores its readings allow")
reingest_job = _job("reingest_days", REREAD, "Days whose file EPA published anew, down to their scores")
examples_job = _job("rebuild_examples", REMADE, "Examples and verification of months whose readings changed")
close_job = _job(
    "close_month", CLOSING, "The month that ended: its examples, shadow scores, verification, drift report"
)
open_job = _job("open_month", OPENING, "The month that begins: retrain every family, choose the champion")
tuning_job = _job(
    "tune_and_open_month", SEARCHING, "The year that begins: search hyper-parameters, then open its first month"
)
archive_job = _job("archive_forecasts", ["agency_forecasts"], "What the agencies forecast themselves, archived")
recheck_job = _job("recheck_history", ["history_checks"], "History looked at again: which days EPA changed")
revisions_job = _job("update_revisions", ["revisions"], "What the readings of a day showed otherwise than before")
coverage_job = _job("update_coverage", ["coverage"], "What was published of a month, and what should have been")

JOBS: Final = (
    monitors_job,
    daily_job,
    archive_job,
    recheck_job,
    reingest_job,
    revisions_job,
    coverage_job,
    examples_job,
    close_job,
    open_job,
    tuning_job,
)


def months_read(context: dg.RunStatusSensorContext) -> list[tuple[str, str]]:
    """Months of the days that a run that succeeded read, and others for the same reason: first and last of each span.

    None while runs for that reason are still to end: the last of them speaks for all.
    """
    run = context.dagster_run
    reason = run.tags.get(REASON)
    same = dg.RunsFilter(job_name=run.job_name, tags={REASON: reason}) if reason else None
    others = [one for one in context.instance.get_runs(same) if one.run_id != run.run_id] if same else []
    if any(not one.is_finished for one in others):
        return []
    days = [days_read(one.tags) for one in (run, *others) if one.is_success or one is run]
    months = {month for first, last in days for month in pd.period_range(first[:7], last[:7], freq="M")}
    return spans(sorted(months))


def days_read(tags: Mapping[str, str]) -> tuple[str, str]:
    """First and last day, or month, of a run of one partition or a range."""
    day = tags.get("dagster/partition")
    return tags.get(RANGE_START) or str(day), tags.get(RANGE_END) or str(day)
