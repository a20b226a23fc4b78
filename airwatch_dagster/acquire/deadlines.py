"""Deadlines by which agencies must report a day to AQS."""

from typing import Final

import pandas as pd

DEADLINE_DAYS: Final = 90
"""Days from the end of a quarter to the deadline of its data in AQS. Source: 40 CFR 58.16(b)."""


def due_on(days: pd.Series) -> pd.Series:
    """Deadline of each day: 90 days after the end of its quarter. Source: 40 CFR 58.16(b)."""
    quarter_end = days + pd.offsets.QuarterEnd(n=0)
    return quarter_end + pd.Timedelta(days=DEADLINE_DAYS)


def first_day_not_due(today: pd.Timestamp) -> pd.Timestamp:
    """The first day of the earliest quarter whose deadline is not over."""
    days = pd.Series(pd.date_range(today - pd.DateOffset(years=1), today))
    return days[due_on(days) >= today].iloc[0]
