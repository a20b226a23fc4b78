"""The numbers that learned families look at, made from the columns of features."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.weather import WEATHER_COLUMNS
from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas.enrich import ADVECTION, NEIGHBOUR_MEANS

_OWN_LEVELS: Final = (
    *(f"pm25_lag_{lag}d_ugm3" for lag in range(7)),
    "pm25_last_ugm3",
    "pm25_mean_3d_ugm3",
    "pm25_mean_7d_ugm3",
    "pm25_mean_14d_ugm3",
    "pm25_max_7d_ugm3",
    "pm25_max_28d_ugm3",
)

_RELATIVE: Final = (*_OWN_LEVELS, *(f"{group}_pm25_ugm3" for group in NEIGHBOUR_MEANS))
"""Concentrations that enter as departures from the site's 28-day mean, so that one site's lesson holds at another."""

_ABSOLUTE: Final = (
    "pm25_mean_28d_ugm3",
    "pm25_std_7d_ugm3",
    "pm25_std_28d_ugm3",
    *(f"{group}_pm25_{measure}_ugm3" for group in NEIGHBOUR_MEANS for measure in ("anomaly", "change")),
    *ADVECTION,
    "days_since_observed",
    "observed_days_7d",
    "observed_days_28d",
    "season_sin",
    "season_cos",
    "latitude",
    "longitude",
)

FIREWORKS: Final = {
    "is_independence_day": (7, 4),
    "is_day_after_independence_day": (7, 5),
    "is_new_years_day": (1, 1),
}
"""Target days, as month and day, whose air holds the smoke of fireworks all over the country."""

INPUTS: Final = (*_RELATIVE, *_ABSOLUTE, "is_weekend", *FIREWORKS)
"""Names of the matrix's columns, in order."""


def input_matrix(examples: pd.DataFrame) -> np.ndarray:
    """Examples × ``INPUTS`` as float32; null where the feature is null."""
    mean = examples["pm25_mean_28d_ugm3"].to_numpy(dtype=np.float32)[:, None]
    relative = examples[list(_RELATIVE)].to_numpy(dtype=np.float32) - mean
    absolute = examples[list(_ABSOLUTE)].to_numpy(dtype=np.float32)
    return np.column_stack([relative, absolute, *target_day_inputs(examples).values()])


def target_day_inputs(examples: pd.DataFrame) -> dict[str, np.ndarray]:
    """What the calendar says of each target day, 0 or 1 as float32: weekend, and days of fireworks."""
    weekday = (examples["weekday"].to_numpy() + examples["horizon_days"].to_numpy()) % 7
    month, day = examples["target_date"].dt.month.to_numpy(), examples["target_date"].dt.day.to_numpy()
    said = {"is_weekend": weekday >= 5}
    said |= {name: (month == of_month) & (day == of_day) for name, (of_month, of_day) in FIREWORKS.items()}
    return {name: flags.astype(np.float32) for name, flags in said.items()}


def weather_inputs(examples: pd.DataFrame) -> tuple[str, ...]:
    """Names of the weather's columns, all or those that there are; none while no weather is used."""
    return tuple(name for name in WEATHER_COLUMNS.values() if name in examples)


def weather_matrix(examples: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Examples × ``names`` as float32; null where no weather was given. Raises ContractViolation for a lacking column:
    a model that learned from weather must not go on without."""
    lacking = [name for name in names if name not in examples]
    if lacking:
        problem = f"the model was fitted with {', '.join(lacking)}, which the rows lack"
        fix = "Set AIRWATCH_WEATHER as it was when the model was trained, or train its month again without"
        raise ContractViolation("weather", problem, fix=fix)
    return examples[list(names)].to_numpy(dtype=np.float32)
