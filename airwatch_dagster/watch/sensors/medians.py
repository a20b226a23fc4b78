"""Medians that leave nulls out. They select values instead of adding them up, so the order of days never counts."""

from typing import Final

import numpy as np

MAD_TO_SD: Final = 1.4826
"""Standard deviation of a normal distribution, in median absolute deviations."""


def median(values: np.ndarray, *, axis: int, at_least: int = 1) -> np.ndarray:
    """Median along ``axis``, without nulls; null where fewer than ``at_least`` values are left."""
    if not values.shape[axis]:
        return np.full(np.delete(values.shape, axis), np.nan)
    ordered = np.sort(values, axis=axis)  # nulls last
    counts = np.expand_dims((~np.isnan(values)).sum(axis=axis), axis)
    low, high = (
        np.take_along_axis(ordered, np.maximum(index, 0), axis=axis) for index in ((counts - 1) // 2, counts // 2)
    )
    found: np.ndarray = np.where(counts >= at_least, (low + high) / 2, np.nan).squeeze(axis)
    return found


def spread(values: np.ndarray, middle: np.ndarray, *, axis: int, floor: float) -> np.ndarray:
    """Standard deviation around ``middle`` from the median absolute deviation, at least ``floor``; null without
    values."""
    deviation = MAD_TO_SD * median(np.abs(values - np.expand_dims(middle, axis)), axis=axis)
    return np.maximum(deviation, floor)
