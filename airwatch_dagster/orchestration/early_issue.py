"""The early issue: which days may have one, when it counts as made, and the weather that was published by then."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import SourceSettings
from airwatch_dagster.orchestration.issue_times import issue_moments
from airwatch_dagster.schemas.supplied import instant_of_issue
from airwatch_dagster.storage.tables import TableStorage

EARLY_ISSUE_TIME: Final = pd.Timedelta(hours=12)
"""Time (UTC) of the early issue on the day after the issue day, in the morning of the contiguous states: 07:00 in
Chicago. The day is over in all 50 states since 10:00 UTC, and AirNow has published most of it by noon."""

EARLY_JOB: Final = "issue_early"
"""The job of the early issue. The daily job does not wait for it, and reads and checks everything again."""

FOLLOWS_SOURCE: Final = ("airdata", "aqs")
"""Sources that publish months later: an early issue would have nothing that the daily one has not."""


def early_moments(issue_dates: pd.Series, *, now: pd.Timestamp) -> pd.Series:
    """By row the time of issue (naive UTC) of forecasts that are made early: ``now``, and never after the daily issue.

    With a simulated date it is EARLY_ISSUE_TIME, because the clock says nothing about that date.
    """
    settings = SourceSettings.from_environment()
    if settings.practice_today and settings.is_rehearsal:
        return instant_of_issue(issue_dates, issue_time=EARLY_ISSUE_TIME)
    return issue_moments(issue_dates, now=now)


def known_early(weather: pd.DataFrame, *, now: pd.Timestamp) -> pd.DataFrame:
    """The rows of ``weather_forecasts`` that were available at the time of the early issue."""
    return weather[weather["issued_at"] <= early_moments(weather["issue_date"], now=now)]


def refuse_after_daily_issue(days: Sequence[str], tables: TableStorage) -> None:
    """Raises ConfigurationError for days whose daily forecast is stored: an early one would know as much as that."""
    issued = sorted(set(days) & set(tables.stored_partitions("predictions")))
    if issued:
        problem = f"the daily forecast of {issued[0]} is stored, so an early one comes too late"
        raise ConfigurationError("early_predictions", problem, fix="Read predictions; backfills need no early issue")


def awaiting_daily_run(tables: TableStorage, *, today: date) -> str | None:
    """Yesterday, if it has early forecasts and no daily ones: the daily run reads it again anyway. None otherwise."""
    day = f"{today - timedelta(days=1):%Y-%m-%d}"
    is_early = day in tables.stored_partitions("early_predictions")
    return day if is_early and day not in tables.stored_partitions("predictions") else None
