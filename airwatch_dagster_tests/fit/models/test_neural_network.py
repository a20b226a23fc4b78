"""Networks that a blend of many examples has: the same bits for any rows and threads, and smooth where trees have
steps."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from airwatch_dagster.fit.models import neural_network
from airwatch_dagster.fit.models.neural_network import (
    INPUT_STEPS,
    MAX_RELATIVE,
    WEIGHT_STEPS,
    NeuralNetwork,
    exact_product,
    level_of,
)
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS, HorizonData, TrainingSet

LAG, NEARBY = CORRECTION_INPUTS.index("pm25_lag_1d_ugm3"), CORRECTION_INPUTS.index("nearby_pm25_ugm3")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neural_network, "STEPS", 60)
    monkeypatch.setattr(neural_network, "BATCH_ROWS", 128)


@pytest.fixture(scope="module")
def data(two_years: pd.DataFrame) -> HorizonData:
    return TrainingSet(two_years, seed=1).by_horizon[1]


def test_a_product_is_exact_for_any_order_of_rows_and_threads() -> None:
    generator = np.random.default_rng(2)
    inputs = generator.normal(scale=20.0, size=(301, 90))
    weights = np.rint(generator.normal(size=(90, 64)) * WEIGHT_STEPS) / WEIGHT_STEPS
    whole = [[round(float(value) * INPUT_STEPS) for value in row] for row in np.clip(inputs, -64.0, 64.0)[:4]]
    steps = [[int(value * WEIGHT_STEPS) for value in column] for column in weights.T]
    slow = [[sum(a * b for a, b in zip(row, column, strict=True)) for column in steps] for row in whole]

    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            assert exact_product(inputs, weights)[:4].tolist() == [
                [value / (INPUT_STEPS * WEIGHT_STEPS) for value in row] for row in slow
            ]
            np.testing.assert_array_equal(exact_product(inputs[::-1], weights)[::-1], exact_product(inputs, weights))


def test_rows_one_by_one_and_fits_on_other_threads_have_the_same_bits(data: HorizonData) -> None:
    forecasts = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            network = NeuralNetwork.fit(data, seed=1)
            forecasts.append(network.predict(data.inputs[:200]))
    alone = np.concatenate([network.predict(data.inputs[[row]]) for row in range(40)])

    np.testing.assert_array_equal(forecasts[0], forecasts[1])
    np.testing.assert_array_equal(alone, forecasts[0][:40])


def test_a_null_counts_as_the_mean_and_no_forecast_leaves_its_limits(data: HorizonData) -> None:
    network = NeuralNetwork.fit(data, seed=1)
    known, unknown = data.inputs[:50].copy(), data.inputs[:50].copy()
    known[:, NEARBY], unknown[:, NEARBY] = network.mean[NEARBY], np.nan
    extreme = data.inputs[:50] * np.float32(1000.0)

    np.testing.assert_allclose(network.predict(unknown), network.predict(known), atol=1e-3)
    assert (np.abs(network.predict(extreme)) <= MAX_RELATIVE * level_of(extreme)).all()


def test_a_product_of_two_inputs_is_learned_and_both_are_important(
    data: HorizonData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neural_network, "STEPS", 1500)
    generator = np.random.default_rng(4)
    inputs = np.zeros((4000, len(CORRECTION_INPUTS)), dtype=np.float32)
    inputs[:, [LAG, NEARBY]] = generator.normal(size=(4000, 2))
    residual = (inputs[:, LAG] * inputs[:, NEARBY]).astype(float)
    own = np.ones(4000, dtype=bool)

    network = NeuralNetwork.fit(HorizonData(1, data.site_regression, inputs, residual, own), seed=1)

    error = network.predict(inputs) - residual
    assert (error**2).mean() < 0.2 * residual.var(), "linear in both, it would be as bad as nothing"
    shares = network.importance() / network.importance().sum()
    # A constant input has the weights it began with, whatever they are.
    assert set(np.argsort(shares)[-2:]) == {LAG, NEARBY}


def test_examples_around_the_area_are_not_learned_from(data: HorizonData) -> None:
    doubled = np.concatenate([data.inputs, data.inputs])
    residual = np.concatenate([data.residual, data.residual + 50.0])
    is_own = np.arange(len(doubled)) < len(data.inputs)
    around = HorizonData(1, data.site_regression, doubled, residual, is_own)

    np.testing.assert_array_equal(
        NeuralNetwork.fit(around, seed=1).predict(data.inputs), NeuralNetwork.fit(data, seed=1).predict(data.inputs)
    )
