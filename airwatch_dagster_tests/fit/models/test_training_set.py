"""The training set: the residual to learn, out-of-block inputs, and examples around the area."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.log_anomaly import log_pm25
from airwatch_dagster.fit.models.baselines import DampedPersistence
from airwatch_dagster.fit.models.site_regression import fit_with_out_of_block, log_mean_28d
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS, HorizonData, TrainingSet

SITES = [f"17031{number:04d}" for number in range(5)]


@pytest.fixture(scope="module")
def training(two_years: pd.DataFrame) -> TrainingSet:
    return TrainingSet(two_years, seed=1)


def column(data: HorizonData, name: str) -> np.ndarray:
    return data.inputs[:, CORRECTION_INPUTS.index(name)]


def test_every_horizon_has_its_examples_and_is_computed_once(training: TrainingSet, two_years: pd.DataFrame) -> None:
    assert training.by_horizon is training.by_horizon
    sizes = {horizon: len(data.residual) for horizon, data in training.by_horizon.items()}
    assert sizes == two_years["horizon_days"].value_counts().to_dict()
    assert list(sizes) == [1, 2, 3]


def test_the_residual_is_observed_minus_damped_persistence(training: TrainingSet, two_years: pd.DataFrame) -> None:
    ahead = two_years[two_years["horizon_days"] == 2]
    residual = ahead["pm25_observed_ugm3"].to_numpy() - DampedPersistence.fit(two_years).predict(ahead)
    np.testing.assert_allclose(training.by_horizon[2].residual, residual)


def test_the_site_regression_enters_by_its_out_of_block_forecasts(
    training: TrainingSet, two_years: pd.DataFrame
) -> None:
    tomorrow = two_years[two_years["horizon_days"] == 1]
    regression, out_of_block = fit_with_out_of_block(tomorrow)
    damped = DampedPersistence.fit(two_years).predict(tomorrow)
    log_forecast = out_of_block + log_mean_28d(tomorrow)
    data = training.by_horizon[1]
    np.testing.assert_allclose(column(data, "site_regression_log"), log_forecast - log_pm25(damped), atol=1e-5)
    np.testing.assert_allclose(column(data, "site_regression_ugm3"), np.exp(log_forecast) - 3.0 - damped, atol=1e-4)
    np.testing.assert_array_equal(data.site_regression.pooled, regression.pooled)


def test_context_changes_the_pooled_coefficients_but_not_the_baseline_and_has_no_deviations(
    around: pd.DataFrame,
) -> None:
    wide, own = TrainingSet(around, seed=1), TrainingSet(around[~around["is_context"]], seed=1)
    assert wide.baseline == own.baseline
    regressions = wide.by_horizon[1].site_regression, own.by_horizon[1].site_regression
    assert set(regressions[0].deviations) == set(regressions[1].deviations) == set(SITES[:3])
    assert not np.array_equal(regressions[0].pooled, regressions[1].pooled)
    assert len(wide.by_horizon[1].residual) == (around["horizon_days"] == 1).sum()
    assert (wide.context_rows, own.context_rows) == (around["is_context"].sum(), 0)


def test_mostly_own_takes_all_of_the_areas_examples_and_a_share_of_the_others(around: pd.DataFrame) -> None:
    data = TrainingSet(around, seed=1).by_horizon[1]
    inputs, residual, weights = data.mostly_own(context_share=0.2, context_weight=0.4, seed=1)
    own, others = int(data.is_own.sum()), int((~data.is_own).sum())
    assert weights is not None
    assert (weights == 1.0).sum() == own
    assert (weights == 0.4).sum() == pytest.approx(0.2 * others, rel=0.15)
    assert len(inputs) == len(residual) == len(weights)
    np.testing.assert_array_equal(inputs[weights == 1.0], data.inputs[data.is_own])


def test_mostly_own_has_no_weights_without_context(training: TrainingSet) -> None:
    data = training.by_horizon[1]
    inputs, residual, weights = data.mostly_own(context_share=0.2, context_weight=0.4, seed=1)
    assert inputs is data.inputs
    assert residual is data.residual
    assert weights is None
