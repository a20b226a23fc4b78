"""Final step of every EPA reader: contract columns, validated codes, one row per key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd
import pandera.pandas as pa

from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.acquire.parsing.values import CODE_WIDTHS, reject_nulls, typed_columns
from airwatch_dagster.acquire.parsing.vocabulary import in_aqs_words
from airwatch_dagster.errors import BadPayload, ConfigurationError
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import keeps_column_rules

VERSION_COLUMNS: Final = ("first_seen_at", "superseded_at")
"""Columns that the merge into history adds to the published ones."""

READING_COLUMNS: Final = tuple(name for name in TABLES["raw_readings"].column_names if name not in VERSION_COLUMNS)
"""Columns of a pull, in order."""

READING_KEY: Final = tuple(name for name in TABLES["raw_readings"].key if name not in VERSION_COLUMNS)
"""Columns that identify a published row. Never ``source`` or ``date_of_last_change``: the same row comes from several
sources, and its date changes without its value."""

MONITOR_COLUMNS: Final = tuple(name for name in TABLES["monitors"].column_names if name != "is_context")
"""Columns of a monitor list before the area is known, in order."""

SITE_COLUMNS: Final = ("state_code", "county_code", "site_number")
"""Columns that identify a site."""

LOCATION_COLUMNS: Final = ["latitude", "longitude"]
"""Columns of a location, in degrees."""

_VALUES_OF_A_KEY: Final = [name for name in READING_COLUMNS if name not in (*READING_KEY, "date_of_last_change")]
_NEVER_NULL: Final = ("state_code", "county_code", "site_number", "parameter_code", "poc", "latitude", "longitude")
_NEVER_NULL_IN_READINGS: Final = (*_NEVER_NULL, "date_local", "sample_duration", "units_of_measure")


@dataclass(frozen=True)
class MonitorList:
    """The monitors that a source lists."""

    monitors: pd.DataFrame
    """Columns of monitors, with or without is_context."""
    rejected: pd.DataFrame
    """Lines set aside, in REJECTED_COLUMNS."""
    foreign_rows: int = 0
    """Rows left out, because their site is in Mexico or Canada."""


def check_days(first: date, last: date) -> None:
    """Raises ConfigurationError when the last day is before the first."""
    if pd.Timestamp(last) < pd.Timestamp(first):
        problem = f"the last day {last:%Y-%m-%d} is before the first, {first:%Y-%m-%d}"
        raise ConfigurationError("Days to read", problem, fix="Swap them")


def calendar_years(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days of each calendar year between two days, first to last."""
    for year in range(first.year, last.year + 1):
        yield (first if year == first.year else date(year, 1, 1), last if year == last.year else date(year, 12, 31))


def finish_readings(frame: pd.DataFrame, *, source: str | pd.Series, origin: SourceLocation) -> pd.DataFrame:
    """``frame`` in the columns and dtypes of raw_readings without versions, one row per key, sorted by key.

    ``frame`` has contract column names; values may still be text; absent nullable columns become null. ``source`` is
    one for all rows, or one per row. Words are spelled as AQS does, exact duplicates collapse. Set aside at ``origin``
    are rows with a code without its leading zeros, an unknown word, a value that does not parse or lies outside the
    contract's range, a null in a required column, and all rows of a key that has different values. Raises BadPayload
    when too many rows are set aside.
    """
    published = [name for name in READING_COLUMNS if name != "source"]
    typed = typed_columns(in_aqs_words(frame, origin), published, origin=origin)
    reject_nulls(typed, _NEVER_NULL_IN_READINGS, origin=origin)
    reject_out_of_range(typed, "raw_readings", origin, published=frame)
    typed.insert(READING_COLUMNS.index("source"), "source", pd.Series(source, index=typed.index, dtype=object))
    ordered, order = _ordered_by_key(origin.kept(typed))
    _reject_conflicts(ordered, order, origin)
    _reject_disagreeing_standards(origin.kept(ordered), origin)
    origin.check_share(typed.index)
    return origin.kept(_last_of_each(ordered, order)).reset_index(drop=True)


def finish_monitors(frame: pd.DataFrame, *, origin: SourceLocation, null_means_open: bool) -> pd.DataFrame:
    """``frame`` in the columns and dtypes of monitors without is_context, one row per monitor, sorted.

    A monitor listed several times is primary if any row is, opened on the earliest day, and takes the other values from
    the row with the latest last day. ``primary_changed_at`` is null here. With ``null_means_open`` a null last day is
    the latest of all, else the earliest. Rows are set aside as by ``finish_readings``.
    """
    published = [name for name in MONITOR_COLUMNS if name not in ("site_id", "is_primary", "primary_changed_at")]
    typed = typed_columns(frame, published, origin=origin)
    reject_nulls(typed, _NEVER_NULL, origin=origin)
    reject_out_of_range(typed, "monitors", origin, published=frame)
    origin.check_share(typed.index)
    typed = origin.kept(typed).copy()
    typed["site_id"] = typed[SITE_COLUMNS[0]] + typed[SITE_COLUMNS[1]] + typed[SITE_COLUMNS[2]]
    typed["primary_changed_at"] = pd.Series(pd.NaT, index=typed.index, dtype="datetime64[ns]")
    is_primary = frame.loc[typed.index, "is_primary"].astype(object)
    typed["is_primary"] = is_primary.eq("Y").fillna(False).astype(bool)
    key = list(TABLES["monitors"].key)
    nulls: Literal["last", "first"] = "last" if null_means_open else "first"
    typed = typed.sort_values([*key, "last_sample_date"], na_position=nulls, kind="stable")
    monitors = typed.groupby(key, sort=False)
    merged = typed.drop_duplicates(key, keep="last").set_index(key)
    merged = merged.assign(is_primary=monitors["is_primary"].any(), open_date=monitors["open_date"].min())
    return merged.reset_index()[list(MONITOR_COLUMNS)]


def reject_out_of_range(
    typed: pd.DataFrame, table: str, origin: SourceLocation, *, published: pd.DataFrame | None = None
) -> None:
    """Set the rows aside whose values the table's contract does not allow: hour 24, POC 100, a mean of -999.

    Codes are left out: ``codes`` has checked them. ``published`` has the values as they are to be shown.
    """
    for name, column in TABLES[table].schema.columns.items():
        if name not in typed or name in CODE_WIDTHS or not column.checks:
            continue
        if keeps_column_rules(_extremes(typed[name]), column):
            continue
        for check in column.checks:
            if check(_extremes(typed[name])).check_output.all():
                continue
            values = typed[name].dropna()
            bad = values[~check(values).check_output]
            shown = bad if published is None or name not in published else published.loc[bad.index, name]
            origin.reject(bad.index, name, shown, _allowed_text(column))


def _extremes(values: pd.Series) -> pd.Series:
    """The lowest and the highest number, which keep every bound that all numbers keep; distinct values of other kinds.

    Checking a nation's year value by value took half as long as reading it.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pd.Series([values.min(), values.max()]).dropna().astype(values.dtype)
    return values.dropna().drop_duplicates()


def _allowed_text(column: pa.Column) -> str:
    """``a value from 0 to 23``."""
    rules = {name: value for check in column.checks for name, value in check.statistics.items()}
    if {"min_value", "max_value"} <= rules.keys():
        return f"a value from {rules['min_value']:g} to {rules['max_value']:g}"
    if "min_value" in rules:
        return f"a value of at least {rules['min_value']:g}"
    return f"a value as {', '.join(str(check.error or check.name) for check in column.checks)}"


def one_row_per_key(readings: pd.DataFrame, *, culprit: str) -> pd.DataFrame:
    """``readings`` without repeated rows, sorted by key.

    Rows that differ only in date_of_last_change are one row, with the latest date. Raises BadPayload where one key has
    different values.
    """
    ordered, order = _ordered_by_key(readings)
    for at in _conflicts(ordered, order)[:1]:
        one, other = ordered.iloc[at], ordered.iloc[at + 1]
        column = next(name for name in _VALUES_OF_A_KEY if _differ(ordered, np.array([at]), name)[0])
        problem = f"two rows for {key_text(one)}: {column} is {one[column]} and {other[column]}"
        raise BadPayload(culprit, problem, fix="Use another copy of the data")
    return _last_of_each(ordered, order).reset_index(drop=True)


def _ordered_by_key(readings: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Sorted by key and date of last change, with the codes of the keys in the same order."""
    order = key_codes(readings, READING_KEY)
    by_key = np.lexsort((readings["date_of_last_change"].to_numpy(), order))
    return readings.iloc[by_key], order[by_key]


def _conflicts(ordered: pd.DataFrame, order: np.ndarray) -> np.ndarray:
    """Positions of the rows whose next row has the same key and other values."""
    repeated = np.flatnonzero(order[1:] == order[:-1])
    if len(repeated) == 0:
        return repeated
    return repeated[~same_values(ordered.iloc[repeated], ordered.iloc[repeated + 1], _VALUES_OF_A_KEY)]


def _differ(ordered: pd.DataFrame, positions: np.ndarray, column: str) -> np.ndarray:
    """Mask of the ``positions`` whose row differs from the next one in ``column``."""
    return ~same_values(ordered.iloc[positions], ordered.iloc[positions + 1], [column])


def _last_of_each(ordered: pd.DataFrame, order: np.ndarray) -> pd.DataFrame:
    is_last = np.append(order[1:] != order[:-1], True)[: len(order)]
    return ordered if is_last.all() else ordered[is_last]


def _reject_conflicts(ordered: pd.DataFrame, order: np.ndarray, origin: SourceLocation) -> None:
    """Set all rows of a key aside that has different values: none of them is known to be right."""
    conflicts = _conflicts(ordered, order)
    for column in _VALUES_OF_A_KEY if len(conflicts) else []:
        rows = ordered[np.isin(order, order[conflicts[_differ(ordered, conflicts, column)]])]
        origin.reject(rows.index, column, rows[column], "the same value in all lines of this monitor and day")


def _reject_disagreeing_standards(readings: pd.DataFrame, origin: SourceLocation) -> None:
    """Set the rows of a monitor-day aside whose 24-hour standards state different values: they are one measurement."""
    if readings["pollutant_standard"].nunique() < 2:
        return
    rows = readings[~readings["pollutant_standard"].str.contains("annual", case=False, na=True)]
    monitor_day = [name for name in READING_KEY if name != "pollutant_standard"]
    values = rows["arithmetic_mean"].groupby(key_codes(rows, monitor_day))
    bad = rows[values.transform("max") > values.transform("min")]
    origin.reject(bad.index, "arithmetic_mean", bad["arithmetic_mean"], "the same value for every 24-hour standard")


def key_codes(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """One integer per row: equal where all ``columns`` are equal (null equals null), in sort order, null first."""
    numbers, size = np.zeros(len(frame), dtype=np.int64), 1
    for column in columns:
        values, uniques = pd.factorize(frame[column], sort=True)
        width = len(uniques) + 1
        if size * width >= 2**62:
            numbers = np.unique(numbers, return_inverse=True)[1].astype(np.int64)
            size = len(frame) + 1
        numbers, size = numbers * width + values + 1, size * width
    return numbers


def same_values(left: pd.DataFrame, right: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Mask of the rows of two equally long frames that are equal in all ``columns``; null equals null."""
    same = np.ones(len(left), dtype=bool)
    for column in columns:
        both = pd.concat([left[column], right[column]], ignore_index=True)
        values = pd.factorize(both)[0]
        same &= values[: len(left)] == values[len(left) :]
    return same


def key_text(reading: pd.Series) -> str:
    """The key of one row for messages."""
    words = {name: f"{reading[name]:%Y-%m-%d}" if name == "date_local" else reading[name] for name in READING_KEY}
    return ", ".join(f"{name} {word}" for name, word in words.items())
