"""Running sites: the days on which each site is known to have been open."""

from typing import Final

import pandas as pd

from airwatch_dagster.acquire.parsing.vocabulary import listed_for_site_days

CLOSED_AFTER: Final = pd.DateOffset(years=1)
"""Age of a monitor's last day in AirData's list from which on it counts as closed. The list has the last published day
of open and closed monitors alike, and EPA's deadlines allow it to be half a year old."""

FAR_AHEAD: Final = pd.Timestamp("2200-01-01")
"""Last day of a site without a known closing."""

_ATTRIBUTES: Final = ["cbsa_code", "state_code"]


def running_sites(site_days: pd.DataFrame, *, monitors: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """One row per site that is listed or has a reading, by site_id: first and last day open, and its area.

    ``first_day`` is the first reading, or the listed opening if that is in an earlier year, because AirData lists the
    year only. A site without readings opens in the year after its listed opening. ``last_day`` is the later of the
    closing of its last monitor and the last reading; ``FAR_AHEAD`` while a monitor is open and for unlisted sites.
    ``real_time_since`` is the first reading from AirNow, null without one. A site is context when all its monitors are;
    unlisted sites are not. Filters of 88502 do not count: they give no site-day its value.
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
    """Per listed site: opening, closing of its last monitor (null while one is open), area and whether it is
    context."""
    monitors = monitors[listed_for_site_days(monitors)]
    reported = monitors[monitors["open_date"].notna() | monitors["last_sample_date"].notna()]
    # AQS's list leaves the day of open monitors empty, so a list with an empty day has closing days. Without one the
    # list is AirData's, which has the last day published.
    last = reported["last_sample_date"]
    closed_on = last if last.isna().any() else last.where(last < today - CLOSED_AFTER)
    reported = reported.assign(closed_on=closed_on, is_listed=True)
    sites = reported.groupby("site_id")
    all_closed = reported["closed_on"].notna().groupby(reported["site_id"]).all()
    first = sites[[*_ATTRIBUTES, "is_listed"]].first()
    return first.assign(
        opened_on=sites["open_date"].min(),
        closed_on=sites["closed_on"].max().where(all_closed),
        is_context=sites["is_context"].all(),
    )


def _seen(site_days: pd.DataFrame) -> pd.DataFrame:
    """Per site with readings: days of the first, last and first provisional one, and its area."""
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
