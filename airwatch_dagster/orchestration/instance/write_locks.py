"""A write lock per table, for tables whose new contents are merged from the stored ones."""

import hashlib
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from airwatch_dagster.errors import StorageError
from airwatch_dagster.orchestration.instance.run_locks import opened_lock, try_lock

MAX_WAIT_S: Final = 3600.0
"""Seconds to wait for another writer: a year of one state takes AQS about half an hour, a bulk file a few minutes."""

POLL_S: Final = 0.2
"""Seconds between two tries; a lock on a file cannot be waited for with a limit."""


class WriteLock:
    """At most one holder at a time for one table of one storage, among the threads and processes of this machine.

    A table is pulled, merged and stored under one lock, so that runs of one machine do not make each other merge twice.
    The operating system releases the lock when its process ends in any way. The file stays; it names the holder for
    those who wait.

    Nothing is lost without it: ``TableStorage.merge`` notices what another process stored since the table was read,
    also one with another AIRWATCH_STATE and one of another machine, and merges again.
    """

    def __init__(self, folder: Path, *, root: str, table: str, holder: str) -> None:
        place = root.rstrip("/") if "://" in root else os.path.realpath(Path(root).expanduser())
        self._path = folder / f"{table}-{hashlib.sha256(place.encode()).hexdigest()[:12]}.lock"
        self._table = table
        self._holder = f"{holder}, process {os.getpid()} on {socket.gethostname()}"
        self._file: IO[str] | None = None

    def acquire(self, *, wait_s: float = MAX_WAIT_S, note: Callable[[str], None] = lambda _: None) -> None:
        """Hold the lock; a wait is announced once through ``note``.

        Raises StorageError naming the holder when the table is still locked after ``wait_s`` seconds.
        """
        file, began = opened_lock(self._path), time.monotonic()
        is_announced = False
        while not try_lock(file):
            if not is_announced:
                note(f"Waiting for the write lock of {self._table}, held by {self._named_holder()}")
                is_announced = True
            if time.monotonic() - began >= wait_s:
                file.close()
                problem = f"its write lock is held by {self._named_holder()}; waited {wait_s:.0f} s"
                raise StorageError(self._table, problem, fix="Wait for that run to end, or end it", retry_helps=True)
            time.sleep(POLL_S)
        self._file = file
        file.truncate(0)
        file.write(self._holder)
        file.flush()

    def release(self) -> None:
        """Let the next writer in; nothing to do for a lock that is not held."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def _named_holder(self) -> str:
        return self._path.read_text(encoding="utf-8") or "a writer without a name"
