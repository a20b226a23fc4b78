"""`airwatch inspect`: the partitions or rows of a stored table, as text or JSON."""

from datetime import datetime

import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.schemas import TABLES


def inspect_table(
    table: str, partition: str | None, *, rows: int = 10, as_json: bool = False, as_of: str | None = None
) -> str:
    """The partitions of a table, or the rows of ``partition``, as text or as JSON records.

    ``as_of`` (a day or a time, UTC) gives the rows as they were known then. Raises ConfigurationError for an unknown
    table, and for ``as_of`` without a partition.
    """
    if table not in TABLES:
        raise ConfigurationError("inspect", f"{table!r} is not a valid table", fix=f"Use one of {', '.join(TABLES)}")
    storage = opened_storage(Settings.from_environment().storage)
    if as_of is not None and partition is None and TABLES[table].grain != "none":
        raise ConfigurationError("--as-of", f"{table} needs a partition", fix=f"Give a {TABLES[table].grain}")
    if partition is None and TABLES[table].grain != "none":
        return _partitions(table, storage.stored_partitions(table), as_json=as_json)
    place = storage.uri(table, partition)
    if as_of is not None:
        from airwatch_dagster.commands.as_of import last_instant_of, table_as_of

        instant = last_instant_of(as_of)
        frame = table_as_of(table, partition or "", instant, tables=storage)
        place += f" as known at {instant:%Y-%m-%d %H:%M} UTC"
    else:
        frame = storage.read(table, [partition] if partition else None)
    if as_json:
        return str(frame.to_json(orient="records", date_format="iso", indent=2))
    meanings = [f"  {name:<28} {column.description}" for name, column in TABLES[table].schema.columns.items()]
    return "\n".join([f"{place}: {len(frame):,} rows", *meanings, "", frame.head(rows).to_string(index=False)])


def _partitions(table: str, stored: dict[str, datetime], *, as_json: bool) -> str:
    partitions = pd.DataFrame({"partition": list(stored), "written_at": list(stored.values())}).sort_values("partition")
    if as_json:
        return str(partitions.to_json(orient="records", date_format="iso", indent=2))
    if partitions.empty:
        return f"{table}: nothing stored yet; run `airwatch backfill` or `make demo`"
    span = f"{partitions['partition'].iloc[0]}…{partitions['partition'].iloc[-1]}"
    written = f"{partitions['written_at'].max():%Y-%m-%d %H:%M} UTC"
    return f"{table}: {len(partitions):,} partitions, {span}, last written {written}"
