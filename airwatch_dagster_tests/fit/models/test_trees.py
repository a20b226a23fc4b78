"""Regressors of trees."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.models import trees
from airwatch_dagster.fit.models.parameters import DEFAULTS
from airwatch_dagster.fit.models.training_set import HorizonData, TrainingSet
from airwatch_dagster.fit.models.trees import RandomForest


@pytest.fixture(scope="module")
def data(two_years: pd.DataFrame) -> HorizonData:
    return TrainingSet(two_years, seed=1).by_horizon[1]


def test_a_forest_is_the_same_on_one_thread_and_on_two(data: HorizonData, monkeypatch: pytest.MonkeyPatch) -> None:
    params = {**DEFAULTS["random_forest"], "n_estimators": 4}
    alone = RandomForest.fit(data, params=params, seed=1, thread_count=2)
    monkeypatch.setattr(trees, "MIN_ROWS_FOR_THREADS", 0)
    shared = RandomForest.fit(data, params=params, seed=1, thread_count=2)
    np.testing.assert_array_equal(shared.predict(data.inputs), alone.predict(data.inputs))


def test_a_forest_reads_null_as_zero(data: HorizonData) -> None:
    forest = RandomForest.fit(data, params={**DEFAULTS["random_forest"], "n_estimators": 4}, seed=1, thread_count=1)
    unknown = np.full((1, data.inputs.shape[1]), np.nan, dtype=np.float32)
    np.testing.assert_array_equal(forest.predict(unknown), forest.predict(np.zeros_like(unknown)))
