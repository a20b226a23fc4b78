"""One function makes the features, for training and for serving alike."""

from collections.abc import Set as AbstractSet

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.enrich.advection import advection_features
from airwatch_dagster.enrich.grid import HISTORY_DAYS, DayGrid, day_grid, valid_site_days
from airwatch_dagster.enrich.lags import calendar_features, lag_features, last_observations, window_mean
from airwatch_dagster.enrich.log_anomaly import clipped, log_pm25
from airwatch_dagster.enrich.maps import map_features
from airwatch_dagster.enrich.neighbours import neighbour_features
from airwatch_dagster.schemas import TABLES

_CARRIED = ("method_code", "cbsa_code", "state_code", "latitude", "longitude")
"""Columns of features taken over from the site's newest site-day."""


def build_features(
    site_days: pd.DataFrame, *, issue_dates: pd.DatetimeIndex, area_site_ids: AbstractSet[str]
) -> pd.DataFrame:
    """What was knowable about each area site at the end of each issue day: nothing later touches a row, by a bit.

    ``site_days`` holds the area's and its context's days from 28 days before the first issue day to the last; only
    valid ones count. A row stands for every area site with a valid observation within the 28 days that end on the issue
    day. A range of days built at once gives bitwise the rows of its days built one by one. Sorted by issue_date and
    site_id.
    """
    spec = TABLES["features"]
    if len(issue_dates) == 0:
        return spec.empty()
    wanted = pd.DatetimeIndex(issue_dates).normalize().unique().sort_values()
    first = wanted[0] - pd.Timedelta(days=HISTORY_DAYS)
    valid = valid_site_days(site_days, first=first, last=wanted[-1])
    targets = valid["site_id"].isin(area_site_ids)
    if not targets.any():
        return spec.empty()
    grid = day_grid(valid, first=first, last=wanted[-1])
    return _rows(grid, valid, wanted=grid.days.get_indexer(wanted), area_site_ids=area_site_ids)[spec.column_names]


def _rows(grid: DayGrid, valid: pd.DataFrame, *, wanted: np.ndarray, area_site_ids: AbstractSet[str]) -> pd.DataFrame:
    targets = np.flatnonzero(grid.stations["site_id"].isin(area_site_ids).to_numpy())
    sites, site_of_station = np.unique(grid.stations["site_id"].to_numpy(), return_inverse=True)
    values, source_rows = _by_site(grid, site_of_station, len(sites))
    own = lag_features(values)
    means = own["pm25_mean_28d_ugm3"][:, site_of_station]
    around = neighbour_features(grid.values, means, stations=grid.stations, targets=targets)
    log_anomaly = clipped(log_pm25(grid.values) - window_mean(log_pm25(values))[:, site_of_station])
    around |= map_features(log_anomaly, stations=grid.stations, targets=targets)
    around |= advection_features(log_anomaly, stations=grid.stations, targets=targets)
    newest, days_since = last_observations(source_rows)
    in_area = np.isin(sites, list(area_site_ids))
    day, site = np.nonzero((newest[wanted] >= 0) & in_area[None, :])
    day = wanted[day]
    latest = valid.iloc[newest[day, site]].reset_index(drop=True)
    columns: dict[str, object] = {"site_id": sites[site], "issue_date": grid.days[day]}
    columns |= {name: latest[name] for name in _CARRIED}
    columns["days_since_observed"] = days_since[day, site]
    columns["pm25_last_ugm3"] = latest["pm25_ugm3"].to_numpy(dtype=np.float32)
    columns |= {name: matrix[day, site].astype(np.float32) for name, matrix in own.items()}
    station = _station_of(latest, grid, targets)
    columns |= {name: matrix[day, station].astype(np.float32) for name, matrix in around.items()}
    season = calendar_features(grid)
    columns |= {name: season[name][day].astype(np.float32) for name in ("season_sin", "season_cos")}
    columns["weekday"] = season["weekday"][day].astype(np.int64)
    return pd.DataFrame(columns)


def _by_site(grid: DayGrid, site_of_station: np.ndarray, sites: int) -> tuple[np.ndarray, np.ndarray]:
    """Stations of one site joined: a site-day is unique, so at most one of them holds a value."""
    values = np.full((len(grid.days), sites), np.nan)
    source_rows = np.full(values.shape, -1, dtype=np.int64)
    day, station = np.nonzero(grid.source_rows >= 0)
    values[day, site_of_station[station]] = grid.values[day, station]
    source_rows[day, site_of_station[station]] = grid.source_rows[day, station]
    return values, source_rows


def _station_of(latest: pd.DataFrame, grid: DayGrid, targets: np.ndarray) -> np.ndarray:
    """Position among ``targets`` of the station where each row's newest site-day was taken."""
    place = ["site_id", "latitude", "longitude"]
    index = pd.MultiIndex.from_frame(grid.stations.iloc[targets][place])
    return index.get_indexer(pd.MultiIndex.from_frame(latest[place]))


def area_features(site_days: pd.DataFrame, *, issue_dates: pd.DatetimeIndex, area: Area) -> pd.DataFrame:
    """``build_features`` of the sites that lay in ``area`` on a day of the four weeks up to the issue day.

    Where a site is counted later, or was earlier, changes nothing, so a range of days has the rows of its days alone.
    ``site_days`` as for ``build_features``.
    """
    is_area = area.contains(site_days["state_code"], site_days["cbsa_code"])
    there = site_days.loc[is_area, ["site_id", "date_local"]]
    rows = build_features(site_days, issue_dates=issue_dates, area_site_ids=set(there["site_id"]))
    return rows[_lay_there(rows, there)].reset_index(drop=True)


def _lay_there(rows: pd.DataFrame, there: pd.DataFrame) -> np.ndarray:
    """Which rows have their site ``there`` on a day of their four weeks."""
    found = pd.merge_asof(
        rows[["site_id", "issue_date"]],
        there.sort_values("date_local"),
        left_on="issue_date",
        right_on="date_local",
        by="site_id",
        tolerance=pd.Timedelta(days=HISTORY_DAYS),
    )
    return found["date_local"].notna().to_numpy()
