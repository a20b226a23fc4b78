"""Nearest-neighbour persistence: what the nearest other site read on the issue date, for every lead."""

import numpy as np
import pandas as pd

from airwatch_dagster.geo import great_circle_km


def nearest_site_forecasts(issued: pd.DataFrame, *, site_days: pd.DataFrame) -> pd.DataFrame:
    """``issued`` (site_id, issue_date) with pm25_ugm3: the reading of the nearest other site observed on that date.

    ``site_days`` has the columns of that table. A site is observed on a day with a valid value; a negative one counts
    as 0, µg/m³. Of sites equally near, the one with the lowest id counts, however far it is. A row of a site without
    any row in ``site_days``, or without another site observed on its issue date, is left out. Readings of other days
    are never used; a position is that of the site's newest row, since a place is no reading.
    """
    issued = issued[issued["site_id"].isin(site_days["site_id"])]
    places = site_days.sort_values("date_local").drop_duplicates("site_id", keep="last").sort_values("site_id")
    sites = pd.Index(places["site_id"].tolist())
    own = pd.Index(issued["site_id"].drop_duplicates().tolist())
    by_distance = _others_by_distance(places, sites.get_indexer(own))
    days = pd.DatetimeIndex(issued["issue_date"].unique())
    valid = site_days[site_days["is_valid"].astype(bool) & site_days["date_local"].isin(days)]
    readings = valid.pivot(index="date_local", columns="site_id", values="pm25_ugm3")
    readings = readings.reindex(index=days, columns=sites).clip(lower=0.0)
    found = np.array([_first_known(day, by_distance) for day in readings.to_numpy(dtype=float)])
    place = days.get_indexer(pd.Index(issued["issue_date"])), own.get_indexer(pd.Index(issued["site_id"]))
    forecasts = issued.assign(pm25_ugm3=found.reshape(len(days), len(own))[place])
    return forecasts.dropna(subset=["pm25_ugm3"])


def _others_by_distance(places: pd.DataFrame, own: np.ndarray) -> np.ndarray:
    """Row of ``own`` × rank → row of ``places``: all other sites, nearest first."""
    latitude, longitude = (np.radians(places[name].to_numpy(dtype=float)) for name in ("latitude", "longitude"))
    km = great_circle_km(latitude[own][:, None], longitude[own][:, None], latitude[None, :], longitude[None, :])
    km[np.arange(len(own)), own] = np.inf
    return np.argsort(km, axis=1, kind="stable")[:, :-1]


def _first_known(readings: np.ndarray, by_distance: np.ndarray) -> np.ndarray:
    """For each row of ``by_distance``, the first reading that is known; null without any."""
    if not by_distance.shape[1]:
        return np.full(len(by_distance), np.nan)
    ranked = readings[by_distance]
    first = np.argmax(~np.isnan(ranked), axis=1)
    return ranked[np.arange(len(ranked)), first]
