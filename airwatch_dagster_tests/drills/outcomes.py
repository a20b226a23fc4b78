"""The results of an undisturbed run and of a drill."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

from airwatch_dagster.practice.faults.faults import FAULT_KINDS, FaultKind, FaultPlan
from airwatch_dagster.practice.http import Request
from airwatch_dagster_tests.drills.attempts import Effort
from airwatch_dagster_tests.drills.plans import Drill
from airwatch_dagster_tests.drills.readings import Difference, Versions, identity

Phase = Literal["fetching", "merging", "writing", "recording"]
"""The phase a killed attempt was in: requesting, before the first file, between files, or after the last one."""

DISTURBING: Final = frozenset(FAULT_KINDS) - {"duplicate_rows", "shuffled_rows"}
"""Kinds after which the request has to be repeated."""


class RecordedFaults:
    """Faults of a plan, with a record of every request."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self.requested: list[tuple[str, FaultKind | None]] = []

    @property
    def hang_seconds(self) -> float:
        return self.plan.hang_seconds

    @property
    def retry_after_seconds(self) -> int:
        return self.plan.retry_after_seconds

    def fault_for(self, request: Request) -> FaultKind | None:
        kind = self.plan.fault_for(request)
        self.requested.append((identity(request.path, request.query), kind))
        return kind


@dataclass(frozen=True)
class Undisturbed:
    """A scenario without faults and kills."""

    states: tuple[Versions, ...]
    """Versions stored after each pull."""
    others: dict[str, Counter[int]]
    """Rows of the other tables in the end."""
    efforts: tuple[Effort, ...]
    """The effort of each pull."""
    requested: tuple[tuple[str, ...], ...]
    """The requests of each pull."""

    def until(self, pulls: int) -> "Undisturbed":
        """The same without later pulls; the other tables are not compared then."""
        if pulls == len(self.states):
            return self
        return Undisturbed(self.states[:pulls], {}, self.efforts[:pulls], self.requested[:pulls])


@dataclass
class Outcome:
    """The result of a drill."""

    drill: Drill
    problems: list[str] = field(default_factory=list)
    """Reasons why it failed."""
    notes: list[str] = field(default_factory=list)
    """Other differences from the undisturbed run; no reading is lost or doubled by them."""
    attempts: int = 0
    kills: Counter[Phase] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """Error messages of runs that failed without being killed."""
    faults: Counter[FaultKind] = field(default_factory=Counter)
    requests: int = 0
    needed: int = 0
    """Requests of the undisturbed run."""
    repeated_for_faults: int = 0
    repeated_requests: int = 0
    """Requests and files that an earlier attempt had cached already."""
    unrecorded: int = 0
    """Stored partitions that Dagster does not list as materialized."""
    under_way: int = 0
    """Killed runs that Dagster lists as started."""
    remains: int = 0
    """Temporary files that were never renamed."""
    rows: int = 0
    difference: Difference = field(default_factory=Difference)
    seconds: float = 0.0

    @property
    def survived(self) -> bool:
        return not self.problems
