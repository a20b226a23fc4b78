"""US AQI of 24-hour PM2.5 means, by the breakpoints of 2012 and 2024."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.columns import AQI_CATEGORIES


@dataclass(frozen=True)
class Breakpoint:
    """One segment: concentrations (tenths of µg/m³) map linearly onto index values."""

    tenths_low: int
    tenths_high: int
    aqi_low: int
    aqi_high: int


@dataclass(frozen=True)
class AqiTable:
    """Breakpoints, and the date from which they are in force."""

    in_force_from: date
    breakpoints: tuple[Breakpoint, ...]


AQI_2012: Final = AqiTable(
    date(2013, 3, 18),
    (
        Breakpoint(0, 120, 0, 50),
        Breakpoint(121, 354, 51, 100),
        Breakpoint(355, 554, 101, 150),
        Breakpoint(555, 1504, 151, 200),
        Breakpoint(1505, 2504, 201, 300),
        Breakpoint(2505, 3504, 301, 400),
        Breakpoint(3505, 5004, 401, 500),
    ),
)
"""Source: 78 FR 3086 (15 January 2013), effective 18 March 2013."""

AQI_2024: Final = AqiTable(
    date(2024, 5, 6),
    (
        Breakpoint(0, 90, 0, 50),
        Breakpoint(91, 354, 51, 100),
        Breakpoint(355, 554, 101, 150),
        Breakpoint(555, 1254, 151, 200),
        Breakpoint(1255, 2254, 201, 300),
        Breakpoint(2255, 3254, 301, 500),
    ),
)
"""Source: 40 CFR 58 App. G, as amended by 89 FR 16202, effective 6 May 2024. AQS recomputes history with it."""


def table_in_force(day: date) -> AqiTable:
    """The table by which files published on ``day`` state the AQI; EPA recomputed the time before 2013 by that of
    2012."""
    return AQI_2024 if day >= AQI_2024.in_force_from else AQI_2012


def pm25_aqi(pm25_ugm3: pd.Series, *, table: AqiTable = AQI_2024) -> pd.Series:
    """US AQI of 24-hour PM2.5 means; null in, null out.

    Concentrations (µg/m³) are truncated to 0.1, and negative ones count as 0. The slope of the last segment continues
    above the table, so there is no cap. Returns Int64 with the index of the input.
    Source: 40 CFR 58 App. G, equation 1 and Table 2.
    """
    values = pm25_ugm3.to_numpy(dtype="float64", na_value=np.nan)
    known = ~np.isnan(values)
    tenths = np.floor(np.round(np.clip(values[known], 0.0, None) * 10.0, 6)).astype("int64")
    index = pd.array(np.zeros(len(values), dtype="int64"), dtype="Int64")
    index[known] = _interpolated(tenths, table)
    index[~known] = pd.NA
    return pd.Series(index, index=pm25_ugm3.index, name="aqi")


def truncated_to_tenths(pm25_ugm3: pd.Series) -> pd.Series:
    """24-hour means truncated to 0.1 µg/m³ as EPA does before it looks up the AQI, so that what is shown and its AQI
    agree; null in, null out.

    Source: 40 CFR 58 App. G, section 12.
    """
    tenths = np.trunc(np.round(pm25_ugm3.to_numpy(dtype="float64", na_value=np.nan) * 10.0, 6))
    return pd.Series(tenths / 10.0 + 0.0, index=pm25_ugm3.index, name=pm25_ugm3.name)


def pm25_of_aqi(aqi: pd.Series, *, table: AqiTable = AQI_2024) -> pd.Series:
    """The 24-hour PM2.5 (µg/m³, to 0.1) that has this US AQI; null in, null out, with the index of the input.

    The inverse of ``pm25_aqi``: its AQI is the one given. Several concentrations share an AQI value; this is the one on
    the line between the breakpoints. Source: 40 CFR 58 App. G, equation 1 solved for the concentration.
    """
    values = aqi.to_numpy(dtype="float64", na_value=np.nan)
    upper = np.array([segment.aqi_high for segment in table.breakpoints])
    segment = np.minimum(np.searchsorted(upper, values), len(upper) - 1)
    low, high, aqi_low, aqi_high = np.array(
        [[s.tenths_low, s.tenths_high, s.aqi_low, s.aqi_high] for s in table.breakpoints]
    ).T[:, segment]
    tenths = np.round(low + (high - low) * (values - aqi_low) / (aqi_high - aqi_low))
    return pd.Series(tenths / 10.0, index=aqi.index, name="pm25_ugm3")


def aqi_category(aqi: pd.Series) -> pd.Series:
    """AQI category names of AQI values, with the index of the input; null in, null out. Source: 40 CFR 58 App. G, Table
    1."""
    bins = [-1, 50, 100, 150, 200, 300, np.inf]
    names = pd.cut(aqi.astype("Float64"), bins=bins, labels=list(AQI_CATEGORIES))
    return pd.Series(names.astype(object), index=aqi.index, name="aqi_category")


def _interpolated(tenths: np.ndarray, table: AqiTable) -> np.ndarray:
    """Index values for concentrations in integer tenths, halves rounded up, in exact integer arithmetic."""
    upper = np.array([segment.tenths_high for segment in table.breakpoints])
    segment = np.minimum(np.searchsorted(upper, tenths), len(upper) - 1)
    low, high, aqi_low, aqi_high = np.array(
        [[s.tenths_low, s.tenths_high, s.aqi_low, s.aqi_high] for s in table.breakpoints]
    ).T[:, segment]
    numerator, span = (aqi_high - aqi_low) * (tenths - low), high - low
    return aqi_low + (2 * numerator + span) // (2 * span)
