"""Ridge on standardised inputs equals its closed form."""

import numpy as np
import pytest

from airwatch_dagster.fit.models.ridge import CHUNK_ROWS, CLIP, StandardisedRidge

GENERATOR = np.random.default_rng(0)
INPUTS = GENERATOR.normal([0.0, 100.0, -3.0, 0.0], [1.0, 20.0, 0.1, 5.0], (3000, 4))
RESIDUAL = 2.0 + INPUTS @ np.array([0.5, 0.03, -4.0, 0.0]) + GENERATOR.normal(0.0, 0.3, 3000)


def closed_form(inputs: np.ndarray, residual: np.ndarray, *, penalty: float) -> np.ndarray:
    """Forecasts of the inputs themselves, all at once."""
    standard = np.clip((inputs - np.nanmean(inputs, axis=0)) / np.nanstd(inputs, axis=0), -6.0, 6.0)
    standard = np.where(np.isnan(standard), 0.0, standard)
    gram = standard.T @ standard + penalty * np.eye(inputs.shape[1])
    return residual.mean() + standard @ (np.linalg.inv(gram) @ (standard.T @ (residual - residual.mean())))


@pytest.mark.parametrize("penalty", [1.0, 1500.0])
def test_forecasts_equal_the_closed_form(penalty: float) -> None:
    model = StandardisedRidge.fit(INPUTS, RESIDUAL, penalty=penalty)
    np.testing.assert_allclose(
        model.predict(INPUTS), closed_form(INPUTS, RESIDUAL, penalty=penalty), rtol=1e-4, atol=1e-4
    )


def test_fitting_in_chunks_equals_the_closed_form() -> None:
    rows = 2 * CHUNK_ROWS + 17
    inputs = np.resize(INPUTS, (rows, 4)) * np.linspace(0.5, 1.5, rows)[:, None]
    residual = np.resize(RESIDUAL, rows)
    residual[[0, CHUNK_ROWS - 1, CHUNK_ROWS, -1]] = [1e5, 2e5, -3e5, 4e5]
    found = StandardisedRidge.fit(inputs, residual, penalty=100.0).predict(inputs)
    np.testing.assert_allclose(found, closed_form(inputs, residual, penalty=100.0), rtol=1e-4, atol=1e-4)


def test_known_coefficients_are_recovered() -> None:
    model = StandardisedRidge.fit(INPUTS, RESIDUAL, penalty=1e-3)
    at = np.array([[1.0, 110.0, -3.1, 0.0]])
    assert model.predict(at).item() == pytest.approx(2.0 + 0.5 + 3.3 + 12.4, abs=0.05)


def test_a_huge_penalty_leaves_only_the_mean() -> None:
    model = StandardisedRidge.fit(INPUTS, RESIDUAL, penalty=1e12)
    np.testing.assert_allclose(model.predict(INPUTS), RESIDUAL.mean(), atol=1e-4)


def test_a_null_counts_as_the_columns_mean_in_fit_and_forecast() -> None:
    holed = np.where(GENERATOR.random(INPUTS.shape) < 0.2, np.nan, INPUTS)
    model = StandardisedRidge.fit(holed, RESIDUAL, penalty=10.0)
    np.testing.assert_allclose(model.mean, np.nanmean(holed, axis=0))
    np.testing.assert_allclose(model.predict(holed), closed_form(holed, RESIDUAL, penalty=10.0), rtol=1e-4, atol=1e-4)
    row = np.array([[1.0, np.nan, -3.0, 0.0]])
    np.testing.assert_allclose(model.predict(row), model.predict(np.where(np.isnan(row), model.mean, row)))


def test_an_input_is_clipped_at_six_standard_deviations() -> None:
    model = StandardisedRidge.fit(INPUTS, RESIDUAL, penalty=10.0)
    sixth, hundredth = (model.mean + times * model.scale for times in (CLIP, 100.0))
    assert model.predict(hundredth[None]).item() == pytest.approx(model.predict(sixth[None]).item())
    assert model.predict(np.array([[np.inf, 100.0, -3.0, 0.0]])).item() < 2.0 + 3.0 + 12.0 + 6 * 0.5 + 1.0


@pytest.mark.parametrize("constant", [np.nan, 0.0, 41.878])
def test_a_constant_column_has_no_effect_when_it_changes_later(constant: float) -> None:
    known = INPUTS.copy()
    known[:, 3] = constant
    model = StandardisedRidge.fit(known, RESIDUAL, penalty=10.0)
    before, after = known[:5], known[:5].copy()
    after[:, 3] = 42.0
    np.testing.assert_allclose(model.predict(after), model.predict(before), atol=1e-6)


def test_rows_alone_and_rows_together_are_bit_identical() -> None:
    inputs = INPUTS.astype(np.float32)
    model = StandardisedRidge.fit(inputs, RESIDUAL, penalty=10.0)
    alone = np.concatenate([model.predict(inputs[[row]]) for row in range(200)])
    np.testing.assert_array_equal(alone, model.predict(inputs)[:200])
