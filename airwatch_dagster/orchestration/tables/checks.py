"""Checks that an asset evaluates itself: what they expect, and what a failed one says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.partitions import DAYS

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
    """What a person does about it, with the command; DAY, MONTH, FIRST and LAST stand for those that failed."""

    @property
    def description(self) -> str:
        """What the check is about, before anything failed."""
        return f"{self.expects}. If not: {self.follows[0].lower()}{self.follows[1:]} {self.todo}"

    def todo_for(self, partitions: Collection[str]) -> str:
        """What to do about days (``2021-07-04``) or months (``2021-07``); as it stands where none are partitions."""
        keys = [key for key in partitions if key[:1].isdigit()]
        if not keys:
            return self.todo
        first, last = days_between(min(keys), max(keys))
        days = self.todo.replace("DAY DAY", f"{first} {last}").replace("FIRST LAST", f"{first} {last}")
        return days.replace("DAY", last).replace("MONTH", last[:7])

    def failed(self, what: str, *, partition: str) -> str:
        """What is wrong with one partition, what follows, and what to do."""
        return f"{_sentence(what)} {self.follows} {self.todo_for([partition])}"

    def failed_in(self, failures: Mapping[str, str], *, partitions: int) -> str:
        """The same for a run over ``partitions`` partitions, of which ``failures`` says what is wrong with each."""
        named = [f"{partition}: {what}" for partition, what in list(failures.items())[:MAX_FAILURES_NAMED]]
        more = len(failures) - len(named)
        counted = f"{len(failures):,} of {partitions:,} partitions failed. " if partitions > 1 else ""
        listed = "; ".join([*named, *([f"and {more:,} more"] if more else [])])
        return f"{counted}{_sentence(listed)} {self.follows} {self.todo_for(failures)}"

    def problem_in(self, description: str) -> str:
        """What is wrong, of a description of either kind."""
        return description.rpartition(f" {self.follows} ")[0] or description


def days_between(first: str, last: str) -> tuple[str, str]:
    """First and last day of days or months, up to the newest day there is."""
    begin = pd.Period(first).start_time
    end = min(pd.Period(last).end_time, pd.Timestamp(str(DAYS.get_last_partition_key())))
    return f"{min(begin, end):%Y-%m-%d}", f"{end:%Y-%m-%d}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
