"""Forecasts of the practice weather at its stations: what a run knows of each of the next days, hour by hour.

A forecast is the weather that comes, known in part: the shorter the lead, the larger the part. Its error is drawn apart
from the weather, and a later run only adds to what an earlier one knew, so that revisions cannot be foreseen. Nothing
else of the future goes into it.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np

from airwatch_dagster.practice.world.fields import at_places, complex_normal, days_of_year, matern_waves
from airwatch_dagster.practice.world.random_streams import Floats, Integers
from airwatch_dagster.practice.world.weather.latent import FIELDS, NOON_UTC, latent_weather
from airwatch_dagster.practice.world.weather.stations import stations_km
from airwatch_dagster.practice.world.weather.surface import Surface, surface

ANALYSIS_HOURS: Final = 6
"""Runs learn of the weather so often, at 00, 06, 12 and 18 UTC; a run in between knows what the one before it knew."""

KNOWN_AT_ONCE: Final = 0.985
"""Part of the variance of the weather that a run knows of the present."""

KNOWN_HOURS: Final = 118.0
KNOWN_POWER: Final = 1.3
"""The part known falls as exp(-(lead / 118 hours) to the power of 1.3): 0.89 after 19 hours, 0.75 after 43 and 0.61
after 67, correlations of 0.95, 0.87 and 0.78."""

ERROR_KM: Final = 350.0
"""Range of the correlation of errors."""

_STEPS: Final = 19
"""Leads of a state, 6 hours apart, up to 108 hours."""

_MODES: Final = 24


@dataclass(frozen=True)
class HourlyWeather:
    """Weather at STATIONS: one row per hour, one column per station."""

    hours: Integers
    """Hours since the day 0 of the proleptic Gregorian calendar, UTC."""
    temperature_c: Floats
    daily: Surface
    """The weather of the day around each hour."""
    wind_speed_ms: Floats
    mixing_m: Floats
    unknown: Floats
    """Part of the variance that is not known, per hour; 0 of observed weather."""


def known_part(lead_hours: Floats) -> Floats:
    """Part of the variance (0 to 1) that a run knows of the weather so many hours after its analysis."""
    part: Floats = KNOWN_AT_ONCE * np.exp(-((np.maximum(lead_hours, 0.0) / KNOWN_HOURS) ** KNOWN_POWER))
    return part


def observed(hours: Integers, *, seed: int) -> HourlyWeather:
    """The weather that was, at increasing ``hours``."""
    days = _noons_around(hours)
    states = np.stack([_state(int(day), seed) for day in days])
    return _between(days, states, np.zeros(len(days)), hours)


def forecast(hours: Integers, *, run_hour: int, seed: int) -> HourlyWeather:
    """The weather of increasing ``hours`` as a run of ``run_hour`` knows it; at most 84 hours later."""
    days = _noons_around(hours)
    analysis = run_hour // ANALYSIS_HOURS * ANALYSIS_HOURS
    steps = np.clip((24 * days + NOON_UTC - analysis) // ANALYSIS_HOURS, 0, _STEPS - 1)
    states = np.stack([_known_states(int(day), seed)[step] for day, step in zip(days, steps, strict=True)])
    return _between(days, states, 1.0 - known_part(ANALYSIS_HOURS * steps.astype(np.float64)), hours)


def _noons_around(hours: Integers) -> Integers:
    """Ordinals of the days whose noons enclose all hours."""
    return np.arange((hours[0] - NOON_UTC) // 24, (hours[-1] - NOON_UTC) // 24 + 2)


def _between(days: Integers, states: Floats, unknown: Floats, hours: Integers) -> HourlyWeather:
    """Hours between the noons of consecutive ``days``, whose ``states`` are interpolated, with the daily cycle."""
    position = (hours - NOON_UTC) / 24.0
    at = np.floor(position).astype(int) - days[0]
    later = position - np.floor(position)
    fields = states[at] * (1.0 - later)[:, None, None] + states[at + 1] * later[:, None, None]
    rest = unknown[at] * (1.0 - later) + unknown[at + 1] * later
    daily = surface(fields, position, stations_km(), unknown=rest)
    solar = (hours % 24).astype(np.float64)[:, None] - 6.0
    return HourlyWeather(
        hours,
        temperature_c=daily.temperature_c + daily.half_range_c * _cycle(solar - 15.0),
        daily=daily,
        wind_speed_ms=daily.speed_ms * (1.0 + 0.2 * _cycle(solar - 15.0)),
        mixing_m=daily.mixing_m * (1.0 + 0.75 * _cycle(solar - 14.0)),
        unknown=rest,
    )


def _cycle(hours_from_peak: Floats) -> Floats:
    return np.cos(2.0 * np.pi * hours_from_peak / 24.0)


def _state(day: int, seed: int) -> Floats:
    """FIELDS × stations at noon of a day."""
    year = date.fromordinal(day).year
    states: Floats = _states_of_year(year, seed)[day - date(year, 1, 1).toordinal()]
    return states


@lru_cache(maxsize=6)
def _states_of_year(year: int, seed: int) -> Floats:
    return latent_weather(days_of_year(year), stations_km(), seed=seed)


@lru_cache(maxsize=32)
def _known_states(day: int, seed: int) -> Floats:
    """What runs know of a day's state, by lead (steps of 6 hours) × FIELDS × stations.

    As the known part s grows from 0 to 1, the forecast walks as a Brownian motion that ends at the truth: s · truth and
    a Brownian bridge. So the truth given a forecast has the forecast as its mean, and 1 - s as its variance.
    """
    truth = _state(day, seed)
    known = known_part(ANALYSIS_HOURS * np.arange(_STEPS, dtype=np.float64))
    added = np.sqrt(np.diff(np.concatenate([[1.0], known, [0.0]])[::-1]))[:, None, None]
    walk = np.cumsum(added * _errors(day, seed), axis=0)[::-1]
    known = known[:, None, None]
    states: Floats = known * truth + walk[1:] - known * walk[0]
    return states


def _errors(day: int, seed: int) -> Floats:
    """Standard normal fields, independent of each other and of the weather: steps × FIELDS × stations."""
    shape = (_STEPS + 1, len(FIELDS), _MODES)
    waves = matern_waves("weather.error.wave", range_km=ERROR_KM, modes=_MODES, seed=seed)
    draws = complex_normal(np.array([day]), "weather.error", items=int(np.prod(shape)), seed=seed)
    return at_places(draws.reshape(shape) / np.sqrt(_MODES), waves, stations_km())
