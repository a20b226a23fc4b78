"""The sites of a bulletin: forecasts, past days, record and neighbours."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.aqs_codes import postal_codes
from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.publish.content import DayForecast, Neighbour, PastDay, Site
from airwatch_dagster.publish.material import Material, past_days
from airwatch_dagster.publish.names import county_title, site_name
from airwatch_dagster.publish.trust import site_records
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

NEIGHBOURS: Final = 3

HEADLINE_HORIZON: Final = 2
"""Lead, in days, of the forecasts of tomorrow: a forecast is issued on the day after its newest readings, and the day
of issue is a lead of 1."""


def sites_of(material: Material, issue_date: pd.Timestamp, *, revised: set[str]) -> tuple[Site, ...]:
    """Every site with a forecast issued on ``issue_date``, that with the highest AQI of tomorrow first.

    Sites of ``revised`` have readings that changed lately. Equal AQI is ordered by value, then by site.
    """
    issued = material.issued(issue_date)
    places = _places(material, issued, issue_date)
    past = _past(material, issue_date)
    records = site_records(material, issue_date, list(places))
    near = _neighbours(places)
    sites = [
        Site(
            site_id=site_id,
            **places[site_id],
            days=_forecasts(rows),
            days_since_observed=int(rows["days_since_observed"].iloc[0]),
            past=past.get(site_id, _nothing_observed(issue_date)),
            is_revised=site_id in revised,
            record=records[site_id],
            neighbours=near[site_id],
        )
        for site_id, rows in issued.groupby("site_id", sort=True)
    ]
    return tuple(sorted(sites, key=lambda site: _worst_first(site.days), reverse=True))


def _worst_first(days: Sequence[DayForecast]) -> tuple[int, float]:
    """Highest for the worst: AQI and value of tomorrow, or of the last day forecast before it."""
    day = next((day for day in days if day.horizon_days == HEADLINE_HORIZON), days[-1])
    return day.aqi, day.pm25_ugm3


def _forecasts(rows: pd.DataFrame) -> tuple[DayForecast, ...]:
    return tuple(
        DayForecast(
            target_date=row["target_date"].date(),
            horizon_days=int(row["horizon_days"]),
            pm25_ugm3=float(row["shown_ugm3"]),
            lower_ugm3=float(row["pm25_lower_ugm3"]),
            upper_ugm3=float(row["pm25_upper_ugm3"]),
            aqi=int(row["aqi"]),
            category=str(row["aqi_category"]),
            probabilities={limit: float(row[column]) for limit, column in PROBABILITY_COLUMNS.items()},
        )
        for row in rows.sort_values("horizon_days").to_dict("records")
    )


def _places(material: Material, issued: pd.DataFrame, issue_date: pd.Timestamp) -> dict[str, dict[str, Any]]:
    """Name, county, state and position of every site; the position is that of its newest reading, else the list's."""
    listed = material.monitors.drop_duplicates("site_id").set_index("site_id")
    days = material.site_days[material.site_days["date_local"] <= issue_date]
    newest = days.drop_duplicates("site_id", keep="last").set_index("site_id")
    found: dict[str, dict[str, Any]] = {}
    for site_id in issued["site_id"].drop_duplicates():
        row = listed.loc[site_id] if site_id in listed.index else newest.loc[site_id]
        at = newest.loc[site_id] if site_id in newest.index else row
        found[site_id] = {
            "name": site_name(row.get("site_name"), site_id=site_id),
            "county": county_title(site_id[:2], site_id[2:5]),
            "state": postal_codes().get(site_id[:2], ""),
            "latitude": float(at["latitude"]),
            "longitude": float(at["longitude"]),
        }
    return found


def _past(material: Material, issue_date: pd.Timestamp) -> dict[str, tuple[PastDay, ...]]:
    """Site → its past days, for every site with a reading or a forecast of one of them."""
    days = past_days(issue_date)
    observed = material.observed(days).set_index(["site_id", "date_local"])[["pm25_ugm3", "is_provisional"]]
    observed.columns = pd.Index(["observed", "is_provisional"])
    forecast = material.next_day_forecasts(days).set_index(["site_id", "target_date"])
    forecast = forecast[["pm25_ugm3", "pm25_lower_ugm3", "pm25_upper_ugm3"]]
    both = observed.join(forecast.rename_axis(["site_id", "date_local"]), how="outer")
    found = {}
    for site_id, rows in both.groupby(level="site_id"):
        whole = rows.droplevel("site_id").reindex(days)
        values = whole[["observed", "pm25_ugm3", "pm25_lower_ugm3", "pm25_upper_ugm3"]].to_numpy(dtype=float)
        provisional = whole["is_provisional"].eq(True).to_numpy()  # null where nothing was observed
        found[str(site_id)] = tuple(
            PastDay(day.date(), known[0], bool(is_provisional), *known[1:])
            for day, row, is_provisional in zip(days, values, provisional, strict=True)
            for known in ([None if np.isnan(value) else float(value) for value in row],)
        )
    return found


def _nothing_observed(issue_date: pd.Timestamp) -> tuple[PastDay, ...]:
    return tuple(PastDay(day.date(), None) for day in past_days(issue_date))


def _neighbours(places: dict[str, dict[str, Any]]) -> dict[str, tuple[Neighbour, ...]]:
    """The nearest other sites of each, nearest first."""
    ids = list(places)
    at = np.radians([[place["latitude"], place["longitude"]] for place in places.values()]).reshape(-1, 2)
    found = {}
    for here, site_id in enumerate(ids):
        distances = great_circle_km(at[here, :1], at[here, 1:], at[:, 0], at[:, 1])
        distances[here] = np.inf
        nearest = np.argsort(distances, kind="stable")[:NEIGHBOURS]
        found[site_id] = tuple(
            Neighbour(ids[other], places[ids[other]]["name"], float(distances[other]))
            for other in nearest
            if np.isfinite(distances[other])
        )
    return found
