"""US AQI as the practice server publishes it, computed apart from AirWatch's own so that an error in either shows."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.practice.world.random_streams import Floats

BREAKPOINTS: Final = (
    (0.0, 0.0),
    (9.0, 50.0),
    (9.1, 51.0),
    (35.4, 100.0),
    (35.5, 101.0),
    (55.4, 150.0),
    (55.5, 151.0),
    (125.4, 200.0),
    (125.5, 201.0),
    (225.4, 300.0),
    (225.5, 301.0),
    (325.4, 500.0),
)
"""24-hour PM2.5 (µg/m³) and AQI at both ends of every category.
Source: 40 CFR 58 App. G, Table 2, as amended by 89 FR 16202, effective 6 May 2024."""

_DECIMALS: Final = 6
"""Floating-point error is rounded away beyond these decimals before a value is truncated or rounded."""


def pm25_aqi(pm25_ugm3: Floats) -> pd.Series:
    """US AQI of 24-hour PM2.5 means (µg/m³), Int64; null for nan.

    Concentrations are truncated to 0.1 µg/m³, negative ones count as 0. The index is interpolated between the
    breakpoints and rounded to the nearest integer, halves up. The slope of the highest segment continues above it.
    Source: 40 CFR 58 App. G, equation 1.
    """
    concentrations, indices = np.array(BREAKPOINTS).T
    truncated = np.trunc(np.round(np.maximum(pm25_ugm3, 0.0) * 10.0, _DECIMALS)) / 10.0
    slope = (indices[-1] - indices[-2]) / (concentrations[-1] - concentrations[-2])
    beyond = slope * np.maximum(truncated - concentrations[-1], 0.0)
    index = np.interp(truncated, concentrations, indices) + beyond
    return pd.Series(np.floor(np.round(index, _DECIMALS) + 0.5)).astype("Int64")
