"""Intervals of the error that AirWatch saves, from a bootstrap over whole weeks."""

from functools import cache
from statistics import NormalDist
from typing import Final

import numpy as np

SEED: Final = 2500
"""Seed of the samples: the same cases give the same interval."""

RESAMPLES: Final = 2000
"""Bootstrap samples: the standard error of a 5th percentile is half a percentage point of probability."""

MIN_WEEKS: Final = 4
"""Weeks that an interval needs: three can be drawn in 10 ways only."""

TAIL: Final = 0.05
"""Probability beyond each end of the 90 % interval."""


def saved_interval(airwatch: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the 90 % interval of 1 − AirWatch's squared error / a forecaster's, for each forecaster.

    ``airwatch`` has the sum of squared errors of each week, ``others`` those of week × forecaster, (µg/m³)². Weeks are
    drawn whole, with replacement, because errors within an episode are correlated. Percentiles are moved outwards for
    few weeks. Null with fewer than ``MIN_WEEKS``, and for a forecaster without error in a sample.
    Source: Hesterberg (2015), The American Statistician 69, 371-386, section 5.3 (expanded percentile interval).
    """
    weeks = len(airwatch)
    if weeks < MIN_WEEKS:
        undefined = np.full(others.shape[1], np.nan)
        return undefined, undefined
    draws = _draws(weeks)
    base = draws @ others
    with np.errstate(divide="ignore", invalid="ignore"):
        saved = np.where(base > 0, 1.0 - (draws @ airwatch)[:, None] / base, np.nan)
    tail = expanded_tail(weeks)
    lower, upper = np.quantile(saved, [tail, 1.0 - tail], axis=0)
    return lower, upper


def ratio_interval(numerators: np.ndarray, denominators: np.ndarray, *, tail: float) -> tuple[float, float]:
    """Ends of the interval of the ratio of two sums over weeks, each missed with probability ``tail``.

    Student's t times the bootstrap's standard error, with the unbiased variance of few weeks: far out, percentiles of
    nine weeks are not wide enough. Null with fewer than ``MIN_WEEKS``, and when the denominator of a sample is not
    above 0. Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 12.
    """
    weeks = len(numerators)
    if weeks < MIN_WEEKS:
        return float("nan"), float("nan")
    draws = _draws(weeks)
    below = draws @ denominators
    if not (below > 0).all():
        return float("nan"), float("nan")
    error = float(((draws @ numerators) / below).std()) * (weeks / (weeks - 1)) ** 0.5
    value, reach = float(numerators.sum() / denominators.sum()), error * _student_quantile(weeks - 1, tail)
    return value - reach, value + reach


@cache
def _draws(weeks: int) -> np.ndarray:
    """How often each week is in each sample: samples × weeks."""
    return np.random.default_rng(SEED).multinomial(weeks, np.full(weeks, 1.0 / weeks), size=RESAMPLES)


def expanded_tail(count: int) -> float:
    """The tail probability at which to read a bootstrap of ``count`` blocks, so that its interval is as wide as one
    by Student's t with the unbiased variance; ``TAIL`` in the limit of many."""
    return NormalDist().cdf(-((count / (count - 1)) ** 0.5) * _student_quantile(count - 1, TAIL))


def _student_quantile(degrees: int, tail: float) -> float:
    """The 1 − ``tail`` quantile of Student's t: at 5 % to 0.01 from 3 degrees of freedom on, at 0.03 % to 3 % of it
    from 5 on.

    Source: Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.7.5.
    """
    z = NormalDist().inv_cdf(1.0 - tail)
    terms = (
        z,
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
    )
    return sum(term / degrees**power for power, term in enumerate(terms))
