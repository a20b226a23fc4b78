"""Weighted sums that are bit-identical whichever days, stations or threads they are computed with.

Values and weights are rounded to whole steps, so every product and every partial sum of a matrix product is a whole
number below 2**53, which float64 represents exactly. Reason: docs/adr/0003-bit-identical-features.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

WEIGHT_STEPS: Final = 2.0**16
"""Weights are rounded to 1/65536: with values below 2**23 steps and 4,096 stations, sums stay below 2**51."""


@dataclass(frozen=True)
class Block:
    """The weights of some stations on some targets; other stations weigh 0 on these."""

    stations: np.ndarray
    """Column numbers of the matrix that is summed."""
    targets: np.ndarray
    """Positions among the targets."""
    weights: np.ndarray
    """Whole numbers as ``whole_weights`` returns them, stations × targets."""

    @classmethod
    def of(cls, stations: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> Self:
        """The block without the stations that weigh 0 on all of its targets."""
        used = weights.any(axis=1)
        return cls(stations[used], targets, weights[used])


@dataclass(frozen=True)
class FixedPointSums:
    """A matrix of days × places as whole steps, ready for weighted sums over the places, and such sums."""

    steps: np.ndarray
    """Places × twice the days: whole steps, 0 where unknown, and then 1.0 where the value is known, else 0.0. Of sums:
    the weighted sum of the steps, and that of the known."""
    per_unit: float
    """Steps per unit of the matrix."""

    @classmethod
    def of(cls, matrix: np.ndarray, *, per_unit: float) -> Self:
        """Round ``matrix`` (days × stations, null where unknown) to steps of 1/``per_unit``."""
        days, stations = matrix.shape
        steps = np.empty((stations, 2 * days))
        known = ~np.isnan(matrix.T)
        np.rint(np.where(known, matrix.T, 0.0) * per_unit, out=steps[:, :days])
        steps[:, days:] = known
        return cls(steps, per_unit)

    def at(self, kernel: Sequence[Block]) -> Self:
        """Weighted sums over the places, at the targets of ``kernel``, each of which is in one of its blocks."""
        found = np.empty((sum(len(block.targets) for block in kernel), self.steps.shape[1]))
        for block in kernel:
            found[block.targets] = block.weights.T @ self.steps[block.stations]
        return replace(self, steps=found)

    def read(self, shares: "csr_array") -> Self:
        """What points read of these places; ``shares`` is points × places, multiples of 1/256."""
        return replace(self, steps=shares @ self.steps)

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """The sums (unit × weight steps) and those of the weights of the known (steps); days × places."""
        total, weight = np.split(self.steps.T, 2)
        return total / self.per_unit, weight

    def mean(self) -> np.ndarray:
        """Weighted mean of the known values, days × places; null where no known value has weight."""
        total, weight = np.split(self.steps.T, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            return total / weight / self.per_unit


def whole_weights(weights: np.ndarray) -> np.ndarray:
    """Weights from 0 to 1 as whole multiples of 1/65536; null stays null."""
    return np.rint(weights * WEIGHT_STEPS)
