"""Locks of runs: which runs still have a process."""

import fcntl
import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Final

FOLDER: Final = "run-locks"
"""Folder of the locks below AIRWATCH_STATE."""

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""The same in all containers of a machine until it restarts; Linux only."""


@cache
def run_locks(folder: Path) -> "RunLocks":
    """The locks in ``folder``, one object per process: a process must not wait for itself."""
    return RunLocks(folder)


@dataclass
class _Held:
    file: IO[str]
    count: int = 1


class RunLocks:
    """A locked file in ``folder`` for every run of a living process; each file names the machine of its process.

    The OS releases the lock of a process that ends in any way, so no stale state has to be trusted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, _Held] = {}

    def acquire(self, run_id: str) -> None:
        """This process executes ``run_id`` until it ends, or has released the lock as often as it acquired it."""
        if run_id in self._held:
            self._held[run_id].count += 1
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        while run_id not in self._held:
            file = (self._folder / run_id).open("a", encoding="utf-8")
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, self._folder / run_id):
                self._held[run_id] = _Held(file)
            else:  # another process found it unlocked a moment ago and removed it
                file.close()
        file.truncate(0)
        file.write(" ".join(_this_machine()))
        file.flush()

    def release(self, run_id: str) -> None:
        """Undo one ``acquire``; nothing to do for a lock that this process does not hold."""
        held = self._held.get(run_id)
        if held is None:
            return
        held.count -= 1
        if held.count == 0:
            del self._held[run_id]
            (self._folder / run_id).unlink(missing_ok=True)
            held.file.close()

    def is_held(self, run_id: str) -> bool:
        """Whether a living process of this machine, this one included, executes the run."""
        if run_id in self._held:
            return True
        try:
            with (self._folder / run_id).open("r+", encoding="utf-8") as file:
                return not try_lock(file)
        except FileNotFoundError:
            return False

    def abandoned(self) -> list[str]:
        """Runs whose process ended without a release: their file is here, of this machine, and unlocked.

        A run without a file is not among them: it may live elsewhere, or not use these locks.
        """
        names = sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []
        return [run_id for run_id in names if run_id not in self._held and self._is_abandoned(run_id)]

    def discard(self, run_id: str) -> None:
        """Remove the file of an abandoned run."""
        (self._folder / run_id).unlink(missing_ok=True)

    def _is_abandoned(self, run_id: str) -> bool:
        path = self._folder / run_id
        try:
            with path.open("r+", encoding="utf-8") as file:
                return try_lock(file) and _is_at(file, path) and not _this_machine().isdisjoint(file.read().split())
        except FileNotFoundError:
            return False


def _this_machine() -> frozenset[str]:
    """Host name, and where there is one the boot id: containers of one machine share it, and restarts keep the name."""
    boot = _BOOT_ID.read_text().split() if _BOOT_ID.is_file() else []
    return frozenset([socket.gethostname(), *boot])


def try_lock(file: IO[str]) -> bool:
    """Whether the file's lock is this process's now; the lock is the operating system's, and ends with the process."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: IO[str], path: Path) -> bool:
    """Whether an open file is the one that has this name now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
