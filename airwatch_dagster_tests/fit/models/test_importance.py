"""Feature importance of fitted families: shares by input."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.models.baselines import Climatology, DampedPersistence
from airwatch_dagster.fit.models.boosted_trees import BoostedTrees
from airwatch_dagster.fit.models.families import Blend, Estimator, FittedModel, fit_family
from airwatch_dagster.fit.models.learned import LearnedCorrection, Regressor
from airwatch_dagster.fit.models.random_forest import RandomForest
from airwatch_dagster.fit.models.ridge import StandardisedRidge
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS

INPUTS = ("latitude", "is_weekend", "season_sin")
"""The inputs that the regressors of these tests use; all others weigh 0."""


def weights(*values: float) -> np.ndarray:
    """One weight for each of ``CORRECTION_INPUTS``; these for ``INPUTS``."""
    by_name = dict(zip(INPUTS, values, strict=True))
    return np.array([by_name.get(name, 0.0) for name in CORRECTION_INPUTS])


def linear(*coefficients: float) -> StandardisedRidge:
    nothing = np.zeros(len(CORRECTION_INPUTS))
    return StandardisedRidge(nothing, nothing + 1.0, weights(*coefficients), 5.0)


def forest(impurity_decrease: np.ndarray) -> RandomForest:
    """A forest of one leaf whose inputs weigh this much."""
    leaf = np.zeros(1, dtype=np.int32)
    return RandomForest(leaf, leaf, np.zeros(1, np.float32), leaf, leaf, np.zeros(1), impurity_decrease)


def corrected_by(*by_horizon: Regressor) -> LearnedCorrection:
    return LearnedCorrection(DampedPersistence((0.5,) * 7), {}, dict(enumerate(by_horizon, start=1)))


def shares(estimator: Estimator) -> dict[str, float]:
    """Shares of ``INPUTS``; the others must have none."""
    found = FittedModel("any", estimator).importance()
    assert not any(share for name, share in found.items() if name not in INPUTS)
    return {name: share for name, share in found.items() if name in INPUTS}


def test_the_size_of_a_coefficient_counts_not_its_sign() -> None:
    assert shares(corrected_by(linear(-3.0, 1.0, 0.0))) == {"latitude": 0.75, "is_weekend": 0.25, "season_sin": 0.0}


def test_horizons_count_alike_however_large_their_corrections_are() -> None:
    found = shares(corrected_by(linear(1.0, 0.0, 0.0), linear(0.0, 50.0, 50.0)))

    assert found == {"latitude": 0.5, "is_weekend": 0.25, "season_sin": 0.25}


def test_a_blends_importance_is_the_weighted_mean_of_its_members() -> None:
    members = corrected_by(linear(1.0, 1.0, 0.0)), corrected_by(forest(weights(10.0, 0.0, 30.0)))

    found = shares(Blend(tuple(FittedModel("any", member) for member in members), (0.75, 0.25)))

    assert found == {"latitude": 0.4375, "is_weekend": 0.375, "season_sin": 0.1875}


def test_the_most_important_input_is_first() -> None:
    assert list(shares(corrected_by(linear(0.1, 0.2, 0.7)))) == ["season_sin", "is_weekend", "latitude"]


def test_a_constant_regressor_is_left_out_of_the_mean() -> None:
    constant = linear(0.0, 0.0, 0.0)

    assert shares(corrected_by(constant)) == {}
    assert shares(corrected_by(constant, linear(0.0, 1.0, 0.0)))["is_weekend"] == 1.0


def test_a_baseline_has_no_importance() -> None:
    assert shares(DampedPersistence((0.5,) * 7)) == {}
    assert shares(Climatology(9.0, (0.0,) * 4, {"170310001": 1.0}, {("170310001", 0): 1.0})) == {}


def test_another_number_of_columns_than_inputs_is_an_error() -> None:
    two = np.ones(2)

    with pytest.raises(ValueError, match="zip"):
        shares(corrected_by(StandardisedRidge(two, two, two, 0.0)))


@pytest.mark.parametrize("name", ["catboost", "random_forest"])
def test_the_input_that_decides_trees_has_nearly_all_importance(name: str) -> None:
    from catboost import CatBoostRegressor
    from sklearn.ensemble import RandomForestRegressor

    inputs = np.random.default_rng(0).normal(size=(1000, len(CORRECTION_INPUTS)))
    outcome = 10.0 * (inputs[:, CORRECTION_INPUTS.index("is_weekend")] > 0)
    quiet = {"verbose": False, "allow_writing_files": False, "thread_count": 1}
    regressor: Regressor = (
        BoostedTrees.of(CatBoostRegressor(iterations=5, **quiet).fit(inputs, outcome))
        if name == "catboost"
        else RandomForest.of(RandomForestRegressor(n_estimators=3, random_state=0).fit(inputs, outcome))
    )
    found = FittedModel(name, corrected_by(regressor)).importance()

    assert next(iter(found)) == "is_weekend"
    assert found["is_weekend"] > 0.9
    assert sum(found.values()) == pytest.approx(1.0)


def test_the_importance_of_a_fitted_family_names_every_input(two_years: pd.DataFrame) -> None:
    found = fit_family(two_years, family="ridge", seed=1).importance()

    assert set(found) == set(CORRECTION_INPUTS)
    assert sum(found.values()) == pytest.approx(1.0)
