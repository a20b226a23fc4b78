"""Ridge regression on standardised inputs, summed so that a row's result does not depend on its company."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

CLIP: Final = 6.0
"""Standard deviations at which an input is cut: a smoke day must not drive a linear correction without limit."""

CHUNK_ROWS: Final = 50_000
"""Rows that are standardised at a time."""


@dataclass(frozen=True)
class StandardisedRidge:
    """Linear in standardised inputs; a null input counts as its mean."""

    mean: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercept: float

    @classmethod
    def fit(cls, inputs: np.ndarray, residual: np.ndarray, *, penalty: float) -> Self:
        """``inputs`` are rows × columns, null where unknown; penalty is on standardised coefficients, in rows."""
        mean, scale = _moments(inputs)
        intercept = float(residual.mean())
        gram, moment = penalty * np.eye(inputs.shape[1]), np.zeros(inputs.shape[1])
        for rows in _chunks(len(inputs)):
            standard = _standardised(inputs[rows], mean, scale)
            gram += standard.T @ standard
            moment += np.einsum("ij,i->j", standard, residual[rows] - intercept)
        return cls(mean, scale, np.linalg.solve(gram, moment), intercept)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        # Summed row by row instead of a matrix product: bit-identical, see docs/adr/0003-bit-identical-features.md.
        return np.asarray(
            self.intercept + (_standardised(inputs, self.mean, self.scale) * self.coefficients).sum(axis=1)
        )


def _chunks(rows: int) -> Iterator[slice]:
    """A nation's three years of examples do not fit into memory several times over."""
    return (slice(first, first + CHUNK_ROWS) for first in range(0, rows, CHUNK_ROWS))


def _moments(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of what is known of each column."""
    count, total, squares = (np.zeros(inputs.shape[1]) for _ in range(3))
    for rows in _chunks(len(inputs)):
        known = np.isfinite(inputs[rows])
        values = np.where(known, inputs[rows], 0.0).astype(float)
        count += known.sum(axis=0)
        total += values.sum(axis=0)
        squares += np.einsum("ij,ij->j", values, values)
    count = np.maximum(count, 1.0)
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - mean**2, 0.0)) + 1e-6


def _standardised(inputs: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num((inputs - mean) / scale, nan=0.0), -CLIP, CLIP)
