"""Retries of transient failures."""

import math
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from airwatch_dagster.errors import SourceUnavailable

if TYPE_CHECKING:
    from tenacity import RetryCallState

JITTER: Final = (0.8, 1.2)
"""Range of the random factor of each wait, so that clients that failed together do not retry together."""

_T = TypeVar("_T")


def random_jitter() -> float:
    """A random factor within JITTER."""
    return random.uniform(*JITTER)  # noqa: S311 - nothing secret depends on it


def retry(
    call: Callable[[], _T],
    *,
    waits_s: Sequence[float],
    sleep: Callable[[float], None],
    jitter: Callable[[], float] = random_jitter,
    max_wait_s: float = math.inf,
) -> _T:
    """The result of ``call``, repeated after each of ``waits_s`` (seconds, times ``jitter``) on transient failures.

    A failure with an attribute ``wait_s`` (seconds, or None) lengthens the wait; one above ``max_wait_s`` ends the
    retries. Raises the last SourceUnavailable when the waits are used up, and at once every other error and each
    SourceUnavailable whose ``retry_helps`` is false.
    """
    from tenacity import Retrying, retry_if_exception

    def wait_s(state: "RetryCallState") -> float:
        if state.attempt_number > len(waits_s):
            return 0.0
        failure = state.outcome.exception() if state.outcome else None
        requested_s = getattr(failure, "wait_s", None) or 0.0
        return max(waits_s[state.attempt_number - 1] * jitter(), requested_s)

    attempts = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, SourceUnavailable) and error.retry_helps),
        stop=lambda state: state.attempt_number > len(waits_s) or state.upcoming_sleep > max_wait_s,
        wait=wait_s,
        sleep=sleep,
        reraise=True,
    )
    return attempts(call)
