"""The storage: whether it can be written, what is in it besides tables, and whose readings it holds."""

import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, of_error, ok, warning
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.errors import AirWatchError, StorageError
from airwatch_dagster.orchestration.configuration.settings import SourceSettings, storage_root
from airwatch_dagster.storage.data_kind import OtherKind

if TYPE_CHECKING:
    from airwatch_dagster.storage.tables import TableStorage

MARK: Final = """echo '{{"readings": "KIND"}}' > {uri}"""
"""The command for a mark that says neither kind: KIND is epa or simulated."""

OTHER: Final = "export AIRWATCH_STORAGE=./other"
"""The command for a storage with the other kind of readings."""

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far a server's clock may be ahead of this machine's."""

MOVE: Final = "cd {root} && mv FILE… /elsewhere"
"""The command for files that look like partitions and are none."""

MAX_S: Final = 14.0
"""Seconds for the first requests of S3; the AWS client repeats those that fail."""


def _storage() -> Iterator[Finding]:
    from airwatch_dagster.commands.inspect.stored_files import note_on_stored_files
    from airwatch_dagster.orchestration.resources import opened_storage

    root = storage_root()
    storage = opened_storage(root)
    storage.require_writable()
    try:
        note = note_on_stored_files(storage, root=root)
    except StorageError as raised:
        yield of_error("storage", raised, run=MOVE.format(root=root))
    else:
        yield ok("storage", f"{root} can be read and written{note}")


def _readings() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.resources import opened_storage

    is_practice = SourceSettings.from_environment().source == "practice"
    storage = opened_storage(storage_root())
    try:
        held = storage.require_data_kind("simulated" if is_practice else "epa")
    except OtherKind as raised:
        yield replace(of_error("readings", raised, run=OTHER), run=OTHER)
        return
    except StorageError as raised:
        yield of_error("readings", raised, run=MARK.format(uri=shlex.quote(raised.culprit)))
        return
    yield ok("readings", f"the storage holds {held} readings, as the source has" if held else "none stored yet")


def _tables() -> Iterator[Finding]:
    """The newest file of each table, which the next run reads, is read with its checksums."""
    from airwatch_dagster.orchestration.resources import opened_storage
    from airwatch_dagster.schemas import TABLES
    from airwatch_dagster.storage.threads import in_threads

    storage = opened_storage(storage_root())
    whole = storage.whole_tables()

    def read(table: str) -> tuple[int, Finding | None]:
        newest = None if TABLES[table].grain == "none" else max(storage.stored_partitions(table), default=None)
        if newest is None and table not in whole:
            return 0, None
        try:
            storage.read(table, None if newest is None else [newest])
        except StorageError as raised:
            return 1, of_error("tables", raised, run=_rebuild(storage, table, newest))
        return 1, None

    found = in_threads(read, TABLES)
    wrong = [finding for _, finding in found if finding is not None]
    yield from wrong
    if not wrong:
        count = sum(number for number, _ in found)
        yield ok("tables", f"the newest file of {counted(count, 'table')} is whole" if count else "none stored yet")


def _rebuild(storage: "TableStorage", table: str, partition: str | None) -> str:
    """Versions of readings are nowhere else: they come from a backup. What is computed from them is built anew."""
    uri = storage.uri(table, partition)
    is_s3, name = "://" in uri, f"{table}.parquet" if partition is None else f"{table}/{partition}.parquet"
    if table == "raw_readings":
        return f"{'aws s3 cp' if is_s3 else 'cp'} BACKUP/tables/{name} {shlex.quote(uri)}"
    day = "yesterday" if partition is None else partition if len(partition) > len("2021-07") else f"{partition}-01"
    return f"{'aws s3 rm' if is_s3 else 'rm'} {shlex.quote(uri)}; airwatch backfill {day} {day} --tables {table}"


def _writers() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.resources import opened_storage

    yield ok("writers", f"two writers are kept apart by {opened_storage(storage_root()).conditional_writes().how}")


def _stamps() -> Iterator[Finding]:
    """Silent unless readings were written in the future. Which of their versions have such a time, `repair` reads."""
    from airwatch_dagster.orchestration.resources import opened_storage

    latest = datetime.now(UTC) + CLOCK_TOLERANCE
    written = opened_storage(storage_root()).stored_partitions("raw_readings")
    future = [day for day, moment in written.items() if moment > latest]
    if future:
        span = "…".join(dict.fromkeys((future[0], future[-1])))
        says = f"raw_readings of {counted(len(future), 'day')}, {span}, were written by a clock in the future. Set the"
        yield warning("stamps", f"{says} clock, then mend the times.", run="airwatch repair --yes")


def checks() -> Sequence[Check]:
    """Those of the storage; where it is on S3, the command is about its server."""
    try:
        is_s3 = storage_root().startswith("s3://")
    except AirWatchError:  # the finding on settings says what is wrong
        is_s3 = False
    run = "export AWS_ENDPOINT_URL=http://HOST:PORT" if is_s3 else "export AIRWATCH_STORAGE=./data"
    return (
        Check("storage", _storage, run, MAX_S if is_s3 else math.inf),
        Check("writers", _writers, run),
        Check("tables", _tables, run),
        Check("readings", _readings, OTHER),
        Check("stamps", _stamps, "airwatch repair"),
    )
