"""Which sites ran in a month, and between which days."""

from typing import Final

import pandas as pd

SILENT_BEFORE_CLOSED: Final = pd.DateOffset(years=1)
"""How far a monitor's last day in AirData's list lies back before it counts as closed. The list gives open and closed
monitors alike the last day published so far, and EPA's deadlines allow that to be half a year old."""

FAR_AHEAD: Final = pd.Timestamp("2200-01-01")
"""Last day of a site that is not known to have closed."""

_ATTRIBUTES: Final = ["cbsa_code", "state_code"]


def running_sites(site_days: pd.DataFrame, *, monitors: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """One row per site that is listed or has a reading, by site_id: the days it is known to have been open, and where.

    ``first_day`` is the first reading, or the listed opening when that lies in an earlier year: AirData's list knows
    the year alone. A site that has not reported counts from the year after its opening. ``last_day`` is the closing
    of its last monitor or the last reading, whichever is later; ``FAR_AHEAD`` while any monitor is open and for sites
    not listed. ``real_time_since`` is its first reading from AirNow, null without one. A site is context when all its
    monitors are; one that is not listed is not.
    """
    listed, seen = _listed(monitors, today=today), _seen(site_days)
    sites = listed.join(seen, how="outer", rsuffix="_seen")
    opened_before = sites["opened_on"].dt.year < sites["first_seen"].dt.year
    year_after = sites["opened_on"] + pd.offsets.YearBegin()
    first_day = sites["first_seen"].mask(opened_before, sites["opened_on"]).fillna(year_after)
    last_day = sites[["closed_on", "last_seen"]].max(axis=1).where(sites["closed_on"].notna(), FAR_AHEAD)
    places = {name: sites[name].where(sites["is_listed"].notna(), sites[f"{name}_seen"]) for name in _ATTRIBUTES}
    is_context = sites["is_context"].eq(True)
    running = sites.assign(first_day=first_day, last_day=last_day, is_context=is_context, **places)
    return running[["first_day", "last_day", "real_time_since", "is_context", *_ATTRIBUTES]]


def _listed(monitors: pd.DataFrame, *, today: pd.Timestamp) -> pd.DataFrame:
    """Per site of the list: opening, closing of its last monitor (null while one is open), and where it stands."""
    reported = monitors[monitors["open_date"].notna() | monitors["last_sample_date"].notna()]
    reported = reported.assign(closed_on=_closings(reported, today=today), is_listed=True)
    sites = reported.groupby("site_id")
    all_closed = reported["closed_on"].notna().groupby(reported["site_id"]).all()
    first = sites[[*_ATTRIBUTES, "is_listed"]].first()
    return first.assign(
        opened_on=sites["open_date"].min(),
        closed_on=sites["closed_on"].max().where(all_closed),
        is_context=sites["is_context"].all(),
    )


def _closings(monitors: pd.DataFrame, *, today: pd.Timestamp) -> pd.Series:
    """Day each monitor closed on; null while open.

    AQS's list leaves the day empty while a monitor is open, so that a list with an empty one states closings;
    otherwise it is AirData's, which states the last day published.
    """
    last = monitors["last_sample_date"]
    is_list_of_closings = last.isna().any()
    return last if is_list_of_closings else last.where(last < today - SILENT_BEFORE_CLOSED)


def _seen(site_days: pd.DataFrame) -> pd.DataFrame:
    """Per site with a reading: its first, last and first provisional one, and where it stood."""
    sites = site_days.groupby("site_id")
    provisional = site_days[site_days["is_provisional"]].groupby("site_id")["date_local"]
    return (
        sites[_ATTRIBUTES]
        .last()
        .assign(
            first_seen=sites["date_local"].min(),
            last_seen=sites["date_local"].max(),
            real_time_since=provisional.min(),
        )
    )
