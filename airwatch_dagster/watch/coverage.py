"""Coverage: status of every site-day, compared with its sampling schedule and its deadline."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.deadlines import due_on
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import COVERAGE_STATUSES
from airwatch_dagster.watch.running_sites import running_sites
from airwatch_dagster.watch.sampling_schedules import is_due, sampling_schedules

REAL_TIME_DAYS: Final = 2
"""Deadline of a site that reports to AirNow, in days after the day: AirNow's file is complete around noon of the
next."""

WINDOW_MONTHS: Final = 9
"""Months of readings that a month's coverage needs, itself included: under EPA's deadlines the last published reading
may be half a year old, and the schedule is derived from the quarter before it."""


def coverage(
    site_days: pd.DataFrame, *, months: Sequence[pd.Timestamp], monitors: pd.DataFrame, today: pd.Timestamp
) -> pd.DataFrame:
    """One row per running site and day of ``months`` before ``today``, in the columns of ``coverage``.

    Each month uses its own and the eight earlier months of ``site_days``, so months computed together or one by one
    have the same rows. ``running_sites`` determines the days on which a site runs. A reading counts for its own day
    only, scheduled or not: a sample taken a day late leaves the scheduled day without a reading. Nothing is due at a
    site of unknown schedule. Days from the site's first AirNow reading on are expected two days later, earlier ones by
    EPA's deadline. Sorted by month, site_id, date_local; empty without running sites.
    """
    spec = TABLES["coverage"]
    parts = [_month(site_days, month=month, monitors=monitors, today=today) for month in months]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[spec.column_names] if filled else spec.empty()


def completeness(coverage: pd.DataFrame) -> pd.DataFrame:
    """Per month (``2021-07``) of ``coverage``: site-days of each status and ``completeness_pct``.

    Completeness is the share (percent) of due site-days that were observed. Due is every status but ``not_scheduled``,
    before and after the deadline; null when nothing was due.
    """
    months = TABLES["coverage"].partition_keys_of(coverage)
    counts = pd.crosstab(months, coverage["status"]).reindex(columns=list(COVERAGE_STATUSES), fill_value=0)
    due = counts.sum(axis=1) - counts["not_scheduled"]
    share = 100.0 * counts["observed"] / due.where(due > 0)
    return counts.add_suffix("_site_days").assign(completeness_pct=share).rename_axis(index="month", columns=None)


def _month(
    site_days: pd.DataFrame, *, month: pd.Timestamp, monitors: pd.DataFrame, today: pd.Timestamp
) -> pd.DataFrame:
    first, last = month, month + pd.offsets.MonthEnd(0)
    seen = site_days[site_days["date_local"].between(first - pd.DateOffset(months=WINDOW_MONTHS - 1), last)]
    sites = running_sites(seen, monitors=monitors, today=today)
    open_days = _open_days(sites, first=first, last=min(last, today - pd.Timedelta(days=1)))
    rows = open_days.join(sites, on="site_id").join(sampling_schedules(seen), on="site_id")
    readings = seen[["site_id", "date_local", "is_valid", "is_provisional"]]
    rows = rows.merge(readings, on=["site_id", "date_local"], how="left", validate="one_to_one")
    rows = rows.fillna({"schedule": "unknown", "phase": 0})
    days, is_valid = rows["date_local"], rows["is_valid"]
    in_real_time = days >= rows["real_time_since"]
    expected_by = due_on(days).mask(in_real_time, days + pd.Timedelta(days=REAL_TIME_DAYS))
    is_scheduled = is_due(days, schedule=rows["schedule"], phase=rows["phase"])
    # The first status that applies counts; late is due and before the deadline.
    applies = [is_valid.eq(True), is_valid.notna(), ~is_scheduled, expected_by >= today]
    status = np.select(applies, ["observed", "invalid", "not_scheduled", "late"], default="missing")
    return rows.assign(expected_by=expected_by, status=status, is_provisional=rows["is_provisional"].eq(True))


def _open_days(sites: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """site_id and date_local of every day from ``first`` to ``last`` on which a site ran."""
    near = sites[(sites["first_day"] <= last) & (sites["last_day"] >= first)]
    days = pd.date_range(first, last, name="date_local")
    grid = pd.MultiIndex.from_product([near.index, days], names=["site_id", "date_local"]).to_frame(index=False)
    opened, closed = (grid["site_id"].map(near[name]) for name in ("first_day", "last_day"))
    return grid[grid["date_local"].between(opened, closed)].reset_index(drop=True)
