"""Weighted sums that come out bitwise the same whichever days, stations or threads they are computed with.

Values and weights are rounded to whole steps, so every product and every partial sum of a matrix product is a whole
number below 2**53, which float64 holds exactly.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

WEIGHT_STEPS: Final = 2.0**16
"""Weights are rounded to 1/65536: with values below 2**23 steps and 4,096 stations, sums stay below 2**51."""


@dataclass(frozen=True)
class FixedPointSums:
    """A field of days × stations in whole steps, and where it is known."""

    values: np.ndarray
    present: np.ndarray
    per_unit: float

    @classmethod
    def of(cls, field: np.ndarray, *, per_unit: float) -> Self:
        known = ~np.isnan(field)
        return cls(np.where(known, np.rint(np.where(known, field, 0.0) * per_unit), 0.0), known.astype(float), per_unit)

    def sums(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted sum of the known values, in units times whole weight steps, and the sum of their weights."""
        return (self.values @ weights) / self.per_unit, self.present @ weights

    def mean(self, weights: np.ndarray) -> np.ndarray:
        """Weighted mean of the known values; null where none has weight."""
        total, weight = (self.values @ weights), (self.present @ weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return total / weight / self.per_unit


def whole_weights(weights: np.ndarray) -> np.ndarray:
    """The weights, 0 to 1, as whole numbers of 1/65536."""
    return np.rint(weights * WEIGHT_STEPS)
