"""A forest as arrays of nodes, beside scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor

from airwatch_dagster.fit.models import random_forest
from airwatch_dagster.fit.models.parameters import DEFAULTS
from airwatch_dagster.fit.models.random_forest import RandomForest
from airwatch_dagster.fit.models.training_set import HorizonData, TrainingSet


@pytest.fixture(scope="module")
def data(two_years: pd.DataFrame) -> HorizonData:
    return TrainingSet(two_years, seed=1).by_horizon[1]


def test_a_forest_is_the_same_on_one_thread_and_on_two(data: HorizonData, monkeypatch: pytest.MonkeyPatch) -> None:
    params = {**DEFAULTS["random_forest"], "n_estimators": 4}
    alone = RandomForest.fit(data, params=params, seed=1, thread_count=2)
    monkeypatch.setattr(random_forest, "MIN_ROWS_FOR_THREADS", 0)
    shared = RandomForest.fit(data, params=params, seed=1, thread_count=2)
    np.testing.assert_array_equal(shared.predict(data.inputs), alone.predict(data.inputs))


def test_a_forest_reads_null_as_zero(data: HorizonData) -> None:
    forest = RandomForest.fit(data, params={**DEFAULTS["random_forest"], "n_estimators": 4}, seed=1, thread_count=1)
    unknown = np.full((1, data.inputs.shape[1]), np.nan, dtype=np.float32)
    np.testing.assert_array_equal(forest.predict(unknown), forest.predict(np.zeros_like(unknown)))


@pytest.mark.parametrize("rows", [1, 7, 5000])
def test_a_forest_forecasts_what_scikit_learn_does_to_the_last_bit(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On inputs that lie exactly on thresholds too, and over several chunks of rows."""
    monkeypatch.setattr(random_forest, "CHUNK_ROWS", 1024)
    generator = np.random.default_rng(3)
    inputs = generator.normal(size=(4000, 12)).astype(np.float32)
    outcome = inputs[:, 0] + inputs[:, 1] ** 2 + generator.normal(size=len(inputs))
    grown = RandomForestRegressor(n_estimators=7, min_samples_leaf=2, max_features=0.5, random_state=1, n_jobs=1)
    grown.fit(inputs, outcome)
    forest = RandomForest.of(grown)
    asked = np.vstack([generator.normal(size=(rows, 12)), inputs[:rows]]).astype(np.float32)
    asked[:, 2] = forest.threshold[generator.integers(len(forest.threshold), size=len(asked))]

    assert forest.predict(asked).tolist() == grown.predict(asked).tolist()
    assert forest.importance().tolist() == grown.feature_importances_.tolist()


def test_a_threshold_between_two_floats_sends_both_where_it_did() -> None:
    below = np.nextafter(np.float32(8.0), np.float32(9.0))
    above = np.nextafter(below, np.float32(9.0))
    assert np.float32((float(below) + float(above)) / 2) == above, "the middle is no float32 and would be rounded up"
    inputs = np.repeat(np.array([[below], [above]], dtype=np.float32), 50, axis=0)
    outcome = np.repeat([0.0, 9.0], 50)
    grown = RandomForestRegressor(n_estimators=3, bootstrap=False, random_state=0).fit(inputs, outcome)

    assert RandomForest.of(grown).predict(inputs).tolist() == grown.predict(inputs).tolist()
    assert set(RandomForest.of(grown).predict(inputs)) == {0.0, 9.0}


def test_a_tree_of_one_leaf_forecasts_its_mean() -> None:
    grown = RandomForestRegressor(n_estimators=2, random_state=0).fit(np.zeros((20, 3)), np.full(20, 4.5))

    assert RandomForest.of(grown).predict(np.ones((2, 3), dtype=np.float32)).tolist() == [4.5, 4.5]
