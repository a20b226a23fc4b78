"""Simulated truth: 24-hour PM2.5 at every practice site on any day, reproducible in any order of computation.

The air has seasons, a weekly cycle, episodes that drift with the wind while they fade and are renewed, what the weather
does (stagnant air collects, wind and mixing dilute, rain washes out), local variation, and smoke plumes in the warm
months. Episodes drift mostly from west to east, so today's air upwind predicts tomorrow's better than today's air does
at the site.
"""

from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np

from airwatch_dagster.practice.world.fields import (
    at_places,
    complex_normal,
    days_of_year,
    matern_waves,
    moving_sum,
    plane_km,
)
from airwatch_dagster.practice.world.network import SITES
from airwatch_dagster.practice.world.random_streams import Floats, Integers
from airwatch_dagster.practice.world.smoke import smoke_of_year
from airwatch_dagster.practice.world.weather.daily import log_effect, wind_km

EPISODE_MEMORY: Final = 0.74
"""Share of an air mass's deviation that remains after a day, in the moving air."""

EPISODE_RANGE_KM: Final = 420.0
"""Range of the Matérn (ν = 1) correlation of the episodes: 0.93 at 100 km, 0.5 at 500 km."""

EPISODE_SPREAD: Final = 0.38
"""Standard deviation of the episodes in log PM2.5."""

LOCAL_MEMORY: Final = 0.35
LOCAL_SPREAD: Final = 0.21
"""Day-to-day correlation, and standard deviation in log PM2.5, of the local part of each site."""

_MEMORY_DAYS: Final = 30
"""Earlier days on which a day depends: 0.74 to the power of 30 is 0.01 %."""

_MODES: Final = 160
"""Number of waves that make up the episodes."""


@lru_cache(maxsize=32)
def air_of_year(year: int, *, seed: int) -> Floats:
    """True 24-hour PM2.5 of a calendar year, µg/m³, positive: one row per day, one column per site of ``SITES``.

    A year is computed from its own days and a fixed number of earlier days, so the air of a day does not depend on what
    else is simulated. The array is read-only.
    """
    days = days_of_year(year)
    typical = np.log([site.typical_ugm3 for site in SITES])
    local = LOCAL_SPREAD * moving_sum(days, "local", items=len(SITES), seed=seed, memory=LOCAL_MEMORY, length=6)
    log_air = typical + _seasons(days)[:, None] + _episodes(days, seed=seed) + local
    log_air += log_effect(days, places_km(), seed=seed)
    air = np.exp(log_air) + smoke_of_year(year, seed=seed, places_km=places_km())
    air.setflags(write=False)
    return air


def places_km() -> Floats:
    """Positions of ``SITES`` on a plane around Chicago: km east and km north, one row per site."""
    return plane_km(np.array([[site.latitude, site.longitude] for site in SITES]))


def _seasons(days: Integers) -> Floats:
    """Log deviation by season and weekday: peaks in January and July, cleaner in spring, October and on Mondays."""
    year_angle = 2.0 * np.pi * (days - date(2020, 1, 15).toordinal()) / 365.2425
    week_angle = 2.0 * np.pi * (days - date(2020, 1, 3).toordinal()) / 7.0
    decline = -0.008 * (days - date(2020, 1, 1).toordinal()) / 365.2425
    return 0.06 * np.cos(year_angle) + 0.19 * np.cos(2.0 * year_angle) + 0.05 * np.cos(week_angle) + decline


def _episodes(days: Integers, *, seed: int) -> Floats:
    """Log deviation by air masses: waves that are renewed daily, fade, and move with the wind."""
    reach = np.arange(days[0] - _MEMORY_DAYS, days[-1] + 1)
    waves = matern_waves("wave", range_km=EPISODE_RANGE_KM, modes=_MODES, seed=seed)
    renewed = complex_normal(reach, "episode", items=_MODES, seed=seed)
    renewed *= np.sqrt((1.0 - EPISODE_MEMORY**2) / _MODES)
    drift = np.exp(-1j * (wind_km(reach, seed=seed) @ waves.T))
    state = renewed[0]
    states = [state]
    for day in range(1, len(reach)):
        state = EPISODE_MEMORY * state * drift[day] + renewed[day]
        states.append(state)
    return EPISODE_SPREAD * at_places(np.array(states[_MEMORY_DAYS:]), waves, places_km())
