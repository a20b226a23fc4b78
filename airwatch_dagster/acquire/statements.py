"""When two published rows say the same thing in the words of two publications."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.pulls import SITE_DAY, is_among, is_provisional

_EVENT_CLASS: Final = {
    "No Events": "included",
    "None": "included",
    "Events Included": "included",
    "Included": "included",
    "Events Excluded": "excluded",
    "Concurred Events Excluded": "excluded",
    "Excluded": "excluded",
}
"""Event types of the API and of the bulk files by whether event hours count. Source: AQS event types."""

_SAME_STATEMENT: Final = (*SITE_DAY, "poc", "sample_duration", "event_class", "standard_class")


def restated_by(history: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Which rows of ``history`` say in another source's words what some of ``rows`` says.

    The bulk files state one standard where the API states each: those of 24 hours are one statement, and so are the
    annual ones. A provisional row is restated by any row of its site's day. Both frames have the columns of
    raw_readings, ``rows`` without versions.
    """
    is_same = is_among(_stated(history), _stated(rows), _SAME_STATEMENT)
    other_words = ~history["source"].isin(rows["source"].unique()).to_numpy()
    finals = is_provisional(history) & is_among(history, rows[~is_provisional(rows)], SITE_DAY)
    return pd.Series((is_same & other_words) | finals, index=history.index)


def _stated(readings: pd.DataFrame) -> pd.DataFrame:
    event_type = readings["event_type"].fillna("None")
    standard = readings["pollutant_standard"]
    form = np.where(standard.str.contains("annual", case=False, na=False), "annual", "24-hour")
    return readings.assign(
        event_class=event_type.map(_EVENT_CLASS).fillna(event_type),
        standard_class=np.where(standard.isna() & (readings["sample_duration"] == "1 HOUR"), "hours", form),
    )
