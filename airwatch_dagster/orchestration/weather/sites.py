"""The sites that weather is asked for, and the time until which it must have been published."""

from typing import Final

import pandas as pd

from airwatch_dagster.acquire.parsing.vocabulary import listed_for_site_days
from airwatch_dagster.orchestration.early_issue import EARLY_ISSUE_TIME
from airwatch_dagster.orchestration.issue_times import issue_instant
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.schemas.supplied import instant_of_issue

OPEN_SINCE_LAST_SAMPLE: Final = pd.Timedelta(days=730)
"""How long after its last known day of data a site counts as open: EPA's list is months old, and two years are more
than any of its delays."""


def weather_sites(monitors: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The sites of ``monitors`` that may have readings around ``day``, in the area and around it, sorted by site.

    Columns site_id, latitude, longitude. The list of monitors has no heights: readers take the nearest station's.
    """
    has_begun = monitors["open_date"].isna() | (monitors["open_date"] <= day)
    until = monitors["last_sample_date"] + OPEN_SINCE_LAST_SAMPLE
    is_open = has_begun & (until.isna() | (until >= day)) & listed_for_site_days(monitors)
    sites = monitors.loc[is_open, ["site_id", "latitude", "longitude"]].sort_values("site_id", kind="stable")
    return sites.drop_duplicates("site_id", ignore_index=True)


def published_by(day: pd.Timestamp) -> pd.Timestamp:
    """The time (naive UTC) until which weather must have been published to be used for ``day``: when its forecasts are
    issued, or now where that is earlier."""
    return min(issue_instant(day), utc_now())


def published_early_by(day: pd.Timestamp) -> pd.Timestamp:
    """The same for the early issue of ``day``."""
    return min(instant_of_issue(day, issue_time=EARLY_ISSUE_TIME), published_by(day))
