"""Weather of whole days, and what it does to the air."""

from typing import Final

import numpy as np

from airwatch_dagster.practice.world.random_streams import Floats, Integers
from airwatch_dagster.practice.world.weather.latent import CENTRE, latent_weather
from airwatch_dagster.practice.world.weather.surface import KM_PER_DAY, Surface, surface

OF_THE_DAY: Final = (0.125, 0.75, 0.125)
"""Weights of the states at the noons before, of and after a day in its mean: states in between are interpolated."""

WIND_EXPONENT: Final = -0.46
MIXING_EXPONENT: Final = -0.43
"""Powers of wind speed and of mixing height, relative to the season's, to which PM2.5 is diluted in a day."""

WASHED_OUT: Final = 0.075
"""Loss of log PM2.5 on a day with 1 mm of rain; it grows with the square root of the rain."""

WARM_AIR: Final = 0.010
"""Gain of log PM2.5 with each °C above the usual, as air from the south brings more."""

CARRIED_OVER: Final = 0.15
"""Share of a day's effect that is left on the next day: stagnant air collects what is emitted."""

CARRIED_DAYS: Final = 5
"""Days for which it is carried over: 0.3 to the power of 6 is 0.1 %."""

USUAL_EFFECT: Final = -0.57
"""Mean of the log effect, which the sites' typical values have already."""


def daily_weather(days: Integers, places_km: Floats, *, seed: int) -> Surface:
    """The weather of consecutive ``days`` at places: one row per day, one column per place."""
    around = np.arange(days[0] - 1, days[-1] + 2)
    states = latent_weather(around, places_km, seed=seed)
    before, of, after = OF_THE_DAY
    of_days = before * states[:-2] + of * states[1:-1] + after * states[2:]
    return surface(of_days, days.astype(float), places_km)


def wind_km(days: Integers, *, seed: int) -> Floats:
    """Drift of the air over the whole region on each day: km east and km north, one row per day."""
    centre = daily_weather(days, CENTRE, seed=seed)
    return KM_PER_DAY * np.hstack([centre.wind_east_ms, centre.wind_north_ms])


def log_effect(days: Integers, places_km: Floats, *, seed: int) -> Floats:
    """What the weather adds to log PM2.5 on each day (rows) at each place: wind and mixing dilute, rain washes out, and
    part of a day's effect remains on the next."""
    reach = np.arange(days[0] - CARRIED_DAYS, days[-1] + 1)
    weather = daily_weather(reach, places_km, seed=seed)
    fresh = (
        WIND_EXPONENT * np.log(weather.speed_ms)
        + MIXING_EXPONENT * np.log(weather.mixing_ratio)
        - WASHED_OUT * np.sqrt(weather.rain_mm)
        + WARM_AIR * weather.warmth_c
    )
    weights = CARRIED_OVER ** np.arange(CARRIED_DAYS + 1)
    weights /= weights.sum()
    lagged = [fresh[CARRIED_DAYS - lag : len(fresh) - lag] for lag in range(CARRIED_DAYS + 1)]
    total: Floats = sum(weight * one for weight, one in zip(weights, lagged, strict=True)) - USUAL_EFFECT
    return total
