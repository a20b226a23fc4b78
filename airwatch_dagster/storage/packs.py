"""Months of small daily files in one file each, which readers use in the place of the daily files they were made from.

A pack is never the truth: one that is lost, stale, damaged or of another version costs time alone. It names the mark of
each daily file whose rows it holds (see ``ByteStore.marks``), and a reader takes from it the days whose files have
these marks now.
"""

import hashlib
import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from airwatch_dagster.errors import StorageError
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.storage.byte_stores import ByteStore
from airwatch_dagster.storage.parquet import stored_schema
from airwatch_dagster.storage.threads import in_threads

if TYPE_CHECKING:
    import pyarrow as pa

PACKS: Final = ".packs"
"""Folder of the packs below the place."""

MIN_DAYS: Final = 4
"""Days of a month from which a pack is looked for or made: reading one takes as long as reading two to eight files."""

MAX_DAY_BYTES: Final = 1_000_000
"""Bytes in memory of the longest day up to which a month is packed. Packs take about the room of their daily files
again. Source: benchmarks/parquet_scan.py."""

_ABOUT: Final = b"airwatch.pack"
"""Entry of the schema's metadata with the mark and the number of rows of each day, in order, as JSON."""

_DIGEST: Final = 64
"""Bytes of the SHA-256 of all the rest, in hexadecimal digits, that a pack begins with."""

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")

_LOG: Final = logging.getLogger(__name__)


class Run(NamedTuple):
    """Rows of days that follow each other in one table."""

    table: "pa.Table"
    start: int
    stop: int

    def rows(self) -> "pa.Table":
        """The rows alone."""
        return self.table.slice(self.start, self.stop - self.start)


@dataclass(frozen=True)
class Day:
    """The rows of one daily file, and the mark of the file; no mark for one that is not known."""

    mark: str
    rows: "pa.Table"


class MonthPacks:
    """The packs of one place. Safe to use from several threads, processes and machines without locks."""

    def __init__(self, files: ByteStore) -> None:
        self._files, self._is_writable = files, True

    def rows_of(self, table: str, partitions: Iterable[Any], columns: Sequence[str] | None) -> dict[Any, Run]:
        """Rows of those days that a pack has as they are stored now, in the column types of the table's contract."""
        months = {month: days for month, days in by_month(table, partitions).items() if is_long(days)}
        packs = in_threads(lambda month: self._read(table, month, columns), months)
        packed = {
            day: pack[day] for pack, days in zip(packs, months.values(), strict=True) for day in days if day in pack
        }
        return self._unchanged(table, packed)

    def keep(self, table: str, days: Mapping[Any, Day]) -> None:
        """Pack months of small days. A pack that cannot be written is told in the log."""
        months = by_month(table, (day for day, one in days.items() if one.mark))
        small = [month for month, found in months.items() if is_long(found) and _is_small([days[day] for day in found])]
        in_threads(lambda month: self._write(table, month, {day: days[day] for day in months[month]}), small)

    def _write(self, table: str, month: str, days: Mapping[str, Day]) -> None:
        """Replace the month's pack by one of these days and of those of the old pack that are stored as they were."""
        if not self._is_writable:
            return
        others = {day: old for day, old in self._read(table, month, None).items() if day not in days}
        kept = {day: Day(others[day][0], run.rows()) for day, run in self._unchanged(table, others).items()}
        try:
            self._files.put(_name(table, month), encoded(dict(sorted({**kept, **days}.items()))))
        except StorageError as error:  # a reader that may not write has read its rows all the same
            self._is_writable = False
            _LOG.info("Reading stays slow, since no pack can be written: %s", error)

    def _unchanged(self, table: str, packed: Mapping[str, tuple[str, Run]]) -> dict[Any, Run]:
        """The rows of the days whose files have the marks that their pack names."""
        names = {day: f"{day}.parquet" for day in packed}
        marks = self._files.marks(table, list(names.values())) if names else {}
        return {day: run for day, (mark, run) in packed.items() if mark == marks.get(names[day])}

    def _read(self, table: str, month: str, columns: Sequence[str] | None) -> dict[str, tuple[str, Run]]:
        try:
            data = self._files.get(_name(table, month))
        except StorageError as error:  # the daily files are read, and what is wrong with the place is told by them
            _LOG.info("A pack cannot be read: %s", error)
            return {}
        return decoded(table, data, columns) if data else {}


def by_month(table: str, partitions: Iterable[Any]) -> dict[str, list[str]]:
    """Days by month; other partitions, and tables without a contract, are left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for day in partitions if table in CONTRACTS else ():
        if day is not None and _DAY.fullmatch(day):
            found[day[:7]].append(day)
    return found


def is_long(days: Sequence[str]) -> bool:
    """Whether a month has enough of these days for a pack."""
    return len(days) >= MIN_DAYS


def _is_small(days: Sequence[Day]) -> bool:
    return max((day.rows for day in days), key=len).nbytes <= MAX_DAY_BYTES


def joined_runs(runs: Iterable[Run]) -> "list[pa.Table]":
    """The rows of all runs in order, in as few tables as there are breaks between them."""
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].table is run.table and joined[-1].stop == run.start:
            joined[-1] = Run(run.table, joined[-1].start, run.stop)
        else:
            joined.append(run)
    return [run.rows() for run in joined]


def encoded(days: Mapping[str, Day]) -> bytes:
    """One pack of these days, whose rows are in the column types of the table's contract."""
    import pyarrow as pa

    about = [[day, one.mark, len(one.rows)] for day, one in days.items()]
    rows = pa.concat_tables([one.rows for one in days.values()]).combine_chunks()
    rows = rows.replace_schema_metadata({_ABOUT: json.dumps(about).encode()})
    sink, options = pa.BufferOutputStream(), pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.ipc.new_file(sink, rows.schema, options=options) as writer:
        writer.write_table(rows)
    body = sink.getvalue()
    return hashlib.sha256(body).hexdigest().encode() + body


def decoded(table: str, data: bytes, columns: Sequence[str] | None) -> dict[str, tuple[str, Run]]:
    """Mark and rows by day; nothing for a pack that is damaged, or whose table had other columns."""
    import pyarrow as pa

    body, schema = memoryview(data)[_DIGEST:], stored_schema(table)
    if hashlib.sha256(body).hexdigest().encode() != data[:_DIGEST]:
        return {}
    file = pa.ipc.open_file(pa.BufferReader(body), options=pa.ipc.IpcReadOptions(use_threads=False))
    about = file.schema
    if not about.equals(schema) or (columns is not None and set(columns) - set(schema.names)):
        return {}
    if columns is not None:
        wanted = sorted({schema.names.index(name) for name in columns})
        options = pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
        file = pa.ipc.open_file(pa.BufferReader(body), options=options)
    rows = file.read_all().replace_schema_metadata()
    rows = rows if columns is None else rows.select(columns)
    found, start = {}, 0
    for day, mark, count in json.loads(about.metadata[_ABOUT]):
        found[day] = (mark, Run(rows, start, start + count))
        start += count
    return found


def _name(table: str, month: str) -> str:
    return f"{PACKS}/{table}/{month}.arrow"
