"""Reliability and Brier scores of the probabilities of exceeding the AQI's limits."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.metrics import UndefinedMetric

BIN_EDGES: Final = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Edges of the bins of a reliability table: tenths, and finer near 0, where most probabilities of smoke are."""


def reliability(scores: pd.DataFrame, *, limit_ugm3: float, edges: Sequence[float] = BIN_EDGES) -> pd.DataFrame:
    """Observed frequency of exceeding a limit by bin of the forecast probability, lowest first.

    ``scores`` has the columns of ``forecast_scores``. Columns: limit_ugm3, probability_from and probability_to (the
    bin, upper end included), forecasts, mean_probability, observed_frequency. Bins without forecasts have no row.
    Raises UndefinedMetric without rows or for nulls, KeyError for a limit without a probability column.
    """
    probability, exceeded = _events(scores, limit_ugm3)
    number = np.clip(np.searchsorted(edges, probability, side="left") - 1, 0, len(edges) - 2)
    events = pd.DataFrame({"bin": number, "mean_probability": probability, "observed_frequency": exceeded})
    bins = events.groupby("bin")
    means = bins.mean()
    return pd.DataFrame(
        {
            "limit_ugm3": limit_ugm3,
            "probability_from": np.array(edges)[means.index],
            "probability_to": np.array(edges)[means.index + 1],
            "forecasts": bins.size().to_numpy(),
            "mean_probability": means["mean_probability"].to_numpy(),
            "observed_frequency": means["observed_frequency"].to_numpy(),
        }
    )


def reliability_tables(scores: pd.DataFrame) -> pd.DataFrame:
    """``reliability`` of every limit, stacked."""
    return pd.concat([reliability(scores, limit_ugm3=limit) for limit in PROBABILITY_COLUMNS], ignore_index=True)


def brier_scores(
    scores: pd.DataFrame, *, by: Sequence[str] = (), limits_ugm3: Sequence[float] = tuple(PROBABILITY_COLUMNS)
) -> pd.DataFrame:
    """Brier score of the probabilities of each limit: one row per group of the columns ``by`` and limit.

    Columns: ``by``, limit_ugm3, forecasts, exceedances, frequency, mean_probability, brier_score, brier_skill. Skill is
    the share of the Brier score saved over forecasting the group's observed frequency every day: 0 is no better, 1 is
    perfect. It is null where a limit was never or always exceeded, because that forecast is then perfect. Raises
    UndefinedMetric without rows or for nulls.
    """
    if scores.empty:
        raise UndefinedMetric("there are no forecasts to verify")
    groups = scores.groupby(list(by), observed=True, sort=True) if by else [((), scores)]
    rows = [dict(zip(by, key, strict=True)) | _brier(group, limit) for key, group in groups for limit in limits_ugm3]
    return pd.DataFrame(rows)


def _brier(scores: pd.DataFrame, limit_ugm3: float) -> dict[str, float]:
    probability, exceeded = _events(scores, limit_ugm3)
    score, frequency = float(np.mean((probability - exceeded) ** 2)), float(np.mean(exceeded))
    of_frequency = frequency * (1.0 - frequency)
    return {
        "limit_ugm3": limit_ugm3,
        "forecasts": len(probability),
        "exceedances": int(exceeded.sum()),
        "frequency": frequency,
        "mean_probability": float(np.mean(probability)),
        "brier_score": score,
        "brier_skill": 1.0 - score / of_frequency if of_frequency > 0 else float("nan"),
    }


def _events(scores: pd.DataFrame, limit_ugm3: float) -> tuple[np.ndarray, np.ndarray]:
    """Probability of exceeding the limit; 1 where it was exceeded, 0 elsewhere."""
    if scores.empty:
        raise UndefinedMetric("there are no forecasts to verify")
    columns = [PROBABILITY_COLUMNS[limit_ugm3], "pm25_observed_ugm3"]
    for column in columns:
        if scores[column].isna().any():
            raise UndefinedMetric(f"{column} is null in {int(scores[column].isna().sum())} of {len(scores)} rows")
    probability, observed = (scores[column].to_numpy(dtype=float) for column in columns)
    return probability, (observed > limit_ugm3).astype(float)
