"""What weather changes about a forecast that was made without it: boosted trees on the log of their ratio.

Weather forecasts are kept for months where readings are kept for decades. So the families learn from all the years
without weather, and what their forecast lacks is learned from the months that have some. Where no weather was
forecast, the forecast stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import LOG_OFFSET_UGM3, log_pm25
from airwatch_dagster.fit.models.boosted_trees import BoostedTrees
from airwatch_dagster.fit.models.importance import mean_shares, shares
from airwatch_dagster.fit.models.ridge import out_of_block
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.fit.weather_inputs import (
    DAY_INPUTS,
    STATE_INPUTS,
    has_weather,
    known_inputs,
    state_matrix,
    weather_columns,
    weather_matrix,
)

MIN_TARGET_DAYS: Final = 60
"""Target days with weather that a correction is learned from; fewer hold too few changes of weather."""

USUAL_SHARE: Final = 0.9
"""An input that this share of the examples with weather has is needed: a forecast without it stays uncorrected, as
after a change of the source of weather."""

MAX_LOG: Final = 1.0
"""Largest correction, as a log ratio; also the largest that is learned from, so that one fire does not decide."""

BOOSTING: Final[Mapping[str, Any]] = {
    "iterations": 150,
    "depth": 5,
    "learning_rate": 0.07,
    "l2_leaf_reg": 10.0,
    "rsm": 0.4,
    "border_count": 32,
}
"""CatBoost's parameters."""


@dataclass(frozen=True)
class WeatherCorrection:
    """The correction of each horizon, the same for every learned family."""

    inputs: tuple[str, ...]
    """Of ``WEATHER_INPUTS``; ``STATE_INPUTS`` follow in the trees' columns."""
    needed: Mapping[int, tuple[str, ...]]
    """Horizon → those without which its forecast is not corrected."""
    trees: Mapping[int, BoostedTrees]

    def apply(self, forecast: np.ndarray, examples: pd.DataFrame) -> np.ndarray:
        """The forecast of each example, µg/m³, corrected where the weather of its target day is known."""
        corrected, horizons = forecast.copy(), examples["horizon_days"].to_numpy()
        for horizon, trees in self.trees.items():
            at_horizon = np.flatnonzero(horizons == horizon)
            weather = weather_matrix(examples.iloc[at_horizon], self.inputs)
            is_needed = np.isin(self.inputs, self.needed[horizon])
            rows = at_horizon[np.isfinite(weather[:, is_needed]).all(axis=1)]
            if len(rows):
                level, state = np.maximum(forecast[rows], 0.0), state_matrix(examples.iloc[rows], forecast[rows])
                inputs = np.column_stack([weather[np.isin(at_horizon, rows)], state])
                ratio = np.exp(np.clip(trees.predict(inputs), -MAX_LOG, MAX_LOG))
                corrected[rows] = (level + LOG_OFFSET_UGM3) * ratio - LOG_OFFSET_UGM3
        return corrected

    def importance(self) -> dict[str, float]:
        """Share of each input in what was learned, the largest first, together 1; all horizons count alike."""
        names = (*self.inputs, *STATE_INPUTS)
        fitted = [one for one in (shares(names, trees.importance()) for trees in self.trees.values()) if one]
        return dict(sorted(mean_shares(fitted, [1.0] * len(fitted)).items(), key=lambda share: -share[1]))


def fit_weather_correction(training: TrainingSet, *, penalty: float) -> WeatherCorrection | None:
    """The correction of ridge with ``penalty``, learned from its forecasts out of sample; None with too little weather.

    Ridge stands for every family: their forecasts without weather are alike in what weather would have told them.
    """
    examples = training.with_context
    known, horizons = has_weather(examples), examples["horizon_days"].to_numpy()
    inputs = known_inputs(examples.loc[known, weather_columns(examples)])
    needed, trees = {}, {}
    for horizon, data in training.by_horizon.items():
        at_horizon = horizons == horizon
        own = examples[known & at_horizon]
        has_enough = own["target_date"].nunique() >= MIN_TARGET_DAYS
        usual = _usual(own, inputs) if has_enough else ()
        if not DAY_INPUTS.intersection(usual):
            continue
        days, wanted = examples.loc[at_horizon, "target_date"], known[at_horizon]
        residual = out_of_block(data.inputs, data.residual, days=days, wanted=wanted, penalty=penalty)
        needed[horizon] = usual
        trees[horizon] = _trees(training, own, residual, inputs)
    return WeatherCorrection(inputs, needed, trees) if trees else None


def _usual(examples: pd.DataFrame, inputs: tuple[str, ...]) -> tuple[str, ...]:
    shares_known = np.isfinite(weather_matrix(examples, inputs)).mean(axis=0)
    return tuple(name for name, share in zip(inputs, shares_known, strict=True) if share >= USUAL_SHARE)


def _trees(
    training: TrainingSet, examples: pd.DataFrame, residual: np.ndarray, inputs: tuple[str, ...]
) -> BoostedTrees:
    """Boosted trees of one horizon's examples with weather; ``residual`` is what ridge, out of sample, adds to damped
    persistence, µg/m³."""
    from catboost import CatBoostRegressor

    forecast = training.baseline.predict(examples) + residual
    level = np.maximum(forecast, 0.0)
    log_ratio = log_pm25(examples["pm25_observed_ugm3"].to_numpy(dtype=float)) - log_pm25(level)
    matrix = np.column_stack([weather_matrix(examples, inputs), state_matrix(examples, forecast)])
    model = CatBoostRegressor(
        **BOOSTING,
        random_seed=training.seed,
        thread_count=training.thread_count,
        verbose=False,
        allow_writing_files=False,
    )
    # An error of a log ratio counts by the level: µg/m³ are what a forecast is judged by.
    weights = level + LOG_OFFSET_UGM3
    return BoostedTrees.of(model.fit(matrix, np.clip(log_ratio, -MAX_LOG, MAX_LOG), sample_weight=weights))
