"""Published values as contract dtypes, with the location of a value that does not parse."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import numpy as np
import pandas as pd

from airwatch_dagster.errors import BadPayload

_DIGITS: Final = {
    "state_code": 2,
    "county_code": 3,
    "site_number": 4,
    "parameter_code": 5,
    "method_code": 3,
    "cbsa_code": 5,
}
"""Width of every AQS code. Source: AQS API documentation, variables."""

_FLOATS: Final = ("observation_percent", "arithmetic_mean", "first_max_value", "latitude", "longitude")
_COUNTS: Final = ("observation_count", "first_max_hour", "aqi")
_DATES: Final = ("date_local", "date_of_last_change", "open_date", "last_sample_date")
_DATE_FORMATS: Final = ("%Y-%m-%d", "%m/%d/%Y")
"""Both are published; some bulk files of 2020-2023 use the second."""


@dataclass(frozen=True)
class SourceLocation:
    """Where a frame was read: file or service, row and column, for error messages."""

    culprit: str
    """File or service."""
    unit: str
    """What the source counts: line or row."""
    first: int
    """Number of the frame's row 0."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Published column names by contract name."""

    def reject(self, row: int, column: str, value: object, expected: str) -> NoReturn:
        """Raises BadPayload naming the location, the value and the expected format."""
        problem = f"{self.unit} {row + self.first}: {self.names.get(column, column)} is {value!r}, expected {expected}"
        raise BadPayload(self.culprit, problem, fix="Report it to the publisher, or use another copy of the data")


def typed_columns(frame: pd.DataFrame, columns: Sequence[str], *, origin: SourceLocation) -> pd.DataFrame:
    """``columns`` of ``frame`` in contract dtypes; an absent column is null.

    Raises BadPayload for a value that does not parse.
    """
    absent = pd.Series(None, index=frame.index, dtype=object)
    return pd.DataFrame({name: _typed(frame.get(name, absent), name, origin) for name in columns}, index=frame.index)


def dates(series: pd.Series, name: str, *, origin: SourceLocation) -> pd.Series:
    """Days as published, ``2021-07-04`` or ``07/04/2021``; null in, null out. Raises BadPayload for anything else."""
    return _by_value(series, name, _parse_dates, origin, "a date as 2021-07-04 or 07/04/2021").astype("datetime64[ns]")


def codes(series: pd.Series, name: str, *, origin: SourceLocation) -> pd.Series:
    """Codes as text with all their digits; null in, null out. Raises BadPayload for a code without leading zeros."""
    pattern, width = re.compile(f"[0-9]{{{_DIGITS[name]}}}"), _DIGITS[name]

    def intact(values: pd.Index) -> np.ndarray:
        return np.array([str(v) if isinstance(v, str) and pattern.fullmatch(v) else None for v in values], dtype=object)

    return _by_value(series, name, intact, origin, f"{width} digits as text, leading zeros included")


def reject_nulls(frame: pd.DataFrame, columns: Sequence[str], *, origin: SourceLocation) -> None:
    """Raises BadPayload for the first null in ``columns``."""
    for column in columns:
        for row in frame.index[frame[column].isna()][:1]:
            origin.reject(int(row), column, None, "a value")


def _typed(series: pd.Series, name: str, origin: SourceLocation) -> pd.Series:
    if name in _DIGITS:
        return codes(series, name, origin=origin)
    if name in _DATES:
        return dates(series, name, origin=origin)
    if name in _FLOATS:
        return _by_value(series, name, _parse_numbers, origin, "a number").astype("float64")
    if name in _COUNTS:
        return _by_value(series, name, _parse_whole_numbers, origin, "a whole number").astype("Int64")
    if name == "poc":
        reject_nulls(pd.DataFrame({name: series}), [name], origin=origin)
        return _by_value(series, name, _parse_whole_numbers, origin, "a whole number").astype("int64")
    return _by_value(series, name, lambda values: np.array(values, dtype=object), origin, "text")


def _by_value(
    series: pd.Series, name: str, convert: Callable[[pd.Index], np.ndarray], origin: SourceLocation, expected: str
) -> pd.Series:
    """Each distinct value converted once; null stays null, and a value that converts to null is rejected."""
    positions, uniques = pd.factorize(series)
    values = convert(pd.Index(uniques).astype(object))
    for bad in np.flatnonzero(pd.isna(values))[:1]:
        row = int(np.flatnonzero(positions == bad)[0])
        origin.reject(int(series.index[row]), name, uniques[bad], expected)
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
    return np.where(numbers == np.floor(numbers), numbers, np.nan)
