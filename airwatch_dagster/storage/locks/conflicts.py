"""What a writer does that found another writer's version in the place of the one that it read."""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from airwatch_dagster.storage.byte_stores import VersionConflict

MAX_TRIES: Final = 12
"""Times that a merge is made. Two writers that write the same year of files at once need two or three."""

BACKOFF_S: Final = 0.05
"""Longest wait before the second try; doubled with each, up to 64 times."""

_T = TypeVar("_T")


def until_unchanged(attempt: Callable[[], _T]) -> _T:
    """The result of ``attempt``, made again as long as it raises VersionConflict: it reads, merges and replaces anew.

    What an attempt replaced before it met the conflict stays, so the merge must add nothing to its own result. Raises
    VersionConflict after ``MAX_TRIES``.
    """
    for number in range(MAX_TRIES):
        try:
            return attempt()
        except VersionConflict as conflict:
            last = conflict
        time.sleep(random.uniform(0.0, BACKOFF_S * 2 ** min(number, 6)))  # noqa: S311 - nothing secret
    raise VersionConflict(last.culprit, f"was replaced by another writer in each of {MAX_TRIES} tries") from last
