"""The learned families. Each learns a correction to damped persistence, one estimator per horizon.

A correction keeps a family sane where it has little to say: with nothing learned it *is* damped persistence, and trees,
which cannot extrapolate, leave the level of a smoke day to it. Beside the inputs a correction sees what the site's law
(see ``local``) forecasts; in training, what laws forecast that had not seen the day.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import log_pm25
from airwatch_dagster.fit.examples import own_examples
from airwatch_dagster.fit.feature_matrix import INPUTS, input_matrix, weather_inputs, weather_matrix
from airwatch_dagster.fit.models.baselines import DampedPersistence
from airwatch_dagster.fit.models.parameters import boosting_steps
from airwatch_dagster.fit.models.ridge import StandardisedRidge
from airwatch_dagster.fit.models.site_regression import (
    SiteRegression,
    design_matrix,
    fit_and_test,
    local_forecast,
    log_mean_28d,
)
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

CORRECTION_INPUTS: Final = (*INPUTS, "local_law_log", "local_law_ugm3")
"""What corrections look at: the inputs, and the local law's departure from damped persistence, log and µg/m³.
Behind them stands the weather where some is used."""


ROWS_WORTH_A_THREAD: Final = 2000
"""Rows a tree draws from which on threads save time; of smaller trees they only get in one another's way."""


class Regressor(Protocol):
    """What is fitted per horizon: any regressor on the matrix of ``CORRECTION_INPUTS`` and the weather."""

    def predict(self, inputs: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class HorizonData:
    """One horizon's examples as every learned family sees them."""

    horizon_days: int
    law: SiteRegression
    inputs: np.ndarray
    """Examples × ``CORRECTION_INPUTS`` and the weather."""
    residual: np.ndarray
    """What damped persistence missed, µg/m³."""
    is_own: np.ndarray
    """Which examples are of the area itself; the others lie around it."""

    def mostly_own(
        self, *, context_share: float, context_weight: float, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Inputs, residuals and weights of the area's own examples, which weigh 1, and of a random share of the others;
        no weights where there are no others."""
        if self.is_own.all():
            return self.inputs, self.residual, None
        used = self.is_own | (np.random.default_rng(seed).random(len(self.is_own)) < context_share)
        return self.inputs[used], self.residual[used], np.where(self.is_own[used], 1.0, context_weight)


class TrainingMatrix:
    """What the learned families have in common, made once for all of them and only when one asks."""

    def __init__(self, examples: pd.DataFrame) -> None:
        self._examples = examples

    @cached_property
    def start(self) -> DampedPersistence:
        return DampedPersistence.fit(own_examples(self._examples))

    @property
    def weather(self) -> tuple[str, ...]:
        return weather_inputs(self._examples)

    @cached_property
    def by_horizon(self) -> dict[int, HorizonData]:
        horizons = self._examples["horizon_days"].to_numpy()
        present = [horizon for horizon in HORIZONS_DAYS if (horizons == horizon).any()]
        return {horizon: self._lesson(self._examples[horizons == horizon], horizon) for horizon in present}

    def _lesson(self, examples: pd.DataFrame, horizon_days: int) -> HorizonData:
        level = self.start.predict(examples)
        law, unseen = fit_and_test(examples)
        inputs = _correction_inputs(examples, log_anomaly=unseen, level=level, weather=self.weather)
        is_own = ~examples["is_context"].to_numpy()
        own_sites = set(examples["site_id"][is_own])
        residual = examples["pm25_observed_ugm3"].to_numpy(dtype=float) - level
        return HorizonData(horizon_days, law.of_sites(own_sites), inputs, residual, is_own)


def _correction_inputs(
    examples: pd.DataFrame, *, log_anomaly: np.ndarray, level: np.ndarray, weather: Sequence[str]
) -> np.ndarray:
    by_log = log_anomaly - (log_pm25(level) - log_mean_28d(examples))
    by_level = local_forecast(log_anomaly, examples) - level
    columns = [input_matrix(examples), by_log.astype(np.float32), by_level.astype(np.float32)]
    stacked = np.column_stack([*columns, weather_matrix(examples, weather)] if weather else columns)
    # Stored by rows: bit-identical sums, see docs/adr/0003-bit-identical-features.md.
    return np.ascontiguousarray(stacked)


@dataclass(frozen=True)
class LearnedCorrection:
    """Damped persistence plus a learned correction per horizon."""

    start: DampedPersistence
    laws: Mapping[int, SiteRegression]
    corrections: Mapping[int, Regressor]
    weather: tuple[str, ...] = ()
    """Columns of weather it was fitted with, and needs to forecast; it ignores others."""

    @classmethod
    def fit(
        cls, training_matrix: TrainingMatrix, *, regressor: Callable[[HorizonData], Regressor]
    ) -> "LearnedCorrection":
        learned = training_matrix.by_horizon
        return cls(
            training_matrix.start,
            {horizon: horizon_data.law for horizon, horizon_data in learned.items()},
            {horizon: regressor(horizon_data) for horizon, horizon_data in learned.items()},
            training_matrix.weather,
        )

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        level, horizons = self.start.predict(examples), examples["horizon_days"].to_numpy()
        for horizon, correction in self.corrections.items():
            rows = horizons == horizon
            if rows.any():
                level[rows] += correction.predict(self._inputs(examples[rows], level[rows], horizon))
        return level

    def _inputs(self, examples: pd.DataFrame, level: np.ndarray, horizon_days: int) -> np.ndarray:
        log_anomaly = self.laws[horizon_days].predict(design_matrix(examples), examples["site_id"].to_numpy())
        return _correction_inputs(examples, log_anomaly=log_anomaly, level=level, weather=self.weather)


@dataclass(frozen=True)
class NullsAsZero:
    """A regressor that reads null as 0, which for a departure means nothing unusual; searching splits with nulls is
    slow."""

    regressor: Regressor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.regressor.predict(np.nan_to_num(inputs))


def fit_ridge(
    training_matrix: TrainingMatrix, *, params: Mapping[str, Any], seed: int, thread_count: int
) -> LearnedCorrection:
    def regressor(horizon_data: HorizonData) -> Regressor:
        return StandardisedRidge.fit(horizon_data.inputs, horizon_data.residual, penalty=params["penalty"])

    return LearnedCorrection.fit(training_matrix, regressor=regressor)


def fit_random_forest(
    training_matrix: TrainingMatrix, *, params: Mapping[str, Any], seed: int, thread_count: int
) -> LearnedCorrection:
    from sklearn.ensemble import RandomForestRegressor

    trees = {name: value for name, value in params.items() if not name.endswith("_per_tree")}

    def regressor(horizon_data: HorizonData) -> Regressor:
        examples = len(horizon_data.inputs)
        rows = min(examples, max(params["rows_per_tree"], round(params["share_per_tree"] * examples)))
        threads = thread_count if rows >= ROWS_WORTH_A_THREAD else 1
        forest = RandomForestRegressor(**trees, max_samples=rows, random_state=seed, n_jobs=threads)
        forest.fit(np.nan_to_num(horizon_data.inputs), horizon_data.residual)
        # Threads add trees up in the order they finish; one thread keeps predictions identical to the last bit.
        return NullsAsZero(forest.set_params(n_jobs=1))

    return LearnedCorrection.fit(training_matrix, regressor=regressor)


def fit_catboost(
    training_matrix: TrainingMatrix, *, params: Mapping[str, Any], seed: int, thread_count: int
) -> LearnedCorrection:
    from catboost import CatBoostRegressor

    context = {name: params[name] for name in ("context_share", "context_weight")}
    boosting = {name: value for name, value in params.items() if name not in ("rounds", "learning_rate", *context)}
    quiet = {"verbose": False, "allow_writing_files": False}

    def regressor(horizon_data: HorizonData) -> Regressor:
        inputs, residual, weights = horizon_data.mostly_own(**context, seed=seed)
        size = {"rows": len(inputs), "horizon_days": horizon_data.horizon_days}
        steps = boosting_steps(params["rounds"], params["learning_rate"], **size)
        model = CatBoostRegressor(**boosting, **steps, random_seed=seed, thread_count=thread_count, **quiet)
        fitted: Regressor = model.fit(inputs, residual, sample_weight=weights)
        return fitted

    return LearnedCorrection.fit(training_matrix, regressor=regressor)
