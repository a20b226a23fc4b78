"""Weighted sums that are bit-identical whichever days, stations or threads they are computed with.

Values and weights are rounded to whole steps, so every product and every partial sum of a matrix product is a whole
number below 2**53, which float64 represents exactly. Reason: docs/adr/0003-bit-identical-features.md.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

WEIGHT_STEPS: Final = 2.0**16
"""Weights are rounded to 1/65536: with values below 2**23 steps and 4,096 stations, sums stay below 2**51."""


@dataclass(frozen=True)
class FixedPointSums:
    """A matrix of days × stations as whole steps, ready for weighted sums over the stations."""

    values: np.ndarray
    """Whole steps; 0 where unknown."""
    present: np.ndarray
    """1.0 where the value is known, else 0.0."""
    per_unit: float
    """Steps per unit of the matrix."""

    @classmethod
    def of(cls, matrix: np.ndarray, *, per_unit: float) -> Self:
        """Round ``matrix`` (days × stations, null where unknown) to steps of 1/``per_unit``."""
        known = ~np.isnan(matrix)
        steps = np.rint(np.where(known, matrix, 0.0) * per_unit)
        return cls(np.where(known, steps, 0.0), known.astype(float), per_unit)

    def sums(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted sum of the known values (unit × weight steps) and the sum of their weights (steps); days × targets.

        ``weights`` are whole numbers, stations × targets, as ``whole_weights`` returns them.
        """
        return (self.values @ weights) / self.per_unit, self.present @ weights

    def mean(self, weights: np.ndarray) -> np.ndarray:
        """Weighted mean of the known values, days × targets; null where no known value has weight."""
        total, weight = (self.values @ weights), (self.present @ weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return total / weight / self.per_unit


def whole_weights(weights: np.ndarray) -> np.ndarray:
    """Weights from 0 to 1 as whole multiples of 1/65536; null stays null."""
    return np.rint(weights * WEIGHT_STEPS)
