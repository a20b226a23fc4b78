"""The learned families. Each learns a correction to damped persistence, one estimator per horizon.

A correction keeps a family sane where it has little to say: with nothing learned it *is* damped persistence, and trees,
which cannot extrapolate, leave the level of a smoke day to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

import numpy as np
import pandas as pd

from airwatch_dagster.fit.baselines import DampedPersistence
from airwatch_dagster.fit.inputs import input_matrix
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

RIDGE_PENALTY: Final = 1500.0
"""Penalty on standardised inputs. Of 500, 1500 and 4000, the first did worst around Chicago in 2019 and 2020."""

RIDGE_CLIP: Final = 6.0
"""Standard deviations at which an input is cut: a smoke day must not drive a linear correction without limit."""

FOREST: Final[dict[str, Any]] = {"n_estimators": 30, "max_features": 0.15, "min_samples_leaf": 10}
FOREST_ROWS: Final = 1500
"""Rows each tree draws. With 40 trees, 3000 rows and leaves of 5 the fit took five times as long for no more skill."""

BOOSTING: Final[dict[str, Any]] = {"depth": 5, "learning_rate": 0.05, "rsm": 0.3, "border_count": 64}
BOOSTING_ROUNDS: Final = {1: 150, 2: 80, 3: 50}
"""Trees by horizon: there is less to learn further ahead. About two thirds more gained nothing in 2019 and 2020."""


class Regressor(Protocol):
    """What is fitted per horizon: any regressor on the input matrix."""

    def predict(self, inputs: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class LearnedCorrection:
    """Damped persistence plus a learned correction per horizon."""

    start: DampedPersistence
    corrections: dict[int, Regressor]

    @classmethod
    def fit(cls, examples: pd.DataFrame, *, regressor: Callable[[np.ndarray, np.ndarray, int], Regressor]) -> Self:
        start = DampedPersistence.fit(examples)
        inputs = input_matrix(examples)
        residual = examples["pm25_observed_ugm3"].to_numpy(dtype=float) - start.predict(examples)
        horizons = examples["horizon_days"].to_numpy()
        present = [horizon for horizon in HORIZONS_DAYS if (horizons == horizon).any()]
        return cls(start, {h: regressor(inputs[horizons == h], residual[horizons == h], h) for h in present})

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        level = self.start.predict(examples)
        inputs, horizons = input_matrix(examples), examples["horizon_days"].to_numpy()
        for horizon, correction in self.corrections.items():
            rows = horizons == horizon
            if rows.any():
                level[rows] += correction.predict(inputs[rows])
        return level


@dataclass(frozen=True)
class StandardisedRidge:
    """Linear in standardised inputs; a null input counts as its mean."""

    mean: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercept: float

    @classmethod
    def fit(cls, inputs: np.ndarray, residual: np.ndarray) -> Self:
        mean, scale = _moments(inputs)
        standard = _standardised(inputs, mean, scale)
        intercept = float(residual.mean())
        gram = standard.T @ standard + RIDGE_PENALTY * np.eye(standard.shape[1])
        return cls(mean, scale, np.linalg.solve(gram, standard.T @ (residual - intercept)), intercept)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        # Summed row by row, not as a matrix product, whose rounding would depend on the rows predicted together.
        return self.intercept + (_standardised(inputs, self.mean, self.scale) * self.coefficients).sum(axis=1)


def _moments(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    present = ~np.isnan(inputs)
    count = np.maximum(present.sum(axis=0), 1)
    mean = np.where(present, inputs, 0.0).sum(axis=0, dtype=float) / count
    variance = (np.where(present, inputs - mean, 0.0) ** 2).sum(axis=0, dtype=float) / count
    return mean, np.sqrt(variance) + 1e-6


def _standardised(inputs: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num((inputs - mean) / scale, nan=0.0), -RIDGE_CLIP, RIDGE_CLIP)


@dataclass(frozen=True)
class NullsAsZero:
    """A regressor that reads null as 0, which for a departure means nothing unusual; searching splits with nulls is
    slow."""

    regressor: Regressor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.regressor.predict(np.nan_to_num(inputs))


@dataclass(frozen=True)
class MeanOfTwo:
    """The mean of two corrections: errors of a linear and of a boosted one are unlike enough to cancel in part."""

    first: Regressor
    second: Regressor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return 0.5 * (self.first.predict(inputs) + self.second.predict(inputs))


def fit_ridge(examples: pd.DataFrame, *, seed: int, thread_count: int) -> LearnedCorrection:
    return LearnedCorrection.fit(
        examples, regressor=lambda inputs, residual, _: StandardisedRidge.fit(inputs, residual)
    )


def fit_random_forest(examples: pd.DataFrame, *, seed: int, thread_count: int) -> LearnedCorrection:
    from sklearn.ensemble import RandomForestRegressor

    def regressor(inputs: np.ndarray, residual: np.ndarray, horizon_days: int) -> Regressor:
        rows = min(FOREST_ROWS, len(inputs))
        forest = RandomForestRegressor(**FOREST, max_samples=rows, random_state=seed, n_jobs=thread_count)
        forest.fit(np.nan_to_num(inputs), residual)
        # Threads add trees up in the order they finish; one thread keeps predictions identical to the last bit.
        return NullsAsZero(forest.set_params(n_jobs=1))

    return LearnedCorrection.fit(examples, regressor=regressor)


def fit_catboost(examples: pd.DataFrame, *, seed: int, thread_count: int) -> LearnedCorrection:
    from catboost import CatBoostRegressor

    def regressor(inputs: np.ndarray, residual: np.ndarray, horizon_days: int) -> Regressor:
        rounds = BOOSTING_ROUNDS[horizon_days]
        quiet = {"verbose": False, "allow_writing_files": False}
        model = CatBoostRegressor(**BOOSTING, iterations=rounds, random_seed=seed, thread_count=thread_count, **quiet)
        return MeanOfTwo(StandardisedRidge.fit(inputs, residual), model.fit(inputs, residual))

    return LearnedCorrection.fit(examples, regressor=regressor)
