"""Asking again: what failed for a passing reason is repeated a few times, after growing waits."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from airwatch_dagster.errors import SourceUnavailable

JITTER: Final = (0.8, 1.2)
"""A wait is multiplied by a factor between these, so that clients that failed together do not come back together."""

_T = TypeVar("_T")


def any_jitter() -> float:
    """A random factor within JITTER."""
    return random.uniform(*JITTER)


def retry(
    call: Callable[[], _T],
    *,
    waits_s: Sequence[float],
    sleep: Callable[[float], None],
    jitter: Callable[[], float] = any_jitter,
    longest_wait_s: float = math.inf,
) -> _T:
    """What ``call`` returns, asked again after each of ``waits_s`` (seconds) while it fails for a passing reason.

    A failure may ask for a longer wait by an attribute ``wait_s`` (seconds, or None); one that asks for more than
    ``longest_wait_s`` is raised at once. Raises the last SourceUnavailable when the waits are used up, and at once
    every other error and each SourceUnavailable that no retry helps.
    """
    for planned_s in waits_s:
        try:
            return call()
        except SourceUnavailable as failure:
            wait_s = max(planned_s * jitter(), getattr(failure, "wait_s", None) or 0.0)
            if not failure.retry_helps or wait_s > longest_wait_s:
                raise
        sleep(wait_s)
    return call()
