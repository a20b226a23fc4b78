"""What is judged of the served forecasts: each a ratio of sums, with the limits within which it is as promised."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final

import pandas as pd

from airwatch_dagster.verify.decay.totals import PROBABILITY_LIMITS, TRAINED

SKILL, CLIMATOLOGY, SERVED, COVERAGE, PROBABILITIES = (
    *("no_skill_lost", "no_lead_below_climatology", "served_as_trained"),
    *("intervals_hold", "probabilities_hold"),
)
"""Checks of ``verification``, in the order in which they are told."""

MAX_DIFFERENCE: Final = 0.1
"""Mean absolute difference between the served forecast and that of the same version on the month's examples, as a share
of the latter's mean absolute error. Readings that come after the issue make a little, a fault in serving more."""

WINDOW_WEEKS: Final = 9
"""Weeks that are judged, up to the last scored day: 63 days. Fewer leave an interval too wide to say anything, more
would blame a model for what it no longer does."""

SHORT_WEEKS: Final = 2
"""The same where nothing is left to chance: two versions of the same forecast."""

COVERED: Final = (0.85, 0.95)
"""Share of observed values inside the 90 % interval."""

FREQUENCY_RATIO: Final = (0.6, 1.7)
"""Observed exceedances over the sum of their probabilities. A healthy model was at 0.75 to 1.25 above 9.0 µg/m³ in
every month of two years (benchmarks/decay_replay.py)."""

MIN_SLOPE: Final = 0.6
"""Slope of observed exceedances on probabilities: 1 is reliable, 0 says nothing. A healthy model was at 0.8 to 1.2
above 9.0 µg/m³ in every month of two years."""

MIN_EXCEEDANCES: Final = 30.0
"""Exceedances, expected and observed, that a judgement of probabilities needs."""

Sums = pd.DataFrame
"""Weeks × columns of ``daily_totals``."""


@dataclass(frozen=True)
class Measure:
    """A ratio of two sums over forecasts."""

    check: str
    name: str
    numerator: Callable[[Sums], "pd.Series[float]"]
    denominator: Callable[[Sums], "pd.Series[float]"]
    lowest: float
    """As promised down to here…"""
    highest: float
    """…and up to here."""
    of_regions: bool = False
    """Whether it is judged by EPA region, too."""
    needs: str = ""
    """Suffix of the limit whose exceedances are counted; empty for a measure that needs none."""
    weeks: int = WINDOW_WEEKS
    """Weeks that are judged."""
    has_noise: bool = True
    """Whether other weeks of the same forecasts could have another ratio by chance."""

    def cases(self, sums: Sums) -> "pd.Series[float]":
        """Forecasts that count: those with another to compare with, else all."""
        column = f"compared_{self.name}"
        return sums[column] if column in sums else sums["cases"]


def _squared_errors(check: str, suffix: str, *, highest: float, of_regions: bool = False) -> Measure:
    own, theirs = f"own_{suffix}", f"theirs_{suffix}"
    return Measure(check, suffix, lambda sums: sums[own], lambda sums: sums[theirs], -inf, highest, of_regions)


def _frequency(suffix: str) -> Measure:
    return Measure(
        PROBABILITIES,
        f"frequency_{suffix}",
        lambda sums: sums[f"exceeded_{suffix}"],
        lambda sums: sums[f"probability_{suffix}"],
        *FREQUENCY_RATIO,
        needs=suffix,
    )


def _slope(suffix: str) -> Measure:
    def mean(sums: Sums) -> float:
        return float(sums[f"probability_{suffix}"].sum() / sums["cases"].sum())

    return Measure(
        PROBABILITIES,
        f"slope_{suffix}",
        lambda sums: sums[f"probability_exceeded_{suffix}"] - mean(sums) * sums[f"exceeded_{suffix}"],
        lambda sums: sums[f"probability_squared_{suffix}"] - mean(sums) * sums[f"probability_{suffix}"],
        MIN_SLOPE,
        inf,
        needs=suffix,
    )


MEASURES: Final = (
    _squared_errors(SKILL, "damped", highest=1.0, of_regions=True),
    _squared_errors(CLIMATOLOGY, "climatology", highest=1.0),
    Measure(
        SERVED,
        TRAINED,
        lambda sums: sums["difference"],
        lambda sums: sums["error"],
        -inf,
        MAX_DIFFERENCE,
        weeks=SHORT_WEEKS,
        has_noise=False,
    ),
    Measure(COVERAGE, "coverage", lambda sums: sums["covered"], lambda sums: sums["cases"], *COVERED, of_regions=True),
    *(_frequency(suffix) for suffix in PROBABILITY_LIMITS),
    *(_slope(suffix) for suffix in PROBABILITY_LIMITS),
)
