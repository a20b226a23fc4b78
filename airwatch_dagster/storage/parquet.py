"""Frames to Parquet bytes and back, in types that DuckDB, Polars, Spark and Athena read alike."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import pandas as pd

from airwatch_dagster.errors import StorageError
from airwatch_dagster.limits import MAX_SUPPLIED_BYTES, MAX_SUPPLIED_ROWS, MAX_SUPPLIED_TEXT, megabytes
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.columns import BEFORE
from airwatch_dagster.storage.file_digest import KEY, UNSEALED, refuse_damaged, sealed

if TYPE_CHECKING:
    import pyarrow as pa

COMPRESSION: Final = "snappy"
"""Codec of Parquet's that every tool knows. Daily files are small, and zstd costs more than all else in them: a day of
features, 9 sites in 124 columns, is read in 1.2 ms of CPU and written in 1.7, with zstd in 3.3 and 3.9, and has 31 kB
instead of 33; a day of 900 sites has 6 % more bytes. Source: benchmarks/parquet_codecs.py."""

MIN_INDEXED_ROWS: Final = 256
"""Rows from which a file has dictionaries, so that values are stored once each, and the least and greatest value of
each column, by which other tools skip files. Below it every table is smaller and faster with neither: 9 rows in 124
columns have 19 kB instead of 30, are written in 1.5 ms of CPU instead of 2.0 and read in 1.1 instead of 1.4. Numbers
with fractions never have a dictionary: a day of features of 800 sites has a sixth less without, and is written in
3.3 ms instead of 5.3. Source: benchmarks/parquet_codecs.py."""


def encoded(table: str, frame: pd.DataFrame) -> bytes:
    """The frame as one Parquet file, the same bytes for the same rows; its index is dropped.

    Column types follow from the contract of the table alone, so that empty and full files agree. Times are stored to
    the microsecond, the finest that all tools read. Raises StorageError for a finer time and for other columns.
    """
    return encoded_rows(table, as_arrow(table, frame))


def as_arrow(table: str, frame: pd.DataFrame) -> "pa.Table":
    """The frame in Arrow's types for storage. Raises StorageError for other columns or types."""
    import pyarrow as pa

    schema = stored_schema(table) if table in CONTRACTS else None
    try:
        _refuse_other_columns(table, frame)
        rows = pa.Table.from_pandas(frame, schema=schema, preserve_index=False, nthreads=1)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise _not_storable(table, error) from error
    return rows if schema is None else rows.replace_schema_metadata()


def encoded_rows(table: str, rows: "pa.Table") -> bytes:
    """One Parquet file of these rows, with checksums of its pages and of the whole.

    Raises StorageError for times finer than a microsecond.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink, is_indexed = pa.BufferOutputStream(), len(rows) >= MIN_INDEXED_ROWS
    try:
        with pq.ParquetWriter(
            sink,
            rows.schema,
            compression=COMPRESSION,
            use_dictionary=[field.name for field in rows.schema if is_indexed and not pa.types.is_floating(field.type)],
            write_statistics=is_indexed,
            store_schema=table not in CONTRACTS,
            coerce_timestamps="us",
            write_page_checksum=True,
        ) as writer:
            writer.write_table(rows)
            writer.add_key_value_metadata({KEY.decode(): UNSEALED.decode()})
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise _not_storable(table, error) from error
    return sealed(bytes(sink.getvalue()))


def decoded(table: str, data: bytes, *, columns: Sequence[str] | None, uri: str) -> "pa.Table":
    """The rows of one file, in the column types of the table's contract.

    A nullable column that was added to the contract after the file was written is null. Raises StorageError for bytes
    that are not Parquet or not those that were written, for any other difference from the contract, and for more rows
    or text than a supplied day has.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        refuse_damaged(data)
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        if table in CONTRACTS and CONTRACTS[table].may_be_supplied:
            _refuse_large(data)
        present = None if columns is None else [name for name in columns if name in file.schema_arrow.names]
        rows = file.read(columns=present, use_threads=False)
        return _conforming(table, rows.replace_schema_metadata(), columns) if table in CONTRACTS else rows
    except (pa.ArrowException, OSError, ValueError) as error:
        lost = ", which loses values that EPA has replaced since" if table == "raw_readings" else ""
        fix = f"Restore the file from a backup, or delete it and rebuild this partition of {table}{lost}"
        raise StorageError(uri, f"does not hold rows of {table}: {str(error).rstrip('. ')}", fix=fix) from error


def _refuse_large(data: bytes) -> None:
    """Raises ValueError for a file that is small but not in memory: a text is stored once for all rows that have it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    about = pq.read_metadata(pa.BufferReader(data))
    unpacked = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    if about.num_rows > MAX_SUPPLIED_ROWS or max(unpacked, len(data)) > MAX_SUPPLIED_BYTES:
        found = f"{about.num_rows:,} rows in {megabytes(max(unpacked, len(data)))}"
        raise ValueError(f"{found}, and a day has at most {MAX_SUPPLIED_ROWS:,} in {megabytes(MAX_SUPPLIED_BYTES)}")
    fields = pq.read_schema(pa.BufferReader(data))
    texts = [field.name for field in fields if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
    for name, column in zip(texts, file.read(columns=texts, use_threads=False).columns, strict=True):
        longest = max((len(text) for part in column.chunks for text in part.dictionary.to_pylist() if text), default=0)
        if longest > MAX_SUPPLIED_TEXT:
            raise ValueError(f"{name} has a text of {longest:,} characters, and may have {MAX_SUPPLIED_TEXT:,}")


def joined(table: str, parts: "Sequence[pa.Table]", *, columns: Sequence[str] | None) -> pd.DataFrame:
    """The rows of all parts in order, in the contract's dtypes; without parts, the contract's empty frame."""
    import pyarrow as pa

    if table not in CONTRACTS:
        return pa.concat_tables(parts, promote_options="default").to_pandas() if parts else pd.DataFrame()
    if not parts:
        empty = CONTRACTS[table].empty()
        return empty if columns is None else empty[list(columns)]
    rows = pa.concat_tables(parts).replace_schema_metadata(_pandas_metadata(table, tuple(parts[0].column_names)))
    return rows.to_pandas(coerce_temporal_nanoseconds=True, self_destruct=True)


def _not_storable(table: str, error: Exception) -> StorageError:
    fix = f"Give {table} the columns and types of its schema, times in whole microseconds"
    return StorageError(table, f"the frame cannot be stored: {error}", fix=fix)


@cache
def stored_schema(table: str) -> "pa.Schema":
    """Arrow types of the table's dtypes, with text where pyarrow infers null from an empty frame."""
    import pyarrow as pa

    inferred = pa.Schema.from_pandas(CONTRACTS[table].empty(), preserve_index=False)
    stored = {pa.null(): pa.string(), pa.timestamp("ns"): pa.timestamp("us")}
    return pa.schema([field.with_type(stored.get(field.type, field.type)) for field in inferred])


@cache
def _pandas_metadata(table: str, columns: tuple[str, ...]) -> dict[bytes, bytes]:
    """Metadata with which pyarrow restores nullable integers; from the contract, so that files do not store it."""
    import pyarrow as pa

    empty = CONTRACTS[table].empty()[list(columns)]
    return dict(pa.Schema.from_pandas(empty, preserve_index=False).metadata)


def _refuse_other_columns(table: str, frame: pd.DataFrame) -> None:
    if table in CONTRACTS and list(frame.columns) != CONTRACTS[table].column_names:
        differing = sorted(set(map(str, frame.columns)) ^ set(CONTRACTS[table].column_names))
        raise ValueError(f"columns differ from the schema: {', '.join(differing) or 'in their order'}")


def _conforming(table: str, rows: "pa.Table", columns: Sequence[str] | None) -> "pa.Table":
    import pyarrow as pa

    schema, contract = stored_schema(table), CONTRACTS[table].schema.columns
    wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    if rows.schema.equals(wanted):
        return rows
    unknown = [name for name in rows.column_names if name not in wanted.names]
    lacking = [name for name in wanted.names if name not in rows.column_names]
    before = {name: (contract[name].metadata or {}).get(BEFORE) for name in lacking}
    lost = [name for name in lacking if not contract[name].nullable and before[name] is None]
    if unknown or lost:
        raise ValueError(f"columns differ from the schema: {', '.join([*unknown, *lost])}")
    for name in lacking:
        values = pa.repeat(pa.scalar(before[name], wanted.field(name).type), len(rows))
        rows = rows.append_column(wanted.field(name), values)
    return rows.select(wanted.names).cast(wanted)
