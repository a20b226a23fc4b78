"""Hours of a model at sites as days of the sites' standard time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.weather.site_weather import site_offset_hours
from airwatch_dagster.acquire.weather.station_days import (
    PRECIPITATION_HOURS,
    PROBABILITY_HOURS,
    STATION_DAY_VALUES,
    station_days,
)
from airwatch_dagster.acquire.weather.station_hours import station_hours, wind_components

EVENING: Final = 19
"""Local hour at which the night begins that ends on the next day. Source: the period of the lowest temperature in the
National Weather Service's guidance, 7 pm to 8 am standard time."""

MORNING: Final = 8
"""Local hour at which it ends."""

_DAY_HOURS: Final = 24

_AT_THE_HOUR: Final = {
    "temperature_2m": "temperature_c",
    "dew_point_2m": "dew_point_c",
    "wind_speed_10m": "wind_speed_ms",
    "cloud_cover": "cloud_cover_pct",
    "boundary_layer_height": "mixing_height_m",
}
"""Column of STATION_HOUR_COLUMNS by variable."""


@dataclass(frozen=True)
class SiteHours:
    """Forecasts of consecutive hours at sites; arrays of sites × hours."""

    valid_at: pd.DatetimeIndex
    """Naive UTC, hour by hour."""
    published_at: np.ndarray
    """When the values of each hour were published at the latest, datetime64[ns] in UTC; one per hour."""
    site_count: int
    values: dict[str, np.ndarray] = field(default_factory=dict)
    """By variable, nan is null."""

    def put(self, variable: str, site: int, at: np.ndarray, numbers: np.ndarray) -> None:
        """Stores the variable's numbers of a site at these positions in ``valid_at``."""
        if variable not in self.values:
            self.values[variable] = np.full((self.site_count, len(self.valid_at)), np.nan)
        self.values[variable][site, at] = numbers

    @property
    def has_value(self) -> np.ndarray:
        """Mask of sites × hours with any value."""
        has = np.zeros((self.site_count, len(self.valid_at)), dtype=bool)
        for grid in self.values.values():
            has |= ~np.isnan(grid)
        return has


def days_of(hours: SiteHours, sites: pd.DataFrame, *, issue_date: pd.Timestamp) -> pd.DataFrame:
    """The days from ``issue_date`` to three days after at each site, as ``station_days`` makes them.

    Columns site_id, horizon_days, issued_at and STATION_DAY_VALUES; days with any value. The highest temperature is
    that of the local day's 24 hours, the lowest that of EVENING to MORNING, both null if an hour is missing. Rain and
    its probability are those of the local day's hours. ``issued_at`` is the latest publication of the values used.
    """
    offsets = site_offset_hours(sites, issue_date)
    parts = []
    for offset in np.unique(offsets[~np.isnan(offsets)]):
        chosen = np.flatnonzero(offsets == offset)
        local = hours.valid_at + pd.Timedelta(hours=float(offset))
        rows = _station_hours(hours, sites, chosen, local)
        days = station_days(rows, utc_offset_hours=float(offset), issue_date=issue_date)
        issued = _issued_at(hours, sites, chosen, local)
        key = ["station_id", "target_date"]
        parts.append(days.drop(columns=["run_at", "issued_at"]).merge(issued, on=key, how="left", validate="1:1"))
    columns = ["station_id", "horizon_days", "issued_at", *STATION_DAY_VALUES]
    all_days = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return all_days[columns].rename(columns={"station_id": "site_id"})


def _station_hours(hours: SiteHours, sites: pd.DataFrame, chosen: np.ndarray, local: pd.DatetimeIndex) -> pd.DataFrame:
    """The chosen sites' hours in STATION_HOUR_COLUMNS, with the periods of their local days."""
    count, length, nothing = len(chosen), len(hours.valid_at), np.full((len(chosen), len(hours.valid_at)), np.nan)
    given = {name: grid[chosen] for name, grid in hours.values.items()}
    grids = {column: given[name] for name, column in _AT_THE_HOUR.items() if name in given}
    speed, direction = (given.get(name, nothing) for name in ("wind_speed_10m", "wind_direction_10m"))
    grids["wind_east_ms"], grids["wind_north_ms"] = wind_components(speed, direction)
    temperature, rain, chance = (
        given.get(name, nothing) for name in ("temperature_2m", "precipitation", "precipitation_probability")
    )
    hour = local.hour.to_numpy()
    night = MORNING - EVENING + _DAY_HOURS + 1
    # station_days looks for a day's highest temperature in its second half, for its lowest in the first, and shares
    # rain that ends at 0, 6, 12 or 18 o'clock local time with no other day.
    grids["temperature_max_c"] = _ending(temperature, _DAY_HOURS, np.max, hour == _DAY_HOURS - 1)
    grids["temperature_min_c"] = _ending(temperature, night, np.min, hour == MORNING)
    grids["precipitation_mm"] = _ending(rain, PRECIPITATION_HOURS, np.sum, hour % PRECIPITATION_HOURS == 0)
    grids["precipitation_probability_pct"] = _ending(chance, PROBABILITY_HOURS, np.max, hour % PROBABILITY_HOURS == 0)
    frame = pd.DataFrame({name: grid.ravel() for name, grid in grids.items()})
    frame["station_id"] = np.repeat(sites["site_id"].to_numpy(object)[chosen], length)
    frame["valid_at"] = np.tile(hours.valid_at.to_numpy(), count)
    frame["run_at"] = frame["issued_at"] = np.tile(hours.published_at, count)
    return station_hours(frame)


def _ending(grid: np.ndarray, length: int, of: Callable[..., np.ndarray], is_end: np.ndarray) -> np.ndarray:
    """``of`` the ``length`` hours up to each end, nan elsewhere and where an hour is nan or before the first one."""
    result = np.full(grid.shape, np.nan)
    if grid.shape[1] >= length:
        windows = np.lib.stride_tricks.sliding_window_view(grid, length, axis=1)
        result[:, length - 1 :] = of(windows, axis=2)
    return np.where(is_end, result, np.nan)


def _issued_at(hours: SiteHours, sites: pd.DataFrame, chosen: np.ndarray, local: pd.DatetimeIndex) -> pd.DataFrame:
    """The latest publication of each local day's values, those of the evening before included, by station_id and
    target_date."""
    site, hour = np.nonzero(hours.has_value[chosen])
    of_day = pd.DataFrame(
        {
            "station_id": sites["site_id"].to_numpy(object)[chosen[site]],
            "target_date": local.floor("D").to_numpy()[hour],
            "issued_at": hours.published_at[hour],
        }
    )
    in_evening = local.hour.to_numpy()[hour] >= EVENING
    of_night = of_day[in_evening].assign(target_date=of_day["target_date"] + pd.Timedelta(days=1))
    # Rain and its probability up to midnight end with the first hour of the next day.
    at_midnight = local.hour.to_numpy()[hour] == 0
    of_rain = of_day[at_midnight].assign(target_date=of_day["target_date"] - pd.Timedelta(days=1))
    both = pd.concat([of_day, of_night, of_rain], ignore_index=True)
    return both.groupby(["station_id", "target_date"])["issued_at"].max().reset_index()
