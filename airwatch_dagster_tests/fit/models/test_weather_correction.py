"""Weather corrects what was forecast without it, for every learned family, and only where it is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.model_directory.reading import model_of
from airwatch_dagster.fit.model_directory.writing import files_of
from airwatch_dagster.fit.models.families import FittedModel, fit_families, fit_family
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.fit.models.weather_correction import MIN_TARGET_DAYS
from airwatch_dagster.fit.training import train_family
from airwatch_dagster.schemas.columns import BASELINES, FAMILIES

LEARNED = ("ridge", "random_forest", "catboost", "blend")
CUT = pd.Timestamp("2020-09-01")
WITHOUT = "170310000"
HEIGHT = "weather_boundary_layer_height_m"


@pytest.fixture(scope="module")
def windy(two_years: pd.DataFrame) -> pd.DataFrame:
    """Examples with more PM2.5 under a lower forecast boundary layer; one site has no weather."""
    rng = np.random.default_rng(3)
    has_weather = (two_years["site_id"] != WITHOUT).to_numpy()
    height_m, day = rng.uniform(200.0, 1800.0, len(two_years)), two_years["target_date"]
    dirtier = two_years["pm25_observed_ugm3"] * np.where(has_weather, (1000.0 / height_m) ** 0.4, 1.0)
    words = np.where(day.dt.day % 3 == 0, "rain", "clear")
    return two_years.assign(
        **{
            "pm25_observed_ugm3": dirtier,
            HEIGHT: np.where(has_weather, height_m, np.nan).astype(np.float32),
            f"{HEIGHT}_issue_day": np.where(has_weather, 1000.0, np.nan).astype(np.float32),
            "weather_class": np.where(has_weather, words, None),
        }
    )


@pytest.fixture(scope="module")
def with_weather(windy: pd.DataFrame) -> dict[str, FittedModel]:
    return fit_families(TrainingSet(windy[windy["target_date"] < CUT], seed=1), FAMILIES)


def errors(model: FittedModel, examples: pd.DataFrame) -> float:
    return float(np.mean((model.predict(examples) - examples["pm25_observed_ugm3"]) ** 2))


@pytest.mark.parametrize("family", LEARNED)
def test_informative_weather_improves_the_forecast(
    family: str, windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    late = windy[(windy["target_date"] >= CUT) & (windy["site_id"] != WITHOUT)]
    model = with_weather[family]

    assert model.weather is not None
    assert errors(model, late) < 0.75 * errors(replace(model, weather=None), late)
    assert next(iter(model.weather.importance())) in (HEIGHT, f"{HEIGHT}_change")
    assert sum(model.weather.importance().values()) == pytest.approx(1.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_without_weather_are_forecast_as_if_there_were_none(
    family: str, windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    model = with_weather[family]
    bare = windy.drop(columns=[name for name in windy if str(name).startswith("weather_")])
    blind = replace(model, weather=None).predict(windy)

    assert model.predict(bare).tobytes() == blind.tobytes()
    rows = (windy["site_id"] == WITHOUT).to_numpy()
    assert model.predict(windy)[rows].tobytes() == blind[rows].tobytes()
    assert (family in BASELINES) == (model.predict(windy).tobytes() == blind.tobytes())


def test_a_forecast_that_lacks_a_usual_input_is_not_corrected(
    windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    """As after a change to a source that gives words and no numbers."""
    model = with_weather["ridge"]
    words_only = windy.assign(**{HEIGHT: np.float32(np.nan)})

    assert model.predict(words_only).tobytes() == replace(model, weather=None).predict(windy).tobytes()
    assert model.weather is not None
    assert {HEIGHT, f"{HEIGHT}_change", "weather_is_rain"} <= set(model.weather.needed[1])


def test_an_input_that_only_some_examples_have_is_not_needed(windy: pd.DataFrame) -> None:
    some = windy.assign(weather_smoke_ugm3=windy[HEIGHT].where(windy.index % 2 == 0).astype(np.float32))

    weather = fit_family(some, family="ridge", seed=1).weather

    assert weather is not None
    assert "weather_smoke_ugm3" in weather.inputs
    assert not [names for names in weather.needed.values() if "weather_smoke_ugm3" in names]


def test_a_lead_for_which_less_is_forecast_needs_less(windy: pd.DataFrame) -> None:
    """As the morning's bulletin, which has a word for tomorrow and none for the day after."""
    is_short = windy["horizon_days"] == 1
    weather = fit_family(
        windy.assign(weather_class=windy["weather_class"].where(is_short)), family="ridge", seed=1
    ).weather

    assert weather is not None
    assert {horizon: "weather_is_rain" in names for horizon, names in weather.needed.items()} == {
        1: True,
        2: False,
        3: False,
    }


@pytest.mark.parametrize(("days", "is_learned"), [(MIN_TARGET_DAYS - 1, False), (MIN_TARGET_DAYS, True)])
def test_a_few_days_of_weather_are_not_learned_from(windy: pd.DataFrame, days: int, is_learned: bool) -> None:
    first = windy["target_date"].max() - pd.Timedelta(days=days - 1)
    recent = (windy["target_date"] >= first).to_numpy()
    columns = {name: windy[name].where(recent) for name in windy if str(name).startswith("weather_")}

    assert (fit_family(windy.assign(**columns), family="ridge", seed=1).weather is not None) == is_learned


def test_a_lead_of_which_only_the_night_before_is_forecast_is_not_corrected(windy: pd.DataFrame) -> None:
    is_long = windy["horizon_days"] == 3
    lows = {"weather_temperature_min_c": windy[HEIGHT], "weather_temperature_min_c_issue_day": np.float32(4.0)}
    examples = windy.assign(**lows, **{HEIGHT: windy[HEIGHT].where(~is_long)})
    examples["weather_class"] = examples["weather_class"].where(~is_long)

    weather = fit_family(examples, family="ridge", seed=1).weather
    assert weather is not None
    assert list(weather.trees) == list(weather.needed) == [1, 2]


def test_the_forecast_one_by_one_is_that_of_all_together(
    windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    rows = windy.sample(60, random_state=2)

    together = with_weather["blend"].predict(rows)
    apart = np.concatenate([with_weather["blend"].predict(rows.iloc[[number]]) for number in range(len(rows))])
    assert together.tobytes() == apart.tobytes()


@pytest.mark.parametrize("family", LEARNED)
def test_a_model_read_back_corrects_by_weather_to_the_last_bit(
    family: str, windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    files = files_of(with_weather[family])
    restored = model_of(files)

    assert {"weather_1d.cbm", "weather_2d.cbm", "weather_3d.cbm"} <= set(files)
    assert restored.predict(windy).tobytes() == with_weather[family].predict(windy).tobytes()
    assert restored.weather is not None
    assert restored.weather.importance() == with_weather["ridge"].weather.importance()  # type: ignore[union-attr]


def test_another_number_of_threads_and_the_order_of_families_change_nothing(
    windy: pd.DataFrame, with_weather: dict[str, FittedModel]
) -> None:
    early = windy[windy["target_date"] < CUT]

    alone = fit_families(TrainingSet(early, seed=1, thread_count=1), ["ridge"])["ridge"]
    assert files_of(alone) == files_of(with_weather["ridge"])


def test_a_month_is_trained_and_tested_on_its_weather(windy: pd.DataFrame) -> None:
    trained = {
        name: train_family(examples, family="ridge", month=pd.Timestamp("2021-01-01"), seed=1)
        for name, examples in {"with": windy, "without": windy.assign(**{HEIGHT: np.nan})}.items()
    }

    skills = {name: one.metrics["holdout_skill_1d"] for name, one in trained.items()}
    assert skills["with"] > skills["without"] + 0.1
    gains = {name: one.metrics.get("holdout_weather_gain_1d") for name, one in trained.items()}
    assert gains["with"] == pytest.approx(skills["with"] - skills["without"], abs=0.05)
