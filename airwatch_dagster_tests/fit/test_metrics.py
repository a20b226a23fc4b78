"""Error metrics against numbers worked out by hand."""

import numpy as np
import pytest

from airwatch_dagster.fit.metrics import error_metrics, pinball_loss, skill


def test_errors_of_one_and_minus_three_have_these_metrics() -> None:
    found = error_metrics(np.array([1.0, -3.0]))

    assert found == {"rmse_ugm3": pytest.approx(5.0**0.5), "mae_ugm3": 2.0, "bias_ugm3": -1.0}


def test_skill_is_the_share_of_the_references_mse_saved() -> None:
    assert skill(np.array([1.0, -1.0]), np.array([2.0, 2.0])) == 0.75
    assert skill(np.array([2.0, 2.0]), np.array([2.0, -2.0])) == 0.0


def test_skill_over_a_reference_without_error_is_null() -> None:
    assert np.isnan(skill(np.array([1.0]), np.array([0.0])))


def test_the_pinball_loss_of_a_high_quantile_is_larger_when_it_is_exceeded() -> None:
    found = pinball_loss(np.array([10.0, 12.0]), np.array([12.0, 10.0]), quantile=0.95)

    np.testing.assert_allclose(found, [1.9, 0.1])
