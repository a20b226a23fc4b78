"""Do things happen as often as the forecasts say? Chances of exceeding the AQI's limits against what came true."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.scoring import UndefinedMetric

BIN_EDGES: Final = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Ends of the bins of a reliability table: tenths, and finer at the start, where the chances of rare smoke lie."""


def reliability(scores: pd.DataFrame, *, limit_ugm3: float, edges: Sequence[float] = BIN_EDGES) -> pd.DataFrame:
    """How often a limit was exceeded in each bin of the chance that was given for it; lowest chance first.

    ``scores`` has the columns of ``forecast_scores``. Columns: limit_ugm3, chance_from, chance_to (the bin, upper end
    included), forecasts, mean_chance, observed_frequency. Bins without forecasts are left out. Raises UndefinedMetric
    without rows or for nulls, KeyError for a limit that has no chances.
    """
    chance, exceeded = _met(scores, limit_ugm3)
    number = np.clip(np.searchsorted(edges, chance, side="left") - 1, 0, len(edges) - 2)
    groups = pd.DataFrame({"chance": chance, "exceeded": exceeded}).groupby(number)
    table = groups.mean().rename(columns={"chance": "mean_chance", "exceeded": "observed_frequency"})
    table.insert(0, "forecasts", groups.size())
    place = table.index.to_numpy(dtype=int)
    table.insert(0, "limit_ugm3", limit_ugm3)
    table.insert(1, "chance_from", np.array(edges)[place])
    table.insert(2, "chance_to", np.array(edges)[place + 1])
    return table.reset_index(drop=True)


def reliability_tables(scores: pd.DataFrame) -> pd.DataFrame:
    """``reliability`` of every limit, one below the other."""
    return pd.concat([reliability(scores, limit_ugm3=limit) for limit in PROBABILITY_COLUMNS], ignore_index=True)


def brier_scores(
    scores: pd.DataFrame, *, by: Sequence[str] = (), limits_ugm3: Sequence[float] = tuple(PROBABILITY_COLUMNS)
) -> pd.DataFrame:
    """Brier score of the chances of each limit, per group; one row per group and limit.

    Columns: ``by``, limit_ugm3, forecasts, exceedances, frequency, mean_chance, brier_score, brier_skill. Skill is the
    share of the score saved that the group's own frequency would get if it were forecast every day: 0 is no better, 1
    is perfect. It is null where a limit was exceeded never or always, for then that frequency is perfect. Raises
    UndefinedMetric without rows or for nulls.
    """
    if scores.empty:
        raise UndefinedMetric("there are no forecasts to measure")
    groups = scores.groupby(list(by), observed=True, sort=True) if by else [((), scores)]
    rows = [dict(zip(by, key, strict=True)) | _brier(group, limit) for key, group in groups for limit in limits_ugm3]
    return pd.DataFrame(rows)


def _brier(scores: pd.DataFrame, limit_ugm3: float) -> dict[str, float]:
    chance, exceeded = _met(scores, limit_ugm3)
    score, frequency = float(np.mean((chance - exceeded) ** 2)), float(np.mean(exceeded))
    of_frequency = frequency * (1.0 - frequency)
    return {
        "limit_ugm3": limit_ugm3,
        "forecasts": len(chance),
        "exceedances": int(exceeded.sum()),
        "frequency": frequency,
        "mean_chance": float(np.mean(chance)),
        "brier_score": score,
        "brier_skill": 1.0 - score / of_frequency if of_frequency > 0 else float("nan"),
    }


def _met(scores: pd.DataFrame, limit_ugm3: float) -> tuple[np.ndarray, np.ndarray]:
    """The chance of exceeding the limit, and 1 where it was exceeded, 0 elsewhere."""
    if scores.empty:
        raise UndefinedMetric("there are no forecasts to measure")
    columns = [PROBABILITY_COLUMNS[limit_ugm3], "pm25_observed_ugm3"]
    for column in columns:
        if scores[column].isna().any():
            raise UndefinedMetric(f"{column} is null in {int(scores[column].isna().sum())} of {len(scores)} rows")
    chance, observed = (scores[column].to_numpy(dtype=float) for column in columns)
    return chance, (observed > limit_ugm3).astype(float)
