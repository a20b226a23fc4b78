"""The state of the practice weather at local noon of each day, as standard normal fields that move from west to east.

Highs and lows pass as waves of about 2,800 km, so that a front comes every four days or so. The weather near the ground
follows from these fields in ``surface``; forecasts of them are in ``forecasts``.
"""

from typing import Final

import numpy as np

from airwatch_dagster.practice.world.fields import (
    ONCE,
    at_places,
    matern_waves,
    moving_sum,
    moving_waves,
    plane_km,
)
from airwatch_dagster.practice.world.random_streams import Floats, Integers, normal

FIELDS: Final = (
    "pressure",
    "slope_east",
    "slope_north",
    "mixing",
    "wetness",
    "warmth",
    "drift_east",
    "drift_north",
)
"""Pressure and its slope towards east and north, each divided by its spread; what mixing, rain and temperature have
apart from pressure; and the drift of all air, which is the same everywhere. All have mean 0 and variance 1."""

NOON_UTC: Final = 18
"""Hour (UTC) of a day's state: noon in Chicago, standard time."""

FRONT_KM: Final = 2800.0
"""Usual distance from one low to the next."""

FRONT_KM_PER_DAY: Final = (650.0, -100.0)
"""How far highs and lows move in a day, to the east and north: one passes in 3 to 6 days."""

FRONT_MEMORY: Final = 0.8
"""Share of a high or low that is left after a day."""

DETAIL_KM: Final = 300.0
"""Range of the correlation of mixing, wetness and warmth."""

_DETAILS: Final = {"mixing": 0.3, "wetness": 0.2, "warmth": 0.6}
"""Memory of what is apart from pressure, a day."""

WIND_MEMORY: Final = 0.45
"""Correlation of one day's drift with the next."""

_FRONT_MODES, _DETAIL_MODES = 48, 64
_FRONT_DAYS: Final = 30
"""Earlier days on which a day depends: 0.8 to the power of 30 is 0.1 %."""

_DRIFT_DAYS: Final = 12
CENTRE: Final = plane_km(np.array([[41.88, -87.63]]))


def latent_weather(days: Integers, places_km: Floats, *, seed: int) -> Floats:
    """FIELDS at noon of consecutive ``days`` at places (rows of km east and north): days × fields × places.

    The weather of a day and place does not depend on what else is asked for.
    """
    waves = _front_waves(seed)
    fronts = moving_waves(
        days,
        "weather.front",
        waves,
        seed=seed,
        km_per_day=FRONT_KM_PER_DAY,
        memory=FRONT_MEMORY,
        length=_FRONT_DAYS,
    )
    slopes = 1j * waves / np.sqrt(np.square(waves).mean(axis=0))
    fields = [at_places(fronts * factor, waves, places_km) for factor in (1.0, slopes[:, 0], slopes[:, 1])]
    for name, memory in _DETAILS.items():
        fields.append(_detail(days, name, memory, places_km, seed=seed))
    drift = moving_sum(days, "wind", items=2, seed=seed, memory=WIND_MEMORY, length=_DRIFT_DAYS)
    fields += [np.repeat(drift[:, [axis]], len(places_km), axis=1) for axis in (0, 1)]
    return np.stack(fields, axis=1)


def _front_waves(seed: int) -> Floats:
    """Wave vectors (radians per km) of highs and lows: mostly along the way they move."""
    items = np.arange(_FRONT_MODES)
    length = FRONT_KM * np.exp(0.2 * normal(seed, "weather.front.length", days=ONCE, items=items)[0])
    turned = 0.45 * normal(seed, "weather.front.direction", days=ONCE, items=items)[0]
    direction = np.arctan2(FRONT_KM_PER_DAY[1], FRONT_KM_PER_DAY[0]) + turned
    return (2.0 * np.pi / length)[:, None] * np.stack([np.cos(direction), np.sin(direction)], axis=1)


def _detail(days: Integers, name: str, memory: float, places_km: Floats, *, seed: int) -> Floats:
    waves = matern_waves(f"weather.{name}.wave", range_km=DETAIL_KM, modes=_DETAIL_MODES, seed=seed)
    speed = (FRONT_KM_PER_DAY[0] / 2.0, 0.0)
    amplitudes = moving_waves(
        days, f"weather.{name}", waves, seed=seed, km_per_day=speed, memory=memory, length=_DRIFT_DAYS
    )
    return at_places(amplitudes, waves, places_km)
