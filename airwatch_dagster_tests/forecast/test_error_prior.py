"""Prior errors: ordinary ones at low levels, those of smoke at high ones, interpolated between."""

import numpy as np
import pytest

from airwatch_dagster.forecast.error_prior import (
    ORDINARY_ERROR,
    PROBABILITIES,
    SMOKE_ERROR,
    prior_quantiles,
    prior_size,
    smoke_share,
)


@pytest.mark.parametrize("horizon_days", [1, 2, 3])
def test_errors_are_ordinary_up_to_18_and_of_smoke_from_30(horizon_days: int) -> None:
    assert prior_quantiles(18.0, horizon_days=horizon_days).tolist() == list(ORDINARY_ERROR[horizon_days])
    assert prior_quantiles(30.0, horizon_days=horizon_days).tolist() == list(SMOKE_ERROR[horizon_days])
    between = prior_quantiles(24.0, horizon_days=horizon_days)
    assert ORDINARY_ERROR[horizon_days][0] > between[0] > SMOKE_ERROR[horizon_days][0]


def test_the_share_of_smoke_is_linear_in_the_log_level() -> None:
    middle = (np.log(18.0 + 3.0) + np.log(30.0 + 3.0)) / 2.0
    assert smoke_share(np.array([0.0, middle, 9.0])).tolist() == pytest.approx([0.0, 0.5, 1.0])


def test_quantiles_never_fall_with_the_probability() -> None:
    for errors in (*ORDINARY_ERROR.values(), *SMOKE_ERROR.values()):
        assert len(errors) == len(PROBABILITIES)
        assert (np.diff(errors) >= 0.0).all()


def test_the_prior_size_grows_with_the_horizon_and_in_smoke() -> None:
    sizes = [prior_size(8.0, horizon_days=horizon) for horizon in (1, 2, 3)]
    assert sizes == sorted(sizes)
    assert prior_size(40.0, horizon_days=1) > sizes[0]
