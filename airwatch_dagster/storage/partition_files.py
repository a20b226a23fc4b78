"""Which files of a table's folder are its partitions, and why the others are not.

People and programs leave copies there: sync services, editors, file managers, other tools' folders.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from airwatch_dagster.errors import StorageError
from airwatch_dagster.schemas import CONTRACTS, TABLES, Grain
from airwatch_dagster.storage.byte_stores import Entries, StoredFile

SUFFIX: Final = ".parquet"

_COPIED_KEYS: Final[dict[Grain, re.Pattern[str]]] = {
    "day": re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)"),
    "detected": re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)"),
    "month": re.compile(r"(?<!\d)\d{4}-\d\d(?!-?\d)"),
}
"""A partition key within a longer name, such as ``2021-07-04 (conflicted copy)``."""

_BY_PROGRAMS: Final = re.compile(r"\..*|~.*|Thumbs\.db|ehthumbs\.db|desktop\.ini|Icon\r", re.IGNORECASE | re.DOTALL)
"""Names of files that file managers, editors and sync services put into any folder; none of them holds rows."""

_MAX_NAMED: Final = 10
"""Files that a sentence names; the rest is counted."""


@dataclass(frozen=True)
class IgnoredFile:
    """A file or folder in the place of tables that is not read."""

    name: str
    """Below the place of the tables; that of a folder ends in a slash."""
    table: str
    """The table in whose folder it is, or after which it is named."""
    reason: str
    is_harmless: bool = False
    """It cannot be meant as a partition: a hidden file, or one of a program's own."""
    is_damaged: bool = False
    """It looks like a partition, but its name is no key or it has no bytes."""


@dataclass(frozen=True)
class Listing:
    """What is in the folder of a table."""

    partitions: dict[str, datetime]
    """Keys in order, each with the time of its last write, UTC."""
    ignored: list[IgnoredFile]
    """Everything else, by name."""


def is_partition_key(table: str, key: str) -> bool:
    """Whether a partition of the table may have this key: a day (``2021-07-04``) or a month (``2021-07``), by grain."""
    grain = CONTRACTS[table].grain
    text = f"{key}-01" if grain == "month" else key
    try:
        return grain != "none" and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def partition_key(table: str, name: str) -> str | None:
    """The partition that a file of the table's folder holds, by its name; None for any other name."""
    key = name.removesuffix(SUFFIX)
    if key == name or (table in CONTRACTS and not is_partition_key(table, key)):
        return None
    return key


def ignored_in_table(table: str, entries: Entries) -> list[IgnoredFile]:
    """What is in the table's folder without being a partition, by name."""
    found = (_ignored(table, name, entries[name]) for name in sorted(entries))
    return [file for file in found if file is not None]


def ignored_in_place(entries: Entries) -> list[IgnoredFile]:
    """What is named after a table beside the tables' folders and files without being one, by name."""
    return list(_named_after_tables(entries))


def ignored_text(ignored: Sequence[IgnoredFile]) -> str:
    """``site_days/2021-07-04 (1).parquet (a copy of 2021-07-04), … and 3 more``; the harmless ones are last."""
    by_weight = sorted(ignored, key=lambda file: file.is_harmless)
    named = ", ".join(f"{file.name} ({file.reason})" for file in by_weight[:_MAX_NAMED])
    return named + (f" and {len(ignored) - _MAX_NAMED} more" if len(ignored) > _MAX_NAMED else "")


def not_stored(table: str, place: str, missing: Sequence[str], *, requested: int) -> StorageError:
    """The error for partitions that are missing in the table's place; none named: for a table without partitions."""
    if not missing:
        return StorageError(table, f"is not stored in {place}{SUFFIX}", fix=f"Materialize {table} first")
    listed = ", ".join(missing) if len(missing) <= 5 else f"{', '.join(missing[:4])}, … {missing[-1]}"
    return StorageError(
        table,
        f"{len(missing)} of {requested} partition{'s' if requested > 1 else ''} not stored in {place}: {listed}",
        fix=f"Materialize or backfill {table} for {' to '.join(dict.fromkeys((missing[0], missing[-1])))} first",
    )


def _named_after_tables(entries: Entries) -> Iterator[IgnoredFile]:
    places = {name: f"{name}{SUFFIX}" if spec.grain == "none" else f"{name}/" for name, spec in TABLES.items()}
    names = re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(TABLES, key=len, reverse=True))})(?![a-z])")
    for name in sorted(entries):
        file, match = entries[name], names.search(name)
        if match is None:
            continue
        if name != places[match[0]]:
            is_harmless = _BY_PROGRAMS.fullmatch(name) is not None
            yield IgnoredFile(name, match[0], f"the table is {places[match[0]]}", is_harmless)
        elif file is not None and not file.size:
            yield IgnoredFile(name, match[0], "has no bytes", is_damaged=True)


def _ignored(table: str, name: str, file: StoredFile | None) -> IgnoredFile | None:
    """An entry of the table's folder with the reason why it is no partition; None for a partition."""
    path, grain = f"{table}/{name}", CONTRACTS[table].grain
    if _BY_PROGRAMS.fullmatch(name.rstrip("/")):
        return IgnoredFile(path, table, "a program's own", is_harmless=True)
    if file is None:
        return IgnoredFile(path, table, "a folder" if name.endswith("/") else "not a file")
    if grain == "none":
        return IgnoredFile(path, table, f"{table} has no partitions")
    if partition_key(table, name) is not None:
        return None if file.size else IgnoredFile(path, table, "has no bytes", is_damaged=True)
    copied = _COPIED_KEYS[grain].search(name)
    if copied and is_partition_key(table, copied[0]):
        return IgnoredFile(path, table, f"a copy of {copied[0]}")
    unit = "month (YYYY-MM)" if grain == "month" else "day (YYYY-MM-DD)"
    return IgnoredFile(path, table, f"its name is not a {unit}", is_damaged=name.endswith(SUFFIX))
