"""Tables in a local folder or under an S3 prefix, one Parquet file per partition, readable by any tool."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import pandas as pd

from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.schemas import CONTRACTS, TABLES
from airwatch_dagster.storage import parquet
from airwatch_dagster.storage.byte_stores import ABSENT, ByteStore, ConditionalWrites
from airwatch_dagster.storage.data_kind import Readings, is_marked, mark_data_kind, required_data_kind
from airwatch_dagster.storage.local_folder import LocalFolder
from airwatch_dagster.storage.locks.conflicts import until_unchanged
from airwatch_dagster.storage.packs import YEAR, Day, Packs, by_period, rows_of
from airwatch_dagster.storage.partition_files import (
    SUFFIX,
    IgnoredFile,
    Listing,
    ignored_in_place,
    ignored_in_table,
    not_stored,
    partition_key,
)
from airwatch_dagster.storage.s3_prefix import S3Prefix
from airwatch_dagster.storage.site_files import SiteFiles
from airwatch_dagster.storage.threads import in_threads

if TYPE_CHECKING:
    import pyarrow as pa

MIN_PARTITIONS_LISTED: Final = 64
"""From this number of partitions that may be missing, one listing costs less than a request for each."""

PROBE: Final = ".airwatch-probe"
"""File that `require_writable` writes."""

MergedSlices = tuple[pd.DataFrame, Mapping[Any, slice]]
"""A frame, and the slice of each partition (None: of an unpartitioned table) in it."""


class TableStorage(SiteFiles):
    """Tables as files ``<table>/<partition>.parquet``, unpartitioned ones as ``<table>.parquet``.

    A reader sees a complete file or none: a file is encoded first, then published in one step, and a failure leaves the
    old file. Several files are not one transaction: each is replaced on its own. Safe to use from several threads,
    processes and machines: what is merged with stored rows goes through ``merge`` and ``update_pages``, which lose
    nothing that another writer stores meanwhile; with ``write`` the last writer of a partition wins.
    """

    def __init__(self, files: ByteStore) -> None:
        super().__init__(files)
        self._packs = Packs(files)

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

    @property
    def place(self) -> str:
        """Location of the storage: a path, or ``s3://…``."""
        return self._files.uri("").rstrip("/")

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
        if columns is not None and table in CONTRACTS and list(columns) == CONTRACTS[table].column_names:
            columns = None
        wanted = self._wanted(table, partitions, allow_missing=allow_missing)
        found = self._packs.days_of(table, wanted, columns)
        found |= self._read_files(table, [partition for partition in wanted if partition not in found], columns)
        missing = [str(partition) for partition in wanted if partition not in found]
        if missing and not allow_missing:
            place = self.uri(table).removesuffix(SUFFIX)
            raise not_stored(table, place, missing if partitions is not None else [], requested=len(wanted))
        days = [found[partition] for partition in wanted if partition in found]
        return parquet.joined(table, rows_of(days), columns=columns)

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
        keys = list(frames)
        parts = in_threads(lambda key: parquet.as_arrow(table, frames[key]), keys)
        self._store(table, dict(zip(keys, parts, strict=True)), keep_unchanged=False)

    def write_slices(
        self, table: str, frame: pd.DataFrame, slices: Mapping[str, slice], *, keep_unchanged: bool = False
    ) -> None:
        """As ``write``, for partitions that are slices of one frame: its columns are converted once, not per file.

        With ``keep_unchanged`` a file whose bytes would not change is not rewritten and keeps its time of writing.
        """
        rows = parquet.as_arrow(table, frame)
        parts = {key: rows.slice(part.start, part.stop - part.start) for key, part in slices.items()}
        self._store(table, parts, keep_unchanged=keep_unchanged)

    def merge(
        self,
        table: str,
        partitions: Sequence[str] | None,
        merged: Callable[[pd.DataFrame], MergedSlices | None],
        *,
        keep_unchanged: bool = False,
    ) -> bool:
        """Replace partitions (None: the file of an unpartitioned table) by what ``merged`` makes of the stored rows.

        ``merged`` gets the rows of the partitions that are stored, and returns as for ``write_slices``; or None, to
        leave everything as it is, and then the answer is False. It is called again with the rows as they are then, when
        another writer, on any machine, has replaced one of the files since they were read; merging its own result again
        must add nothing. With ``keep_unchanged`` a file whose rows would not change stays, also one in an older
        encoding. Raises VersionConflict when the files are replaced again and again, and then a retry helps; what
        ``merged`` raises; and StorageError as ``read`` and ``write``.
        """
        return until_unchanged(lambda: self._merge_once(table, partitions, merged, keep_unchanged=keep_unchanged))

    def _merge_once(
        self,
        table: str,
        partitions: Sequence[str] | None,
        merged: Callable[[pd.DataFrame], MergedSlices | None],
        *,
        keep_unchanged: bool,
    ) -> bool:
        wanted = self._wanted(table, partitions, allow_missing=True)
        found = in_threads(lambda partition: self._files.get_version(_name(table, partition)), wanted)
        stored = [(key, data) for key, (data, _) in zip(wanted, found, strict=True) if data or (data == b"" and key)]
        rows = in_threads(lambda one: self._decoded(table, *one, columns=None), stored)
        made = merged(parquet.joined(table, rows, columns=None))
        if made is None:
            return False
        versions = {key: version for key, (_, version) in zip(wanted, found, strict=True)}
        before = dict(zip((key for key, _ in stored), rows, strict=True))
        after, slices = parquet.as_arrow(table, made[0]), made[1]

        parts = {key: after.slice(part.start, part.stop - part.start) for key, part in slices.items()}

        def changed(key: str | None) -> bytes | None:
            is_kept = keep_unchanged and key in before and parts[key].equals(before[key])
            return None if is_kept else parquet.encoded_rows(table, parts[key])

        def replaced(file: tuple[str | None, bytes | None]) -> Day:
            (key, data), version = file, versions.get(file[0], ABSENT)
            mark = version.mark if data is None else self._files.replace(_name(table, key), data, expected=version)
            return Day.of(mark, parts[key])

        encoded = in_threads(lambda key: (key, changed(key)), parts)
        self._packs.keep(table, dict(zip(parts, in_threads(replaced, encoded), strict=True)))
        return True

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

    def conditional_writes(self) -> ConditionalWrites:
        """How ``merge`` keeps two writers apart in this place, tried out on the S3 server. Errors as ``write``."""
        return self._files.conditional_writes()

    def assert_data_kind(self, readings: Readings) -> None:
        """Make sure that the storage holds readings of this kind only; an unmarked storage is marked with it.

        Raises OtherKind when it holds the other kind: simulated and real readings must never mix in a table; and
        StorageError for a mark that says neither.
        """
        mark_data_kind(self._files, readings)

    def require_data_kind(self, readings: Readings) -> Readings | None:
        """The kind of readings that the storage is marked with, None for an unmarked one; nothing is written.

        Raises as ``assert_data_kind``.
        """
        return required_data_kind(self._files, readings)

    def holds_simulated(self) -> bool:
        """Whether the storage is marked as holding simulated readings."""
        return is_marked(self._files, "simulated")

    def clock(self) -> datetime:
        """What time it is in the storage (UTC): by the S3 server or the server of a mounted disk, else by this machine.

        Writes the file of ``require_writable``; errors as there.
        """
        self.require_writable()
        return self._files.written_at(PROBE) or datetime.now(UTC)

    def require_writable(self) -> None:
        """Write and read back a hidden file of one line, which stays. Raises StorageError or ConfigurationError."""
        self._files.put(PROBE, b"airwatch may write here\n")
        if self._files.get(PROBE) is None:
            raise StorageError(self._files.uri(PROBE), "was written but cannot be read", fix="Check the storage server")

    def _store(self, table: str, parts: "Mapping[Any, pa.Table]", *, keep_unchanged: bool) -> None:
        """Replace the files of these partitions, after all of them are encoded, and pack their months."""
        encoded = in_threads(lambda item: (_name(table, item[0]), parquet.encoded_rows(table, item[1])), parts.items())
        marks = in_threads(lambda item: self._put(*item, keep_unchanged=keep_unchanged), encoded)
        self._packs.keep(table, {key: Day.of(mark, parts[key]) for key, mark in zip(parts, marks, strict=True)})

    def _put(self, name: str, data: bytes, *, keep_unchanged: bool) -> str:
        held, version = self._files.get_version(name) if keep_unchanged else (None, ABSENT)
        return version.mark if held == data else self._files.put(name, data)

    def _wanted(self, table: str, partitions: Sequence[str] | None, *, allow_missing: bool) -> list[str | None]:
        if partitions is None:
            is_partitioned = table in TABLES and TABLES[table].partition_column is not None
            return list(self.stored_partitions(table)) if is_partitioned else [None]
        wanted = list(dict.fromkeys(partitions))
        if allow_missing and len(wanted) >= MIN_PARTITIONS_LISTED:
            stored = self._files.entries(table)
            return [partition for partition in wanted if f"{partition}.parquet" in stored]
        return list(wanted)

    def _read_files(
        self, table: str, partitions: Sequence[str | None], columns: Sequence[str] | None
    ) -> dict[str | None, Day]:
        """The rows of each partition that is stored. Whole days of which many had to be read so are packed."""
        is_packed = columns is None and bool(by_period(table, partitions, YEAR))

        def read_one(partition: str | None) -> Day | None:
            name = _name(table, partition)
            data, version = self._files.get_version(name) if is_packed else (self._files.get(name), ABSENT)
            return (
                None if data is None else Day.of(version.mark, self._decoded(table, partition, data, columns=columns))
            )

        read = zip(partitions, in_threads(read_one, partitions), strict=True)
        days = {partition: day for partition, day in read if day is not None}
        if is_packed:
            self._packs.keep(table, days)
        return days

    def _decoded(self, table: str, partition: str | None, data: bytes, *, columns: Sequence[str] | None) -> "pa.Table":
        return parquet.decoded(table, data, columns=columns, uri=self.uri(table, partition))


def _name(table: str, partition: str | None) -> str:
    return f"{table}.parquet" if partition is None else f"{table}/{partition}.parquet"
