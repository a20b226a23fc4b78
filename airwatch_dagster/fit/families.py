"""The six model families behind one interface: fit, then predict all horizons."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from airwatch_dagster.fit.baselines import Climatology, DampedPersistence, Persistence
from airwatch_dagster.fit.learned import fit_catboost, fit_random_forest, fit_ridge
from airwatch_dagster.schemas.columns import BASELINES, HIGHEST_PM25_UGM3

MIN_TARGET_DAYS_BASELINE: Final = 21
"""Target days a baseline needs: three weeks, enough for a mean and a damping factor."""

MIN_TARGET_DAYS_LEARNED: Final = 365
"""Target days a learned family needs; models trained on part of a year are 11-16 % biased in the months they never
saw."""


class Estimator(Protocol):
    """What a family fits: a forecast for every example."""

    def predict(self, examples: pd.DataFrame) -> np.ndarray: ...


@dataclass(frozen=True)
class FittedModel:
    """One fitted family; forecasts every horizon, and can be pickled."""

    family: str
    estimator: Estimator

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        """Forecast of each row in µg/m³, never negative nor null; rows are features with target_date and
        horizon_days."""
        if examples.empty:
            return np.empty(0)
        return np.clip(self.estimator.predict(examples), 0.0, HIGHEST_PM25_UGM3)


@dataclass(frozen=True)
class Family:
    """How a family is fitted and how much history it needs."""

    fit: Callable[..., Estimator]
    min_target_days: int


def _deterministic(estimator: Any) -> Callable[..., Estimator]:
    return lambda examples, *, seed, thread_count: estimator.fit(examples)


RECIPES: Final[dict[str, Family]] = {
    "persistence": Family(_deterministic(Persistence), MIN_TARGET_DAYS_BASELINE),
    "damped_persistence": Family(_deterministic(DampedPersistence), MIN_TARGET_DAYS_BASELINE),
    "climatology": Family(_deterministic(Climatology), MIN_TARGET_DAYS_BASELINE),
    "ridge": Family(fit_ridge, MIN_TARGET_DAYS_LEARNED),
    "random_forest": Family(fit_random_forest, MIN_TARGET_DAYS_LEARNED),
    "catboost": Family(fit_catboost, MIN_TARGET_DAYS_LEARNED),
}


def fit(examples: pd.DataFrame, *, family: str, seed: int, thread_count: int = 2) -> FittedModel:
    """One family fitted to training examples; the same examples and seed give the same forecasts on any number of
    threads.

    Raises ValueError when the examples cover fewer target days than the family needs (see ``shortage``).
    """
    problem = shortage(examples, family=family)
    if problem is not None:
        raise ValueError(problem)
    return FittedModel(family, RECIPES[family].fit(examples, seed=seed, thread_count=thread_count))


def shortage(examples: pd.DataFrame, *, family: str) -> str | None:
    """Why the family cannot be fitted to these examples, or None when it can."""
    days = examples["target_date"].nunique()
    needed = RECIPES[family].min_target_days
    if days >= needed:
        return None
    kind = "a baseline" if family in BASELINES else "a learned family"
    return f"{days} target days with truth; {family} is {kind} and needs {needed}"
