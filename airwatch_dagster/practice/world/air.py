"""Simulated truth: 24-hour PM2.5 at every practice site on any day, reproducible in any order of computation.

The air has seasons, a weekly cycle, episodes that drift with the wind while they fade and are renewed, local variation,
and smoke plumes in the warm months. Episodes drift mostly from west to east, so today's air upwind predicts tomorrow's
better than today's air at the site.
"""

from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np

from airwatch_dagster.practice.world.network import SITES
from airwatch_dagster.practice.world.random_streams import Floats, Integers, normal, uniform
from airwatch_dagster.practice.world.smoke import smoke_of_year

MEAN_WIND_KM_PER_DAY: Final = (230.0, 40.0)
"""Mean drift of air masses to the east and north; westerlies of the mid-latitudes, near the ground."""

WIND_SPREAD_KM_PER_DAY: Final = (190.0, 170.0)
"""Standard deviation of the drift from day to day, east and north."""

WIND_MEMORY: Final = 0.55
"""Correlation of one day's wind with the next."""

EPISODE_MEMORY: Final = 0.74
"""Share of an air mass's deviation that remains after a day, in the moving air."""

EPISODE_RANGE_KM: Final = 420.0
"""Range of the Matérn (ν = 1) correlation of the episodes: 0.93 at 100 km, 0.5 at 500 km."""

EPISODE_SPREAD: Final = 0.43
"""Standard deviation of the episodes in log PM2.5."""

LOCAL_MEMORY: Final = 0.35
LOCAL_SPREAD: Final = 0.22
"""Day-to-day correlation, and standard deviation in log PM2.5, of the local part of each site."""

_MEMORY_DAYS: Final = 30
"""Earlier days on which a day depends: 0.74 to the power of 30 is 0.01 %."""

_WIND_MEMORY_DAYS: Final = 12
_MODES: Final = 160
"""Number of waves that make up the episodes."""

_CHICAGO_DEGREES: Final = (41.88, -87.63)
_KM_PER_DEGREE: Final = 111.2


@lru_cache(maxsize=32)
def air_of_year(year: int, *, seed: int) -> Floats:
    """True 24-hour PM2.5 of a calendar year, µg/m³, positive: one row per day, one column per site of ``SITES``.

    A year is computed from its own days and a fixed number of earlier days, so the air of a day does not depend on what
    else is simulated. The array is read-only.
    """
    days = days_of_year(year)
    typical = np.log([site.typical_ugm3 for site in SITES])
    local = LOCAL_SPREAD * _moving_sum(days, "local", items=len(SITES), seed=seed, memory=LOCAL_MEMORY, length=6)
    log_air = typical + _seasons(days)[:, None] + _episodes(days, seed=seed) + local
    air = np.exp(log_air) + smoke_of_year(year, seed=seed, places_km=places_km())
    air.setflags(write=False)
    return air


def days_of_year(year: int) -> Integers:
    """Proleptic Gregorian ordinals of all days of a year."""
    return np.arange(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal(), dtype=np.int64)


def places_km() -> Floats:
    """Positions of ``SITES`` on a plane around Chicago: km east and km north, one row per site."""
    degrees = np.array([[site.latitude, site.longitude] for site in SITES]) - np.array(_CHICAGO_DEGREES)
    return degrees[:, ::-1] * _KM_PER_DEGREE * np.array([np.cos(np.radians(_CHICAGO_DEGREES[0])), 1.0])


def wind_km(days: Integers, *, seed: int) -> Floats:
    """Drift of the air on each day: km east and km north, one row per day."""
    total = _moving_sum(days, "wind", items=2, seed=seed, memory=WIND_MEMORY, length=_WIND_MEMORY_DAYS)
    return np.array(MEAN_WIND_KM_PER_DAY) + total * np.array(WIND_SPREAD_KM_PER_DAY)


def _seasons(days: Integers) -> Floats:
    """Log deviation by season and weekday: peaks in January and July, cleaner in spring, October and on Mondays."""
    year_angle = 2.0 * np.pi * (days - date(2020, 1, 15).toordinal()) / 365.2425
    week_angle = 2.0 * np.pi * (days - date(2020, 1, 3).toordinal()) / 7.0
    decline = -0.008 * (days - date(2020, 1, 1).toordinal()) / 365.2425
    return 0.06 * np.cos(year_angle) + 0.19 * np.cos(2.0 * year_angle) + 0.05 * np.cos(week_angle) + decline


def _episodes(days: Integers, *, seed: int) -> Floats:
    """Log deviation by air masses: waves that are renewed daily, fade, and move with the wind."""
    reach = np.arange(days[0] - _MEMORY_DAYS, days[-1] + 1)
    waves = _waves_per_km(seed)
    amplitude_1 = normal(seed, "episode.cosine", days=reach, items=np.arange(_MODES))
    amplitude_2 = normal(seed, "episode.sine", days=reach, items=np.arange(_MODES))
    renewed = (amplitude_1 + 1j * amplitude_2) * np.sqrt((1.0 - EPISODE_MEMORY**2) / _MODES)
    drift = np.exp(-1j * (wind_km(reach, seed=seed) @ waves.T))
    state = renewed[0]
    states = [state]
    for day in range(1, len(reach)):
        state = EPISODE_MEMORY * state * drift[day] + renewed[day]
        states.append(state)
    shape = np.exp(1j * (waves @ places_km().T))
    return EPISODE_SPREAD * (np.array(states[_MEMORY_DAYS:]) @ shape).real


def _waves_per_km(seed: int) -> Floats:
    """Wave vectors whose random sum has the Matérn (ν = 1) correlation: a bivariate Student t with two degrees."""
    items, once = np.arange(_MODES), np.zeros(1, dtype=np.int64)
    east = normal(seed, "wave.east", days=once, items=items)[0]
    north = normal(seed, "wave.north", days=once, items=items)[0]
    spread = np.sqrt(-2.0 * np.log(uniform(seed, "wave.spread", days=once, items=items)[0]))
    return np.stack([east, north], axis=1) / spread[:, None] / EPISODE_RANGE_KM


def _moving_sum(days: Integers, stream: str, *, items: int, seed: int, memory: float, length: int) -> Floats:
    """Standard normal series, one column per item, whose correlation is ``memory`` to the power of the lag."""
    reach = np.arange(days[0] - length, days[-1] + 1)
    draws = normal(seed, stream, days=reach, items=np.arange(items))
    weights = memory ** np.arange(length + 1) * np.sqrt(1.0 - memory**2)
    return sum(weights[lag] * draws[length - lag : len(reach) - lag] for lag in range(length + 1))
