"""`airwatch inspect`: the partitions or rows of a stored table, as text or JSON."""

import re
from collections.abc import Callable
from typing import Final

import pandas as pd

from airwatch_dagster.commands.days import day_in_digits
from airwatch_dagster.commands.inspect.stored_tables import tables_text
from airwatch_dagster.commands.inspect.table_text import meanings_text, rows_text
from airwatch_dagster.commands.table_names import unknown_table
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.schemas import TABLES, TableSpec
from airwatch_dagster.storage.partition_files import IgnoredFile, Listing, ignored_text, is_partition_key
from airwatch_dagster.storage.tables import TableStorage

EMPTY_UNTIL_NEEDED: Final = ("rejected_lines",)
"""Tables that exist from the first run that reads a file; before it they have no row, and no run is missing."""


def inspect_table(
    table: str | None,
    partition: str | None,
    *,
    rows: int = 10,
    as_json: bool = False,
    as_of: str | None = None,
    with_columns: bool = False,
    width: int | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> str:
    """The partitions of a table, or the rows of ``partition``, as text or as JSON records; without a table, all tables.

    ``as_of`` (a day or a time, UTC) gives the rows as they were known then. ``with_columns`` adds what each column
    means; columns beyond ``width`` characters are left out. ``note`` receives a sentence on files that are ignored
    because they are no partitions, if there are any. Raises ConfigurationError for an unknown table, a partition that
    it cannot have, and for ``as_of`` without a partition.
    """
    storage = opened_storage(Settings.from_environment().storage)
    if table is None:
        return tables_text(storage, as_json=as_json)
    if table not in TABLES:
        raise unknown_table("inspect", table, [*TABLES])
    spec, listing = TABLES[table], storage.listing(table)
    if spec.grain == "none" and as_of is not None:
        partition = None  # what is wrong then are the missing versions, not the partition
    elif partition is not None:
        partition = _partition_of(spec, partition, listing)
    elif as_of is not None:
        raise ConfigurationError("--as-of", f"{table} needs a partition", fix=f"Give a {spec.grain}")
    _note_ignored([*listing.ignored, *storage.ignored_beside_tables()], table, partition, note)
    about = meanings_text(spec) if with_columns else ""
    if partition is None and spec.grain != "none":
        return f"{_partitions(table, listing, as_json=as_json)}\n{about}".rstrip()
    frame, when = _rows(storage, spec, partition, as_of=as_of, may_be_unseen=as_json)
    if as_json:
        return str(frame.to_json(orient="records", date_format="iso", indent=2))
    count = f"{min(rows, len(frame)):,} of {counted(len(frame), 'row')}"
    lines = [f"{' '.join(filter(None, (table, partition)))}{when}: {count}, in {storage.uri(table, partition)}"]
    if len(frame):
        lines += ["", rows_text(frame.head(rows), names=_names(storage), width=width), ""]
    if len(frame) > rows:
        lines.append(f"… {len(frame) - rows:,} more: --rows {len(frame)}")
    return "\n".join([*lines, about or "What the columns mean: --columns"])


def _partition_of(spec: TableSpec, text: str, listing: Listing) -> str:
    """The key of a partition; the word for a day stands for its month too. Raises ConfigurationError."""
    partition = day_in_digits(text, is_utc=spec.grain == "detected")
    if spec.grain == "month" and partition != text:
        partition = partition[:7]
    if is_partition_key(spec.name, partition):
        return partition
    if spec.grain == "none":
        raise ConfigurationError("inspect", f"{spec.name} has no partitions", fix=f"Use `airwatch inspect {spec.name}`")
    unit = "month" if spec.grain == "month" else "day"
    form = "a month, YYYY-MM" if unit == "month" else "a day, YYYY-MM-DD"
    other = _in_other_unit(partition, unit, listing)
    if other is None:
        raise ConfigurationError(
            "inspect", f"{partition!r} is not a valid partition of {spec.name}", fix=f"Give {form}"
        )
    given = "a day" if unit == "month" else "a month"
    raise ConfigurationError(
        "inspect", f"{spec.name} is kept by {unit}, and {partition} is {given}", fix=f"Give {other}"
    )


def _in_other_unit(partition: str, unit: str, listing: Listing) -> str | None:
    """The month of a day; of a month the newest stored day, else its first. None for other text."""
    if unit == "month" and re.fullmatch(r"\d{4}-\d\d-\d\d", partition):
        return partition[:7]
    if unit == "day" and re.fullmatch(r"\d{4}-\d\d", partition):
        stored = [key for key in listing.partitions if key and key.startswith(partition)]
        return max(stored, default=f"{partition}-01")
    return None


def _rows(
    storage: TableStorage, spec: TableSpec, partition: str | None, *, as_of: str | None, may_be_unseen: bool
) -> tuple[pd.DataFrame, str]:
    """The rows, and as of when."""
    if as_of is None and spec.name in EMPTY_UNTIL_NEEDED:
        return storage.read_or_empty(spec.name), ""
    if as_of is None:
        return storage.read(spec.name, [partition] if partition else None), ""
    from airwatch_dagster.commands.inspect.as_of import REBUILT, last_instant_of, table_as_of

    instant = last_instant_of(day_in_digits(as_of, is_utc=True))
    if spec.name in REBUILT and not may_be_unseen:
        _refuse_before_first_seen(storage, partition or "", instant)
    frame = table_as_of(spec.name, partition or "", instant, tables=storage)
    return frame, f" as known at {instant:%Y-%m-%d %H:%M} UTC"


def _refuse_before_first_seen(storage: TableStorage, partition: str, instant: pd.Timestamp) -> None:
    """Raises ConfigurationError when no reading of the day or month had been seen at ``instant``."""
    days = [key for key in storage.stored_partitions("raw_readings") if partition and key.startswith(partition)]
    seen = storage.read("raw_readings", days)["first_seen_at"].min() if days else pd.NaT
    if not pd.isna(seen) and seen > instant:
        problem = f"nothing of {partition} was known on {instant:%Y-%m-%d}"
        fix = f"Its readings were first seen {seen:%Y-%m-%d %H:%M} UTC; give that day or a later one"
        raise ConfigurationError("--as-of", problem, fix=fix)


def _names(storage: TableStorage) -> dict[str, str]:
    return site_names(storage.read("monitors", None)) if storage.exists("monitors") else {}


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
    span = "…".join(dict.fromkeys((partitions["partition"].iloc[0], partitions["partition"].iloc[-1])))
    written = f"{partitions['written_at'].max():%Y-%m-%d %H:%M} UTC"
    return f"{table}: {counted(len(partitions), 'partition')}, {span}, last written {written}"
