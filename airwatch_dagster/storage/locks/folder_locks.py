"""A lock on a file of a folder, among all processes and machines that write there."""

import contextlib
import fcntl
import os
import random
import socket
import time
import uuid
from pathlib import Path
from typing import Final
from urllib.parse import quote

from airwatch_dagster.errors import StorageError
from airwatch_dagster.storage.byte_stores import VersionConflict
from airwatch_dagster.storage.locks.machine import machine_id
from airwatch_dagster.storage.unfinished import delete_if_free

LEASE_S: Final = 60.0
"""Seconds without a sign of its holder after which a lock has expired. A lock is held while one file is compared and
written, which takes milliseconds, on a slow network disk seconds."""

MAX_WAIT_S: Final = 600.0
"""Seconds to wait for others."""

POLL_S: Final = 0.02
"""Mean seconds between two tries."""

UNNAMED_S: Final = 2.0
"""Seconds after which a lock that nobody holds on this machine, and that names no owner, counts as that of a process
that was killed between creating the lock and naming itself. An owner that was only slow finds out before it writes."""

_SWEPT: Final[set[Path]] = set()
"""Folders in which this process has looked for locks of dead owners."""

_HELD: Final[set[str]] = set()
"""Owners of the locks of this process. On some network disks a process cannot see its own threads' locks, and loses
them when it opens and closes the file."""


class FileLock:
    """At most one holder at a time for one file, on all machines that mount the folder.

    The lock is a file ``.locks/<name>.lock``, created exclusively; it names its owner for people. Its holder also locks
    it with the operating system, which shows other processes of this machine at once that a holder has died. Another
    machine sees only the file: a lock that it has watched for ``LEASE_S`` seconds without a change is expired, and is
    taken over. No clock is compared with another machine's. A holder that was stopped for so long finds out before it
    writes (``confirm``), and lets a lock that is not its own any more be (``release``).

    Not covered: a holder on another machine that is stopped for ``LEASE_S`` seconds exactly between ``confirm`` and
    the rename after it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{quote(name, safe='')}.lock"
        self._owner = f"{uuid.uuid4().hex} process {os.getpid()} on {socket.gethostname()}, machine {machine_id()}"
        self._handle: int | None = None
        self._since = 0.0

    def acquire(self, *, wait_s: float = MAX_WAIT_S, lease_s: float = LEASE_S) -> None:
        """Hold the lock. Raises StorageError naming the owner when others hold it for ``wait_s`` seconds."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(self._path.parent)
        began, seen, seen_since = time.monotonic(), "", time.monotonic()
        while not self._created(self._path):
            held = _text(self._path)
            if held is None:
                continue
            if held != seen:
                seen, seen_since = held, time.monotonic()
            if self._removed_dead(held, watched_s=time.monotonic() - seen_since):
                continue
            if time.monotonic() - seen_since >= lease_s and self._took_over(seen):
                return
            if time.monotonic() - began >= wait_s:
                problem = f"is held by {held.partition(' ')[2] or 'a process without a name'}; waited {wait_s:.0f} s"
                fix = "Wait until that process ends, or end it; delete the file if it has ended"
                raise StorageError(str(self._path), problem, fix=fix, retry_helps=True)
            time.sleep(POLL_S * random.uniform(0.5, 1.5))  # noqa: S311 - nothing secret

    def confirm(self, *, lease_s: float = LEASE_S) -> None:
        """Raises VersionConflict when the lock may have expired, or is another's."""
        if time.monotonic() - self._since >= lease_s / 2 or _text(self._path) != self._owner:
            raise VersionConflict(str(self._path), "this lock has expired: the process was stopped while it held it")

    def release(self) -> None:
        """Let the next writer in; nothing to do for a lock that is not held, or was taken over."""
        if self._handle is None:
            return
        if _text(self._path) == self._owner:
            self._path.unlink(missing_ok=True)
        self._close()

    def _created(self, path: Path) -> bool:
        """Whether this process created the file, which then names it, locked with the operating system."""
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        except FileExistsError:
            return False
        with contextlib.suppress(OSError):  # a disk without such locks: its locks expire
            fcntl.flock(handle, fcntl.LOCK_EX)
        self._handle, self._since = handle, time.monotonic()
        _HELD.add(self._owner)
        os.write(handle, self._owner.encode())
        return True

    def _took_over(self, expired: str) -> bool:
        """Whether the expired lock is this process's now: of all that try, one creates the claim on its owner."""
        claim = self._path.with_name(f"{self._path.name}.{expired.partition(' ')[0] or 'unnamed'}")
        if not self._created(claim):
            with contextlib.suppress(FileNotFoundError):  # of one that died while it took over, if it is old
                if time.time() - claim.stat().st_mtime > 10 * LEASE_S:
                    claim.unlink()
            return False
        if _text(self._path) != expired:  # released or taken over meanwhile
            claim.unlink(missing_ok=True)
            self._close()
            return False
        claim.replace(self._path)
        return True

    def _removed_dead(self, seen: str, *, watched_s: float) -> bool:
        """Whether the lock belonged to a dead process of this machine, and is gone.

        One that names nobody is taken for such a lock too, once it has been watched for ``UNNAMED_S``.
        """
        is_named_here = seen.endswith(f"machine {machine_id()}") and seen not in _HELD
        if not is_named_here and (seen or watched_s < UNNAMED_S):
            return False
        try:
            handle = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(handle), self._path.stat()) or _text(self._path) != seen:
                return True
            self._path.unlink()
        except FileNotFoundError:
            return True
        except OSError:  # its holder lives, or the disk has no such locks
            return False
        finally:
            os.close(handle)
        return True

    def _close(self) -> None:
        if self._handle is not None:
            _HELD.discard(self._owner)
            os.close(self._handle)
            self._handle = None


def _text(path: Path) -> str | None:
    """The owner that a lock names, nothing while it is being created; None when it is gone."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.readall().decode()
    except FileNotFoundError:
        return None


def _sweep(folder: Path) -> None:
    """Delete the locks that dead processes of this machine left in the folder; once a process."""
    if folder in _SWEPT:
        return
    _SWEPT.add(folder)
    for path in list(folder.iterdir()):
        held = _text(path)
        if held and held.endswith(f"machine {machine_id()}") and held not in _HELD:
            with contextlib.suppress(OSError):  # released meanwhile, or another user's
                delete_if_free(path)
