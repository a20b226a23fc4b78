"""CPU seconds of a plot for the UI: the one with most in it, a month's scores of five families.

Its numbers are made up.
"""

import numpy as np
import pandas as pd

from airwatch_dagster.figures.models import performance_plot
from airwatch_dagster.verify.skill_tables import skill_by_lead
from benchmarks.measure import Measured, in_turns

PLOTS = 10
"""Plots of one run."""

FAMILIES = ("damped_persistence", "persistence", "ridge", "catboost", "blend")
ROWS_OF_A_LEAD = 900


def measured(times: int) -> Measured:
    """CPU seconds of a plot."""
    scores = _scores()
    by_lead = skill_by_lead(scores)

    def draw() -> None:
        for _ in range(PLOTS):
            performance_plot(by_lead, scores, title="Out of sample, July 2021 (summer): 30 sites")

    found = in_turns(draw, times=times)
    return Measured([seconds / PLOTS for seconds in found.ours], [])


def _scores() -> pd.DataFrame:
    random = np.random.default_rng(0)
    parts = []
    for number, family in enumerate(FAMILIES):
        for lead in (1, 2, 3):
            observed = random.gamma(4.0, 2.5, ROWS_OF_A_LEAD)
            forecast = observed + random.normal(0.0, 2.0 + lead - 0.3 * number, ROWS_OF_A_LEAD)
            parts.append(
                pd.DataFrame(
                    {
                        "model_family": family,
                        "horizon_days": lead,
                        "pm25_ugm3": forecast,
                        "pm25_observed_ugm3": observed,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
