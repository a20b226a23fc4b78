"""Hours of stations as days of a site's local standard time: means, extremes and sums."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.weather.station_hours import HOUR_VALUES, PERIOD_VALUES, relative_humidity_pct
from airwatch_dagster.schemas.weather import WEATHER_HORIZONS_DAYS

MIN_COVERED: Final = 0.6
"""Share of a day that values must cover: 5 of 8 3-hourly ones. The last day of a 72-hour bulletin that is published
before 00:00 UTC has 6 in the east and 5 in the west. Measured on 60 days of 12 stations in NBS bulletins, cut at
offsets of -5 to -8 hours: the mean of the first 5 values is off by 1.1 °C, 0.40 m/s and 145 m of mixing height (root
mean square) against that of all 8, of the first 6 by 0.6 °C, 0.26 m/s and 113 m, of the first 4 by 1.8 °C, 0.65 m/s and
168 m. Filling the missing hours from the day before, shifted by the difference of the others, gains nothing (with 5:
1.0 °C, 0.53 m/s, 155 m). Source: benchmarks/station_day_coverage.py."""

AFTERNOON_HOURS: Final = (12, 18)
"""Local hours (from, before) that must be covered for the highest mixing height of a day, which the sun drives."""

PRECIPITATION_HOURS: Final = 6
"""Length of the periods of precipitation_mm, hours."""

NOON: Final = 12.0

PROBABILITY_HOURS: Final = 12
"""Length of the periods of precipitation_probability_pct, hours."""

_MEANS: Final = {
    "temperature_c": "temperature_c",
    "dew_point_c": "dew_point_c",
    "relative_humidity_pct": "relative_humidity_pct",
    "wind_speed_ms": "wind_speed_ms",
    "wind_east_ms": "wind_east_ms",
    "wind_north_ms": "wind_north_ms",
    "cloud_cover_pct": "cloud_cover_pct",
    "boundary_layer_height_m": "mixing_height_m",
    "ventilation_m2s": "ventilation_m2s",
}
"""Columns that are means of a day, with the column of the hours."""

STATION_DAY_KEY: Final = ("station_id", "target_date", "horizon_days", "run_at", "issued_at")

STATION_DAY_VALUES: Final = (
    *_MEANS,
    "boundary_layer_height_max_m",
    "temperature_max_c",
    "temperature_min_c",
    "precipitation_mm",
    "precipitation_probability_pct",
)


def station_days(hours: pd.DataFrame, *, utc_offset_hours: float, issue_date: pd.Timestamp) -> pd.DataFrame:
    """Days of ``hours`` (STATION_HOUR_COLUMNS, one run) in the standard time that is ``utc_offset_hours`` ahead of UTC.

    One row per station and day from ``issue_date`` to three days after, in STATION_DAY_KEY and STATION_DAY_VALUES, of
    days with any value; float32, null where less than MIN_COVERED of the day is covered. Hourly and 3-hourly values
    alike count for the local day they fall in. Ventilation is the mean of mixing height times transport wind. Rain is
    the sum of 6-hour periods, shared between two days by time; its probability the highest of the 12-hour periods
    whose middle is in the day. The highest temperature is the one whose period ends in the afternoon or evening, the
    lowest the one of the night whose period ends in the morning.
    """
    code, stations = pd.factorize(hours["station_id"].to_numpy(object), sort=True)
    rows = StationRows.of(hours, code, issue_date=issue_date)
    return _frame(rows.days(len(stations), utc_offset_hours=utc_offset_hours), stations, hours, code, issue_date)


@dataclass(frozen=True)
class StationDays:
    """Days of stations from an issue date on: arrays of stations × WEATHER_HORIZONS_DAYS."""

    values: dict[str, np.ndarray]
    """STATION_DAY_VALUES, float32, nan for null."""
    issued_at: np.ndarray
    """That of each station's first row."""

    @property
    def has_any(self) -> np.ndarray:
        """Mask of the days with any value."""
        return np.any([~np.isnan(one) for one in self.values.values()], axis=0)


@dataclass(frozen=True)
class StationRows:
    """Hours of stations, an element a row."""

    code: np.ndarray
    """Number of each row's station; -1 for none."""
    seconds: np.ndarray
    """Time of each row since the issue date 00:00 UTC."""
    issued_at: np.ndarray
    values: dict[str, np.ndarray]
    """HOUR_VALUES, PERIOD_VALUES and what follows from them at an hour, float64."""

    @classmethod
    def of(cls, hours: pd.DataFrame, code: np.ndarray, *, issue_date: pd.Timestamp) -> Self:
        """``hours`` (STATION_HOUR_COLUMNS, one run) whose stations have the numbers ``code``."""
        seconds = (hours["valid_at"].to_numpy() - issue_date.to_datetime64()).astype("timedelta64[s]")
        values = {name: hours[name].to_numpy("float64") for name in (*HOUR_VALUES, *PERIOD_VALUES)}
        values["relative_humidity_pct"] = relative_humidity_pct(values["temperature_c"], values["dew_point_c"])
        values["ventilation_m2s"] = values["mixing_height_m"] * values["transport_wind_ms"]
        return cls(code, seconds.astype(np.int64), hours["issued_at"].to_numpy(), values)

    def of_stations(self, numbers: np.ndarray) -> Self:
        """The rows of these stations."""
        chosen = np.flatnonzero(np.isin(self.code, numbers))
        values = {name: column[chosen] for name, column in self.values.items()}
        return type(self)(self.code[chosen], self.seconds[chosen], self.issued_at[chosen], values)

    def days(self, stations: int, *, utc_offset_hours: float) -> StationDays:
        """As ``station_days``, of stations 0 to ``stations`` - 1; every row must be one's."""
        of, local = self.values, (self.seconds + round(3600.0 * utc_offset_hours)) / 3600.0
        grid = _Grid(stations, self.code, local)
        step_hours = _step_hours(grid)
        values = {daily: _mean(grid, of[hourly], step_hours) for daily, hourly in _MEANS.items()}
        values["boundary_layer_height_max_m"] = _mixing_height_max(grid, of["mixing_height_m"], step_hours)
        values["temperature_max_c"] = grid.first(of["temperature_max_c"], where=grid.hour_of_day >= NOON)
        values["temperature_min_c"] = grid.first(of["temperature_min_c"], where=grid.hour_of_day < NOON)
        values["precipitation_mm"] = _precipitation(grid, of["precipitation_mm"])
        values["precipitation_probability_pct"] = _probability(grid, of["precipitation_probability_pct"])
        shape = stations, len(WEATHER_HORIZONS_DAYS)
        daily = {name: values[name].astype("float32").reshape(shape) for name in STATION_DAY_VALUES}
        issued_at = np.full(stations, np.datetime64("NaT"), dtype="datetime64[ns]")
        issued_at[self.code[::-1]] = self.issued_at[::-1]
        return StationDays(daily, issued_at)


def _frame(
    days: StationDays, stations: np.ndarray, hours: pd.DataFrame, code: np.ndarray, issue_date: pd.Timestamp
) -> pd.DataFrame:
    """Station-days with any value, in STATION_DAY_KEY and STATION_DAY_VALUES."""
    station, number = np.nonzero(days.has_any)
    horizon = np.array(WEATHER_HORIZONS_DAYS, dtype=np.int64)[number]
    first_row = np.full(len(stations), 0)
    first_row[code[::-1]] = np.arange(len(code))[::-1]
    columns = {
        "station_id": stations[station],
        "target_date": issue_date.to_datetime64() + horizon.astype("timedelta64[D]"),
        "horizon_days": horizon,
        "run_at": hours["run_at"].to_numpy()[first_row[station]],
        "issued_at": days.issued_at[station],
    }
    return pd.DataFrame(columns | {name: days.values[name][station, number] for name in STATION_DAY_VALUES})


@dataclass(frozen=True)
class _Grid:
    """Rows of hours in groups: a station's days from the issue date on; results are arrays of stations × days."""

    stations: int
    code: np.ndarray
    """Number of each row's station."""
    hours: np.ndarray
    """Hours of each row since the beginning of the issue date, local."""

    @property
    def size(self) -> int:
        """Number of groups."""
        return self.stations * len(WEATHER_HORIZONS_DAYS)

    @property
    def hour_of_day(self) -> np.ndarray:
        """Local hour of each row, with its fraction."""
        return self.hours % 24.0

    def within(self, is_given: np.ndarray, *, earlier_hours: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """The rows that are given and fall in a group, taken so many hours earlier, and their groups."""
        day = (self.hours - earlier_hours) // 24.0
        rows = np.flatnonzero(is_given & (day >= 0) & (day < len(WEATHER_HORIZONS_DAYS)))
        return rows, self.code[rows] * len(WEATHER_HORIZONS_DAYS) + day[rows].astype(np.int64)

    def sum(self, groups: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Sums of ``weights``, counts without them, by group."""
        return np.bincount(groups, weights=weights, minlength=self.size)

    def highest(self, groups: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The highest of ``values`` by group, nan without one."""
        top = np.full(self.size, -np.inf)
        np.maximum.at(top, groups, values)
        return np.where(np.isinf(top), np.nan, top)

    def first(self, values: np.ndarray, *, where: np.ndarray) -> np.ndarray:
        """The first value that is given, by group, nan without one. Extremes belong to the half of the local day in
        which their periods end; elsewhere, as west of the date line, the periods of a bulletin are another day's."""
        rows, groups = self.within(where & ~np.isnan(values))
        found = np.full(self.size, np.nan)
        found[groups[::-1]] = values[rows[::-1]]
        return found


def _step_hours(grid: _Grid) -> float:
    """Hours from one value to the next: the usual difference within a station."""
    order = np.argsort(grid.code, kind="stable")
    is_same = np.diff(grid.code[order]) == 0
    steps = np.diff(grid.hours[order])[is_same]
    return float(np.median(steps)) if len(steps) else 24.0


def _mean(grid: _Grid, values: np.ndarray, step_hours: float) -> np.ndarray:
    rows, groups = grid.within(~np.isnan(values))
    count = grid.sum(groups)
    is_covered = count * (step_hours / 24.0) >= MIN_COVERED
    return np.where(is_covered, grid.sum(groups, values[rows]) / np.maximum(count, 1), np.nan)


def _mixing_height_max(grid: _Grid, values: np.ndarray, step_hours: float) -> np.ndarray:
    first, end = AFTERNOON_HOURS
    rows, groups = grid.within(~np.isnan(values))
    hour = np.floor(grid.hour_of_day[rows])
    covered = grid.sum(groups[(hour >= first) & (hour < end)]) * step_hours
    return np.where(covered >= end - first, grid.highest(groups, values[rows]), np.nan)


def _precipitation(grid: _Grid, values: np.ndarray) -> np.ndarray:
    """Sums of the day's share of each period, where all of the day but less than a period is covered."""
    within = np.minimum(grid.hour_of_day / PRECIPITATION_HOURS, 1.0)
    amount, share = np.zeros(grid.size), np.zeros(grid.size)
    for part, earlier_hours in ((within, 0.0), (1.0 - within, 24.0)):
        rows, groups = grid.within(~np.isnan(values), earlier_hours=earlier_hours)
        amount += grid.sum(groups, values[rows] * part[rows])
        share += grid.sum(groups, part[rows])
    return np.where(share * PRECIPITATION_HOURS > 24.0 - PRECIPITATION_HOURS, amount, np.nan)


def _probability(grid: _Grid, values: np.ndarray) -> np.ndarray:
    """The highest of the day's two periods; null with one."""
    rows, groups = grid.within(~np.isnan(values), earlier_hours=PROBABILITY_HOURS / 2)
    is_covered = grid.sum(groups) >= 24 // PROBABILITY_HOURS
    return np.where(is_covered, grid.highest(groups, values[rows]), np.nan)
