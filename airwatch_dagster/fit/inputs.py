"""The numbers that learned families look at, made from the columns of features."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.enrich import NEIGHBOUR_MEANS

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
    "days_since_observed",
    "observed_days_7d",
    "observed_days_28d",
    "season_sin",
    "season_cos",
    "latitude",
    "longitude",
)

INPUTS: Final = (*_RELATIVE, *_ABSOLUTE, "is_weekend")
"""Names of the matrix's columns, in order."""


def input_matrix(examples: pd.DataFrame) -> np.ndarray:
    """Examples × ``INPUTS`` as float32; null where the feature is null."""
    mean = examples["pm25_mean_28d_ugm3"].to_numpy(dtype=np.float32)[:, None]
    relative = examples[list(_RELATIVE)].to_numpy(dtype=np.float32) - mean
    absolute = examples[list(_ABSOLUTE)].to_numpy(dtype=np.float32)
    target_weekday = (examples["weekday"].to_numpy() + examples["horizon_days"].to_numpy()) % 7
    return np.column_stack([relative, absolute, (target_weekday >= 5).astype(np.float32)])
