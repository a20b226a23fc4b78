"""Published values as contract dtypes; a row with a value that does not parse is set aside."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import SourceLocation

CODE_WIDTHS: Final = {
    "state_code": 2,
    "county_code": 3,
    "site_number": 4,
    "parameter_code": 5,
    "method_code": 3,
    "cbsa_code": 5,
}
"""Width of every AQS code. Source: AQS API documentation, variables."""

FLOAT_COLUMNS: Final = ("observation_percent", "arithmetic_mean", "first_max_value", "latitude", "longitude")
COUNT_COLUMNS: Final = ("observation_count", "first_max_hour", "aqi")
DATE_COLUMNS: Final = ("date_local", "date_of_last_change", "open_date", "last_sample_date")
LARGEST_WHOLE: Final = 2.0**53
"""Above it a double is not every whole number, and far above it none that 64 bits hold."""

_DATE_FORMATS: Final = ("%Y-%m-%d", "%m/%d/%Y")
"""Both are published; some bulk files of 2020-2023 use the second."""


def typed_columns(frame: pd.DataFrame, columns: Sequence[str], *, origin: SourceLocation) -> pd.DataFrame:
    """``columns`` of ``frame`` in contract dtypes; an absent column is null.

    A row with a value that does not parse is set aside at ``origin``; its value is null, or 0 for a POC.
    """
    absent = pd.Series(None, index=frame.index, dtype=object)
    return pd.DataFrame({name: _typed(frame.get(name, absent), name, origin) for name in columns}, index=frame.index)


def dates(series: pd.Series, name: str, *, origin: SourceLocation) -> pd.Series:
    """Days as published, ``2021-07-04`` or ``07/04/2021``; null in, null out. A row with anything else is set aside."""
    return _by_value(series, name, _parse_dates, origin, "a date as 2021-07-04 or 07/04/2021").astype("datetime64[ns]")


def codes(series: pd.Series, name: str, *, origin: SourceLocation) -> pd.Series:
    """Codes as text with all their digits; null in, null out. A row with any other code is set aside.

    A program that took codes for numbers may have written 88101.0, which is 88101.
    """
    pattern, width = re.compile(f"([0-9]{{{CODE_WIDTHS[name]}}})(?:\\.0+)?"), CODE_WIDTHS[name]

    def intact(values: pd.Index) -> np.ndarray:
        found = [pattern.fullmatch(v) if isinstance(v, str) else None for v in values]
        return np.array([match.group(1) if match else None for match in found], dtype=object)

    return _by_value(series, name, intact, origin, f"{width} digits as text, leading zeros included")


def reject_nulls(frame: pd.DataFrame, columns: Sequence[str], *, origin: SourceLocation) -> None:
    """Set the rows aside that have a null in one of ``columns``."""
    for column in columns:
        origin.reject(frame.index[frame[column].isna()], column, None, "a value")


def _typed(series: pd.Series, name: str, origin: SourceLocation) -> pd.Series:
    if name in CODE_WIDTHS:
        return codes(series, name, origin=origin)
    if name in DATE_COLUMNS:
        return dates(series, name, origin=origin)
    if name in FLOAT_COLUMNS:
        return _by_value(series, name, _parse_numbers, origin, "a number").astype("float64")
    if name in COUNT_COLUMNS:
        return _by_value(series, name, _parse_whole_numbers, origin, "a whole number").astype("Int64")
    if name == "poc":
        reject_nulls(pd.DataFrame({name: series}), [name], origin=origin)
        return _by_value(series, name, _parse_whole_numbers, origin, "a whole number").fillna(0).astype("int64")
    return _by_value(series, name, lambda values: np.array(values, dtype=object), origin, "text")


def _by_value(
    series: pd.Series, name: str, convert: Callable[[pd.Index], np.ndarray], origin: SourceLocation, expected: str
) -> pd.Series:
    """Each distinct value converted once; null stays null. Rows whose value converts to null are set aside."""
    positions, uniques = pd.factorize(series)
    values = convert(pd.Index(uniques).astype(object))
    bad = pd.isna(values)
    if bad.any():
        rows = np.flatnonzero((positions >= 0) & bad[positions])
        origin.reject(series.index[rows], name, series.iloc[rows].astype(object), expected)
    null: Any = {"O": None, "M": np.datetime64("NaT")}.get(values.dtype.kind, np.nan)
    return pd.Series(np.append(values, null)[positions], index=series.index)


def _parse_dates(values: pd.Index) -> np.ndarray:
    parsed = pd.DatetimeIndex([pd.NaT] * len(values))
    for layout in _DATE_FORMATS:
        parsed = parsed.where(parsed.notna(), pd.to_datetime(values, format=layout, errors="coerce"))
    return parsed.to_numpy(dtype="datetime64[ns]")


def _parse_numbers(values: pd.Index) -> np.ndarray:
    """The nearest double of each value, which pandas' own parser does not guarantee; null for other text, infinity."""
    numbers = np.array([_number(value) for value in values], dtype="float64")
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _parse_whole_numbers(values: pd.Index) -> np.ndarray:
    numbers = _parse_numbers(values)
    is_whole = (numbers == np.floor(numbers)) & (np.abs(numbers) < LARGEST_WHOLE)
    return np.where(is_whole, numbers, np.nan)
