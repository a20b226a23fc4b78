"""Many small daily files in one file, which readers use in the place of the daily files it was made from.

A pack is never the truth: one that is lost, stale, damaged or of another version costs time alone. It names the mark of
each daily file whose rows it holds (see ``StoredVersion.mark``), and a reader takes from it the days whose files have
these marks now.
"""

import hashlib
import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from airwatch_dagster.errors import StorageError
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.storage.byte_stores import ByteStore
from airwatch_dagster.storage.parquet import stored_schema
from airwatch_dagster.storage.partition_files import SUFFIX
from airwatch_dagster.storage.threads import in_threads

if TYPE_CHECKING:
    import pyarrow as pa

PACKS: Final = ".packs"
"""Folder of the packs below the place."""

YEAR: Final = 4
"""Characters of a day's name that name the pack of its year."""

MONTH: Final = 7
"""As ``YEAR``, of its month: of days that are too long for a pack of the year."""

MIN_DAYS: Final = 4
"""Days from which a pack is looked for or made: reading one takes as long as reading two to eight files."""

MAX_YEAR_DAY_BYTES: Final = 8_000
"""Bytes in memory of the longest day up to which a pack is of a year: a year of readings of 30 sites, or of features of
14. A year of them is read in half the time of twelve months; of longer days, a year is too much for who reads two
months. Source: benchmarks/pack_periods.py."""

MAX_DAY_BYTES: Final = 1_000_000
"""Bytes in memory of the longest day up to which days are packed. Packs take about the room of their daily files
again. Source: benchmarks/parquet_scan.py."""

_ABOUT: Final = b"airwatch.pack"
"""Entry of the schema's metadata with the mark and the number of rows of each day, in order, as JSON."""

_DIGEST: Final = 64
"""Bytes of the SHA-256 of all the rest, in hexadecimal digits, that a pack begins with."""

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")

_LOG: Final = logging.getLogger(__name__)


class Day(NamedTuple):
    """The rows of one daily file, as a part of a table, and the mark of the file; no mark for one that is not known."""

    mark: str
    table: "pa.Table"
    start: int
    stop: int

    @classmethod
    def of(cls, mark: str, rows: "pa.Table") -> "Day":
        """A day with all of these rows."""
        return cls(mark, rows, 0, len(rows))

    def rows(self) -> "pa.Table":
        """The rows alone."""
        return self.table.slice(self.start, self.stop - self.start)


class Packs:
    """The packs of one place. Safe to use from several threads, processes and machines without locks."""

    def __init__(self, files: ByteStore) -> None:
        self._files, self._is_writable = files, True

    def days_of(self, table: str, partitions: Sequence[Any], columns: Sequence[str] | None) -> dict[Any, Day]:
        """Those days that a pack has as they are stored now, in the column types of the table's contract."""
        found: dict[Any, Day] = {}
        for period in (YEAR, MONTH):
            wanted = by_period(table, (day for day in partitions if day not in found), period)
            packs = zip(in_threads(lambda name: self._read(table, name, columns), wanted), wanted.values(), strict=True)
            packed = {day: pack[day] for pack, days in packs for day in days if day in pack}
            found |= self._unchanged(table, packed)
        return found

    def keep(self, table: str, days: Mapping[Any, Day]) -> None:
        """Pack small days. A pack that cannot be written is told in the log."""
        periods: dict[str, list[str]] = {}
        for year, found in by_period(table, (day for day, one in days.items() if one.mark), YEAR).items():
            is_short = _longest_bytes(days[day] for day in found) <= MAX_YEAR_DAY_BYTES
            periods |= {year: found} if is_short else by_period(table, found, MONTH)
        packs = {name: {day: days[day] for day in found} for name, found in periods.items()}
        small = [name for name, pack in packs.items() if _longest_bytes(pack.values()) <= MAX_DAY_BYTES]
        in_threads(lambda name: self._write(table, name, packs[name]), small)

    def _write(self, table: str, name: str, days: Mapping[str, Day]) -> None:
        """Replace the pack by one of these days and of those of the old pack that are stored as they were."""
        if not self._is_writable:
            return
        others = {day: old for day, old in self._read(table, name, None).items() if day not in days}
        kept = self._unchanged(table, others)
        try:
            self._files.put(_name(table, name), encoded(dict(sorted({**kept, **days}.items()))))
        except StorageError as error:  # a reader that may not write has read its rows all the same
            self._is_writable = False
            _LOG.info("Reading stays slow, since no pack can be written: %s", error)

    def _unchanged(self, table: str, packed: Mapping[str, Day]) -> dict[str, Day]:
        """The days whose files have the marks that their pack names."""
        marks = {f"{day}{SUFFIX}": one.mark for day, one in packed.items()}
        same = self._files.unchanged(table, marks) if marks else ()
        return {day: packed[day] for day in (name.removesuffix(SUFFIX) for name in same)}

    def _read(self, table: str, name: str, columns: Sequence[str] | None) -> dict[str, Day]:
        try:
            data = self._files.get(_name(table, name))
        except StorageError as error:  # the daily files are read, and what is wrong with the place is told by them
            _LOG.info("A pack cannot be read: %s", error)
            return {}
        return decoded(table, data, columns) if data else {}


def by_period(table: str, partitions: Iterable[Any], period: int) -> dict[str, list[str]]:
    """Days by year or month, for those with enough of them for a pack.

    Other partitions, and tables without a contract, are left out.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for day in partitions if table in CONTRACTS else ():
        if day is not None and _DAY.fullmatch(day):
            found[day[:period]].append(day)
    return {name: days for name, days in found.items() if len(days) >= MIN_DAYS}


def _longest_bytes(days: Iterable[Day]) -> int:
    """Bytes in memory of the longest day."""
    return int(max(days, key=lambda day: day.stop - day.start).rows().nbytes)


def rows_of(days: Iterable[Day]) -> "list[pa.Table]":
    """The rows of all days in order, in as few tables as there are breaks between them."""
    parts: list[list[Any]] = []
    for _, table, start, stop in days:
        if parts and parts[-1][0] is table and parts[-1][2] == start:
            parts[-1][2] = stop
        else:
            parts.append([table, start, stop])
    return [table.slice(start, stop - start) for table, start, stop in parts]


def encoded(days: Mapping[str, Day]) -> bytes:
    """One pack of these days, whose rows are in the column types of the table's contract."""
    import pyarrow as pa

    about = [[day, one.mark, one.stop - one.start] for day, one in days.items()]
    rows = pa.concat_tables(rows_of(days.values())).combine_chunks()
    rows = rows.replace_schema_metadata({_ABOUT: json.dumps(about).encode()})
    sink, options = pa.BufferOutputStream(), pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.ipc.new_file(sink, rows.schema, options=options) as writer:
        writer.write_table(rows)
    body = sink.getvalue()
    return hashlib.sha256(body).hexdigest().encode() + body


def decoded(table: str, data: bytes, columns: Sequence[str] | None) -> dict[str, Day]:
    """The days of a pack; none of one that is damaged, or whose table had other columns."""
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
        found[day] = Day(mark, rows, start, start + count)
        start += count
    return found


def _name(table: str, period: str) -> str:
    return f"{PACKS}/{table}/{period}.arrow"
