"""When the forecasts of a day are issued, by AIRWATCH_ISSUE_TIME."""

import pandas as pd

from airwatch_dagster.orchestration.configuration.supplied_settings import IssueSettings
from airwatch_dagster.schemas.supplied import Dates, instant_of_issue


def issue_instant(issue_date: Dates) -> Dates:
    """When forecasts of an issue date are issued (naive UTC): AIRWATCH_ISSUE_TIME of the next day, 18:30 by default.

    What is compared with it counts as known if it became available at this instant or before. Raises
    ConfigurationError for a setting that is not a time of day.
    """
    return instant_of_issue(issue_date, issue_time=IssueSettings.from_environment().issue_time)


def issue_moments(issue_dates: pd.Series, *, now: pd.Timestamp) -> pd.Series:
    """By row the time of issue (naive UTC): ``issue_instant``, or ``now`` where that is earlier."""
    instants = issue_instant(issue_dates)
    return instants.where(instants <= now, now)
