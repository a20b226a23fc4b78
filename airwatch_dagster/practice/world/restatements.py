"""Mass revisions on demand: from a given day on, the values of a period are restated or deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.practice.world.instruments import Flags
from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.practice.world.random_streams import Floats, Integers, uniform


@dataclass(frozen=True)
class Restatement:
    """From server day ``on``, values of the days ``first`` to ``last`` are multiplied by ``factor``.

    ``deleted_share`` of those monitor-days, drawn by the server's seed, are no longer published. ``states`` (2-digit
    codes) limits both; () means every state. The date of last change of a restated row is ``on``; a factor of 1
    restates none. Raises ConfigurationError for days in the wrong order, a factor that is not positive, or a share
    outside 0 to 1.
    """

    on: date
    first: date
    last: date
    factor: float = 1.0
    deleted_share: float = 0.0
    states: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.first <= self.last and self.factor > 0.0 and 0.0 <= self.deleted_share <= 1.0):
            fix = "Give days in order, a factor above 0 and a share from 0 to 1"
            raise ConfigurationError("practice server", f"{self} is not valid", fix=fix)

    def concerns(self, days: Integers) -> Flags:
        """Whether a day (row, proleptic Gregorian ordinal) of a monitor (column) is restated."""
        is_in_time = (days >= self.first.toordinal()) & (days <= self.last.toordinal())
        is_there = np.array([not self.states or site.state_code in self.states for site, _ in MONITORS])
        return is_in_time[:, None] & is_there

    def deletes(self, days: Integers, *, seed: int) -> Flags:
        """Whether a day (row) of a monitor (column) is deleted; every restatement draws its own days."""
        stream = f"deleted {self.on} {self.first} {self.last}"
        draws = uniform(seed, stream, days=days, items=np.arange(len(MONITORS)))
        return self.concerns(days) & (draws < self.deleted_share)


@dataclass(frozen=True)
class Rewriting:
    """Effect of all restatements up to a day: one row per day, one column per monitor of ``MONITORS``."""

    factor: Floats
    """Current value divided by original value."""
    changed_on: Integers
    """Day of the last restatement of the value (proleptic Gregorian ordinal); 0 without one."""
    is_deleted: Flags


def rewriting(restatements: Iterable[Restatement], days: Integers, *, seed: int, today: date) -> Rewriting:
    """The combined effect of the restatements up to ``today`` on ``days``."""
    shape = len(days), len(MONITORS)
    factor, changed_on = np.ones(shape), np.zeros(shape, dtype=np.int64)
    is_deleted = np.zeros(shape, dtype=np.bool_)
    for restatement in restatements:
        if restatement.on <= today:
            concerned = restatement.concerns(days) & (restatement.factor != 1.0)
            factor[concerned] *= restatement.factor
            changed_on[concerned] = np.maximum(changed_on[concerned], restatement.on.toordinal())
            is_deleted |= restatement.deletes(days, seed=seed)
    return Rewriting(factor, changed_on, is_deleted)
