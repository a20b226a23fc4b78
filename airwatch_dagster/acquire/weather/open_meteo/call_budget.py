"""Calls of the free service, counted by every process of this machine."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.http.atomic_file import write_atomically
from airwatch_dagster.errors import SourceUnavailable


@dataclass(frozen=True)
class Limit:
    """Calls that are allowed in a time."""

    calls: int
    seconds: float
    name: str


LIMITS: Final = (Limit(600, 60.0, "minute"), Limit(5_000, 3_600.0, "hour"), Limit(10_000, 86_400.0, "day"))
"""Of one address on the internet. Source: Open-Meteo's page of prices. It counts by the clock's minutes, hours and
days; the same number within any such time is never more."""

LONGEST_WAIT_S: Final = 3_600.0
"""Longest wait for the limits, seconds; beyond it the run ends and is repeated later, which asks nothing twice."""

_INTERVAL_S: Final = 1.0
"""Seconds between starts of requests: Open-Meteo asks for fair use and sets no pause."""


class CallBudget:
    """One request at a time, within LIMITS, shared through files in ``folder`` as ``RateLimiter`` shares its own."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._record = folder / "open_meteo_calls.json"
        self._clock = clock
        self._sleep = sleep
        path = folder / "open_meteo"
        self._limiter = RateLimiter(path, interval_s=_INTERVAL_S, pause_s=0.0, clock=clock, sleep=sleep)

    @contextmanager
    def spend(self, calls: float, *, culprit: str) -> Iterator[None]:
        """Waits until ``calls`` more are within the limits, counts them, and blocks every other process meanwhile.

        They count even if the request fails. Raises SourceUnavailable for a wait beyond LONGEST_WAIT_S, StorageError as
        ``RateLimiter``.
        """
        with self._limiter.acquire():
            now = self._clock()
            spent = [(at, count) for at, count in self._read() if now - LIMITS[-1].seconds < at <= now]
            wait_s, limit = max(
                ((_wait_s(spent, calls, now, limit), limit) for limit in LIMITS), key=lambda one: one[0]
            )
            if wait_s > LONGEST_WAIT_S:
                raise SourceUnavailable(
                    culprit,
                    f"the free {limit.calls:,} calls a {limit.name} are used up for {wait_s / 3600:.1f} hours",
                    fix="Run it again then: what was answered is kept. Fewer sites or days cost fewer calls",
                )
            if wait_s > 0:
                self._sleep(wait_s)
            spent.append((max(self._clock(), now + wait_s), calls))
            write_atomically(self._record, json.dumps(spent).encode())
            yield

    def _read(self) -> list[tuple[float, float]]:
        """Moments and calls; none where the file is missing or damaged."""
        try:
            return [(float(at), float(count)) for at, count in json.loads(self._record.read_bytes())]
        except (OSError, ValueError, TypeError):
            return []


def _wait_s(spent: list[tuple[float, float]], calls: float, now: float, limit: Limit) -> float:
    """Seconds until ``calls`` more are within ``limit``; for more than it allows at once, until none are counted."""
    within = sorted(one for one in spent if one[0] > now - limit.seconds)
    room = limit.calls - calls - sum(count for _, count in within)
    wait_s = 0.0
    for at, count in within:
        if room >= 0:
            break
        room += count
        wait_s = at + limit.seconds - now
    return wait_s
