"""`airwatch inspect`: the partitions or rows of a stored table, as text or JSON."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.partition_files import IgnoredFile, Listing, ignored_text, is_partition_key
from airwatch_dagster.storage.tables import TableStorage

EMPTY_UNTIL_NEEDED: Final = ("rejected_lines",)
"""Tables that exist from the first run that reads a file; before it they have no row, and no run is missing."""


def inspect_table(
    table: str,
    partition: str | None,
    *,
    rows: int = 10,
    as_json: bool = False,
    as_of: str | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> str:
    """The partitions of a table, or the rows of ``partition``, as text or as JSON records.

    ``as_of`` (a day or a time, UTC) gives the rows as they were known then. ``note`` receives a sentence on files that
    are ignored because they are no partitions, if there are any. Raises ConfigurationError for an unknown table, a
    partition that it cannot have, and for ``as_of`` without a partition.
    """
    if table not in TABLES:
        raise ConfigurationError("inspect", f"{table!r} is not a valid table", fix=f"Use one of {', '.join(TABLES)}")
    storage, is_partitioned = opened_storage(Settings.from_environment().storage), TABLES[table].grain != "none"
    if as_of is not None and partition is None and is_partitioned:
        raise ConfigurationError("--as-of", f"{table} needs a partition", fix=f"Give a {TABLES[table].grain}")
    if as_of is None or is_partitioned:  # else the missing versions are what is wrong, not the partition
        _check_partition(table, partition)
    listing = storage.listing(table)
    _note_ignored([*listing.ignored, *storage.ignored_beside_tables()], table, partition, note)
    if partition is None and is_partitioned:
        return _partitions(table, listing, as_json=as_json)
    frame, place = _rows(storage, table, partition, as_of=as_of)
    if as_json:
        return str(frame.to_json(orient="records", date_format="iso", indent=2))
    meanings = [f"  {name:<28} {column.description}" for name, column in TABLES[table].schema.columns.items()]
    return "\n".join([f"{place}: {len(frame):,} rows", *meanings, "", frame.head(rows).to_string(index=False)])


def _check_partition(table: str, partition: str | None) -> None:
    grain = TABLES[table].grain
    if partition is None or is_partition_key(table, partition):
        return
    if grain == "none":
        raise ConfigurationError("inspect", f"{table} has no partitions", fix=f"Use `airwatch inspect {table}`")
    form = "a month, YYYY-MM" if grain == "month" else "a day, YYYY-MM-DD"
    raise ConfigurationError("inspect", f"{partition!r} is not a valid partition of {table}", fix=f"Give {form}")


def _rows(storage: TableStorage, table: str, partition: str | None, *, as_of: str | None) -> tuple[pd.DataFrame, str]:
    """The rows, and where they are stored."""
    place = storage.uri(table, partition)
    if as_of is None and table in EMPTY_UNTIL_NEEDED:
        return storage.read_or_empty(table), place
    if as_of is None:
        return storage.read(table, [partition] if partition else None), place
    from airwatch_dagster.commands.as_of import last_instant_of, table_as_of

    instant = last_instant_of(as_of)
    frame = table_as_of(table, partition or "", instant, tables=storage)
    return frame, f"{place} as known at {instant:%Y-%m-%d %H:%M} UTC"


def _note_ignored(ignored: list[IgnoredFile], table: str, partition: str | None, note: Callable[[str], None]) -> None:
    found = [file for file in ignored if file.table == table and (partition or "") in file.name]
    if found:
        note(f"Ignored, no partitions of {table}: {ignored_text(found)}")


def _partitions(table: str, listing: Listing, *, as_json: bool) -> str:
    stored = listing.partitions
    partitions = pd.DataFrame({"partition": list(stored), "written_at": list(stored.values())}).sort_values("partition")
    if as_json:
        return str(partitions.to_json(orient="records", date_format="iso", indent=2))
    if partitions.empty:
        return f"{table}: nothing stored yet; run `airwatch backfill` or `make demo`"
    span = f"{partitions['partition'].iloc[0]}…{partitions['partition'].iloc[-1]}"
    written = f"{partitions['written_at'].max():%Y-%m-%d %H:%M} UTC"
    return f"{table}: {len(partitions):,} partitions, {span}, last written {written}"
