"""Ridge regression on standardised inputs; a row's result does not depend on the rows computed with it.

See docs/adr/0003-bit-identical-features.md for the order of sums.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.day_blocks import day_blocks

CLIP: Final = 6.0
"""Standard deviations at which an input is clipped: a smoke day must not drive a linear correction without limit."""

CHUNK_ROWS: Final = 50_000
"""Rows standardised at a time: three years of a nation do not fit into memory several times over."""


@dataclass(frozen=True)
class StandardisedRidge:
    """Linear in standardised inputs; a null input counts as the column's mean."""

    mean: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercept: float

    @classmethod
    def fit(cls, inputs: np.ndarray, residual: np.ndarray, *, penalty: float) -> Self:
        """Least squares with an L2 penalty on the standardised coefficients.

        ``inputs`` are rows × columns, null where unknown; ``residual`` is the target of each row, µg/m³; ``penalty`` is
        in rows. Source: Hastie, Tibshirani and Friedman (2009), section 3.4.1.
        """
        mean, scale = moments(inputs)
        intercept = float(residual.mean())
        gram, moment = _sums(inputs, residual - intercept, mean, scale, penalty=penalty)
        return cls(mean, scale, np.linalg.solve(gram, moment), intercept)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Forecast of each row, µg/m³."""
        # Summed by row instead of as a matrix product: see docs/adr/0003-bit-identical-features.md.
        return np.asarray(
            self.intercept + (standardised(inputs, self.mean, self.scale) * self.coefficients).sum(axis=1)
        )

    def importance(self) -> np.ndarray:
        """Size of each standardised coefficient."""
        return np.abs(self.coefficients)


def out_of_block(
    inputs: np.ndarray, residual: np.ndarray, *, days: pd.Series, wanted: np.ndarray, penalty: float
) -> np.ndarray:
    """Forecast of each of the ``wanted`` rows (a mask), µg/m³, by a ridge fitted without the days around it.

    ``days`` are the rows' target dates; which are left out, ``day_blocks`` says. The rest as for
    ``StandardisedRidge.fit``.
    """
    mean, scale = moments(inputs)
    intercept = float(residual.mean())
    gram, moment = _sums(inputs, residual - intercept, mean, scale, penalty=penalty)
    found = np.zeros(len(residual))
    for inside, near in day_blocks(days):
        own = inside & wanted
        if own.any():
            gram_near, moment_near = _sums(inputs[near], residual[near] - intercept, mean, scale)
            coefficients = np.linalg.solve(gram - gram_near, moment - moment_near)
            one = StandardisedRidge(mean, scale, coefficients, intercept)
            found[own] = one.predict(inputs[own])
    return found[wanted]


def _sums(
    inputs: np.ndarray, outcome: np.ndarray, mean: np.ndarray, scale: np.ndarray, *, penalty: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Of the standardised inputs: columns by columns, with ``penalty`` on the diagonal, and columns by outcome."""
    gram, moment = penalty * np.eye(inputs.shape[1]), np.zeros(inputs.shape[1])
    for rows in _chunks(len(inputs)):
        standard = standardised(inputs[rows], mean, scale)
        gram += standard.T @ standard
        moment += np.einsum("ij,i->j", standard, outcome[rows])
    return gram, moment


def _chunks(rows: int) -> Iterator[slice]:
    return (slice(first, first + CHUNK_ROWS) for first in range(0, rows, CHUNK_ROWS))


def moments(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column's known values."""
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


def standardised(inputs: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The inputs in standard deviations from the mean of their column, from -CLIP to CLIP; 0 for a null."""
    # In place: a new array for each step, and np.nan_to_num, took four times as long.
    standard = inputs - mean
    standard /= scale
    np.clip(standard, -CLIP, CLIP, out=standard)
    standard[np.isnan(standard)] = 0.0
    return np.asarray(standard)
