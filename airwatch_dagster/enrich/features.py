"""The features of area sites: one function for training and for serving."""

from collections import defaultdict
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.enrich.advection import Advection
from airwatch_dagster.enrich.grid import HISTORY_DAYS, DayGrid, day_grid, valid_site_days
from airwatch_dagster.enrich.lags import calendar_features, lag_features, last_observations, window_mean
from airwatch_dagster.enrich.log_anomaly import clipped, log_pm25
from airwatch_dagster.enrich.maps import Maps
from airwatch_dagster.enrich.neighbours import Neighbours
from airwatch_dagster.enrich.network import Network
from airwatch_dagster.schemas import TABLES

SPAN_DAYS: Final = 31
"""Least days whose values around a site are computed at once: a nation's year takes no less time in longer spans, and
more memory."""

SPAN_VALUES: Final = 2**14
"""Days × stations that are computed at once where few stations would make a month a small one."""

_CARRIED = ("method_code", "cbsa_code", "state_code", "latitude", "longitude")
"""Columns of features that are those of the site's newest site-day."""


def build_features(
    site_days: pd.DataFrame, *, issue_dates: pd.DatetimeIndex, area_site_ids: AbstractSet[str]
) -> pd.DataFrame:
    """Features of each area site on each issue date, in the columns of ``features``, sorted by issue_date and site_id.

    No reading after an issue date changes its rows, and days built together or one by one are bit-identical.
    ``site_days`` holds the area's and its context's days from 28 days before the first issue date to the last; only
    valid ones count. Every area site with a valid observation within the 28 days up to the issue date has a row;
    without issue dates or such sites the table is empty.
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
    columns = _columns(grid, valid, wanted=grid.days.get_indexer(wanted), area_site_ids=area_site_ids)
    # Columns stay where they are: pandas would copy them into a block for each type, thrice on the way.
    return pd.DataFrame({name: columns[name] for name in spec.column_names}, copy=False)


def _columns(
    grid: DayGrid, valid: pd.DataFrame, *, wanted: np.ndarray, area_site_ids: AbstractSet[str]
) -> dict[str, object]:
    targets = np.flatnonzero(grid.stations["site_id"].isin(area_site_ids).to_numpy())
    sites, site_of_station = np.unique(grid.stations["site_id"].to_numpy(), return_inverse=True)
    values, source_rows = _by_site(grid, site_of_station, len(sites))
    own = lag_features(values)
    means = own["pm25_mean_28d_ugm3"][:, site_of_station]
    log_anomaly = clipped(log_pm25(grid.values) - window_mean(log_pm25(values))[:, site_of_station])
    newest, days_since = last_observations(source_rows)
    in_area = pd.Index(sites).isin(area_site_ids)
    day, site = np.nonzero((newest[wanted] >= 0) & in_area[None, :])
    day = wanted[day]
    latest = valid.iloc[newest[day, site]].reset_index(drop=True)
    columns: dict[str, object] = {"site_id": sites[site], "issue_date": grid.days[day]}
    columns |= {name: latest[name] for name in _CARRIED}
    columns["days_since_observed"] = days_since[day, site]
    columns["pm25_last_ugm3"] = latest["pm25_ugm3"].to_numpy(dtype=np.float32)
    types = TABLES["features"].empty().dtypes
    columns |= {name: matrix[day, site].astype(types[name]) for name, matrix in own.items()}
    network = Network.of(grid.stations, targets)
    position = _station_of(latest, grid, targets)
    columns |= _around(network, grid.values, means, log_anomaly, day=day, target=position)
    season = calendar_features(grid)
    columns |= {name: season[name][day].astype(np.float32) for name in ("season_sin", "season_cos")}
    columns["weekday"] = season["weekday"][day].astype(np.int64)
    return columns


def _around(
    network: Network,
    values: np.ndarray,
    means: np.ndarray,
    log_anomaly: np.ndarray,
    *,
    day: np.ndarray,
    target: np.ndarray,
) -> dict[str, np.ndarray]:
    """The values around a site, by column, each for these days, in order, and targets of the network.

    Matrices are days × stations. They are taken some days at a time, with the day before the first, to which these
    values look back, so that memory does not grow with the days.
    """
    neighbours, maps, advection = Neighbours.of(network), Maps.of(network), Advection.of(network)
    columns: dict[str, np.ndarray] = defaultdict(lambda: np.empty(len(day), dtype=np.float32))
    days = max(SPAN_DAYS, SPAN_VALUES // len(network.places.latitude))
    for start in range(HISTORY_DAYS, len(values), days):
        rows = slice(*np.searchsorted(day, (start, start + days)))
        span = slice(start - 1, start + days)
        found = neighbours.features(values[span], means[span])
        found |= maps.features(log_anomaly[span]) | advection.features(log_anomaly[span])
        # The matrices lie target by target in memory.
        at = target[rows] * len(values[span]) + day[rows] - span.start
        for name, matrix in found.items():
            columns[name][rows] = np.take(matrix.T, at)
    return columns


def _by_site(grid: DayGrid, site_of_station: np.ndarray, sites: int) -> tuple[np.ndarray, np.ndarray]:
    """Values and row numbers by site instead of station; a site-day is unique, so at most one station has a value."""
    values = np.full((len(grid.days), sites), np.nan)
    source_rows = np.full(values.shape, -1, dtype=np.int64)
    day, station = np.nonzero(grid.source_rows >= 0)
    values[day, site_of_station[station]] = grid.values[day, station]
    source_rows[day, site_of_station[station]] = grid.source_rows[day, station]
    return values, source_rows


def _station_of(latest: pd.DataFrame, grid: DayGrid, targets: np.ndarray) -> np.ndarray:
    """Position in ``targets`` of the station of each row's newest site-day."""
    place = ["site_id", "latitude", "longitude"]
    index = pd.MultiIndex.from_frame(grid.stations.iloc[targets][place])
    return index.get_indexer(pd.MultiIndex.from_frame(latest[place]))


def area_features(site_days: pd.DataFrame, *, issue_dates: pd.DatetimeIndex, area: Area) -> pd.DataFrame:
    """``build_features`` of the sites that belonged to ``area`` on a day of the four weeks up to the issue date.

    A site's area at other times does not matter, so days built together have the rows of days built one by one.
    ``site_days`` as for ``build_features``.
    """
    is_area = area.contains(site_days["state_code"], site_days["cbsa_code"])
    in_area = site_days.loc[is_area, ["site_id", "date_local"]]
    rows = build_features(site_days, issue_dates=issue_dates, area_site_ids=set(in_area["site_id"]))
    was_in_area = _was_in_area(rows, in_area)
    return rows if was_in_area.all() else rows[was_in_area].reset_index(drop=True)


def _was_in_area(rows: pd.DataFrame, in_area: pd.DataFrame) -> np.ndarray:
    """Whether the site of each row has a day among ``in_area`` within the four weeks up to the issue date."""
    found = pd.merge_asof(
        rows[["site_id", "issue_date"]],
        in_area.sort_values("date_local"),
        left_on="issue_date",
        right_on="date_local",
        by="site_id",
        tolerance=pd.Timedelta(days=HISTORY_DAYS),
    )
    return found["date_local"].notna().to_numpy()
