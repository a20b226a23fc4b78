"""Random fields: series that remember the days before, and waves over the region that fade, move and are renewed."""

from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from airwatch_dagster.practice.world.random_streams import Floats, Integers, normal, uniform

Waves = npt.NDArray[np.complex128]

ONCE: Final = np.zeros(1, dtype=np.int64)
"""The day of draws that are made once for a seed."""

_CHICAGO_DEGREES: Final = (41.88, -87.63)
_KM_PER_DEGREE: Final = 111.2


def plane_km(degrees: Floats) -> Floats:
    """Places (rows of latitude and longitude) on a plane around Chicago: km east and km north."""
    apart = degrees - np.array(_CHICAGO_DEGREES)
    return apart[:, ::-1] * _KM_PER_DEGREE * np.array([np.cos(np.radians(_CHICAGO_DEGREES[0])), 1.0])


def days_of_year(year: int) -> Integers:
    """Proleptic Gregorian ordinals of all days of a year."""
    return np.arange(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal(), dtype=np.int64)


def moving_sum(days: Integers, stream: str, *, items: int, seed: int, memory: float, length: int) -> Floats:
    """Standard normal series of consecutive ``days``, one column per item, whose correlation is ``memory`` to the power
    of the lag; a day depends on ``length`` earlier ones."""
    reach = np.arange(days[0] - length, days[-1] + 1)
    draws = normal(seed, stream, days=reach, items=np.arange(items))
    weights = memory ** np.arange(length + 1) * np.sqrt(1.0 - memory**2)
    return sum(weights[lag] * draws[length - lag : len(reach) - lag] for lag in range(length + 1))


def matern_waves(stream: str, *, range_km: float, modes: int, seed: int) -> Floats:
    """Wave vectors (radians per km east and north) whose random sum has the Matérn (ν = 1) correlation of this range: a
    bivariate Student t with two degrees."""
    items = np.arange(modes)
    east = normal(seed, f"{stream}.east", days=ONCE, items=items)[0]
    north = normal(seed, f"{stream}.north", days=ONCE, items=items)[0]
    spread = np.sqrt(-2.0 * np.log(uniform(seed, f"{stream}.spread", days=ONCE, items=items)[0]))
    return np.stack([east, north], axis=1) / spread[:, None] / range_km


def moving_waves(
    days: Integers,
    stream: str,
    waves: Floats,
    *,
    seed: int,
    km_per_day: tuple[float, float],
    memory: float,
    length: int,
) -> Waves:
    """Amplitudes of ``waves`` on consecutive ``days`` (rows), whose sums over the waves are standard normal.

    The waves move steadily by ``km_per_day`` to the east and north, fade by ``memory`` a day and are renewed. A day
    depends on ``length`` earlier ones, whichever days are asked for.
    """
    reach = np.arange(days[0] - length, days[-1] + 1)
    draws = complex_normal(reach, stream, items=len(waves), seed=seed)
    step = memory * np.exp(-1j * (waves @ np.array(km_per_day)))
    weights = step ** np.arange(length + 1)[:, None] * np.sqrt((1.0 - memory**2) / len(waves))
    return sum(weights[lag] * draws[length - lag : len(reach) - lag] for lag in range(length + 1))


def complex_normal(days: Integers, stream: str, *, items: int, seed: int) -> Waves:
    """Independent draws with standard normal real and imaginary parts, one row per day and one column per item."""
    numbers = np.arange(items)
    real = normal(seed, f"{stream}.cosine", days=days, items=numbers)
    return real + 1j * normal(seed, f"{stream}.sine", days=days, items=numbers)


def at_places(amplitudes: Waves, waves: Floats, places_km: Floats) -> Floats:
    """Sums of the waves at places (rows of km east and north): the last axis of ``amplitudes`` becomes the places."""
    values: Floats = (amplitudes @ np.exp(1j * (waves @ places_km.T))).real
    return values
