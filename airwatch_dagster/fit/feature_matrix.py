"""The input matrix of the learned families, from the columns of features."""

from typing import Final

import numpy as np
import pandas as pd

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
"""Concentrations that enter as departures from the site's 28-day mean, so that one model fits sites of any level."""

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
"""Target days with smoke of fireworks all over the country, as month and day."""

INPUTS: Final = (*_RELATIVE, *_ABSOLUTE, "is_weekend", *FIREWORKS)
"""Columns of the matrix, in order."""


def input_matrix(examples: pd.DataFrame) -> np.ndarray:
    """Examples × ``INPUTS``, float32; null where the feature is null.

    ``examples`` are rows of features with target_date and horizon_days.
    """
    mean = examples["pm25_mean_28d_ugm3"].to_numpy(dtype=np.float32)[:, None]
    relative = examples[list(_RELATIVE)].to_numpy(dtype=np.float32) - mean
    absolute = examples[list(_ABSOLUTE)].to_numpy(dtype=np.float32)
    return np.column_stack([relative, absolute, *target_day_inputs(examples).values()])


def target_day_inputs(examples: pd.DataFrame) -> dict[str, np.ndarray]:
    """By name, 0 or 1 for each target day as float32: weekend, and each of ``FIREWORKS``."""
    weekday = (examples["weekday"].to_numpy() + examples["horizon_days"].to_numpy()) % 7
    month, day = examples["target_date"].dt.month.to_numpy(), examples["target_date"].dt.day.to_numpy()
    flags_by_name = {"is_weekend": weekday >= 5}
    flags_by_name |= {name: (month == of_month) & (day == of_day) for name, (of_month, of_day) in FIREWORKS.items()}
    return {name: flags.astype(np.float32) for name, flags in flags_by_name.items()}
