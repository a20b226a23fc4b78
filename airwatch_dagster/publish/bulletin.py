"""The content of an issue day's bulletin, from rows of the tables."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pandas as pd

from airwatch_dagster.clean.aqi import aqi_category
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.publish.content import AgencyForecast, Bulletin, EarlyIssue, Maker, Site, Tile
from airwatch_dagster.publish.data_status import data_status, revised_lately
from airwatch_dagster.publish.material import Material, records, weather_sources
from airwatch_dagster.publish.sites import sites_of
from airwatch_dagster.publish.tiles import tiles_of
from airwatch_dagster.publish.trust import trust_of
from airwatch_dagster.schemas.columns import AQI_CATEGORIES, TOMORROW
from airwatch_dagster.verify.agency_areas import AREA, sites_of_areas


def bulletin_of(
    material: Material,
    issue_date: pd.Timestamp,
    *,
    area: str,
    made_at: pd.Timestamp,
    data_as_of: pd.Timestamp,
    is_simulated: bool,
    version: str,
    links: Mapping[str, str],
    with_rivals: bool = True,
) -> Bulletin | None:
    """What the bulletin of ``issue_date`` says; None when no forecast was issued on it.

    ``area`` is the area's name for people, ``made_at`` and ``data_as_of`` are UTC, ``links`` the addresses of the UIs
    that are known (``dagster``, ``mlflow``); ``with_rivals`` adds the comparison with other forecasters. Nothing after
    the issue date is used but what was known on the day after.
    """
    sites = sites_of(material, issue_date, revised=set(revised_lately(material, issue_date)["site_id"]))
    if not sites:
        return None
    tiles = tiles_of(sites)
    return Bulletin(
        area=area,
        issue_date=issue_date.date(),
        made_at=made_at.to_pydatetime(),
        is_simulated=is_simulated,
        tiles=tiles,
        sites=sites,
        change_in_aqi=_change(material, issue_date, tiles),
        agency_forecasts=_agency_forecasts(material, issue_date, sites),
        trust=trust_of(material, issue_date, with_rivals=with_rivals),
        status=data_status(material, issue_date, sites),
        maker=_maker(material, issue_date, data_as_of=data_as_of, version=version, links=links),
        early=_early(material, issue_date, sites),
        issued_at=_issued_at(material, issue_date),
        weather=weather_sources(material, issue_date),
    )


def _early(material: Material, issue_date: pd.Timestamp, sites: Sequence[Site]) -> EarlyIssue | None:
    """What the early issue is made from; None where the day's forecasts are the daily ones."""
    if issue_date not in material.early_days:
        return None
    issued_at = _issued_at(material, issue_date)
    assert issued_at is not None  # early forecasts have always had it
    return EarlyIssue(issued_at, sum(site.days_since_observed == 0 for site in sites), len(sites))


def _issued_at(material: Material, issue_date: pd.Timestamp) -> datetime | None:
    latest = material.issued(issue_date)["issued_at"].max()
    return None if pd.isna(latest) else latest.to_pydatetime()


def _change(material: Material, issue_date: pd.Timestamp, tiles: Sequence[Tile]) -> int | None:
    """Tomorrow's highest AQI minus that of the same day in the bulletin before; None where one of them is missing."""
    tomorrow = [tile for tile in tiles if tile.horizon_days == TOMORROW]
    before = material.issued(issue_date - pd.Timedelta(days=1))
    same_day = before.loc[before["horizon_days"] == TOMORROW + 1, "aqi"]
    return tomorrow[0].worst.aqi - int(same_day.max()) if tomorrow and len(same_day) else None


def _agency_forecasts(
    material: Material, issue_date: pd.Timestamp, sites: Sequence[Site]
) -> tuple[AgencyForecast, ...]:
    """The agencies' PM2.5 forecasts of the days ahead, as archived on the issue date or the day of issue, of the
    reporting areas that the scoreboard compares the sites with."""
    today, last = issue_date + pd.Timedelta(days=1), issue_date + pd.Timedelta(days=3)
    known = material.agency_forecasts[material.agency_forecasts["archived_on"].between(issue_date, today)]
    if known.empty:
        return ()
    areas = sites_of_areas(known, site_days=_points(sites, issue_date))[AREA].drop_duplicates()
    rows = known[(known["record_type"] == "F") & (known["parameter"] == "PM2.5")].merge(areas, on=AREA)
    category = aqi_category(rows["agency_aqi"]).fillna(rows["agency_category"])
    rows = rows.assign(agency_category=category)
    rows = rows[rows["target_date"].between(today, last) & category.isin(AQI_CATEGORIES)]
    newest = rows.sort_values("archived_on", kind="stable").drop_duplicates([*AREA, "target_date"], keep="last")
    return tuple(
        AgencyForecast(
            reporting_area=row["reporting_area"],
            target_date=row["target_date"].date(),
            aqi=None if pd.isna(row["agency_aqi"]) else int(row["agency_aqi"]),
            category=row["agency_category"],
            is_action_day=bool(row["is_action_day"]),
        )
        for row in records(newest.sort_values(["reporting_area", "target_date"]))
    )


def _points(sites: Sequence[Site], day: pd.Timestamp) -> pd.DataFrame:
    """Where the sites are, in columns of ``site_days``."""
    rows = [(site.site_id, day, site.latitude, site.longitude) for site in sites]
    return pd.DataFrame(rows, columns=["site_id", "date_local", "latitude", "longitude"])


def _maker(
    material: Material,
    issue_date: pd.Timestamp,
    *,
    data_as_of: pd.Timestamp,
    version: str,
    links: Mapping[str, str],
) -> Maker:
    """The model that made the day's forecasts, and the decision that put it into service."""
    made_by = material.issued(issue_date).iloc[0]
    family, model_version = str(made_by["model_family"]), str(made_by["model_version"])
    decisions = material.champion_model
    is_same = (decisions["model_family"] == family) & (decisions["model_version"] == model_version)
    own = decisions[is_same & (decisions["month"] <= issue_date)].sort_values("month", kind="stable")
    of_month = own[own["month"] == issue_date.replace(day=1)]
    begin = f"{display_name(family)} serves {issue_date:%Y-%m}: "
    reason = str(of_month["reason"].iloc[0]).removeprefix(begin) if len(of_month) else ""
    return Maker(
        model_family=family,
        model_version=model_version,
        since=_served_since(own, issue_date),
        reason=reason[:1].upper() + reason[1:],
        data_as_of=data_as_of.to_pydatetime(),
        airwatch_version=version,
        links=dict(links),
    )


def _served_since(decisions: pd.DataFrame, issue_date: pd.Timestamp) -> date:
    """First day of service in the months that end with the issue date's, without a gap."""
    months = set(decisions["month"])
    month = issue_date.replace(day=1)
    while month - pd.DateOffset(months=1) in months:
        month -= pd.DateOffset(months=1)
    starts = decisions.loc[decisions["month"] == month, "serves_from"].dropna()
    return (starts.min() if len(starts) else month).date()
