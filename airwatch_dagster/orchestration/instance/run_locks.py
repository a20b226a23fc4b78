"""Which runs that a command executes still have their process."""

import contextlib
import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import IO, Final

import dagster as dg

from airwatch_dagster.errors import StorageError

FOLDER: Final = "run-locks"
"""Folder of the locks below AIRWATCH_STATE."""

HOST: Final = "airwatch/host"
"""Tag: the machine whose process executes the run and holds its lock."""


class RunLock:
    """A locked file, held from before a run starts until it has ended.

    The operating system releases the lock of a process that ends in any way, so no stale state has to be trusted.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path = folder / run_id
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """This process executes the run."""
        while self._file is None:
            file = opened_lock(self._path)
            fcntl.flock(file, fcntl.LOCK_EX)
            if is_file_at(file, self._path):
                self._file = file
            else:  # another process found it without a holder, and removed it
                file.close()

    def release(self) -> None:
        """The run has ended; nothing to do for a lock that is not held."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None

    @property
    def is_held(self) -> bool:
        """Whether a living process of this machine, this one included, executes the run."""
        try:
            with self._path.open("r+", encoding="utf-8") as file:
                return not try_lock(file)
        except FileNotFoundError:
            return False

    @property
    def is_abandoned(self) -> bool:
        """Whether the process that held it ended without releasing it: its file is here and unlocked."""
        return self._path.exists() and not self.is_held

    def remove_abandoned(self) -> None:
        """Delete the file unless a living process holds it."""
        with contextlib.suppress(FileNotFoundError), self._path.open("r+", encoding="utf-8") as file:
            if try_lock(file) and is_file_at(file, self._path):
                self._path.unlink()


def opened_lock(path: Path) -> IO[str]:
    """The file of a lock, created for this user alone; its folder too. Raises StorageError for a link: what it points
    to would be emptied."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        reason = "is a link" if error.errno == errno.ELOOP else f"cannot be opened ({error.strerror})"
        fix = "Remove it; AirWatch creates it anew" if error.errno == errno.ELOOP else "Check AIRWATCH_STATE"
        raise StorageError(str(path), f"the file of the lock {reason}", fix=fix) from error
    return os.fdopen(handle, "a+", encoding="utf-8")


def report_if_lost(instance: dg.DagsterInstance, run: dg.DagsterRun, *, folder: Path) -> bool:
    """Whether the run's process, on this machine, ended before the run; then the run is reported as failed.

    A run without the tag HOST is Dagster's own to watch, and one of another machine is that machine's. A container has
    a new name each time it is made: a lock in this folder that nobody holds was of this machine under another name.
    """
    lock, host = RunLock(folder, run.run_id), run.tags.get(HOST)
    if run.is_finished or host is None or not (host == socket.gethostname() or lock.is_abandoned) or lock.is_held:
        return False
    known = instance.get_run_by_id(run.run_id)  # it may have ended since it was listed, before its lock was looked at
    if known is None or known.is_finished:
        return False
    instance.report_run_failed(known, "The process ended before the run did")
    (folder / run.run_id).unlink(missing_ok=True)
    return True


def is_file_at(file: IO[str], path: Path) -> bool:
    """Whether the open file is still the one at the path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def try_lock(file: IO[str]) -> bool:
    """Whether the file's lock is this process's now; the lock is the operating system's, and ends with the process."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
