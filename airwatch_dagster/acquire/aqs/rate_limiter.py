"""A rate limit that every process of this machine shares."""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

from airwatch_dagster.errors import ConfigurationError, StorageError

AQS_INTERVAL_S: Final = 6.0
"""Seconds between request starts: EPA allows 10 requests a minute. Source: AQS API documentation, limits."""

AQS_PAUSE_S: Final = 5.0
"""Seconds of rest after a request ended. Source: AQS API documentation, limits."""

_FIX: Final = "Use a folder of your own on a local disk"


class RateLimiter:
    """One request to ``service`` at a time, with a minimum interval between starts and a pause after each end.

    Processes share the limit through ``path``: a small file with the moment (Unix seconds) before which no request
    starts. Its lock is held during a request, and the operating system frees the lock of a dead process. Works on
    Linux and macOS (``fcntl``), on a local file system, between processes that see the same file: containers need a
    shared volume. ``path`` should lie in a folder that outlives the process and that only this user can write to; a
    temporary folder can differ between services and lets other users guess the name.
    """

    def __init__(
        self,
        path: Path,
        *,
        service: str = "the AQS API",
        interval_s: float = AQS_INTERVAL_S,
        pause_s: float = AQS_PAUSE_S,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._service = service
        self._interval_s = interval_s
        self._pause_s = pause_s
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Waits until a request may start, and blocks every other process until the block ends.

        Raises StorageError when the file cannot be opened or belongs to another user, ConfigurationError on a platform
        without file locks.
        """
        with self._locked() as handle:
            remaining = _read_moment(handle) - self._clock()
            if remaining > 0:  # at most one interval: a clock that was set back must not block us
                self._sleep(min(remaining, max(self._interval_s, self._pause_s)))
            started = self._clock()
            _write_moment(handle, started + self._interval_s)
            try:
                yield
            finally:
                _write_moment(handle, max(started + self._interval_s, self._clock() + self._pause_s))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, opened and locked; if it was replaced or deleted during the wait, the new file."""
        fcntl = _file_locks(self._service)
        while True:
            handle = self._opened()
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if self._is_current(handle):
                    yield handle
                    return
            finally:
                os.close(handle)

    def _opened(self) -> int:
        """A handle of the file, created for this user alone. Raises StorageError for a link or another user's file."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            problem = f"the file of the rate limit cannot be opened ({error.strerror})"
            raise StorageError(str(self._path), problem, fix=_FIX) from error
        if os.fstat(handle).st_uid != os.geteuid():
            os.close(handle)
            raise StorageError(str(self._path), "the file of the rate limit belongs to another user", fix=_FIX)
        return handle

    def _is_current(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self._path.stat())
        except FileNotFoundError:
            return False


def _file_locks(service: str) -> ModuleType:
    try:
        import fcntl
    except ImportError as error:
        fix = "Run AirWatch on Linux or macOS, or in a container, or use AIRWATCH_SOURCE=airdata"
        raise ConfigurationError("AIRWATCH_SOURCE", f"{service} needs file locks of Unix", fix=fix) from error
    return fcntl


def _read_moment(handle: int) -> float:
    """The moment in the file; 0 for content that is not a finite number."""
    try:
        moment = float(os.pread(handle, 64, 0))
    except ValueError:
        return 0.0
    return moment if math.isfinite(moment) else 0.0


def _write_moment(handle: int, moment: float) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{moment:.3f}".encode(), 0)
