"""Simulated months of served forecasts, of a quality that is known."""

from statistics import NormalDist
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.verify.decay.totals import CANDIDATE_COLUMNS, SCORE_COLUMNS, daily_totals

LAKE: Final = tuple(f"17031{number:04d}" for number in range(1, 5))
COAST: Final = tuple(f"06037{number:04d}" for number in range(1, 5))
"""Sites of EPA's regions 5 and 9."""

LAST: Final = pd.Timestamp("2021-06-30")
VERSION: Final = "7"

NORMAL: Final = NormalDist()
GRID: Final = np.linspace(-8.0, 8.0, 1601)
CUMULATIVE: Final = np.array([NORMAL.cdf(x) for x in GRID])


def forecasts(
    seed: int,
    *,
    error: float = 0.85,
    first: str = "2021-04-01",
    last: pd.Timestamp = LAST,
    sites: tuple[str, ...] = LAKE + COAST,
    spread: float = 1.0,
    **changes: Any,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of ``forecast_scores`` and of ``candidate_scores`` (columns that are read).

    ``error`` is the expected squared error over damped persistence's, at every site. Weeks differ in the size of errors
    up to threefold, as weeks of smoke and of rain do, and a day has an error in common at all sites. ``spread`` is the
    standard deviation by which intervals and probabilities are made, over that of the errors. ``changes`` are columns
    of the scores.
    """
    draw = np.random.default_rng(seed)
    days = pd.date_range(first, last)
    frame = pd.MultiIndex.from_product([days, sites, (1, 2, 3)], names=["target_date", "site_id", "horizon_days"])
    rows = frame.to_frame(index=False)
    week = (rows["target_date"] - days[0]).dt.days // 7
    size = 2.0 * np.exp(draw.normal(0.0, 0.35, size=week.max() + 1))[week]
    common, own, other = (draw.normal(size=(len(days), 3))[_places(rows, days)], *draw.normal(size=(2, len(rows))))
    standard = 0.6 * common + 0.8 * own
    theirs = 0.8 * standard + 0.6 * other
    forecast = 9.0 + draw.normal(0.0, 3.0, size=len(rows))
    deviation = size * error**0.5
    observed = forecast - deviation * standard
    probabilities = {
        limit: np.interp((forecast - limit) / (spread * deviation), GRID, CUMULATIVE) for limit in (9.0, 35.4)
    }
    scores = rows.assign(
        issue_date=rows["target_date"] - pd.to_timedelta(rows["horizon_days"], unit="D"),
        pm25_ugm3=forecast,
        pm25_observed_ugm3=observed,
        is_covered=np.abs(observed - forecast) < NORMAL.inv_cdf(0.95) * spread * deviation,
        probability_above_9_0=probabilities[9.0],
        probability_above_35_4=probabilities[35.4],
        model_version=VERSION,
    )
    candidates = pd.concat(
        [
            scores.assign(model_family="damped_persistence", model_version=None, pm25_ugm3=observed + size * theirs),
            scores.assign(model_family="climatology", model_version=None, pm25_ugm3=observed + 1.5 * size * theirs),
            scores.assign(model_family="ridge"),
        ]
    )
    return scores.assign(**changes)[list(SCORE_COLUMNS)], candidates[list(CANDIDATE_COLUMNS)]


def totals(seed: int, **options: Any) -> pd.DataFrame:
    """``daily_totals`` of these forecasts."""
    scores, candidates = forecasts(seed, **options)
    return daily_totals(scores, candidates=candidates)


def _places(rows: pd.DataFrame, days: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
    return days.get_indexer(pd.DatetimeIndex(rows["target_date"])), rows["horizon_days"].to_numpy() - 1
