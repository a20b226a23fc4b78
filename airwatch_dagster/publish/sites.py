"""The sites of a bulletin: forecasts, past days, record and neighbours."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.aqs_codes import postal_codes
from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.publish.content import DayForecast, Neighbour, PastDay, Site
from airwatch_dagster.publish.material import Material, past_days, positions_in, records
from airwatch_dagster.publish.names import county_title, site_name
from airwatch_dagster.publish.trust import site_records
from airwatch_dagster.schemas.columns import TOMORROW
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

NEIGHBOURS: Final = 3


def sites_of(material: Material, issue_date: pd.Timestamp, *, revised: set[str]) -> tuple[Site, ...]:
    """Every site with a forecast issued on ``issue_date``, that with the highest AQI of tomorrow first.

    Sites of ``revised`` have readings that changed lately. Equal AQI is ordered by value, then by site.
    """
    issued = material.issued(issue_date).sort_values(["site_id", "horizon_days"])
    ids = issued["site_id"].drop_duplicates().tolist()
    places = _places(material, ids, issue_date)
    past = _past(material, issue_date, ids)
    record_of = site_records(material, issue_date, ids)
    near = _neighbours(places)
    forecasts: dict[str, list[DayForecast]] = {}
    for row in records(issued):
        forecasts.setdefault(row["site_id"], []).append(_forecast(row))
    silent_days = dict(zip(issued["site_id"], issued["days_since_observed"], strict=True))
    sites = [
        Site(
            site_id=site_id,
            **places[site_id],
            days=tuple(forecasts[site_id]),
            days_since_observed=int(silent_days[site_id]),
            past=past[site_id],
            is_revised=site_id in revised,
            record=record_of[site_id],
            neighbours=near[site_id],
        )
        for site_id in ids
    ]
    return tuple(sorted(sites, key=lambda site: _worst_first(site.days), reverse=True))


def _worst_first(days: Sequence[DayForecast]) -> tuple[int, float]:
    """Highest for the worst: AQI and value of tomorrow, or of the last day forecast before it."""
    day = next((day for day in days if day.horizon_days == TOMORROW), days[-1])
    return day.aqi, day.pm25_ugm3


def _forecast(row: dict[str, Any]) -> DayForecast:
    return DayForecast(
        target_date=row["target_date"].date(),
        horizon_days=int(row["horizon_days"]),
        pm25_ugm3=float(row["pm25_ugm3"]),
        lower_ugm3=float(row["pm25_lower_ugm3"]),
        upper_ugm3=float(row["pm25_upper_ugm3"]),
        aqi=int(row["aqi"]),
        category=str(row["aqi_category"]),
        probabilities={limit: float(row[column]) for limit, column in PROBABILITY_COLUMNS.items()},
    )


def _places(material: Material, ids: Sequence[str], issue_date: pd.Timestamp) -> dict[str, dict[str, Any]]:
    """Name, county, state and position of every site; the position is that of its newest reading, else the list's."""
    positions = material.listed_positions | positions_in(material.observed(past_days(issue_date)))
    return {
        site_id: {
            "name": material.names.get(site_id) or site_name(None, site_id=site_id),
            "county": county_title(site_id[:2], site_id[2:5]),
            "state": postal_codes().get(site_id[:2], ""),
            "latitude": positions[site_id][0],
            "longitude": positions[site_id][1],
        }
        for site_id in ids
    }


def _past(material: Material, issue_date: pd.Timestamp, ids: Sequence[str]) -> dict[str, tuple[PastDay, ...]]:
    """The past days of every site: what was observed, and what had been forecast on the day before."""
    days = past_days(issue_date)
    observed, forecast = material.observed(days), material.next_day_forecasts(days)
    known = np.full((4, len(ids), len(days)), np.nan)
    is_provisional = np.zeros((len(ids), len(days)), dtype=bool)
    place, own = _cells(observed["site_id"], observed["date_local"], ids, days)
    known[0][place] = observed["pm25_ugm3"].to_numpy()[own]
    is_provisional[place] = observed["is_provisional"].to_numpy(dtype=bool)[own]
    place, own = _cells(forecast["site_id"], forecast["target_date"], ids, days)
    for layer, column in enumerate(("pm25_ugm3", "pm25_lower_ugm3", "pm25_upper_ugm3"), start=1):
        known[layer][place] = forecast[column].to_numpy()[own]
    values = np.where(np.isnan(known), None, known.astype(object))  # type: ignore[call-overload]  # None for a gap
    dates = [day.date() for day in days]
    return {
        site_id: tuple(map(PastDay, dates, values[0, row], is_provisional[row].tolist(), *values[1:, row]))
        for row, site_id in enumerate(ids)
    }


def _cells(
    sites: pd.Series, dates: pd.Series, ids: Sequence[str], days: Sequence[pd.Timestamp]
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Row (by ``ids``) and column (by ``days``) of those rows that have both, and which these are."""
    row, column = pd.Index(ids).get_indexer(pd.Index(sites)), pd.Index(days).get_indexer(pd.Index(dates))
    own = (row >= 0) & (column >= 0)
    return (row[own], column[own]), own


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
