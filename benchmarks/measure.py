"""CPU seconds of a piece of work and of its peer, run in turns on the same machine.

User and system time of this process and of the processes that it started and waited for: other programs that wait for
the same cores lengthen the wall clock, not these. Ratios carry over to other machines, seconds do not.
"""

import resource
import statistics
from collections.abc import Callable
from dataclasses import dataclass


class PeerMissing(Exception):
    """The peer is not installed; the message says which, and where to read how to install it."""


@dataclass(frozen=True)
class Measured:
    """CPU seconds of each run of ours and of the peer, pair by pair; no peer for work that has none."""

    ours: list[float]
    peer: list[float]

    @property
    def values(self) -> list[float]:
        """Ours as a multiple of the peer, by pair; CPU seconds without a peer."""
        if not self.peer:
            return self.ours
        return [one / other for one, other in zip(self.ours, self.peer, strict=True)]

    def __str__(self) -> str:
        values, unit = self.values, " ×" if self.peer else " CPU-s"
        spread = f"{min(values):.3g} to {max(values):.3g}"
        return f"{statistics.median(values):.3g}{unit} ({spread}, n = {len(values)})"


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call, those of its ended child processes included."""
    before = _used()
    work()
    return _used() - before


def _used() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def in_turns(
    ours: Callable[[], object], peer: Callable[[], object] | None = None, *, times: int, warm_up: bool = True
) -> Measured:
    """Both, ``times`` times in turns, after one run of each that is not counted; without ``warm_up`` all are counted,
    as of work beside whose minutes imports are nothing."""
    both = (ours, *([peer] if peer else []))
    for work in both if warm_up else ():
        work()
    pairs = [[cpu_seconds(work) for work in both] for _ in range(times)]
    return Measured([pair[0] for pair in pairs], [pair[1] for pair in pairs] if peer else [])
