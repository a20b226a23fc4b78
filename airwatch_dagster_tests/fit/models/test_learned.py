"""A learned family is damped persistence plus a correction per horizon."""

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.baselines import DampedPersistence
from airwatch_dagster.fit.models.learned import LearnedCorrection
from airwatch_dagster.fit.models.training_set import TrainingSet


class Zero:
    """A correction of 0."""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return np.zeros(len(inputs))

    def importance(self) -> np.ndarray:
        raise NotImplementedError


def test_a_correction_of_zero_is_damped_persistence(two_years: pd.DataFrame) -> None:
    model = LearnedCorrection.fit(TrainingSet(two_years, seed=1), fit_regressor=lambda data: Zero())
    np.testing.assert_array_equal(model.predict(two_years), DampedPersistence.fit(two_years).predict(two_years))


def test_a_horizon_without_examples_is_forecast_by_damped_persistence(two_years: pd.DataFrame) -> None:
    near = two_years[two_years["horizon_days"] < 3]
    model = LearnedCorrection.fit(TrainingSet(near, seed=1), fit_regressor=lambda data: Zero())
    assert list(model.corrections) == [1, 2]
    far = two_years[two_years["horizon_days"] == 3].head(10)
    np.testing.assert_array_equal(model.predict(far), model.baseline.predict(far))
