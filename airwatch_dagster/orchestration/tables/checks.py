"""Checks that an asset evaluates itself: what they expect, and what a failed one says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FAILED_PARTITIONS: Final = "failed partitions"
"""Metadata of the evaluation of a whole run: how many of its partitions failed."""

CAUSE: Final = "probable cause"
"""Metadata by which a failed check says its cause itself, in the words of CAUSES."""

MAX_FAILURES_NAMED: Final = 3
"""Failed partitions that the sentence on a whole run describes; the rest are counted, each has its own evaluation."""


@dataclass(frozen=True)
class Check:
    """The sentences of a check, each without a subject that only its code knows."""

    expects: str
    """What holds when the check passes."""
    follows: str
    """What a failure means for the forecasts."""
    todo: str
    """What a person does about it, with the command."""

    @property
    def description(self) -> str:
        """What the check is about, before anything failed."""
        return f"{self.expects}. If not: {self.follows[0].lower()}{self.follows[1:]} {self.todo}"

    def failed(self, what: str) -> str:
        """What is wrong with one partition, what follows, and what to do."""
        return f"{_sentence(what)} {self.follows} {self.todo}"

    def failed_in(self, failures: Mapping[str, str], *, partitions: int) -> str:
        """The same for a run over ``partitions`` partitions, of which ``failures`` says what is wrong with each."""
        named = [f"{partition}: {what}" for partition, what in list(failures.items())[:MAX_FAILURES_NAMED]]
        more = len(failures) - len(named)
        counted = f"{len(failures):,} of {partitions:,} partitions failed. " if partitions > 1 else ""
        listed = "; ".join([*named, *([f"and {more:,} more"] if more else [])])
        return f"{counted}{_sentence(listed)} {self.follows} {self.todo}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
