"""AirNow's reporting areas: their codes and positions, and which of them is a site's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airnow.layouts import AREA_LIST
from airwatch_dagster.acquire.airnow.lines import read_fields
from airwatch_dagster.acquire.parsing.values import reject_nulls, typed_columns
from airwatch_dagster.acquire.readings import LOCATION_COLUMNS, reject_out_of_range
from airwatch_dagster.geo import great_circle_km

AREA_RADIUS_KM: Final = 50.0
"""Largest distance of a site from the position of its reporting area, km: AirNow publishes a point, not a boundary, and
most areas are a city or a county."""

UNITED_STATES: Final = "US"


@dataclass(frozen=True)
class ReportingArea:
    """A reporting area and its position."""

    code: str
    """In lower case."""
    latitude: float
    longitude: float


@dataclass(frozen=True)
class ReportingAreas:
    """The reporting areas of the US."""

    areas: pd.DataFrame
    """area_code (lower case), reporting_area, state, latitude, longitude; one row per code, sorted by it."""
    rejected: pd.DataFrame
    """Lines set aside or repaired, in REJECTED_COLUMNS."""


def read_areas(path: Path, *, culprit: str) -> ReportingAreas:
    """The areas of the US in ``reportingarea_metadata.dat``.

    Areas without a position are left out; one without name, state or code is set aside. Of several lines with one code
    the last counts. Raises BadPayload when many lines cannot be read.
    """
    table, origin = read_fields(path, AREA_LIST, culprit=culprit)
    is_placed = table[LOCATION_COLUMNS].notna().all(axis=1)
    rows = table[is_placed & (table["country"].str.upper() == UNITED_STATES)].copy()
    reject_nulls(rows, ["reporting_area", "state", "area_code"], origin=origin)
    rows[LOCATION_COLUMNS] = typed_columns(rows, LOCATION_COLUMNS, origin=origin)
    reject_out_of_range(rows[LOCATION_COLUMNS], "agency_forecasts", origin)
    origin.check_share(rows.index)
    rows = origin.kept(rows)
    rows = rows.assign(area_code=rows["area_code"].str.lower()).drop_duplicates("area_code", keep="last")
    columns = ["area_code", "reporting_area", "state", *LOCATION_COLUMNS]
    return ReportingAreas(rows[columns].sort_values("area_code", ignore_index=True), origin.rejected(table[[]]))


def nearest_areas(sites: pd.DataFrame, areas: pd.DataFrame) -> np.ndarray:
    """The position in ``areas`` of the area of each of ``sites``: the nearest one, if it is within ``AREA_RADIUS_KM``;
    else -1. Both have latitude and longitude."""
    if sites.empty or areas.empty:
        return np.full(len(sites), -1)
    places = [np.radians(frame[name].to_numpy(float)) for frame in (sites, areas) for name in LOCATION_COLUMNS]
    km = great_circle_km(places[0][:, None], places[1][:, None], places[2][None, :], places[3][None, :])
    nearest: np.ndarray = km.argmin(axis=1)
    return np.where(km[np.arange(len(sites)), nearest] <= AREA_RADIUS_KM, nearest, -1)
