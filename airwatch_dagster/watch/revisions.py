"""Revisions: published monitor-days that a later pull changed."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.pulls import PROVISIONAL_SOURCE, is_among
from airwatch_dagster.acquire.readings import SITE_COLUMNS, key_codes
from airwatch_dagster.clean.monitor_days import published_days
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import SITE_POC

MIN_CHANGE_UGM3: Final = 1e-9
"""Smallest difference (µg/m³) that counts as another value; smaller ones are floating-point error."""

SETTLES_FOR: Final = pd.Timedelta(days=1)
"""From the end of a day (UTC) on, changes within this time are no revisions: AirNow publishes the day in these hours,
and both the early and the daily run read it."""

_SITE_DAY: Final = [*SITE_COLUMNS, "date_local"]
_KEY: Final = ["site_id", "parameter_code", "poc", "date_local"]
_MONITOR: Final = ["site_id", "poc", "date_local"]
"""Key of a monitor's day under any parameter."""
_SITE_PARAMETER: Final = ["site_id", "parameter_code", "date_local"]
"""Key of a site's day under one parameter, of any monitor."""
_SITE: Final = ["site_id", "date_local"]
_PARAMETER_DAY: Final = ["parameter_code", "date_local"]
_OLD: Final = ["old_pm25_ugm3", "old_source"]


def find_revisions(history: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Every change of a published monitor-day detected from ``first`` until before ``last``, as table ``revisions``.

    ``history`` has the columns of raw_readings and all versions of its days; times are UTC without a zone. Compared are
    the 24-hour values of ``published_days``: a change that leaves them equal is not a revision, unless AQS confirms
    AirNow. The first pull of a day under a parameter is not a revision, unless a record moved there, nor is a change
    within ``SETTLES_FOR``. AQS's
    readings replace AirNow's of the same monitor and AirNow's of the whole site. Sorted by noticed_at and monitor-day;
    empty without revisions.
    """
    versions = _Versions(history)
    found = [versions.revisions_at(instant) for instant in versions.instants(first, last)]
    found = [revisions for revisions in found if len(revisions)]
    spec = TABLES["revisions"]
    if not found:
        return spec.empty()
    rows = pd.concat(found, ignore_index=True).sort_values(["noticed_at", *_KEY], ignore_index=True)
    for source in ("old_source", "new_source"):
        rows[source] = [name if isinstance(name, str) else None for name in rows[source]]
    return rows[spec.column_names].astype(spec.empty().dtypes)


class _Versions:
    """History with times and site-days as integers, so that finding the rows of one time is fast."""

    def __init__(self, history: pd.DataFrame) -> None:
        self._history = history
        self._seen = history["first_seen_at"].to_numpy(dtype="datetime64[ns]")
        self._superseded = history["superseded_at"].to_numpy(dtype="datetime64[ns]")
        self._site_day = pd.factorize(key_codes(history, _SITE_DAY))[0]
        self._day = pd.factorize(history["date_local"])[0]

    def instants(self, first: pd.Timestamp, last: pd.Timestamp) -> np.ndarray:
        """Times at which a version began or ended, from ``first`` until before ``last``."""
        moments = np.unique(np.concatenate([self._seen, self._superseded]))
        return moments[(moments >= np.datetime64(first)) & (moments < np.datetime64(last))]

    def revisions_at(self, instant: np.datetime64) -> pd.DataFrame:
        """The revisions of one time: the affected site-days just before and just after it, compared."""
        touched = self._touched(instant)
        is_before = touched & (self._seen < instant) & ~(self._superseded < instant)
        is_after = touched & (self._seen <= instant) & ~(self._superseded <= instant)
        before, after = (self._monitor_days(rows) for rows in (is_before, is_after))
        detected_at = pd.Timestamp(instant)
        revisions = self._without_first_pulls(_compared(before, after), instant)
        size = (revisions["new_pm25_ugm3"] - revisions["old_pm25_ugm3"]).abs()
        found = revisions.assign(size_ugm3=size, noticed_at=detected_at, noticed_on=detected_at.normalize())
        return found[~_is_rematched(found) & (found["noticed_on"] > found["date_local"] + SETTLES_FOR)]

    def _touched(self, instant: np.datetime64) -> np.ndarray:
        """Rows of site-days of which a version begins or ends at ``instant``, on days that had been read before."""
        happens = (self._seen == instant) | (self._superseded == instant)
        site_days, days = (np.zeros(codes.max(initial=-1) + 1, dtype=bool) for codes in (self._site_day, self._day))
        site_days[self._site_day[happens]] = True
        days[self._day[self._seen < instant]] = True
        return site_days[self._site_day] & days[self._day]

    def _without_first_pulls(self, revisions: pd.DataFrame, instant: np.datetime64) -> pd.DataFrame:
        """``revisions`` without readings of a parameter that was read for their day for the first time."""
        read = self._history.loc[self._seen < instant, _PARAMETER_DAY].drop_duplicates()
        return revisions[(revisions["kind"] != "appeared_late") | is_among(revisions, read, _PARAMETER_DAY)]

    def _monitor_days(self, wanted: np.ndarray) -> pd.DataFrame:
        """Key, value and source of the monitor-days of the ``wanted`` rows, under every parameter."""
        rows = self._history[wanted].copy()
        rows["superseded_at"] = pd.NaT
        days = published_days(rows, parameters=list(rows["parameter_code"].unique()))
        return days[[*_KEY, "pm25_ugm3", "source"]]


def _is_rematched(revisions: pd.DataFrame) -> pd.Series:
    """Mask of AirNow's values that are matched to the other parameter of their site, and are the same."""
    is_same = (revisions["kind"] == "moved_parameter") & (revisions["size_ugm3"] <= MIN_CHANGE_UGM3)
    return is_same & (revisions["poc"] == SITE_POC) & (revisions["new_source"] == PROVISIONAL_SOURCE)


def _compared(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Key, kind, old and new values and sources of the differences between two states of the same site-days."""
    old = before.rename(columns={"pm25_ugm3": "old_pm25_ugm3", "source": "old_source"})
    new = after.rename(columns={"pm25_ugm3": "new_pm25_ugm3", "source": "new_source"})
    pairs = old.merge(new, on=_KEY, how="outer", validate="one_to_one")
    is_gone, is_new = pairs["new_source"].isna(), pairs["old_source"].isna()
    gone, came = pairs[is_gone], pairs[is_new]
    parts = {"moved_parameter": _with_old(came, gone, _MONITOR)}
    gone, came = (_without(rows, parts["moved_parameter"], on) for rows, on in ((gone, _MONITOR), (came, _KEY)))
    of_site = gone[(gone["poc"] == SITE_POC) & (gone["old_source"] == PROVISIONAL_SOURCE)]
    finals = pairs[is_new & (pairs["new_source"] != PROVISIONAL_SOURCE)]
    confirmed = [_with_old(came[came.index.isin(finals.index)], of_site, _SITE_PARAMETER)]
    is_elsewhere = ~is_among(of_site, finals, _SITE_PARAMETER)  # AirNow does not tell the parameter
    rest = _without(came, confirmed[0], _KEY)
    confirmed.append(_with_old(rest[rest.index.isin(finals.index)], of_site[is_elsewhere], _SITE))
    parts["provisional_to_final"] = pd.concat([part for part in confirmed if len(part)] or confirmed[:1])
    parts["appeared_late"] = _without(came, parts["provisional_to_final"], _KEY)
    parts["deleted"] = gone.drop(index=of_site.index[is_among(of_site, finals, _SITE)])
    found = [_changed(pairs[~is_gone & ~is_new]), *(part.assign(kind=kind) for kind, part in parts.items())]
    return pd.concat([part for part in found if len(part)] or found[:1])


def _changed(pairs: pd.DataFrame) -> pd.DataFrame:
    """Monitor-days in both states, with another value or with AQS in place of AirNow as their source."""
    is_other = (pairs["new_pm25_ugm3"] - pairs["old_pm25_ugm3"]).abs() > MIN_CHANGE_UGM3
    is_final = (pairs["old_source"] == PROVISIONAL_SOURCE) & (pairs["new_source"] != PROVISIONAL_SOURCE)
    return pairs.assign(kind=np.where(is_final, "provisional_to_final", "changed"))[is_other | is_final]


def _with_old(came: pd.DataFrame, gone: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Rows of ``came`` that match a row of ``gone`` on ``on``, with its old value and source."""
    return came.drop(columns=_OLD).merge(gone[[*on, *_OLD]].drop_duplicates(on), on=on, how="inner")


def _without(rows: pd.DataFrame, others: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """``rows`` that match none of ``others`` on ``on``."""
    return rows[~is_among(rows, others, on)]
