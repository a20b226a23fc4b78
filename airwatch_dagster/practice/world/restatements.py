"""Mass revisions on demand: from one day on, what was published about a period reads otherwise, or is gone."""

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
    """From server day ``on``, values of the days ``first`` to ``last`` are ``factor`` times what they were.

    ``deleted_share`` of those monitor-days, drawn by the server's seed, are no longer published. ``states`` (2-digit
    codes) limits both; () means every state. Rows with another value last changed on ``on``; a factor of 1 changes
    none. Raises ConfigurationError for days in the wrong order, a factor that is not positive, or no share.
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
            raise ConfigurationError("practice server", f"{self} is impossible", fix=fix)

    def concerns(self, days: Integers) -> Flags:
        """Whether a day (row, proleptic ordinal) of a monitor (column) is restated."""
        is_in_time = (days >= self.first.toordinal()) & (days <= self.last.toordinal())
        is_there = np.array([not self.states or site.state_code in self.states for site, _ in MONITORS])
        return is_in_time[:, None] & is_there

    def deletes(self, days: Integers, *, seed: int) -> Flags:
        """Whether a day (row) of a monitor (column) vanishes; another restatement draws others."""
        stream = f"deleted {self.on} {self.first} {self.last}"
        draws = uniform(seed, stream, days=days, items=np.arange(len(MONITORS)))
        return self.concerns(days) & (draws < self.deleted_share)


@dataclass(frozen=True)
class Rewriting:
    """What restatements did until some day: one row per day, one column per monitor of ``MONITORS``."""

    factor: Floats
    """Value now over value before."""
    changed_on: Integers
    """Day of the last restatement of the value, a proleptic ordinal; 0 where there was none."""
    is_deleted: Flags


def rewriting(restatements: Iterable[Restatement], days: Integers, *, seed: int, today: date) -> Rewriting:
    """The combined effect of the restatements made up to ``today``."""
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
