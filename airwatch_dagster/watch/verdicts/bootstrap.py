"""Intervals by a bootstrap of weeks: days that follow each other are alike, weeks much less so."""

from typing import Final

import numpy as np

DRAWS: Final = 400
"""Resamples of an interval; its ends move by a fiftieth of its width with another seed."""

SEED: Final = 20240506
"""The same month has the same interval."""

BLOCK_DAYS: Final = 7


def interval(daily: np.ndarray) -> tuple[float | None, float | None]:
    """The 95 % interval of the mean of a daily series, nulls left out; null with fewer than two weeks of readings.

    Source: Kuensch, 1989, The jackknife and the bootstrap for general stationary observations.
    """
    weeks = [week[~np.isnan(week)] for week in np.split(daily, range(BLOCK_DAYS, len(daily), BLOCK_DAYS))]
    weeks = [week for week in weeks if len(week)]
    if len(weeks) < 2:
        return None, None
    sums, counts = np.array([week.sum() for week in weeks]), np.array([len(week) for week in weeks])
    drawn = np.random.default_rng(SEED).integers(0, len(weeks), size=(DRAWS, len(weeks)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    lower, upper = np.quantile(means, (0.025, 0.975))
    return float(lower), float(upper)
