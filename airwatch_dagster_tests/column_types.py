"""Columns and types that the files of a table must have, by its schema."""

import pyarrow as pa

from airwatch_dagster.schemas import CONTRACTS

STORED = {
    "str": pa.string(),
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "datetime64[ns]": pa.timestamp("us"),
}
"""Times without time zone, to the microsecond: the finest that DuckDB, Polars, Spark and Athena all read."""


def declared_columns(table: str) -> pa.Schema:
    """In order, all of them nullable for Parquet."""
    return pa.schema([(name, STORED[str(column.dtype)]) for name, column in CONTRACTS[table].schema.columns.items()])
