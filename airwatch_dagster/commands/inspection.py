"""What lies in a table, for people and for scripts."""

from datetime import datetime

import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.schemas import TABLES


def inspected(
    table: str, partition: str | None, *, rows: int = 10, as_json: bool = False, as_of: str | None = None
) -> str:
    """The partitions of a table, or the rows of one of them, as text or as JSON records.

    ``as_of`` (a day or a time, UTC) shows the rows as they were known then.
    """
    if table not in TABLES:
        raise ConfigurationError("inspect", f"{table!r} is no table", fix=f"Use one of {', '.join(TABLES)}")
    storage = opened_storage(Settings.from_environment().storage)
    if as_of is not None and partition is None and TABLES[table].grain != "none":
        raise ConfigurationError("--as-of", f"no partition of {table} is named", fix=f"Name a {TABLES[table].grain}")
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
    head = f"{place}: {len(frame):,} rows\n{_columns(table)}"
    return f"{head}\n\n{frame.head(rows).to_string(index=False)}"


def _partitions(table: str, stored: dict[str, datetime], *, as_json: bool) -> str:
    listed = pd.DataFrame({"partition": list(stored), "written_at": list(stored.values())}).sort_values("partition")
    if as_json:
        return str(listed.to_json(orient="records", date_format="iso", indent=2))
    if listed.empty:
        return f"{table}: nothing stored yet; run `airwatch backfill` or `make demo`"
    span = f"{listed['partition'].iloc[0]}…{listed['partition'].iloc[-1]}"
    return f"{table}: {len(listed):,} partitions, {span}, last written {listed['written_at'].max():%Y-%m-%d %H:%M} UTC"


def _columns(table: str) -> str:
    return "\n".join(f"  {name:<28} {column.description}" for name, column in TABLES[table].schema.columns.items())
