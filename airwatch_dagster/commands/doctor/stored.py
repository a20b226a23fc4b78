"""The storage: whether it can be written, what is in it besides tables, and whose readings it holds."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, of_error, ok, warning
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.errors import AirWatchError, StorageError
from airwatch_dagster.orchestration.configuration.settings import SourceSettings, storage_root

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
    held = opened_storage(storage_root()).require_data_kind("simulated" if is_practice else "epa")
    yield ok("readings", f"the storage holds {held} readings, as the source has" if held else "none stored yet")


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
        Check("readings", _readings, OTHER),
        Check("stamps", _stamps, "airwatch repair"),
    )
