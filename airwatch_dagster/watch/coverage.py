"""Was a site's day published, and if not, should it have been?"""

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
"""Days after the day by which a site that reports to AirNow is there: its file is complete around noon of the next."""

WINDOW_MONTHS: Final = 9
"""Months of readings behind a month's coverage, itself included: under EPA's deadlines the last published reading may
be half a year old, and a quarter of readings up to it tells the schedule."""


def coverage(
    site_days: pd.DataFrame, *, months: Sequence[pd.Timestamp], monitors: pd.DataFrame, today: pd.Timestamp
) -> pd.DataFrame:
    """One row per running site and day of ``months`` before ``today``, in the columns of ``coverage``.

    A site runs from its first to its last known day (see ``running_sites``), read from the month and the eight before
    it in ``site_days``: several months together give what they give one by one. A reading stands for its day alone,
    whether it was scheduled or not: a sample made up a day late leaves its own day without one. A site of unknown
    schedule has nothing due. From its first reading by AirNow on a site is
    expected two days after the day, earlier days by EPA's deadline: nobody asked AirNow about those, or AQS has
    published past them. Sorted by month, site_id, date_local.
    """
    spec = TABLES["coverage"]
    parts = [_month(site_days, month=month, monitors=monitors, today=today) for month in months]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[spec.column_names] if filled else spec.empty()


def completeness(coverage: pd.DataFrame) -> pd.DataFrame:
    """Per month (``2021-07``) of ``coverage``: site-days of each status, and the share of due ones observed, percent.

    Due is every day that is not ``not_scheduled``, whether it is past its deadline or not; null when nothing was.
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
    rows = rows.fillna({"schedule": "unknown", "phase": 0}).assign(expected_by=_expected_by)
    return rows.assign(status=_statuses(rows, today=today), is_provisional=rows["is_provisional"].eq(True))


def _open_days(sites: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """site_id and date_local of every day from ``first`` to ``last`` on which a site was open."""
    near = sites[(sites["first_day"] <= last) & (sites["last_day"] >= first)]
    days = pd.date_range(first, last, name="date_local")
    grid = pd.MultiIndex.from_product([near.index, days], names=["site_id", "date_local"]).to_frame(index=False)
    opened, closed = (grid["site_id"].map(near[name]) for name in ("first_day", "last_day"))
    return grid[grid["date_local"].between(opened, closed)].reset_index(drop=True)


def _expected_by(rows: pd.DataFrame) -> pd.Series:
    days = rows["date_local"]
    in_real_time = days >= rows["real_time_since"]
    return due_on(days).mask(in_real_time, days + pd.Timedelta(days=REAL_TIME_DAYS))


def _statuses(rows: pd.DataFrame, *, today: pd.Timestamp) -> np.ndarray:
    """First of: a valid reading, a reading, no sampler due, deadline to come; ``missing`` otherwise."""
    is_valid = rows["is_valid"].eq(True)
    is_scheduled = is_due(rows["date_local"], schedule=rows["schedule"], phase=rows["phase"])
    known = [is_valid, rows["is_valid"].notna(), ~is_scheduled, rows["expected_by"] >= today]
    return np.select(known, ["observed", "invalid", "not_scheduled", "late"], default="missing")
