"""Every file of a table has the same columns and types, whatever its rows: programs such as Spark refuse mixed ones."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.storage import parquet
from airwatch_dagster_tests.column_types import declared_columns

VALUES: dict[str, list[Any]] = {
    "str": ["a", "a"],
    "bool": [True, False],
    "boolean": [True, False],
    "int64": [1, 2],
    "Int64": [1, 2],
    "float32": [1.5, 2.5],
    "float64": [1.5, 2.5],
    "datetime64[ns]": [pd.Timestamp("2026-10-01"), pd.Timestamp("2026-10-01 12:34:56.123456")],
}
NOTHING: dict[str, Any] = {
    "Int64": pd.NA,
    "boolean": pd.NA,
    "float32": np.nan,
    "float64": np.nan,
    "datetime64[ns]": pd.NaT,
}


def rows(table: str, *, with_nulls: bool) -> pd.DataFrame:
    """Two rows; with nulls, every nullable column that the dtype lets is null in both."""
    frame = {}
    for name, column in CONTRACTS[table].schema.columns.items():
        dtype = str(column.dtype)
        is_null = with_nulls and column.nullable
        frame[name] = pd.Series(
            [NOTHING.get(dtype)] * 2 if is_null else VALUES[dtype],
            dtype=object if is_null and dtype == "str" else dtype,
        )
    return pd.DataFrame(frame)


def columns_of(table: str, frame: pd.DataFrame) -> pa.Schema:
    """As the file says of itself, without what pandas or Arrow note for themselves."""
    return pq.ParquetFile(pa.BufferReader(parquet.encoded(table, frame))).schema.to_arrow_schema()


@pytest.mark.parametrize("table", CONTRACTS)
def test_rows_nulls_and_nothing_have_the_same_columns_and_types(table: str) -> None:
    files = {
        "no row": CONTRACTS[table].empty(),
        "values": rows(table, with_nulls=False),
        "nulls": rows(table, with_nulls=True),
        "one value": pd.concat([rows(table, with_nulls=True), rows(table, with_nulls=False)], ignore_index=True),
    }

    for kind, frame in files.items():
        assert columns_of(table, frame) == declared_columns(table), kind


@pytest.mark.parametrize("count", [parquet.MIN_INDEXED_ROWS - 1, parquet.MIN_INDEXED_ROWS])
def test_only_long_files_have_dictionaries_and_statistics_and_numbers_with_fractions_no_dictionary(count: int) -> None:
    frame = pd.concat([rows("raw_readings", with_nulls=False)] * (count // 2 + 1), ignore_index=True)[:count]

    group = pq.read_metadata(pa.BufferReader(parquet.encoded("raw_readings", frame))).row_group(0)

    columns = [group.column(number) for number in range(group.num_columns)]
    is_long = count == parquet.MIN_INDEXED_ROWS
    assert {one.is_stats_set for one in columns} == {is_long}
    with_dictionary = {one.physical_type for one in columns if one.has_dictionary_page}
    assert with_dictionary == ({"BYTE_ARRAY", "INT64"} if is_long else set())
