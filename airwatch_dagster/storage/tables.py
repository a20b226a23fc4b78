"""Tables in a local folder or under an S3 prefix, one Parquet file per partition, readable by any tool."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Self, TypeVar

import pandas as pd

from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.schemas import CONTRACTS, TABLES
from airwatch_dagster.storage import parquet
from airwatch_dagster.storage.byte_stores import ByteStore, Entries, LocalFolder, S3Prefix
from airwatch_dagster.storage.partition_files import (
    IgnoredFile,
    Listing,
    ignored_in_place,
    ignored_in_table,
    partition_key,
)

if TYPE_CHECKING:
    import pyarrow as pa

Readings = Literal["simulated", "epa"]

THREADS: Final = 8
"""Files read or written at a time. Measured: decoding gains up to 4, waiting for an S3 server up to 8 and more."""

MIN_PARTITIONS_LISTED: Final = 64
"""From this number of partitions that may be missing, one listing costs less than a request for each."""

MARKER: Final = "airwatch.json"
"""File that marks the readings of the storage as simulated or EPA's."""

PROBE: Final = ".airwatch-probe"
"""File that `require_writable` writes."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class TableStorage:
    """Tables as files ``<table>/<partition>.parquet``, unpartitioned ones as ``<table>.parquet``.

    A reader sees a complete file or none: a file is encoded first, then published in one step, and a failure leaves the
    old file. Several files are not one transaction: each is replaced on its own. Safe to use from several threads and
    processes; the last writer of a partition wins.
    """

    def __init__(self, files: ByteStore) -> None:
        self._files = files

    @classmethod
    def open(cls, root: str, *, attempts: int = 5, setting: str = "AIRWATCH_STORAGE") -> Self:
        """The storage at ``root``, a folder or ``s3://bucket/prefix``; nothing is read or written yet.

        ``attempts`` is the maximum for each S3 request. Raises ConfigurationError for a root that is neither, with the
        ``setting`` it comes from, and for S3 settings that cannot work.
        """
        scheme, has_scheme, place = root.strip().partition("://")
        if not has_scheme and root.strip():
            return cls(LocalFolder(root.strip(), setting=setting))
        bucket, _, prefix = place.partition("/")
        if scheme == "s3" and bucket:
            return cls(S3Prefix(bucket, prefix.strip("/"), attempts=attempts, setting=setting))
        raise ConfigurationError(
            setting, f"{root!r} is not a valid place for tables", fix="Use a folder, or s3://bucket/prefix"
        )

    def uri(self, table: str, partition: str | None = None) -> str:
        """Location of the file: a path, or ``s3://…``."""
        return self._files.uri(_name(table, partition))

    def read(
        self,
        table: str,
        partitions: Sequence[str] | None = None,
        *,
        allow_missing: bool = False,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """One frame with the rows of ``partitions``, in that order, in the dtypes of the table's contract.

        None reads the whole table: the file of an unpartitioned one, all stored partitions of another. Without
        partitions, or with none stored, the result is the contract's empty frame. Raises StorageError for partitions
        that are not stored, unless ``allow_missing``, and for files that do not fit the contract.
        """
        wanted = self._wanted(table, partitions, allow_missing=allow_missing)
        found = in_threads(lambda partition: self._read_one(table, partition, columns), wanted)
        missing = [str(partition) for partition, rows in zip(wanted, found, strict=True) if rows is None]
        if missing and not allow_missing:
            raise self._not_stored(table, missing if partitions is not None else [], requested=len(wanted))
        return parquet.joined(table, [rows for rows in found if rows is not None], columns=columns)

    def read_or_empty(self, table: str) -> pd.DataFrame:
        """The whole table, or the contract's empty frame when none of it is stored."""
        if TABLES[table].partition_column is None and not self.exists(table):
            return TABLES[table].empty()
        return self.read(table)

    def write(self, table: str, frames: Mapping[str | None, pd.DataFrame]) -> None:
        """Replace the files of these partitions (None: of an unpartitioned table) and no others.

        All frames are encoded before the first file changes. Raises StorageError when a frame does not fit the columns
        of its table, or the place cannot be written.
        """
        encoded = in_threads(lambda item: (_name(table, item[0]), parquet.encoded(table, item[1])), frames.items())
        in_threads(lambda item: self._files.put(*item), encoded)

    def write_slices(
        self, table: str, frame: pd.DataFrame, slices: Mapping[str, slice], *, keep_unchanged: bool = False
    ) -> None:
        """As ``write``, for partitions that are slices of one frame: its columns are converted once, not per file.

        With ``keep_unchanged`` a file whose bytes would not change is not rewritten and keeps its time of writing.
        """
        rows = parquet.as_arrow(table, frame)
        parts = {_name(table, key): rows.slice(part.start, part.stop - part.start) for key, part in slices.items()}
        encoded = in_threads(lambda item: (item[0], parquet.encoded_rows(table, item[1])), parts.items())
        in_threads(lambda item: self._put(*item, keep_unchanged=keep_unchanged), encoded)

    def exists(self, table: str, partition: str | None = None) -> bool:
        """Whether the partition (None: the unpartitioned table) is stored, with or without rows."""
        return self._files.exists(_name(table, partition))

    def stored_partitions(self, table: str) -> dict[str, datetime]:
        """Partitions in order, each with the time of its last write, UTC; empty for an unpartitioned table.

        Whatever else is in the table's folder is no partition: copies, other names, folders, files without bytes.
        """
        return self.listing(table).partitions

    def listing(self, table: str) -> Listing:
        """What is in the table's folder: partitions, and what is ignored because it is none. One request of S3."""
        entries = self._files.entries(table)
        files = sorted((name, file) for name, file in entries.items() if file and file.size)
        partitions = {key: file.changed_at for name, file in files if (key := partition_key(table, name)) is not None}
        return Listing(partitions, ignored_in_table(table, entries) if table in CONTRACTS else [])

    def whole_tables(self) -> dict[str, datetime]:
        """Unpartitioned tables that are stored, each with the time of its last write, UTC. One request of S3."""
        entries = self._files.entries("")
        files = {table: entries.get(_name(table, None)) for table, spec in TABLES.items() if spec.grain == "none"}
        return {table: file.changed_at for table, file in files.items() if file is not None and file.size}

    def ignored_beside_tables(self) -> list[IgnoredFile]:
        """What is named after a table beside the tables' folders and files without being one.

        Anything else is another's: the place may hold other files.
        """
        return ignored_in_place(self._files.entries(""))

    def write_page(self, name: str, content: bytes) -> str:
        """Store a file for people as ``site/<name>``, complete or not at all; returns its location."""
        self._files.put(f"site/{name}", content)
        return self.page_uri(name)

    def page_uri(self, name: str) -> str:
        """Location of a file for people, stored or not."""
        return self._files.uri(f"site/{name}")

    def page(self, name: str) -> bytes | None:
        """The content of ``site/<name>``; None when there is no such file."""
        return self._files.get(f"site/{name}")

    def pages(self, folder: str) -> Entries:
        """What is directly in ``site/<folder>``."""
        return self._files.entries(f"site/{folder}")

    def remove_page(self, name: str) -> None:
        """Delete ``site/<name>``; one that is gone already is not an error. Tables cannot be deleted."""
        self._files.delete(f"site/{name}")

    def assert_data_kind(self, readings: Readings) -> None:
        """Make sure that the storage holds readings of this kind only; an unmarked storage is marked with it.

        Raises ConfigurationError when it holds the other kind: simulated and real readings must never mix in a table.
        """
        if self.require_data_kind(readings) is None:
            self._files.put(MARKER, _marker(readings))

    def require_data_kind(self, readings: Readings) -> Readings | None:
        """The kind of readings that the storage is marked with, None for an unmarked one; nothing is written.

        Raises ConfigurationError as ``assert_data_kind``.
        """
        found = self._files.get(MARKER)
        if found is not None and found != _marker(readings):
            held = found.decode(errors="replace").strip()
            raise ConfigurationError(
                "AIRWATCH_STORAGE",
                f"the storage is marked {held} in {self._files.uri(MARKER)}, but the source has {readings!r} readings",
                fix="Set AIRWATCH_STORAGE to another folder or prefix, or AIRWATCH_SOURCE to the source used so far",
            )
        return None if found is None else readings

    def holds_simulated(self) -> bool:
        """Whether the storage is marked as holding simulated readings."""
        return self._files.get(MARKER) == _marker("simulated")

    def require_writable(self) -> None:
        """Write and read back a hidden file of one line, which stays. Raises StorageError or ConfigurationError."""
        self._files.put(PROBE, b"airwatch may write here\n")
        if self._files.get(PROBE) is None:
            raise StorageError(self._files.uri(PROBE), "was written but cannot be read", fix="Check the storage server")

    def _put(self, name: str, data: bytes, *, keep_unchanged: bool) -> None:
        if not keep_unchanged or self._files.get(name) != data:
            self._files.put(name, data)

    def _wanted(self, table: str, partitions: Sequence[str] | None, *, allow_missing: bool) -> list[str | None]:
        if partitions is None:
            is_partitioned = table in TABLES and TABLES[table].partition_column is not None
            return list(self.stored_partitions(table)) if is_partitioned else [None]
        wanted = list(dict.fromkeys(partitions))
        if allow_missing and len(wanted) >= MIN_PARTITIONS_LISTED:
            stored = self._files.entries(table)
            return [partition for partition in wanted if f"{partition}.parquet" in stored]
        return list(wanted)

    def _read_one(self, table: str, partition: str | None, columns: Sequence[str] | None) -> "pa.Table | None":
        data = self._files.get(_name(table, partition))
        return None if data is None else parquet.decoded(table, data, columns=columns, uri=self.uri(table, partition))

    def _not_stored(self, table: str, missing: Sequence[str], *, requested: int) -> StorageError:
        place = self.uri(table).removesuffix(".parquet")
        if not missing:
            return StorageError(table, f"is not stored in {place}.parquet", fix=f"Materialize {table} first")
        listed = ", ".join(missing) if len(missing) <= 5 else f"{', '.join(missing[:4])}, … {missing[-1]}"
        return StorageError(
            table,
            f"{len(missing)} of {requested} partition{'s' if requested > 1 else ''} not stored in {place}: {listed}",
            fix=f"Materialize or backfill {table} for {' to '.join(dict.fromkeys((missing[0], missing[-1])))} first",
        )


def in_threads(function: Callable[[_In], _Out], items: Iterable[_In]) -> list[_Out]:
    """Results in the order of ``items``. Raises the first error once the calls that have started are done."""
    work = list(items)
    if len(work) < 2:
        return [function(item) for item in work]
    with ThreadPoolExecutor(min(THREADS, len(work))) as pool:
        return list(pool.map(function, work))


def _name(table: str, partition: str | None) -> str:
    return f"{table}.parquet" if partition is None else f"{table}/{partition}.parquet"


def _marker(readings: Readings) -> bytes:
    return f'{{"readings": "{readings}"}}\n'.encode()
