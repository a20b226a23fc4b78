"""Keep rows that break the contract out of the storage, and say which rows broke which rule."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pandera.pandas as pa

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas.base import CONTRACTS, TableSpec

SAMPLE_ROWS: Final = 5
"""Rows shown of each broken rule: enough to see a pattern, few enough to read."""

_FOLLOW_UPS: Final = ("WRONG_DATATYPE", "CHECK_ERROR")
"""pandera reports these as well for a column whose values do not fit its dtype; they say nothing new."""


@dataclass(frozen=True)
class Violation:
    """One rule of a table and the rows that break it."""

    column: str
    """The column, or the key's columns joined by commas; empty for a rule across columns."""
    rule: str
    count: int
    """Rows that break the rule; 0 for a rule about the columns themselves."""
    sample: tuple[dict[str, Any], ...] = ()
    """The first rows that break it: the key columns and the column in question."""
    positions: np.ndarray = field(default_factory=lambda: np.array([], dtype=int), compare=False, repr=False)
    """Where these rows stand in the frame, counted from 0."""

    def sentence(self, examples: int) -> str:
        """``pm25_ugm3 must not be null (3 rows, such as site_id=170310001 pm25_ugm3=None)``."""
        words = f"{self.column} {self.rule}".strip()
        rows = [" ".join(f"{name}={value}" for name, value in row.items()) for row in self.sample[:examples]]
        such_as = f", such as {'; '.join(rows)}" if rows else ""
        return f"{words} ({self.count} row{'s' if self.count != 1 else ''}{such_as})" if self.count else words


@dataclass(frozen=True)
class Validated:
    """A frame that ``validated`` returned, so that nobody validates it again."""

    frame: pd.DataFrame


class TableContractViolation(ContractViolation):
    """A frame breaks its table's schema; ``violations`` says how, ``row_index`` holds the index labels of the rows."""

    def __init__(self, table_name: str, violations: tuple[Violation, ...], *, index: pd.Index) -> None:
        self.violations = violations
        self.row_index = index[np.unique(np.concatenate([violation.positions for violation in violations]))]
        shown = violations[:SAMPLE_ROWS]
        broken = "; ".join(violation.sentence(SAMPLE_ROWS // len(shown)) for violation in shown)
        more = f"; and {len(violations) - len(shown)} more" if len(violations) > len(shown) else ""
        super().__init__(
            table_name,
            f"the frame breaks the contract: {broken}{more}",
            fix="Correct the rows where they are made; nothing of the frame was stored",
        )


def validated(table_name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame that fulfils the contract of its table, rows in the order given, index 0…n-1.

    Dtypes are coerced where no value changes by it: text to dates, whole floats to integers. A
    fraction in an integer column, anything but true or false in a boolean one, a time zone, and a
    time of day in the column that picks the partition are violations. Raises
    ``TableContractViolation`` with every broken rule.
    """
    coerced, violations = _examined(_spec_of(table_name), frame)
    if violations:
        raise TableContractViolation(table_name, violations, index=frame.index)
    return coerced


def violations_of(table_name: str, frame: pd.DataFrame) -> tuple[Violation, ...]:
    """Every rule of the table that the frame breaks, and its rows; empty for a frame that fulfils all."""
    return _examined(_spec_of(table_name), frame)[1]


def _spec_of(table_name: str) -> TableSpec:
    if table_name not in CONTRACTS:
        raise ContractViolation(table_name, "no such table", fix=f"Choose one of {', '.join(CONTRACTS)}")
    return CONTRACTS[table_name]


def _examined(spec: TableSpec, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Violation, ...]]:
    layout = tuple(_wrong_columns(spec, frame))
    if layout:
        return frame, layout
    rows = frame.reset_index(drop=True)
    found = [*_lossy_columns(spec, rows), *_duplicated_keys(spec, rows)]
    known = {violation.column for violation in found}
    try:
        coerced = _schema_without_uniqueness(spec.name).validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return rows, (*found, *_broken_rules(spec, rows, errors, known=known))
    return coerced, (*found, *_times_of_day(spec, coerced, known=known))


@cache
def _schema_without_uniqueness(table_name: str) -> pa.DataFrameSchema:
    """The table's schema; keys are compared here instead, since pandera takes minutes to report many duplicates."""
    schema = copy.copy(CONTRACTS[table_name].schema)
    schema.unique = None
    return schema


def _wrong_columns(spec: TableSpec, frame: pd.DataFrame) -> Iterator[Violation]:
    expected, found = spec.column_names, [str(name) for name in frame.columns]
    yield from (Violation(name, "must be there", 0) for name in expected if name not in found)
    unknown = [name for name in dict.fromkeys(found) if name not in expected]
    yield from (Violation(name, "must not be there, the table has no such column", 0) for name in unknown)
    repeated = [name for name in expected if found.count(name) > 1]
    yield from (Violation(name, "must occur once", 0) for name in repeated)
    if sorted(expected) == sorted(found) and expected != found:
        yield Violation("", f"columns must stand in the order {', '.join(expected)}", 0)


def _lossy_columns(spec: TableSpec, rows: pd.DataFrame) -> Iterator[Violation]:
    """Values that pandera would change to make them fit: 1.5 to 1, "no" to true, local times to UTC."""
    for name, column in spec.schema.columns.items():
        values, dtype = rows[name], str(column.dtype).lower()
        if dtype == "bool" and values.dtype != bool:
            is_bool = values.map(lambda value: isinstance(value, bool | np.bool_)).astype(bool)
            yield from _violation(spec, rows, name, "must be true or false", ~is_bool)
        elif dtype.startswith("int") and pd.api.types.is_float_dtype(values.dtype):
            yield from _violation(spec, rows, name, "must be a whole number", (values % 1).fillna(0.0) != 0.0)
        elif dtype.startswith("datetime64") and isinstance(values.dtype, pd.DatetimeTZDtype):
            yield from _violation(spec, rows, name, "must have no time zone", pd.Series(True, index=rows.index))


def _duplicated_keys(spec: TableSpec, rows: pd.DataFrame) -> Iterator[Violation]:
    key = list(spec.key)
    yield from _violation(spec, rows, ", ".join(key), "must identify one row", rows.duplicated(key, keep=False))


def _times_of_day(spec: TableSpec, rows: pd.DataFrame, *, known: set[str]) -> Iterator[Violation]:
    if spec.partition_column is not None and spec.partition_column not in known:
        has_time = rows[spec.partition_column] != rows[spec.partition_column].dt.normalize()
        yield from _violation(spec, rows, spec.partition_column, "must be a day without a time", has_time)


def _broken_rules(
    spec: TableSpec, rows: pd.DataFrame, errors: pa.errors.SchemaErrors, *, known: set[str]
) -> Iterator[Violation]:
    ill_typed = {error.schema.name for error in errors.schema_errors if error.reason_code.name == "DATATYPE_COERCION"}
    for error in errors.schema_errors:
        column = str(error.schema.name) if isinstance(error.schema, pa.Column) else ""
        is_follow_up = column in ill_typed and error.reason_code.name in _FOLLOW_UPS
        if not is_follow_up and column not in known:
            yield from _violation(spec, rows, column, _rule(error), _failing(error, rows))


def _rule(error: pa.errors.SchemaError) -> str:
    if error.reason_code.name == "SERIES_CONTAINS_NULLS":
        return "must not be null"
    if error.reason_code.name == "DATATYPE_COERCION":
        return f"must be {error.schema.dtype}"
    return f"must satisfy {getattr(error.check, 'error', None) or getattr(error.check, 'name', None) or error.check}"


def _failing(error: pa.errors.SchemaError, rows: pd.DataFrame) -> pd.Series:
    """Which rows break the rule; all of them where pandera does not say. Nulls are a rule of their own."""
    cases = error.failure_cases
    listed = isinstance(cases, pd.DataFrame) and cases["index"].notna().all()
    failing = pd.Series(rows.index.isin(cases["index"]) if listed else True, index=rows.index)
    if error.reason_code.name == "DATATYPE_COERCION":
        failing &= rows[error.schema.name].notna()
    return failing


def _violation(
    spec: TableSpec, rows: pd.DataFrame, column: str, rule: str, is_broken: pd.Series
) -> Iterator[Violation]:
    positions = np.flatnonzero(is_broken)
    if len(positions):
        shown = list(dict.fromkeys([*spec.key, *([column] if column in rows else [])]))
        sample = rows.loc[positions[:SAMPLE_ROWS], shown].to_dict("records")
        records = tuple({str(name): value for name, value in row.items()} for row in sample)
        yield Violation(column, rule, len(positions), records, positions)
