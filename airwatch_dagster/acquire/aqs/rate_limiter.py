"""Taking turns at a service that asks for pauses, across every process of this machine."""

import fcntl
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

AQS_INTERVAL_S: Final = 6.0
"""Seconds between request starts: EPA allows 10 requests a minute. Source: AQS API documentation, limits."""

AQS_PAUSE_S: Final = 5.0
"""Seconds of rest after a request ended. Source: AQS API documentation, limits."""


class RateLimiter:
    """One request at a time, with a minimum spacing between starts and a rest after each end.

    Processes share it through ``path``, a small file that holds the moment (Unix seconds) before which no request
    starts; its lock is held while a request runs, and freed by the operating system when a process dies.
    """

    def __init__(
        self,
        path: Path,
        *,
        interval_s: float = AQS_INTERVAL_S,
        pause_s: float = AQS_PAUSE_S,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._interval_s = interval_s
        self._pause_s = pause_s
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until it is our turn, and keeps every other process waiting until the block ends."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            self._wait_until(_moment(file.read()))
            started = self._clock()
            _write(file, started + self._interval_s)
            try:
                yield
            finally:
                _write(file, max(started + self._interval_s, self._clock() + self._pause_s))

    def _wait_until(self, moment: float) -> None:
        """Sleeps until ``moment``, but never longer than a spacing: a clock set back must not stop us for hours."""
        remaining = moment - self._clock()
        if remaining > 0:
            self._sleep(min(remaining, max(self._interval_s, self._pause_s)))


def _moment(text: str) -> float:
    try:
        moment = float(text)
    except ValueError:
        return 0.0
    return moment if math.isfinite(moment) else 0.0


def _write(file: IO[str], moment: float) -> None:
    file.seek(0)
    file.truncate()
    file.write(f"{moment:.3f}")
    file.flush()
