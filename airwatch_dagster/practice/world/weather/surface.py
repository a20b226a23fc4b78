"""Weather near the ground that follows from the latent fields, observed or forecast."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from airwatch_dagster.practice.world.random_streams import Floats
from airwatch_dagster.practice.world.weather.latent import FIELDS

MEAN_WIND_KM_PER_DAY: Final = (230.0, 40.0)
"""Mean drift of air masses to the east and north; westerlies of the mid-latitudes, near the ground."""

DRIFT_KM_PER_DAY: Final = (161.0, 110.0)
"""Standard deviation of the drift of all air, east and north."""

FRONT_WIND_KM_PER_DAY: Final = (100.0, 130.0)
"""Standard deviation of the wind around highs and lows, east and north; with the drift 190 and 170 km a day."""

KM_PER_DAY: Final = 86.4
"""Kilometres a day of a metre per second."""

CALM_MS: Final = 0.8
"""Wind speed of a day whose mean wind is none: gusts and turning winds."""

RAIN_FROM: Final = 0.45
"""Wetness from which it rains: about three days in ten."""

RAIN_MM: Final = 14.0
"""Rain of a day whose wetness exceeds RAIN_FROM by 1, mm; about 700 mm a year."""

WARMTH_C: Final = 3.8
"""Standard deviation of temperature around the season's, °C."""

WET_FIELDS, WET_WEIGHTS = ("wetness", "pressure", "slope_east"), (0.65, -0.60, 0.47)
"""What rain and clouds depend on: lows, and the air from the south ahead of a front."""


@dataclass(frozen=True)
class Surface:
    """Weather of a day or moment: one row per time, one column per place."""

    wind_east_ms: Floats
    wind_north_ms: Floats
    speed_ms: Floats
    """Mean speed, which is more than that of the mean wind."""
    mixing_m: Floats
    """Mean height of the mixed layer over a day."""
    mixing_ratio: Floats
    """Mixing height divided by the season's."""
    rain_mm: Floats
    """Rain of a whole day at this rate, mm."""
    rain_probability: Floats
    """Probability that it rains; 0 or 1 where the weather is known."""
    sky: Floats
    """Share of the sky that is covered."""
    temperature_c: Floats
    """Mean temperature of a day."""
    warmth_c: Floats
    """How much warmer than usual for the season and place."""
    half_range_c: Floats
    """Half of the difference of a day's highest and lowest temperature."""
    dew_point_c: Floats


def surface(fields: Floats, days: Floats, places_km: Floats, *, unknown: Floats | float = 0.0) -> Surface:
    """The weather of ``fields`` (times × FIELDS × places) at times given as ordinals of days, with fractions.

    ``unknown`` (0 to 1, per time or for all) is the part of the variance that a forecast does not know: the speed
    counts it as wind in all directions, and rain has a probability and the mean of what may fall.
    """
    of = {name: fields[:, number] for number, name in enumerate(FIELDS)}
    rest = np.broadcast_to(np.asarray(unknown, dtype=float), len(days))[:, None]
    angle = 2.0 * np.pi * (days - date(2020, 1, 15).toordinal()) / 365.2425
    winter = np.cos(angle)[:, None]
    east, north = wind_ms(of["drift_east"], of["drift_north"], of["slope_east"], of["slope_north"])
    variance = sum(np.square(spread / KM_PER_DAY) for spread in (*DRIFT_KM_PER_DAY, *FRONT_WIND_KM_PER_DAY))
    ratio = np.exp(0.45 * (0.80 * of["mixing"] - 0.50 * of["pressure"] - 0.33 * of["wetness"]))
    wet = np.einsum("fnp,f->np", np.stack([of[name] for name in WET_FIELDS]), np.array(WET_WEIGHTS))
    spread = np.sqrt(np.maximum(rest, 1e-6))
    sky = _normal_cdf(0.9 * wet + 0.1)
    warmth = WARMTH_C * (0.6 * of["slope_east"] + 0.8 * of["warmth"])
    temperature = 10.0 - 14.0 * winter - 0.008 * places_km[:, 1] + warmth
    return Surface(
        wind_east_ms=east,
        wind_north_ms=north,
        speed_ms=np.sqrt(east**2 + north**2 + CALM_MS**2 + rest * variance),
        mixing_m=(700.0 - 300.0 * winter) * ratio,
        mixing_ratio=ratio,
        rain_mm=RAIN_MM * _mean_excess(wet - RAIN_FROM, spread) ** 1.5,
        rain_probability=_normal_cdf((wet - RAIN_FROM) / spread),
        sky=sky,
        temperature_c=temperature,
        warmth_c=warmth,
        half_range_c=2.5 + 5.0 * (1.0 - sky),
        dew_point_c=temperature - 1.5 - 9.0 * (1.0 - _normal_cdf(wet)),
    )


def wind_ms(drift_east: Floats, drift_north: Floats, slope_east: Floats, slope_north: Floats) -> tuple[Floats, Floats]:
    """Wind towards east and north, m/s: the drift of all air, and around highs clockwise, around lows the other way."""
    east = MEAN_WIND_KM_PER_DAY[0] + DRIFT_KM_PER_DAY[0] * drift_east - FRONT_WIND_KM_PER_DAY[0] * slope_north
    north = MEAN_WIND_KM_PER_DAY[1] + DRIFT_KM_PER_DAY[1] * drift_north + FRONT_WIND_KM_PER_DAY[1] * slope_east
    return east / KM_PER_DAY, north / KM_PER_DAY


def _mean_excess(mean: Floats, spread: Floats) -> Floats:
    """Mean of the positive part of a normal distribution."""
    ratio = mean / spread
    density = np.exp(-0.5 * np.square(np.clip(ratio, -30.0, 30.0))) / math.sqrt(2.0 * math.pi)
    excess: Floats = np.maximum(mean * _normal_cdf(ratio) + spread * density, 0.0)
    return excess


def _normal_cdf(values: Floats) -> Floats:
    """Share of a standard normal distribution below each value, within 0.0002. Source: Page (1977)."""
    near = np.clip(values, -8.0, 8.0)
    return 0.5 * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (near + 0.044715 * near**3)))
