"""Frames checked against their table's contract: which rules fail, and their failure cases."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pandera.pandas as pa

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas.base import CONTRACTS, TableSpec

MAX_FAILURE_CASES: Final = 5
"""Rows shown of each broken rule: enough to see a pattern, few enough to read."""

_FOLLOW_UPS: Final = ("WRONG_DATATYPE", "CHECK_ERROR")
"""Errors that pandera adds for a column whose values do not fit its dtype; they are redundant."""


@dataclass(frozen=True)
class Violation:
    """One rule of a table and the rows that break it."""

    column: str
    """The column, or the key's columns joined by commas; empty for a rule across columns."""
    rule: str
    count: int
    """Rows that break the rule; 0 for a rule about the columns themselves."""
    failure_cases: tuple[dict[str, Any], ...] = ()
    """The first rows that break it: the key columns and the column of the rule."""
    positions: np.ndarray = field(default_factory=lambda: np.array([], dtype=int), compare=False, repr=False)
    """Positions of all rows that break it, counted from 0."""

    def sentence(self, examples: int) -> str:
        """``pm25_ugm3 must not be null (3 rows, such as site_id=170310001 pm25_ugm3=None)``."""
        sentence = f"{self.column} {self.rule}".strip()
        rows = [" ".join(f"{name}={value}" for name, value in row.items()) for row in self.failure_cases[:examples]]
        such_as = f", such as {'; '.join(rows)}" if rows else ""
        return f"{sentence} ({self.count} row{'s' if self.count != 1 else ''}{such_as})" if self.count else sentence


@dataclass(frozen=True)
class Validated:
    """A frame that ``validated`` returned, which needs no second validation."""

    frame: pd.DataFrame


class TableContractViolation(ContractViolation):
    """A frame breaks its table's schema: ``violations`` has the rules, ``row_index`` the index labels of their rows."""

    def __init__(self, table_name: str, violations: tuple[Violation, ...], *, index: pd.Index) -> None:
        self.violations = violations
        self.row_index = index[np.unique(np.concatenate([violation.positions for violation in violations]))]
        shown = violations[:MAX_FAILURE_CASES]
        broken = "; ".join(violation.sentence(MAX_FAILURE_CASES // len(shown)) for violation in shown)
        more = f"; and {len(violations) - len(shown)} more" if len(violations) > len(shown) else ""
        super().__init__(
            table_name,
            f"the frame breaks the contract: {broken}{more}",
            fix="Correct the rows where they are computed; nothing of the frame was stored",
        )


def validated(table_name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame in the dtypes of its table's contract, rows in the same order, index 0…n-1.

    Dtypes are coerced only if no value changes: text to dates, whole floats to integers. A fraction in an integer
    column, anything but true or false in a boolean one, a time zone, and a time of day in the column that decides the
    partition are violations. Raises TableContractViolation with every broken rule.
    """
    coerced, violations = _checked(_spec_of(table_name), frame)
    if violations:
        raise TableContractViolation(table_name, violations, index=frame.index)
    return coerced


def violations_of(table_name: str, frame: pd.DataFrame) -> tuple[Violation, ...]:
    """Every rule of the table that the frame breaks, with its failure cases; empty for a valid frame."""
    return _checked(_spec_of(table_name), frame)[1]


def _spec_of(table_name: str) -> TableSpec:
    if table_name not in CONTRACTS:
        raise ContractViolation(table_name, "is not a valid table", fix=f"Choose one of {', '.join(CONTRACTS)}")
    return CONTRACTS[table_name]


def _checked(spec: TableSpec, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Violation, ...]]:
    layout = tuple(_wrong_columns(spec, frame))
    if layout:
        return frame, layout
    rows = frame if frame.index.equals(pd.RangeIndex(len(frame))) else frame.reset_index(drop=True)
    key = list(spec.key)
    duplicates = _violation(spec, rows, ", ".join(key), "must be unique", rows.duplicated(key, keep=False))
    found = [*_lossy_columns(spec, rows), *duplicates]
    known = {violation.column for violation in found}
    try:
        coerced = coerced_if_valid(spec, rows)
        if coerced is None:
            coerced = _schema_without_uniqueness(spec.name).validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return rows, (*found, *_failed_checks(spec, rows, errors, known=known))
    day = spec.partition_column
    if day is not None and day not in known and _has_times(pd.DatetimeIndex(coerced[day].unique())):
        has_time = coerced[day] != coerced[day].dt.normalize()
        found += _violation(spec, coerced, day, "must be a day without a time", has_time)
    return coerced, tuple(found)


def coerced_if_valid(spec: TableSpec, rows: pd.DataFrame) -> pd.DataFrame | None:
    """The rows as pandera returns them; None where only pandera can tell whether they keep every rule, and which not.

    A text is looked at once, however many rows have it: a table has few distinct ones.
    """
    dtypes = spec.empty().dtypes
    others = {name: dtype for name, dtype in dtypes.items() if rows[name].dtype != dtype}
    if spec.schema.checks or not all(_is_exact(rows[name].dtype, dtype) for name, dtype in others.items()):
        return None
    rows = rows.astype(others) if others else rows
    is_valid = all(keeps_column_rules(rows[name], column) for name, column in spec.schema.columns.items())
    return rows if is_valid else None


def _has_times(moments: pd.DatetimeIndex) -> bool:
    return not moments.equals(moments.normalize())


def _is_exact(found: Any, dtype: Any) -> bool:
    """Whether any value of one dtype has an equal in the other or the nearest one: floats, times to the nanosecond."""
    if isinstance(found, np.dtype) and isinstance(dtype, np.dtype):
        return found.kind == dtype.kind == "f" or (found == "datetime64[s]" and dtype == "datetime64[ns]")
    return str(found) == "bool" and str(dtype) == "boolean"


def keeps_column_rules(values: pd.Series, column: pa.Column) -> bool:
    """Whether no value breaks a rule of the column; False where only pandera, which is slow to load, can tell."""
    if values.dtype != object:
        if not column.nullable and values.hasnans:
            return False
        is_counted = any(check.name in _OF_DISTINCT for check in column.checks)
        distinct = values.dropna().unique().tolist() if is_counted else []
        numbers = values.to_numpy() if _is_of_numbers(values.dtype) else values
        return all(_keeps_rule(check.name, check.statistics or {}, numbers, distinct) for check in column.checks)
    try:
        found = set(values.tolist())  # in half the time of pandas' unique
    except TypeError:  # a value that cannot be hashed is no text
        return False
    texts = [value for value in found if type(value) is str]
    if len(texts) < len(found) and not (
        column.nullable and all(_is_null(one) for one in found if type(one) is not str)
    ):
        return False
    return all(_keeps_rule(check.name, check.statistics or {}, values, texts) for check in column.checks)


def _is_of_numbers(dtype: Any) -> bool:
    """Whether it is NumPy's and of numbers: arrays are compared in a fraction of a series' time."""
    return isinstance(dtype, np.dtype) and dtype.kind in "iuf"


def _is_null(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


_OF_DISTINCT: Final = ("isin", "notin", "str_matches", "str_length")
"""Checks that look at distinct values."""


def _keeps_rule(name: str | None, limits: dict[str, Any], values: Any, distinct: list[Any]) -> bool:
    """Whether no value breaks the check of pandera's; False for a check that is not known here. Nulls break none."""
    if name == "greater_than_or_equal_to":
        return not (values < limits["min_value"]).any()
    if name == "less_than_or_equal_to":
        return not (values > limits["max_value"]).any()
    if name == "isin":
        return set(distinct) <= set(limits["allowed_values"])
    if name == "notin":
        return set(distinct).isdisjoint(limits["forbidden_values"])
    if name == "str_matches":
        matches = re.compile(limits["pattern"]).match
        return all(matches(value) for value in distinct)
    if name == "str_length" and limits["exact_value"] is None and limits["max_value"] is None:
        return all(len(value) >= limits["min_value"] for value in distinct)
    return False


@cache
def _schema_without_uniqueness(table_name: str) -> pa.DataFrameSchema:
    """The table's schema without its key, which is checked here: pandera takes minutes to report many duplicates."""
    schema = copy.copy(CONTRACTS[table_name].schema)
    schema.unique = None
    return schema


def _wrong_columns(spec: TableSpec, frame: pd.DataFrame) -> Iterator[Violation]:
    expected, found = spec.column_names, [str(name) for name in frame.columns]
    yield from (Violation(name, "is missing", 0) for name in expected if name not in found)
    unknown = [name for name in dict.fromkeys(found) if name not in expected]
    yield from (Violation(name, "is not a column of this table", 0) for name in unknown)
    repeated = [name for name in expected if found.count(name) > 1]
    yield from (Violation(name, "occurs more than once", 0) for name in repeated)
    if sorted(expected) == sorted(found) and expected != found:
        yield Violation("", f"columns must be in the order {', '.join(expected)}", 0)


def _lossy_columns(spec: TableSpec, rows: pd.DataFrame) -> Iterator[Violation]:
    """Values that pandera would change without an error: 1.5 to 1, "no" to true, local times to UTC."""
    for name, column in spec.schema.columns.items():
        values, dtype = rows[name], str(column.dtype).lower()
        if dtype == "bool" and values.dtype != bool:
            is_bool = values.map(lambda value: isinstance(value, bool | np.bool_)).astype(bool)
            yield from _violation(spec, rows, name, "must be true or false", ~is_bool)
        elif dtype.startswith("int") and pd.api.types.is_float_dtype(values.dtype):
            yield from _violation(spec, rows, name, "must be a whole number", (values % 1).fillna(0.0) != 0.0)
        elif dtype.startswith("datetime64") and isinstance(values.dtype, pd.DatetimeTZDtype):
            yield from _violation(spec, rows, name, "must have no time zone", pd.Series(True, index=rows.index))


def _failed_checks(
    spec: TableSpec, rows: pd.DataFrame, errors: pa.errors.SchemaErrors, *, known: set[str]
) -> Iterator[Violation]:
    ill_typed = {error.schema.name for error in errors.schema_errors if error.reason_code.name == "DATATYPE_COERCION"}
    for error in errors.schema_errors:
        column = str(error.schema.name) if isinstance(error.schema, pa.Column) else ""
        is_follow_up = column in ill_typed and error.reason_code.name in _FOLLOW_UPS
        if not is_follow_up and column not in known:
            yield from _violation(spec, rows, column, _rule(error), _failed_rows(error, rows))


def _rule(error: pa.errors.SchemaError) -> str:
    if error.reason_code.name == "SERIES_CONTAINS_NULLS":
        return "must not be null"
    if error.reason_code.name == "DATATYPE_COERCION":
        return f"must be {error.schema.dtype}"
    return f"must satisfy {getattr(error.check, 'error', None) or getattr(error.check, 'name', None) or error.check}"


def _failed_rows(error: pa.errors.SchemaError, rows: pd.DataFrame) -> pd.Series:
    """Mask of the rows that break the rule; all rows if pandera does not list them. Nulls have a rule of their own."""
    cases = error.failure_cases
    listed = isinstance(cases, pd.DataFrame) and cases["index"].notna().all()
    failed = pd.Series(rows.index.isin(cases["index"]) if listed else True, index=rows.index)
    if error.reason_code.name == "DATATYPE_COERCION":
        failed &= rows[error.schema.name].notna()
    return failed


def _violation(
    spec: TableSpec, rows: pd.DataFrame, column: str, rule: str, is_broken: pd.Series
) -> Iterator[Violation]:
    positions = np.flatnonzero(is_broken)
    if len(positions):
        columns = list(dict.fromkeys([*spec.key, *([column] if column in rows else [])]))
        cases = rows.loc[positions[:MAX_FAILURE_CASES], columns].to_dict("records")
        records = tuple({str(name): value for name, value in row.items()} for row in cases)
        yield Violation(column, rule, len(positions), records, positions)
