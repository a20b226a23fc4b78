"""The learned families: damped persistence plus a correction by one regressor per horizon.

A correction of zero leaves damped persistence. Trees cannot extrapolate, so the level of a smoke day comes from damped
persistence as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.baselines import DampedPersistence
from airwatch_dagster.fit.models.importance import mean_shares, shares
from airwatch_dagster.fit.models.site_regression import SiteRegression, design_matrix
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS, HorizonData, TrainingSet, correction_inputs


class Regressor(Protocol):
    """A regressor on the matrix of ``CORRECTION_INPUTS``."""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """The residual of damped persistence for each row, µg/m³."""
        ...

    def importance(self) -> np.ndarray:
        """Weight of each column of the inputs in what was fitted, not negative."""
        ...


@dataclass(frozen=True)
class LearnedCorrection:
    """Damped persistence plus a fitted correction per horizon."""

    baseline: DampedPersistence
    site_regressions: Mapping[int, SiteRegression]
    corrections: Mapping[int, Regressor]

    @classmethod
    def fit(cls, training: TrainingSet, *, fit_regressor: Callable[[HorizonData], Regressor]) -> Self:
        """One regressor for each horizon that has examples."""
        data = training.by_horizon
        return cls(
            training.baseline,
            {horizon: of_horizon.site_regression for horizon, of_horizon in data.items()},
            {horizon: fit_regressor(of_horizon) for horizon, of_horizon in data.items()},
        )

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        """Forecast of each row, µg/m³; damped persistence for a horizon that had no examples."""
        level, horizons = self.baseline.predict(examples), examples["horizon_days"].to_numpy()
        for horizon, correction in self.corrections.items():
            rows = horizons == horizon
            if rows.any():
                at_horizon = examples[rows]
                regression = self.site_regressions[horizon]
                log_anomaly = regression.predict(design_matrix(at_horizon), at_horizon["site_id"].to_numpy())
                inputs = correction_inputs(at_horizon, log_anomaly=log_anomaly, level=level[rows])
                level[rows] += correction.predict(inputs)
        return level

    def importance(self) -> dict[str, float]:
        """Share of each input, all horizons counted alike; a horizon whose correction is constant is left out.

        Raises ValueError when a regressor has another number of columns than there are inputs.
        """
        by_horizon = [shares(CORRECTION_INPUTS, correction.importance()) for correction in self.corrections.values()]
        fitted = [of_horizon for of_horizon in by_horizon if of_horizon]
        return mean_shares(fitted, [1.0] * len(fitted))
