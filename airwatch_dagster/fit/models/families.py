"""The model families behind one interface: fit, then predict all horizons."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

import numpy as np
import pandas as pd

from airwatch_dagster.fit.examples import own_examples
from airwatch_dagster.fit.models.baselines import Climatology, DampedPersistence, Persistence
from airwatch_dagster.fit.models.learned import TrainingMatrix, fit_catboost, fit_random_forest, fit_ridge
from airwatch_dagster.fit.models.parameters import chosen
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
class Blend:
    """The weighted mean of some families: errors of a linear correction and of trees are unlike enough to cancel in
    part."""

    members: tuple[FittedModel, ...]
    weights: tuple[float, ...]
    """Of each member; together 1."""

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        return np.average([member.predict(examples) for member in self.members], axis=0, weights=self.weights)


class TrainingSet:
    """Examples to fit families on; what several of them need is made once."""

    def __init__(
        self,
        examples: pd.DataFrame,
        *,
        seed: int,
        thread_count: int = 2,
        params: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """``examples`` may hold those of sites around the area (is_context), of which learned families learn too: how
        air moves holds everywhere. ``params`` (by family) go over the defaults of ``fit.parameters``."""
        self.examples = own_examples(examples)
        self.seed, self.thread_count, self.params = seed, thread_count, params
        self.training_matrix = TrainingMatrix(examples)
        self.context_rows = len(examples) - len(self.examples)
        self._fitted: dict[str, FittedModel] = {}

    def fit(self, family: str) -> FittedModel:
        """The family fitted to the examples, once; the same examples, seed and parameters give the same forecasts on
        any number of threads.

        Raises ValueError when the examples cover fewer target days than the family needs (see ``shortage``).
        """
        problem = shortage(self.examples, family=family)
        if problem is not None:
            raise ValueError(problem)
        return self.recipe(family)

    def recipe(self, family: str) -> FittedModel:
        """The same however few days there are, as for a trial on a part of the history."""
        if family not in self._fitted:
            self._fitted[family] = FittedModel(family, MODEL_FAMILIES[family].fit(self))
        return self._fitted[family]

    def with_params(self, params: Mapping[str, Mapping[str, Any]] | None) -> Self:
        """The same examples and lessons under other parameters; nothing is fitted yet."""
        other = copy(self)
        other.params, other._fitted = params, {}
        return other

    def params_of(self, family: str) -> dict[str, Any]:
        return chosen(family, self.params)


@dataclass(frozen=True)
class Family:
    """How a family is fitted and how much history it needs."""

    fit: Callable[[TrainingSet], Estimator]
    min_target_days: int


def _baseline(estimator: Any) -> Family:
    return Family(lambda training: estimator.fit(training.examples), MIN_TARGET_DAYS_BASELINE)


def _learned(family: str, fit_family: Callable[..., Estimator]) -> Family:
    def fitted(training: TrainingSet) -> Estimator:
        settings = {"seed": training.seed, "thread_count": training.thread_count}
        return fit_family(training.training_matrix, params=training.params_of(family), **settings)

    return Family(fitted, MIN_TARGET_DAYS_LEARNED)


BLENDED: Final = {"ridge": 0.5, "random_forest": 0.25, "catboost": 0.25}
"""Weights of the blend's families. In seven metropolitan areas in 2020 and 2021 this saved 0.003 more of damped
persistence's squared error than thirds did, mostly in the smaller ones, where trees have little to learn from."""


MODEL_FAMILIES: Final[dict[str, Family]] = {
    "persistence": _baseline(Persistence),
    "damped_persistence": _baseline(DampedPersistence),
    "climatology": _baseline(Climatology),
    "ridge": _learned("ridge", fit_ridge),
    "random_forest": _learned("random_forest", fit_random_forest),
    "catboost": _learned("catboost", fit_catboost),
    "blend": Family(
        lambda training: Blend(tuple(map(training.recipe, BLENDED)), tuple(BLENDED.values())), MIN_TARGET_DAYS_LEARNED
    ),
}


def fit(examples: pd.DataFrame, *, family: str, seed: int, thread_count: int = 2) -> FittedModel:
    """One family alone, fitted to training examples (see ``TrainingSet.fit``)."""
    return TrainingSet(examples, seed=seed, thread_count=thread_count).fit(family)


def shortage(examples: pd.DataFrame, *, family: str) -> str | None:
    """Why the family cannot be fitted to these examples, or None when it can."""
    days = examples["target_date"].nunique()
    needed = MODEL_FAMILIES[family].min_target_days
    if days >= needed:
        return None
    kind = "a baseline" if family in BASELINES else "a learned family"
    return f"{days} target days with truth; {family} is {kind} and needs {needed}"
