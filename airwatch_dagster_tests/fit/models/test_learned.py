"""Learned families correct damped persistence, looking at laws that had not seen the day."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.log_anomaly import log_pm25
from airwatch_dagster.fit.models import learned
from airwatch_dagster.fit.models.baselines import DampedPersistence
from airwatch_dagster.fit.models.learned import (
    CORRECTION_INPUTS,
    HorizonData,
    LearnedCorrection,
    TrainingMatrix,
    fit_random_forest,
)
from airwatch_dagster.fit.models.parameters import DEFAULTS
from airwatch_dagster.fit.models.site_regression import fit_and_test, log_mean_28d

SITES = [f"17031{number:04d}" for number in range(5)]


class Nothing:
    """A correction that has learned nothing."""

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return np.zeros(len(inputs))


@pytest.fixture(scope="module")
def training_matrix(two_years: pd.DataFrame) -> TrainingMatrix:
    return TrainingMatrix(two_years)


def inputs(horizon_data: HorizonData, name: str) -> np.ndarray:
    return horizon_data.inputs[:, CORRECTION_INPUTS.index(name)]


def test_there_is_a_lesson_per_horizon_made_once(training_matrix: TrainingMatrix, two_years: pd.DataFrame) -> None:
    assert list(training_matrix.by_horizon) == [1, 2, 3]
    assert training_matrix.by_horizon is training_matrix.by_horizon
    sizes = {horizon: len(horizon_data.residual) for horizon, horizon_data in training_matrix.by_horizon.items()}
    assert sizes == two_years["horizon_days"].value_counts().to_dict()


def test_what_is_to_be_learned_is_what_damped_persistence_missed(
    training_matrix: TrainingMatrix, two_years: pd.DataFrame
) -> None:
    ahead = two_years[two_years["horizon_days"] == 2]
    missed = ahead["pm25_observed_ugm3"].to_numpy() - DampedPersistence.fit(two_years).predict(ahead)
    np.testing.assert_allclose(training_matrix.by_horizon[2].residual, missed)


def test_in_training_a_correction_sees_laws_that_had_not_seen_the_day(
    training_matrix: TrainingMatrix, two_years: pd.DataFrame
) -> None:
    tomorrow = two_years[two_years["horizon_days"] == 1]
    law, unseen = fit_and_test(tomorrow)
    damped = DampedPersistence.fit(two_years).predict(tomorrow)
    usual = log_mean_28d(tomorrow)
    horizon_data = training_matrix.by_horizon[1]
    np.testing.assert_allclose(inputs(horizon_data, "local_law_log"), unseen + usual - log_pm25(damped), atol=1e-5)
    np.testing.assert_allclose(inputs(horizon_data, "local_law_ugm3"), np.exp(unseen + usual) - 3.0 - damped, atol=1e-4)
    np.testing.assert_array_equal(horizon_data.law.common, law.common)


def test_with_nothing_learned_a_family_is_damped_persistence(
    training_matrix: TrainingMatrix, two_years: pd.DataFrame
) -> None:
    model = LearnedCorrection.fit(training_matrix, regressor=lambda horizon_data: Nothing())
    np.testing.assert_array_equal(model.predict(two_years), DampedPersistence.fit(two_years).predict(two_years))


def test_a_horizon_without_examples_is_forecast_by_damped_persistence(two_years: pd.DataFrame) -> None:
    near = two_years[two_years["horizon_days"] < 3]
    model = LearnedCorrection.fit(TrainingMatrix(near), regressor=lambda horizon_data: Nothing())
    assert list(model.corrections) == [1, 2]
    far = two_years[two_years["horizon_days"] == 3].head(10)
    np.testing.assert_array_equal(model.predict(far), model.start.predict(far))


def test_context_teaches_the_common_law_and_not_the_start_and_its_own_departures_are_forgotten(
    two_years: pd.DataFrame,
) -> None:
    around = two_years.assign(is_context=two_years["site_id"].isin(SITES[3:]))
    wide, own = TrainingMatrix(around), TrainingMatrix(around[~around["is_context"]])
    assert wide.start == own.start
    assert set(wide.by_horizon[1].law.departures) == set(own.by_horizon[1].law.departures) == set(SITES[:3])
    assert not np.array_equal(wide.by_horizon[1].law.common, own.by_horizon[1].law.common)
    assert len(wide.by_horizon[1].residual) == (around["horizon_days"] == 1).sum()


def test_trees_may_learn_from_all_of_the_areas_own_examples_and_few_around_it(two_years: pd.DataFrame) -> None:
    around = two_years.assign(is_context=two_years["site_id"].isin(SITES[3:]))
    horizon_data = TrainingMatrix(around).by_horizon[1]
    inputs, residual, weights = horizon_data.mostly_own(context_share=0.2, context_weight=0.4, seed=1)
    own, others = int(horizon_data.is_own.sum()), int((~horizon_data.is_own).sum())
    assert weights is not None
    assert (weights == 1.0).sum() == own
    assert (weights == 0.4).sum() == pytest.approx(0.2 * others, rel=0.15)
    assert len(inputs) == len(residual) == len(weights)
    np.testing.assert_array_equal(inputs[weights == 1.0], horizon_data.inputs[horizon_data.is_own])


def test_where_all_examples_are_the_areas_own_they_are_taken_as_they_are(training_matrix: TrainingMatrix) -> None:
    horizon_data = training_matrix.by_horizon[1]
    inputs, residual, weights = horizon_data.mostly_own(context_share=0.2, context_weight=0.4, seed=1)
    assert inputs is horizon_data.inputs
    assert residual is horizon_data.residual
    assert weights is None


def test_a_forest_is_the_same_on_one_thread_and_on_two(
    training_matrix: TrainingMatrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {**DEFAULTS["random_forest"], "n_estimators": 4}
    alone = fit_random_forest(training_matrix, params=params, seed=1, thread_count=2).corrections[1]
    monkeypatch.setattr(learned, "ROWS_WORTH_A_THREAD", 0)
    shared = fit_random_forest(training_matrix, params=params, seed=1, thread_count=2).corrections[1]
    matrix = training_matrix.by_horizon[1].inputs
    np.testing.assert_array_equal(shared.predict(matrix), alone.predict(matrix))
