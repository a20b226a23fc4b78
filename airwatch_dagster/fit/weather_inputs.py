"""The inputs of the correction by weather: the target day's forecast, its change since the issue day, and the state of
the air that weather acts on."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import log_pm25
from airwatch_dagster.schemas.weather import (
    CLASS_COLUMN,
    ISSUE_DAY,
    WEATHER_CLASSES,
    WEATHER_VALUES,
    weather_column,
)

STATE_INPUTS: Final = ("last_log", "departure_log")
"""Log of the last reading over the forecast, and log of the forecast over the 28-day mean: weather changes clean air,
smoke and a forecast of change each in their own way."""


def change_of(name: str) -> str:
    """The input with the change of a column of ``weather_forecasts`` from the issue day to the target day."""
    return f"{weather_column(name)}_change"


def class_input(one: str, day: str = "") -> str:
    """The input that says whether the target day, or the ``ISSUE_DAY``, has a class of weather."""
    return f"weather_is_{one}{day}"


WEATHER_INPUTS: Final = (
    *(column for name in WEATHER_VALUES for column in (weather_column(name), change_of(name))),
    *(class_input(one, day) for one in WEATHER_CLASSES for day in ("", ISSUE_DAY)),
)
"""Every input that weather may give, in order: values of the target day and their changes since the issue day, and 1
or 0 for each class of either day."""


DAY_INPUTS: Final = frozenset(
    {weather_column(name) for name in WEATHER_VALUES if name != "temperature_min_c"}
    | {class_input(one) for one in WEATHER_CLASSES}
)
"""Inputs that say something of the target day itself. Its lowest temperature is of the night before: three days ahead,
where the evening's bulletin of cities has nothing else, a correction by it cost 0.05 of skill in December 2021."""


def known_inputs(examples: pd.DataFrame) -> tuple[str, ...]:
    """Those of ``WEATHER_INPUTS`` that some of the examples have; none while no weather is used."""
    columns = _columns(examples)
    return tuple(name for name in WEATHER_INPUTS if name in columns and np.isfinite(columns[name]).any())


def weather_matrix(examples: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Examples × ``names`` of ``WEATHER_INPUTS``, float32; null where no weather was given."""
    columns = _columns(examples)
    nothing = np.full(len(examples), np.nan, dtype=np.float32)
    stacked = [columns.get(name, nothing) for name in names]
    return np.column_stack(stacked) if stacked else np.empty((len(examples), 0), dtype=np.float32)


def state_matrix(examples: pd.DataFrame, forecast: np.ndarray) -> np.ndarray:
    """Examples × ``STATE_INPUTS``, float32, for a forecast without weather of each example, µg/m³."""
    log_forecast = log_pm25(forecast)
    last = log_pm25(examples["pm25_last_ugm3"].to_numpy(dtype=float)) - log_forecast
    departure = log_forecast - log_pm25(examples["pm25_mean_28d_ugm3"].to_numpy(dtype=float))
    return np.column_stack([last, departure]).astype(np.float32)


def has_weather(examples: pd.DataFrame) -> np.ndarray:
    """Mask of the examples with any weather of their target day."""
    names = [weather_column(name) for name in (*WEATHER_VALUES, CLASS_COLUMN)]
    present = [name for name in names if name in examples]
    return examples[present].notna().any(axis=1).to_numpy() if present else np.zeros(len(examples), dtype=bool)


def weather_columns(examples: pd.DataFrame) -> list[str]:
    """Names of the columns of weather that the examples have, known or not."""
    return [str(name) for name in examples if str(name).startswith("weather_")]


def without_unknown_weather(examples: pd.DataFrame) -> pd.DataFrame:
    """The examples without the columns of weather that are null in all of them.

    The others share the memory of ``examples``, which ``drop`` would copy: a nation's are 2 GB.
    """
    names = [name for name in weather_columns(examples) if examples[name].isna().all()]
    rest = examples.copy(deep=False)
    for name in names:
        del rest[name]
    return rest


def _columns(examples: pd.DataFrame) -> dict[str, np.ndarray]:
    """Each of ``WEATHER_INPUTS`` that the columns of the examples give."""
    columns = {}
    for name in WEATHER_VALUES:
        if weather_column(name) in examples:
            target = examples[weather_column(name)].to_numpy(dtype=np.float32)
            columns[weather_column(name)] = target
            if weather_column(name, ISSUE_DAY) in examples:
                columns[change_of(name)] = target - examples[weather_column(name, ISSUE_DAY)].to_numpy(dtype=np.float32)
    for day in ("", ISSUE_DAY):
        if weather_column(CLASS_COLUMN, day) in examples:
            words = examples[weather_column(CLASS_COLUMN, day)]
            known = words.notna().to_numpy()
            columns |= {
                class_input(one, day): np.where(known, words == one, np.nan).astype(np.float32)
                for one in WEATHER_CLASSES
            }
    return columns
