"""Tail probabilities and their limits, in plain arithmetic: to import scipy's takes longer than to judge a month."""

from functools import cache
from math import atan, comb, cos, lgamma, sin, sqrt

import numpy as np

from airwatch_dagster.watch.verdicts.limits import EXCESS_OF_COUNT, TAIL_DEGREES


@cache
def score_limit(chance: float) -> float:
    """Score that an undisturbed site exceeds with this chance, on one given side."""
    low, high = 0.0, 1e3
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_above(middle) > chance else (low, middle)
    return high


def chance_above(score: float) -> float:
    """Chance of a larger score, by Student's t of ``TAIL_DEGREES``, which is even.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.4.
    """
    angle = atan(score / sqrt(TAIL_DEGREES))
    term, total = 1.0, 1.0
    for power in range(2, TAIL_DEGREES - 1, 2):
        term *= (power - 1) / power * cos(angle) ** 2
        total += term
    return (1 - sin(angle) * total) / 2


@cache
def chance_of_sites(least: float, sites: int) -> np.ndarray:
    """For 0 to ``sites``: chance that as many of an undisturbed area's sites, or more, score above ``least``.

    Beta-binomial: neighbours share air that the regression does not know, so counts vary more than independent ones.
    """
    share = chance_above(least)
    pair_correlation = EXCESS_OF_COUNT * sqrt(sites) / max(sites - 1, 1)
    total = 1 / pair_correlation - 1
    yes, no = share * total, (1 - share) * total
    logs = [
        lgamma(sites + 1) - lgamma(count + 1) - lgamma(sites - count + 1)
        + lgamma(count + yes) + lgamma(sites - count + no) - lgamma(sites + total)
        + lgamma(total) - lgamma(yes) - lgamma(no)
        for count in range(sites + 1)
    ]  # fmt: skip
    return np.cumsum(np.exp(logs)[::-1])[::-1]


def chance_of_equal(equal: int, readings: int, *, share: float) -> float:
    """Chance that ``equal`` of ``readings`` or more come out equal, each with chance ``share``."""
    counts = range(equal, readings + 1)
    return sum(comb(readings, count) * share**count * (1 - share) ** (readings - count) for count in counts)
