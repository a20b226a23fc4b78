"""When two published rows say the same thing in the words of two publications."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.pulls import SITE_DAY, is_among, is_provisional
from airwatch_dagster.acquire.readings import key_codes

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

MONITOR_DAY: Final = (*SITE_DAY, "poc")
_ANY_PARAMETER_DAY: Final = tuple(name for name in MONITOR_DAY if name != "parameter_code")
_SAME_STANDARD: Final = (*MONITOR_DAY, "sample_duration", "event_class", "pollutant_standard")
_SAME_STATEMENT: Final = (*MONITOR_DAY, "sample_duration", "event_class", "standard_class")


def equivalent_rows(history: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Which rows of ``history`` say in other words what some of ``rows`` says.

    The bulk files state one standard where the API states each: those of 24 hours are one statement, and so are the
    annual ones. A source's own words differ by event type alone: a day whose events are no longer flagged has rows of
    another type, each standard for itself. A provisional row is restated by any row of its site's day. Both frames have
    the columns of raw_readings, ``rows`` without versions.
    """
    theirs, ours = _stated(history), _stated(rows)
    other_words = ~history["source"].isin(rows["source"].unique()).to_numpy()
    is_same = is_among(theirs, ours, _SAME_STATEMENT) & other_words
    is_included = (theirs["event_class"] == "included").to_numpy()
    other_type = is_among(theirs, ours, _SAME_STANDARD) & ~is_among(theirs, ours, (*_SAME_STANDARD, "event_type"))
    is_same |= other_type & is_included & ~other_words
    finals = is_provisional(history) & is_among(history, rows[~is_provisional(rows)], SITE_DAY)
    return pd.Series(is_same | finals, index=history.index)


def adds_information(rows: pd.DataFrame, history: pd.DataFrame) -> np.ndarray:
    """Which of ``rows`` say more than another source's current rows of ``history`` say in their own words.

    A monitor's day is no news when each of its values with events included, but for the annual ones, is stated there
    and is the same, and nothing calls it invalid. Then none of its rows is: a version that only changes the words would
    hide the real ones.
    """
    current = history[history["superseded_at"].isna() & ~is_provisional(history)]
    known = _stated(current[~current["source"].isin(rows["source"].unique())])
    stated = _stated(rows).reset_index(drop=True)
    counts = stated["event_class"].eq("included") & stated["standard_class"].ne("annual")
    values = known.drop_duplicates(list(_SAME_STATEMENT))[[*_SAME_STATEMENT, "arithmetic_mean", "method_code"]]
    both = stated.merge(values, on=list(_SAME_STATEMENT), how="left", suffixes=("", "_known"), validate="m:1")
    is_same = both["arithmetic_mean"].eq(both["arithmetic_mean_known"]) & both["validity_indicator"].ne("N")
    is_same &= both["method_code"].isna() | both["method_code"].eq(both["method_code_known"])
    days = key_codes(stated, MONITOR_DAY)
    is_news: np.ndarray = ~np.isin(days, days[counts]) | np.isin(days, days[counts & ~is_same])
    return is_news


def drop_other_parameters(rows: pd.DataFrame, history: pd.DataFrame, *, parameter: str) -> pd.DataFrame:
    """``rows`` without those of other parameters than ``parameter``, but for records that moved or had moved.

    A record moved when its monitor's day is current under ``parameter`` in ``history`` and no longer among ``rows``.
    """
    own, other = rows["parameter_code"] == parameter, rows["parameter_code"] != parameter
    current = history[history["superseded_at"].isna() & ~is_provisional(history)]
    was_own = current[current["parameter_code"] == parameter]
    moved = is_among(rows, was_own, _ANY_PARAMETER_DAY) & ~is_among(rows, rows[own], _ANY_PARAMETER_DAY)
    had_moved = is_among(rows, current[current["parameter_code"] != parameter], MONITOR_DAY)
    return rows[own | (other & (moved | had_moved))].reset_index(drop=True)


def _stated(readings: pd.DataFrame) -> pd.DataFrame:
    event_type = readings["event_type"].fillna("None")
    standard = readings["pollutant_standard"]
    form = np.where(standard.str.contains("annual", case=False, na=False), "annual", "24-hour")
    return readings.assign(
        event_class=event_type.map(_EVENT_CLASS).fillna(event_type),
        standard_class=np.where(standard.isna() & (readings["sample_duration"] == "1 HOUR"), "hours", form),
    )
