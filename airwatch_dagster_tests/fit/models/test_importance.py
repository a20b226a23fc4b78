"""What a fitted family says of the inputs it listens to."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.models.baselines import Climatology, DampedPersistence
from airwatch_dagster.fit.models.families import Blend, Estimator, FittedModel
from airwatch_dagster.fit.models.importance import importance
from airwatch_dagster.fit.models.learned import CORRECTION_INPUTS, LearnedCorrection, NullsAsZero, Regressor
from airwatch_dagster.fit.models.ridge import StandardisedRidge

NAMES = ("wind", "smoke", "weekday")


@dataclass(frozen=True)
class Trees:
    """Trees as any library has them."""

    feature_importances_: np.ndarray

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return np.zeros(len(inputs))


def linear(*coefficients: float) -> StandardisedRidge:
    nothing = np.zeros(len(coefficients))
    return StandardisedRidge(nothing, nothing + 1.0, np.array(coefficients), 5.0)


def family(*by_lead: Regressor) -> LearnedCorrection:
    return LearnedCorrection(DampedPersistence((0.5,) * 7), {}, dict(enumerate(by_lead, start=1)))


def shares(estimator: Estimator) -> dict[str, float]:
    return importance(FittedModel("any", estimator), names=NAMES)


def test_the_size_of_a_coefficient_counts_not_its_sign() -> None:
    told = shares(family(linear(-3.0, 1.0, 0.0)))

    assert told == {"wind": 0.75, "smoke": 0.25, "weekday": 0.0}


def test_leads_count_alike_however_large_their_corrections_are() -> None:
    told = shares(family(linear(1.0, 0.0, 0.0), linear(0.0, 50.0, 50.0)))

    assert told == {"wind": 0.5, "smoke": 0.25, "weekday": 0.25}


def test_a_blend_listens_as_its_families_do_by_their_weights() -> None:
    members = family(linear(1.0, 1.0, 0.0)), family(NullsAsZero(Trees(np.array([10.0, 0.0, 30.0]))))

    told = shares(Blend(tuple(FittedModel("any", member) for member in members), (0.75, 0.25)))

    assert told == {"wind": 0.4375, "smoke": 0.375, "weekday": 0.1875}


def test_the_most_important_input_is_told_first() -> None:
    assert list(shares(family(linear(0.1, 0.2, 0.7)))) == ["weekday", "smoke", "wind"]


def test_a_regressor_that_learned_nothing_leaves_the_word_to_the_others() -> None:
    assert shares(family(linear(0.0, 0.0, 0.0))) == {}
    assert shares(family(linear(0.0, 0.0, 0.0), linear(0.0, 1.0, 0.0))) == {"wind": 0.0, "smoke": 1.0, "weekday": 0.0}


def test_baselines_listen_to_no_inputs() -> None:
    assert shares(DampedPersistence((0.5,) * 7)) == {}
    assert shares(Climatology(9.0, (0.0,) * 4, {"170310001": 1.0}, {("170310001", 0): 1.0})) == {}


def test_another_number_of_columns_than_names_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        shares(family(linear(1.0, 1.0)))


@pytest.mark.parametrize("name", ["catboost", "random_forest"])
def test_trees_name_the_input_that_decides(name: str) -> None:
    from catboost import CatBoostRegressor
    from sklearn.ensemble import RandomForestRegressor

    inputs = np.random.default_rng(0).normal(size=(200, 3))
    quiet = {"verbose": False, "allow_writing_files": False, "thread_count": 1}
    trees = {
        "catboost": CatBoostRegressor(iterations=5, **quiet),
        "random_forest": RandomForestRegressor(n_estimators=3, random_state=0),
    }
    told = shares(family(trees[name].fit(inputs, 10.0 * (inputs[:, 1] > 0))))

    assert next(iter(told)) == "smoke"
    assert told["smoke"] > 0.9
    assert sum(told.values()) == pytest.approx(1.0)


def test_a_family_fitted_to_examples_names_the_inputs_it_saw(two_years: pd.DataFrame) -> None:
    from airwatch_dagster.fit.models.families import fit

    told = importance(fit(two_years, family="ridge", seed=1))

    assert set(told) == set(CORRECTION_INPUTS)
    assert sum(told.values()) == pytest.approx(1.0)
