"""Seven families, one interface."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from airwatch_dagster.fit.models import families, neural_network
from airwatch_dagster.fit.models.families import (
    BLENDED,
    BLENDED_OF_MANY,
    MODEL_FAMILIES,
    NETWORK,
    Blend,
    FittedModel,
    blended_of,
    fit_families,
    fit_family,
    shortage,
)
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.schemas.columns import FAMILIES


def test_every_family_can_be_fitted() -> None:
    assert (*MODEL_FAMILIES, "blend") == FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_forecasts_every_row_and_never_below_zero(
    family: str, fitted: dict[str, FittedModel], two_years: pd.DataFrame
) -> None:
    low = two_years.assign(pm25_last_ugm3=np.float32(-6.0))
    forecast = fitted[family].predict(low)
    assert forecast.shape == (len(low),)
    assert np.isfinite(forecast).all()
    assert forecast.min() >= 0.0


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_forecast_one_by_one_equal_those_forecast_together(
    family: str, fitted: dict[str, FittedModel], two_years: pd.DataFrame
) -> None:
    few = two_years.iloc[100:130]
    alone = np.concatenate([fitted[family].predict(few.iloc[[number]]) for number in range(len(few))])
    np.testing.assert_array_equal(alone, fitted[family].predict(few))


@pytest.mark.parametrize("family", ["ridge", "random_forest", "catboost"])
def test_the_same_seed_gives_the_same_forecasts_on_one_thread_and_on_two(
    family: str, fitted: dict[str, FittedModel], two_years: pd.DataFrame
) -> None:
    other = fit_family(two_years, family=family, seed=1, thread_count=1)
    np.testing.assert_array_equal(other.predict(two_years), fitted[family].predict(two_years))


def test_matrix_products_of_a_fit_take_one_thread(two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    pools: list[dict[str, Any]] = []

    def fit(*_: object) -> Constant:
        pools.extend(threadpool_info())
        return Constant(1.0)

    monkeypatch.setitem(families._FITS, "damped_persistence", fit)
    with threadpool_limits(limits=2):
        fit_families(TrainingSet(two_years, seed=1), ["damped_persistence"])
    assert {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"} == {1}


@pytest.mark.parametrize("family", ["ridge", "random_forest", "catboost"])
def test_a_learned_family_learns_from_the_neighbours(family: str, two_years: pd.DataFrame) -> None:
    early, late = (
        two_years[two_years["target_date"] < "2020-09-01"],
        two_years[two_years["target_date"] >= "2020-09-01"],
    )
    late = late[late["horizon_days"] == 1]
    observed = late["pm25_observed_ugm3"].to_numpy()
    learned, damped = (fit_family(early, family=name, seed=1).predict(late) for name in (family, "damped_persistence"))
    assert np.mean((learned - observed) ** 2) < 0.9 * np.mean((damped - observed) ** 2)


def test_a_shortage_names_the_days_there_are_and_the_days_needed(two_years: pd.DataFrame) -> None:
    short = two_years[two_years["target_date"] < "2019-02-11"]
    assert (
        shortage(short, family="persistence")
        == "10 target days with an observed value; persistence is a baseline and needs 21"
    )
    with pytest.raises(ValueError, match="catboost is a learned family and needs 365"):
        fit_family(short, family="catboost", seed=1)


def test_no_rows_give_an_empty_forecast(fitted: dict[str, FittedModel], two_years: pd.DataFrame) -> None:
    assert fitted["catboost"].predict(two_years.iloc[:0]).shape == (0,)


class Constant:
    """An estimator that forecasts one value."""

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        return np.full(len(examples), self.value)

    def importance(self) -> dict[str, float]:
        return {}


def test_a_blend_is_the_weighted_mean_of_its_members_none_of_them_below_zero(two_years: pd.DataFrame) -> None:
    members = tuple(FittedModel("ridge", Constant(value)) for value in (6.0, 9.0, -3.0))
    assert Blend(members, (0.5, 0.25, 0.25)).predict(two_years.head(2)).tolist() == [5.25, 5.25]


def test_the_blend_holds_the_models_that_compete_with_it(
    fitted: dict[str, FittedModel], two_years: pd.DataFrame
) -> None:
    assert sum(BLENDED.values()) == 1.0
    mean = sum(weight * fitted[member].predict(two_years) for member, weight in BLENDED.items())
    np.testing.assert_allclose(fitted["blend"].predict(two_years), mean, rtol=1e-12)
    together = fit_families(TrainingSet(two_years, seed=1), ["blend", *BLENDED], params=SMALL)
    blend = together["blend"].estimator
    assert isinstance(blend, Blend)
    assert all(own.estimator is together[member].estimator for own, member in zip(blend.members, BLENDED, strict=True))


def test_a_blend_of_many_examples_has_a_network_as_well(
    two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neural_network, "STEPS", 40)
    training = TrainingSet(two_years, seed=1)
    assert blended_of(training) == BLENDED
    enough = int((two_years["horizon_days"] == 1).sum())
    monkeypatch.setattr(families, "MIN_EXAMPLES", enough + 1)
    assert blended_of(training) == BLENDED
    monkeypatch.setattr(families, "MIN_EXAMPLES", enough)

    models = fit_families(training, ["ridge", "blend"], params=SMALL)

    blend = models["blend"].estimator
    assert isinstance(blend, Blend)
    assert dict(zip((one.family for one in blend.members), blend.weights, strict=True)) == BLENDED_OF_MANY
    assert sum(BLENDED_OF_MANY.values()) == pytest.approx(1.0)
    assert list(models) == ["ridge", "blend"], "a network is a member of the blend and no family"
    network = next(one for one in blend.members if one.family == NETWORK)
    without = [one.predict(two_years) for one in blend.members if one is not network]
    assert all((network.predict(two_years) != other).any() for other in without)
    assert sum(models["blend"].importance().values()) == pytest.approx(1.0)


SMALL = {"random_forest": {"n_estimators": 3}, "catboost": {"rounds": 40, "depth": 2}, "ridge": {"penalty": 1e12}}


def test_parameters_reach_the_models(two_years: pd.DataFrame) -> None:
    names = ["random_forest", "catboost", "ridge", "damped_persistence"]
    fitted = fit_families(TrainingSet(two_years, seed=1), names, params=SMALL)
    forest, boosted, flat, damped = fitted.values()
    assert len(forest.estimator.corrections[1].roots) == 3  # type: ignore[attr-defined]
    # Of 40 rounds a quarter for so few examples, and ten at the least.
    trees = {horizon: one.model.tree_count_ for horizon, one in boosted.estimator.corrections.items()}  # type: ignore[attr-defined]
    assert trees == {1: 10, 2: 10, 3: 10}
    horizon = two_years["horizon_days"].to_numpy()
    added = flat.predict(two_years) - damped.predict(two_years)
    assert np.ptp(added[horizon == 1]) < 1e-6


def test_families_fitted_on_a_shared_training_set_are_those_fitted_alone(two_years: pd.DataFrame) -> None:
    params, training = {"ridge": {"penalty": 50.0}}, TrainingSet(two_years, seed=1)
    default = fit_families(training, ["ridge"])["ridge"].predict(two_years)
    shared = fit_families(training, ["ridge"], params=params)["ridge"].predict(two_years)
    alone = fit_family(two_years, family="ridge", seed=1, params=params).predict(two_years)
    np.testing.assert_array_equal(shared, alone)
    assert not np.array_equal(shared, default)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_site_without_any_neighbours_can_be_fitted_and_forecast(family: str, two_years: pd.DataFrame) -> None:
    lonely = two_years[two_years["site_id"] == "170310000"].copy()
    around = lonely.columns[lonely.columns.str.contains("near|far_|advected|flow|stillness")]
    lonely[around] = np.float32(np.nan)
    lonely[lonely.columns[lonely.columns.str.contains("around_|offset_")]] = np.float32(0.0)
    small = {"random_forest": {"n_estimators": 3}, "catboost": {"rounds": 20}}
    forecast = fit_family(lonely, family=family, seed=1, params=small).predict(lonely)
    observed = lonely["pm25_observed_ugm3"]
    assert np.isfinite(forecast).all()
    assert np.mean((forecast - observed) ** 2) < 2.0 * observed.var()


@pytest.mark.parametrize("family", ["ridge", "random_forest", "catboost", "blend"])
def test_smoke_a_hundred_times_the_usual_is_forecast_between_the_usual_and_the_smoke(
    family: str, fitted: dict[str, FittedModel], two_years: pd.DataFrame
) -> None:
    levels = [f"pm25_lag_{lag}d_ugm3" for lag in (0, 1)]
    smoke = two_years.tail(60).assign(**dict.fromkeys([*levels, "pm25_last_ugm3"], np.float32(824.0)))
    smoke = smoke.assign(pm25_max_7d_ugm3=np.float32(824.0), pm25_mean_28d_ugm3=np.float32(66.0), days_since_observed=0)
    forecast = fitted[family].predict(smoke)
    assert forecast.min() > 30.0
    assert forecast.max() < 824.0
