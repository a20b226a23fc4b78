"""What the correction by weather sees of an example."""

from typing import Any

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.weather import join_weather
from airwatch_dagster.fit.weather_inputs import (
    WEATHER_INPUTS,
    has_weather,
    known_inputs,
    state_matrix,
    weather_matrix,
    without_unknown_weather,
)
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.weather import WEATHER_VALUES
from airwatch_dagster_tests.builders import weather_forecasts

ROWS = pd.DataFrame({"site_id": "170319001", "issue_date": pd.Timestamp("2021-07-04"), "horizon_days": [1, 2, 3]})


def forecast(horizon: int, **values: Any) -> dict[str, Any]:
    target = pd.Timestamp("2021-07-04") + pd.Timedelta(days=horizon)
    return {"horizon_days": horizon, "target_date": target, "wind_speed_ms": None, **values}


def joined(*rows: dict[str, Any]) -> pd.DataFrame:
    return join_weather(ROWS, weather_forecasts(*rows))


def seen(examples: pd.DataFrame, *names: str) -> list[list[float | None]]:
    matrix = weather_matrix(examples, names)
    assert matrix.dtype == np.float32
    return [[None if np.isnan(value) else float(value) for value in row] for row in matrix]


def test_values_are_those_of_the_target_day_and_their_change_since_the_issue_day() -> None:
    examples = joined(forecast(0, temperature_c=20.0), forecast(1, temperature_c=24.5), forecast(3, temperature_c=18.0))

    found = seen(examples, "weather_temperature_c", "weather_temperature_c_change")
    assert found == [[24.5, 4.5], [None, None], [18.0, -2.0]]


def test_without_weather_of_the_issue_day_there_is_no_change() -> None:
    found = seen(joined(forecast(1, temperature_c=24.5)), "weather_temperature_c", "weather_temperature_c_change")

    assert found == [[24.5, None], [None, None], [None, None]]


def test_a_class_is_one_or_zero_and_null_where_no_word_was_given() -> None:
    examples = joined(
        forecast(0, weather_class="clear"), forecast(1, weather_class="smoke"), forecast(2, weather_class=None)
    )

    names = ("weather_is_smoke", "weather_is_rain", "weather_is_clear_issue_day", "weather_is_smoke_issue_day")
    assert seen(examples, *names) == [[1.0, 0.0, 1.0, 0.0], [None, None, 1.0, 0.0], [None, None, 1.0, 0.0]]


def test_known_inputs_are_those_of_some_example_in_their_order() -> None:
    examples = joined(forecast(0, weather_class="rain"), forecast(1, weather_class=None))
    known = known_inputs(examples)

    assert {"weather_temperature_c", "weather_temperature_c_change", "weather_is_fog_issue_day"} <= set(known)
    assert not {"weather_wind_speed_ms", "weather_wind_speed_ms_change", "weather_is_fog"} & set(known)
    assert list(known) == [name for name in WEATHER_INPUTS if name in known]
    assert known_inputs(ROWS) == known_inputs(join_weather(ROWS, CONTRACTS["weather_forecasts"].empty())) == ()


def test_an_example_has_weather_by_any_value_of_its_target_day() -> None:
    nothing: dict[str, Any] = dict.fromkeys(WEATHER_VALUES)

    examples = joined(forecast(0), forecast(1, **nothing), forecast(2, **nothing, weather_class="fog"))

    assert has_weather(examples).tolist() == [False, True, False]
    assert has_weather(ROWS).tolist() == [False] * 3


def test_columns_that_are_null_in_all_examples_go() -> None:
    examples = joined(forecast(1, weather_class="fog")).assign(pm25=np.nan)
    kept = without_unknown_weather(examples)

    assert {"weather_class", "weather_temperature_c", "pm25"} <= set(kept)
    assert not [name for name in kept if str(name).startswith("weather_") and kept[name].isna().all()]
    np.testing.assert_array_equal(
        weather_matrix(kept, WEATHER_INPUTS), weather_matrix(examples, WEATHER_INPUTS), strict=True
    )


def test_the_columns_that_stay_are_not_copied() -> None:
    examples = joined(forecast(1, temperature_c=24.5)).assign(pm25=1.0)
    before = list(examples)
    kept = without_unknown_weather(examples)

    assert list(examples) == before
    for name in ("weather_temperature_c", "pm25", "issue_date"):
        assert np.shares_memory(kept[name].to_numpy(), examples[name].to_numpy())


def test_the_state_of_the_air_is_told_as_log_ratios() -> None:
    air = ROWS.assign(pm25_last_ugm3=[7.0, 0.0, -1.0], pm25_mean_28d_ugm3=[17.0, 2.0, 2.0])

    state = state_matrix(air, np.array([7.0, 2.0, 2.0]))
    np.testing.assert_allclose(state[:, 0], [0.0, np.log(3 / 5), np.log(3 / 5)], rtol=1e-6)
    np.testing.assert_allclose(state[:, 1], [np.log(0.5), 0.0, 0.0], rtol=1e-6, atol=1e-7)
