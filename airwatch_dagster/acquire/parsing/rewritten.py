"""Values as spreadsheets, R, SAS and pandas rewrite them, in the spelling that EPA publishes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.acquire.parsing.rewritten_dates import days_of_number, published_dates
from airwatch_dagster.acquire.parsing.values import CODE_WIDTHS, COUNT_COLUMNS, DATE_COLUMNS, FLOAT_COLUMNS

WIDTHS: Final = {**CODE_WIDTHS, "site_id": 9}
"""Digits of every code."""

NUMBER_COLUMNS: Final = (*FLOAT_COLUMNS, *COUNT_COLUMNS, "poc", "open_date")
"""The monitor list publishes the year of opening."""

DAY_COLUMNS: Final = tuple(name for name in DATE_COLUMNS if name not in NUMBER_COLUMNS)

NULL_WORDS: Final = frozenset(
    {"", "NA", "N/A", "#N/A", "#NV", "#N/D", "NaN", "nan", "NaT", "<NA>", "NULL", "null", "(null)", r"\N", "."}
)
"""How R, Excel in three languages, pandas, databases and SAS write a missing value. ``None`` is an event type."""

MIN_CODE_COLUMNS: Final = 3
"""Columns of codes that together show whether a program dropped leading zeros: state, county, and site."""

_SIGNS_AROUND: Final = re.compile(r'="(.*)"|\'(.*)\'|\'(\d+)')
"""How people keep Excel from taking a code for a number, ="010730023" and '010730023, and quotes of databases."""

_ZERO_DECIMALS: Final = re.compile(r"(\d+)[.,]0+")
_POWER: Final = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d+)", re.IGNORECASE)
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,\d+(?:E[+-]?\d+)?", re.IGNORECASE)
_COMMA_OF_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3},\d{3}")
_NUMBER_AS_DATE: Final = re.compile(r"\d{1,2}[-. ]+[^\W\d]{3,5}\.?|[^\W\d]{3,5}\.?[-. ]+\d{1,2}|\d\d\.\d\d\.\d{4}")
_DAY_AS_NUMBER: Final = re.compile(r"\d{5}(?:[.,]\d+)?")
_PART_OF_DATE: Final = re.compile(r"\d{1,2}[-. ]+[^\W\d]{3,5}\.?|[^\W\d]{3,5}\.?[-. ]+\d\d")
_MOMENT: Final = re.compile(r".*\d\d?:\d\d(:\d\d(\.\d+)?)?( ?[AP]M)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_TOO_NARROW: Final = re.compile(r"#{3,}")

_LOST_DIGITS: Final = "all digits of a code; Excel or another spreadsheet rounded it"
_BECAME_DATE: Final = "a number; a spreadsheet took it for a date"
_CUT_DATE: Final = "a date with day, month and year; a spreadsheet saved only what it showed"
_BECAME_MOMENT: Final = "a day; a program made a moment of it, which may be of another day"
_BECAME_NUMBER: Final = "a date; a spreadsheet wrote the number of a day, which may be {} or {}"
_BECAME_SIGNS: Final = "a value; a spreadsheet saved signs because its column was too narrow"


def as_published(frame: pd.DataFrame, origin: SourceLocation, *, is_separated_by_comma: bool) -> pd.DataFrame:
    """``frame`` (categories of text, contract names) with values as EPA writes them; rows without a value are left out.

    Read are words for a missing value; decimal commas; codes as numbers (88101.0, 1.70310057E+08), and without their
    leading zeros if all codes of the file lack them; days in other layouts (see ``published_dates``). Rows with a value
    that cannot be restored are set aside at ``origin``, with the program's doing as reason. Raises BadPayload for days
    that can be read in two ways.
    """
    result = frame.copy(deep=False)
    every = [str(name) for name in result]
    _change(result, every, _without_signs)
    if all(result[name].hasnans for name in every):
        result = result[~result.isna().all(axis=1)].copy()
    numbers = [name for name in NUMBER_COLUMNS if name in result]
    codes = [name for name in (*WIDTHS, "open_date") if name in result]
    days = [name for name in DAY_COLUMNS if name in result]
    if _has_decimal_commas(result[numbers], is_separated_by_comma):
        _change(result, numbers, _with_point)
    _change(result, codes, _whole_number)
    _restore_zeros(result)
    _restore_days(result, days, origin)
    for names, pattern, expected in (
        (codes, _POWER, _LOST_DIGITS),
        (numbers, _NUMBER_AS_DATE, _BECAME_DATE),
        (days, _PART_OF_DATE, _CUT_DATE),
        (days, _MOMENT, _BECAME_MOMENT),
        (days, _DAY_AS_NUMBER, _BECAME_NUMBER),
        (every, _TOO_NARROW, _BECAME_SIGNS),
    ):
        _reject(result, names, pattern, expected, origin)
    return result


def _change(frame: pd.DataFrame, names: Iterable[str], change: Callable[[str], str | None]) -> None:
    """Change each distinct value of the columns (categories) ``names``."""
    for name in names:
        old = list(frame[name].cat.categories)
        new = [change(value) for value in old]
        if new != old:
            values = np.array([*new, None], dtype=object)
            frame[name] = pd.Series(values[frame[name].cat.codes.to_numpy()], index=frame.index).astype("category")


def _without_signs(value: str) -> str | None:
    """A cell without spaces around it and without Excel's formula around a code; null for a word that means missing."""
    value = value.strip()
    if value[:1] in ("=", "'"):
        match = _SIGNS_AROUND.fullmatch(value)
        value = (match[match.lastindex or 0]).strip() if match else value
    return None if value in NULL_WORDS else value


def _has_decimal_commas(numbers: pd.DataFrame, is_separated_by_comma: bool) -> bool:
    """Whether the commas of a file's numbers are decimal signs; 1,234 alone may be a thousand."""
    found = [value for name in numbers for value in numbers[name].cat.categories if _DECIMAL_COMMA.fullmatch(value)]
    return any(not is_separated_by_comma or not _COMMA_OF_THOUSANDS.fullmatch(value) for value in found)


def _with_point(value: str) -> str:
    return value.replace(",", ".") if _DECIMAL_COMMA.fullmatch(value) else value


def _whole_number(value: str) -> str:
    """A code that was written as a number, as its digits; unchanged if digits are lost."""
    match = _ZERO_DECIMALS.fullmatch(value)
    if match:
        return match[1]
    match = _POWER.fullmatch(value)
    decimals = (match[2] or "") if match else ""
    return match[1] + decimals if match and len(decimals) == int(match[3]) else value


def _restore_zeros(frame: pd.DataFrame) -> None:
    """Fill codes up to their digits with zeros, if no code of the file begins with one and some are too short.

    EPA's county codes and site numbers nearly all begin with zeros; a file without any was saved by a spreadsheet. In
    a file with some, a short code is a broken one.
    """
    names = [name for name in ("state_code", "county_code", "site_number", "site_id") if name in frame]
    values = [(name, value) for name in names for value in frame[name].cat.categories]
    has_short = any(len(value) < WIDTHS[name] for name, value in values)
    if len(names) < MIN_CODE_COLUMNS or not has_short or any(value.startswith("0") for _, value in values):
        return
    for name in [*names, *frame.columns.intersection(["method_code"])]:
        _change(frame, [name], partial(_filled, width=WIDTHS[name]))


def _filled(value: str, width: int) -> str:
    return value.zfill(width) if value.isdecimal() else value


def _restore_days(frame: pd.DataFrame, names: Sequence[str], origin: SourceLocation) -> None:
    """Write the days of the columns ``names`` as EPA does, as far as a program left them readable."""
    written = {name: list(frame[name].cat.categories) for name in names}
    every = [day for days in written.values() for day in days]
    for name, days in written.items():
        dates = published_dates(days, column=origin.names.get(name, name), culprit=origin.culprit, others=every)
        if dates:
            _change(frame, [name], partial(_mapped, mapping=dates))


def _mapped(value: str, mapping: Mapping[str, str]) -> str:
    return mapping.get(value, value)


def _reject(
    frame: pd.DataFrame, names: Sequence[str], pattern: re.Pattern[str], expected: str, origin: SourceLocation
) -> None:
    """Set rows aside whose value is what a program made of another; ``expected`` may name the days of a number."""
    for name in names:
        for value in frame[name].cat.categories:
            if pattern.fullmatch(value):
                days = days_of_number(value) if "{" in expected else ()
                origin.reject(frame.index[frame[name] == value], name, value, expected.format(*days))
