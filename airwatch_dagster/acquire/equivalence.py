"""Equivalence of rows published by different EPA products."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import may_be_rejected
from airwatch_dagster.acquire.parsing.vocabulary import EVENTS_EXCLUDED, EVENTS_INCLUDED, NO_EVENTS, ONE_HOUR
from airwatch_dagster.acquire.pulls import SITE_DAY, Pull, has_final_rows, is_among, is_provisional
from airwatch_dagster.acquire.readings import key_codes

_EVENT_CLASS: Final = {
    **dict.fromkeys((*EVENTS_INCLUDED, *NO_EVENTS), "included"),
    **dict.fromkeys(EVENTS_EXCLUDED, "excluded"),
}
"""Event types by whether hours with events count."""

MONITOR_DAY: Final = (*SITE_DAY, "parameter_code", "poc")
"""Columns that identify a monitor's day."""

_ANY_PARAMETER_DAY: Final = tuple(name for name in MONITOR_DAY if name != "parameter_code")
_SAME_STANDARD: Final = (*MONITOR_DAY, "sample_duration", "event_class", "pollutant_standard")
_EQUIVALENT: Final = (*MONITOR_DAY, "sample_duration", "event_class", "standard_class")


def equivalent_rows(history: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Mask of the rows of ``history`` that are equivalent to one of ``rows``; their values may differ.

    The bulk files publish one 24-hour and one annual standard where the API publishes each: all 24-hour standards are
    equivalent, and all annual ones. Within a source only the event type differs: a day whose events are no longer
    flagged has rows of another type, standard by standard. A provisional row is equivalent to any final row of its
    site's day. Both frames have the columns of raw_readings, ``rows`` without versions.
    """
    past, new = _with_classes(history), _with_classes(rows)
    is_other_source = ~history["source"].isin(rows["source"].unique()).to_numpy()
    is_same = is_among(past, new, _EQUIVALENT) & is_other_source
    is_included = (past["event_class"] == "included").to_numpy()
    is_other_type = is_among(past, new, _SAME_STANDARD) & ~is_among(past, new, (*_SAME_STANDARD, "event_type"))
    is_same |= is_other_type & is_included & ~is_other_source
    is_finalised = is_provisional(history) & has_final_rows(history, rows)
    return pd.Series(is_same | is_finalised, index=history.index)


def replaced_rows(history: pd.DataFrame, pull: Pull) -> pd.Series:
    """Mask of the rows of ``history`` (columns of raw_readings) that ``pull`` replaces or confirms: those in its scope.

    A row that a line set aside may be about is not withdrawn, since it may still be published; it is in the mask only
    where the pull has an equivalent row.
    """
    in_scope = pull.in_scope(history)
    if pull.rejected.empty:
        return in_scope
    return in_scope & (~may_be_rejected(history, pull.rejected) | equivalent_rows(history, pull.rows))


def adds_information(rows: pd.DataFrame, history: pd.DataFrame) -> np.ndarray:
    """Mask of the ``rows`` that add information to the current rows of other sources in ``history``.

    A monitor-day adds none when each of its values with events included, annual standards aside, is published there
    with the same value and method, and no row is invalid. Then none of its rows counts: a version that only changes the
    wording would hide the real revisions.
    """
    current = history[history["superseded_at"].isna() & ~is_provisional(history)]
    known = _with_classes(current[~current["source"].isin(rows["source"].unique())])
    fresh = _with_classes(rows).reset_index(drop=True)
    counts = fresh["event_class"].eq("included") & fresh["standard_class"].ne("annual")
    values = known.drop_duplicates(list(_EQUIVALENT))[[*_EQUIVALENT, "arithmetic_mean", "method_code"]]
    both = fresh.merge(values, on=list(_EQUIVALENT), how="left", suffixes=("", "_known"), validate="m:1")
    is_same = both["arithmetic_mean"].eq(both["arithmetic_mean_known"]) & both["validity_indicator"].ne("N")
    is_same &= both["method_code"].isna() | both["method_code"].eq(both["method_code_known"])
    days = key_codes(fresh, MONITOR_DAY)
    is_new: np.ndarray = ~np.isin(days, days[counts]) | np.isin(days, days[counts & ~is_same])
    return is_new


def drop_other_parameters(rows: pd.DataFrame, history: pd.DataFrame, *, parameter: str) -> pd.DataFrame:
    """``rows`` of ``parameter``, plus those of other parameters whose record moves now or moved earlier.

    A record moves when its monitor-day is current under ``parameter`` in ``history`` but missing from ``rows``.
    """
    own, other = rows["parameter_code"] == parameter, rows["parameter_code"] != parameter
    current = history[history["superseded_at"].isna() & ~is_provisional(history)]
    was_own = current[current["parameter_code"] == parameter]
    moved = is_among(rows, was_own, _ANY_PARAMETER_DAY) & ~is_among(rows, rows[own], _ANY_PARAMETER_DAY)
    had_moved = is_among(rows, current[current["parameter_code"] != parameter], MONITOR_DAY)
    return rows[own | (other & (moved | had_moved))].reset_index(drop=True)


def _with_classes(readings: pd.DataFrame) -> pd.DataFrame:
    """``readings`` with event_class and standard_class; an event type that is not listed is its own class."""
    event_type = readings["event_type"].fillna("None")
    standard = readings["pollutant_standard"]
    form = np.where(standard.str.contains("annual", case=False, na=False), "annual", "24-hour")
    return readings.assign(
        event_class=event_type.map(_EVENT_CLASS).fillna(event_type),
        standard_class=np.where(standard.isna() & (readings["sample_duration"] == ONE_HOUR), "hours", form),
    )
