"""Weather of stations at sites: the nearest stations, weighted by distance, temperatures moved to the site's height."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.area import distance_to_nearest_km
from airwatch_dagster.acquire.weather.station_days import StationRows
from airwatch_dagster.acquire.weather.stations import known_stations, standard_offset_hours, us_stations
from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.schemas.weather import WEATHER_HORIZONS_DAYS

STATIONS_USED: Final = 5
"""Stations that a site's weather is made of. Measured by leaving out each of 49 airports with another within 300 km
(daily observations, 2017 to 2020; root mean square of mean, highest and lowest temperature, dew point, wind speed,
humidity and rain): the nearest alone 4.3, 4.7 and 5.1 °C, 3.7 °C, 1.76 m/s, 13.5 %, 6.0 mm, and moved to the station's
height 3.3, 4.2 and 3.8 °C; three 3.1, 3.9 and 3.5 °C, 3.4 °C, 1.52 m/s, 12.9 %, 5.6 mm; five 3.1, 3.9 and 3.6 °C,
3.4 °C, 1.52 m/s, 12.9 %, 5.6 mm; eight as five. A real network is denser: with another station within 60 km five are
off by 2.1, 2.9 and 2.6 °C, 2.0 °C, 1.27 m/s, 9.4 %, 5.3 mm. Source: benchmarks/station_interpolation.py."""

DISTANCE_POWER: Final = 1.0
"""Weights fall with this power of the distance; the square is worse by 0.1 °C within 60 to 150 km and 0.02 m/s."""

HEIGHT_KM_PER_M: Final = 0.1
"""Kilometres that a metre of difference in height counts as: 0.02 to 0.1 °C better than 0 between stations 60 to 150 km
apart, and no better with 0.2 once temperatures are moved."""

LAPSE_C_PER_M: Final = 0.0065
"""How much colder a metre higher is, °C; without it the mean temperature of five stations is off by 3.9 °C, not 3.1.
Source: ICAO standard atmosphere."""

TEMPERATURES: Final = ("temperature_c", "temperature_max_c", "temperature_min_c")
"""Columns that are moved to the site's height."""

RADIUS_KM: Final = 100.0
"""Farthest station that may speak for a site, km; with the nearest beyond 150 km even five are off by 3.6 °C and
1.8 m/s."""

_SMALLEST_KM: Final = 1.0
"""Distance below which stations weigh alike, km: positions are no better."""

_SITES_PER_BLOCK: Final = 256


@dataclass(frozen=True)
class Neighbours:
    """The stations of each site, nearest first by distance and height; arrays of sites × STATIONS_USED."""

    index: np.ndarray
    """Position in the stations; 0 where the weight is 0."""
    weight: np.ndarray
    """Not normed; 0 where a site has fewer stations."""
    distance_km: np.ndarray
    """Great-circle distance, km; infinite where a site has fewer stations."""
    above_station_m: np.ndarray
    """How much higher than the station the site is, m. Where the site's height is unknown, it counts as that of its
    nearest station."""

    @property
    def has_any(self) -> np.ndarray:
        """Mask of the sites with a station."""
        return np.asarray((self.weight > 0).any(axis=1))

    def of_sites(self, chosen: np.ndarray) -> Self:
        """Those of the chosen sites (mask)."""
        arrays = self.index, self.weight, self.distance_km, self.above_station_m
        return type(self)(*(array[chosen] for array in arrays))


def neighbours(
    sites: pd.DataFrame,
    stations: pd.DataFrame,
    *,
    radius_km: float = RADIUS_KM,
    count: int = STATIONS_USED,
    power: float = DISTANCE_POWER,
    height_km_per_m: float = HEIGHT_KM_PER_M,
) -> Neighbours:
    """The stations (latitude, longitude, elevation_m) around each of the sites (latitude, longitude, and elevation_m,
    which may lack or be null). The last few answers are remembered: consecutive days ask the same."""
    options = radius_km, min(count, len(stations)), power, height_km_per_m
    return _neighbours(_places(sites), _places(stations), *options)


def _places(frame: pd.DataFrame) -> bytes:
    """Latitudes, longitudes and heights, the rows of a matrix of floats."""
    places = np.full((3, len(frame)), np.nan)
    for row, name in enumerate(("latitude", "longitude", *(["elevation_m"] if "elevation_m" in frame else []))):
        places[row] = frame[name].to_numpy(float)
    return places.tobytes()


@lru_cache(maxsize=8)
def _neighbours(
    sites: bytes, stations: bytes, radius_km: float, count: int, power: float, height_km_per_m: float
) -> Neighbours:
    (*site_degrees, heights), (*station_degrees, station_heights) = (
        np.frombuffer(one).reshape(3, -1) for one in (sites, stations)
    )
    places = np.radians(site_degrees)
    others = np.radians(station_degrees)[:, None]
    shape = len(heights), count
    index = np.zeros(shape, dtype=int)
    distance = np.full(shape, np.inf)
    above = np.zeros(shape)
    weight = np.zeros(shape)
    for start in range(0, len(heights) if count else 0, _SITES_PER_BLOCK):
        part = slice(start, start + _SITES_PER_BLOCK)
        km = great_circle_km(*places[:, part, None], *others)
        own = np.where(np.isnan(heights[part]), station_heights[km.argmin(axis=1)], heights[part])
        apart = own[:, None] - station_heights[None]
        effective = np.hypot(km, height_km_per_m * apart)
        effective = np.where(km <= radius_km, effective, np.inf)
        nearest = np.argsort(effective, axis=1, kind="stable")[:, :count]
        within = np.isfinite(np.take_along_axis(effective, nearest, axis=1))
        index[part] = np.where(within, nearest, 0)
        distance[part] = np.where(within, np.take_along_axis(km, nearest, axis=1), np.inf)
        above[part] = np.where(within, np.take_along_axis(apart, nearest, axis=1), 0.0)
        weights = np.maximum(np.take_along_axis(effective, nearest, axis=1), _SMALLEST_KM) ** -power
        weight[part] = np.where(within, weights, 0.0)
    return Neighbours(index, weight, distance, above)


def interpolated(values: np.ndarray, near: Neighbours, *, lapse_c_per_m: float | np.ndarray = 0.0) -> np.ndarray:
    """Values of stations (last axis) at sites: the weighted mean of the stations that have one, nan without any.

    ``lapse_c_per_m`` moves temperatures to the height of the site.
    """
    if not near.index.size:
        return np.full((*values.shape[:-1], len(near.index)), np.nan)
    each = values[..., near.index] - lapse_c_per_m * near.above_station_m
    weight = np.where(np.isnan(each), 0.0, near.weight)
    total = weight.sum(axis=-1)
    summed = (np.where(np.isnan(each), 0.0, each) * weight).sum(axis=-1)
    return np.divide(summed, total, out=np.full(total.shape, np.nan), where=total > 0)


def days_at_sites(
    days: pd.DataFrame, stations: pd.DataFrame, sites: pd.DataFrame, near: Neighbours, *, values: tuple[str, ...]
) -> pd.DataFrame:
    """Days of stations (station_id, target_date, horizon_days, issued_at and ``values``) at the sites.

    One row per site and day with any value: site_id, the days' columns, station_distance_km; a weather_class is that of
    the nearest station that has one. ``issued_at`` is the latest of the stations used.
    """
    place = pd.Index(stations["station_id"]).get_indexer(days["station_id"])
    horizons, first, number = np.unique(days["horizon_days"].to_numpy(), return_index=True, return_inverse=True)
    rows = np.flatnonzero(place >= 0)
    at = number[rows], place[rows]
    shape = len(horizons), len(stations)
    of_days = np.full((len(values), *shape), np.nan)
    of_days[:, *at] = days[list(values)].to_numpy(float)[rows].T
    issued_at = np.full(shape, np.datetime64("NaT"), dtype="datetime64[ns]")
    issued_at[at] = days["issued_at"].to_numpy("datetime64[ns]")[rows]
    words = None
    if "weather_class" in days:
        words = np.full(shape, None, dtype=object)
        words[at] = days["weather_class"].to_numpy(object)[rows]
    dates = days["target_date"].to_numpy("datetime64[ns]")[first]
    named = dict(zip(values, of_days, strict=True))
    return pd.DataFrame(_at_sites(named, horizons, dates, issued_at, sites, near, words=words))


def _at_sites(
    of_days: dict[str, np.ndarray],
    horizons: np.ndarray,
    dates: np.ndarray,
    issued_at: np.ndarray,
    sites: pd.DataFrame,
    near: Neighbours,
    *,
    words: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The columns of ``days_at_sites``, from values by name, issued_at (NaT without a row) and words, arrays of
    horizons × stations."""
    lapse = np.array([LAPSE_C_PER_M if name in TEMPERATURES else 0.0 for name in of_days])[:, None, None, None]
    at_sites = interpolated(np.stack(list(of_days.values())), near, lapse_c_per_m=lapse)
    is_told = ~np.isnan(at_sites).all(axis=0)
    shape = is_told.shape
    columns = {
        "site_id": np.broadcast_to(sites["site_id"].to_numpy(), shape),
        "target_date": np.broadcast_to(dates[:, None], shape),
        "horizon_days": np.broadcast_to(horizons[:, None], shape),
        "issued_at": _latest(issued_at, near),
        "station_distance_km": np.broadcast_to(near.distance_km.min(axis=1, initial=np.inf), shape),
        **dict(zip(of_days, at_sites, strict=True)),
    }
    if words is not None:
        columns["weather_class"] = of_nearest = _of_nearest(words, near)
        is_told |= pd.notna(of_nearest)
    is_told &= near.has_any
    return {name: column[is_told] for name, column in columns.items()}


def _latest(times: np.ndarray, near: Neighbours) -> np.ndarray:
    """The latest of each site's stations (last axis) that have a row."""
    moments = times.astype("int64")
    used = np.where(near.weight > 0, moments[..., near.index], np.iinfo("int64").min)
    return used.max(axis=-1, initial=np.iinfo("int64").min).astype("datetime64[ns]")


def _of_nearest(words: np.ndarray, near: Neighbours) -> np.ndarray:
    found = np.full((*words.shape[:-1], len(near.index)), None, dtype=object)
    for column in reversed(range(near.index.shape[1])):
        of_station = words[..., near.index[:, column]]
        found = np.where((near.weight[:, column] > 0) & pd.notna(of_station), of_station, found)
    return found


def hours_at_sites(
    hours: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    issue_date: pd.Timestamp,
    horizons: Sequence[int] = WEATHER_HORIZONS_DAYS,
    radius_km: float = RADIUS_KM,
) -> dict[str, np.ndarray]:
    """Station hours (STATION_HOUR_COLUMNS) as days at the sites, columns by name; see ``station_days`` and
    ``days_at_sites``.

    Only of the days that are so many days (``horizons``) after ``issue_date``. A site's days are those of the standard
    time of its nearest station's zone. Stations without a known position are left out.
    """
    code, ids = pd.factorize(hours["station_id"].to_numpy(object))
    stations = known_stations(ids)
    near = neighbours(sites, stations, radius_km=radius_km)
    offsets = standard_offsets(near, stations, issue_date)
    place = pd.Index(stations["station_id"]).get_indexer(ids)[code]
    rows = StationRows.of(hours, place, issue_date=issue_date)
    asked = np.flatnonzero(np.isin(WEATHER_HORIZONS_DAYS, horizons))
    dates = issue_date.to_datetime64() + np.array(WEATHER_HORIZONS_DAYS)[asked].astype("timedelta64[D]")
    parts = []
    for offset in np.unique(offsets[~np.isnan(offsets)]):
        chosen = offsets == offset
        some = near.of_sites(chosen)
        used = rows.of_stations(np.unique(some.index[some.weight > 0]))
        days = used.days(len(stations), utc_offset_hours=float(offset))
        of_days = {name: column.T[asked] for name, column in days.values.items()}
        issued_at = np.where(days.has_any, days.issued_at[:, None], np.datetime64("NaT")).T[asked]
        parts.append(_at_sites(of_days, np.array(WEATHER_HORIZONS_DAYS)[asked], dates, issued_at, sites[chosen], some))
    return joined_columns(parts)


def joined_columns(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Columns of the parts one below the other; all have the same. None of no part."""
    return {name: np.concatenate([part[name] for part in parts]) for name in (parts[0] if parts else ())}


def standard_offsets(near: Neighbours, stations: pd.DataFrame, day: pd.Timestamp) -> np.ndarray:
    """Hours that each site's standard time is ahead of UTC, by the zone of its nearest station; nan without one."""
    offsets = np.full(len(near.index), np.nan)
    placed = near.has_any
    if placed.any():
        closest = near.index[np.arange(len(offsets)), near.distance_km.argmin(axis=1)]
        offsets[placed] = standard_offset_hours(stations["time_zone"].iloc[closest[placed]], day)
    return offsets


def site_offset_hours(sites: pd.DataFrame, day: pd.Timestamp) -> np.ndarray:
    """As ``standard_offsets``, by the nearest of all stations, however far it is."""
    stations = us_stations()
    near = neighbours(sites, stations, radius_km=np.inf, count=1, height_km_per_m=0.0)
    return standard_offsets(near, stations, day)


def stations_within_reach(sites: pd.DataFrame, *, radius_km: float = RADIUS_KM) -> pd.DataFrame:
    """The rows of ``us_stations`` at most ``radius_km`` from one of the sites (latitude, longitude)."""
    return _within_reach(_places(sites), radius_km).copy()


@lru_cache(maxsize=4)
def _within_reach(sites: bytes, radius_km: float) -> pd.DataFrame:
    latitude, longitude, _ = np.frombuffer(sites).reshape(3, -1)
    anchors, stations = pd.DataFrame({"latitude": latitude, "longitude": longitude}), us_stations()
    return stations[distance_to_nearest_km(stations, anchors) <= radius_km].reset_index(drop=True)
