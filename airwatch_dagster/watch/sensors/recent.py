"""The newest readings of each site, newest first, whatever its schedule."""

from dataclasses import dataclass

import numpy as np

from airwatch_dagster.watch.sensors.limits import RATE_GAP_DAYS


@dataclass(frozen=True)
class Recent:
    """``count`` × sites, from the reading of the day on."""

    age_days: np.ndarray
    """Days before the day."""
    is_there: np.ndarray

    @classmethod
    def of(cls, pm25: np.ndarray, *, count: int, within_days: int) -> "Recent":
        """Of a matrix of days × sites; of sites without a reading of the last day nothing is there."""
        is_null = np.isnan(pm25[::-1][: within_days + 1])
        age_days = np.argsort(is_null, axis=0, kind="stable")[:count]
        is_there = ~np.take_along_axis(is_null, age_days, axis=0) & ~is_null[0]
        return cls(age_days, is_there)

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Their values in a matrix of days × sites; null where nothing is there."""
        found: np.ndarray = np.where(self.is_there, np.take_along_axis(matrix[::-1], self.age_days, axis=0), np.nan)
        return found


def steps(matrix: np.ndarray) -> np.ndarray:
    """Difference of each day from the newest earlier one within RATE_GAP_DAYS, days × sites; null without either."""
    earlier = np.full_like(matrix, np.nan)
    for lag in range(RATE_GAP_DAYS, 0, -1):
        shifted = np.full_like(matrix, np.nan)
        shifted[lag:] = matrix[:-lag]
        earlier = np.where(np.isnan(shifted), earlier, shifted)
    found: np.ndarray = matrix - earlier
    return found
