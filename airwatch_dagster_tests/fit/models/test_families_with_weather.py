"""Families fitted with weather use it, list its columns, and refuse to forecast without it."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.weather import KEY, WEATHER_COLUMNS, join_weather
from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.fit.models.families import FittedModel, fit_family
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS
from airwatch_dagster.fit.training import train_family
from airwatch_dagster.schemas.weather import COVARIATES

LEARNED = ("ridge", "random_forest", "catboost")
CUT = pd.Timestamp("2020-09-01")
INFORMATIVE = "weather_boundary_layer_height_m"


@pytest.fixture(scope="module")
def windy(two_years: pd.DataFrame) -> pd.DataFrame:
    """Examples with more PM2.5 under a lower forecast boundary layer; the first site has no weather."""
    height_m = np.random.default_rng(3).uniform(200.0, 1800.0, len(two_years))
    weather = two_years[KEY].assign(**dict.fromkeys(COVARIATES, np.float32(1.0)))
    weather["boundary_layer_height_m"] = height_m.astype(np.float32)
    has_weather = two_years["site_id"] != "170310000"
    dirtier = two_years["pm25_observed_ugm3"] + (1000.0 - height_m) / 200.0
    examples = two_years.assign(pm25_observed_ugm3=dirtier.where(has_weather, two_years["pm25_observed_ugm3"]))
    return join_weather(examples, weather[has_weather])


@pytest.fixture(scope="module")
def with_weather(windy: pd.DataFrame) -> dict[str, FittedModel]:
    return {
        family: fit_family(windy[windy["target_date"] < CUT], family=family, seed=1) for family in (*LEARNED, "blend")
    }


def bare(examples: pd.DataFrame) -> pd.DataFrame:
    return examples.drop(columns=list(WEATHER_COLUMNS.values()))


@pytest.mark.parametrize("family", LEARNED)
def test_informative_weather_improves_the_forecast_and_is_most_important(
    family: str, windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    early, late = windy[windy["target_date"] < CUT], windy[windy["target_date"] >= CUT]
    blind = fit_family(bare(early), family=family, seed=1)

    seen, unseen = (
        np.mean((model.predict(late) - late["pm25_observed_ugm3"]) ** 2) for model in (with_weather[family], blind)
    )
    assert seen < 0.8 * unseen
    assert next(iter(with_weather[family].importance())) == INFORMATIVE


@pytest.mark.parametrize("family", LEARNED)
def test_a_site_without_weather_is_forecast(
    family: str, windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    rows = windy[windy["site_id"] == "170310000"]

    assert rows[INFORMATIVE].isna().all()
    assert np.isfinite(with_weather[family].predict(rows)).all()


@pytest.mark.parametrize("family", [*LEARNED, "blend"])
def test_a_model_fitted_with_weather_refuses_rows_without_it(
    family: str, windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    with pytest.raises(ContractViolation) as caught:
        with_weather[family].predict(windy.head(9).drop(columns=["weather_wind_east_ms", INFORMATIVE]))

    message = str(caught.value)
    facts = ["weather_wind_east_ms, weather_boundary_layer_height_m", "Set AIRWATCH_WEATHER", "Retrying will not help"]
    assert [fact for fact in facts if fact not in message] == []


@pytest.mark.parametrize("family", LEARNED)
@pytest.mark.slow
def test_a_model_fitted_without_weather_ignores_it(family: str, windy: pd.DataFrame) -> None:
    blind = fit_family(bare(windy), family=family, seed=1)

    np.testing.assert_array_equal(blind.predict(windy), blind.predict(bare(windy)))
    assert set(blind.importance()) == set(CORRECTION_INPUTS)


def test_the_importance_of_weather_is_listed_by_column(with_weather: dict[str, FittedModel]) -> None:
    shares = with_weather["blend"].importance()

    assert set(shares) == {*CORRECTION_INPUTS, *WEATHER_COLUMNS.values()}
    assert sum(shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("family", LEARNED)
@pytest.mark.slow
def test_a_history_without_any_weather_gives_it_no_effect(family: str, two_years: pd.DataFrame) -> None:
    nothing = two_years.assign(**dict.fromkeys(WEATHER_COLUMNS.values(), np.float32(np.nan)))
    model = fit_family(nothing, family=family, seed=1)

    stormy = nothing.assign(**dict.fromkeys(WEATHER_COLUMNS.values(), np.float32(50.0)))
    np.testing.assert_array_equal(model.predict(stormy), model.predict(nothing))


def test_a_month_is_trained_and_tested_on_its_weather(windy: pd.DataFrame) -> None:
    trained = {
        name: train_family(examples, family="ridge", month=pd.Timestamp("2021-01-01"), seed=1)
        for name, examples in {"with": windy, "without": bare(windy)}.items()
    }

    skills = {name: one.metrics["holdout_skill_1d"] for name, one in trained.items()}
    assert skills["with"] > skills["without"] + 0.2
