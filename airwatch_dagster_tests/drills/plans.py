"""Drills drawn from seeds: what is ingested, which faults the server has, and when the process is killed."""

import random
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from airwatch_dagster.practice.faults.faults import DEFAULT_KINDS, FAULT_KINDS, FaultKind, FaultPlan
from airwatch_dagster.practice.world.restatements import Restatement

SourceKind = Literal["aqs", "airdata"]
Sequel = Literal["nothing", "time passes", "restated"]

PLACES: Final = (
    ("cbsa:37900", 2021),
    ("cbsa:16580", 2020),
    ("cbsa:33340", 2021),
    ("cbsa:33340,cbsa:37900", 2021),
    ("cbsa:16580,cbsa:33340", 2019),
)
"""Areas of the practice network and a year each; two areas of different states take two requests a year."""

RESTATED_STATES: Final = {"cbsa:16580,cbsa:33340": ("17",)}
"""States that EPA restates; everywhere else all of them."""


@dataclass(frozen=True)
class Scenario:
    """What is ingested, and how the source changes before the second pull."""

    source: SourceKind
    area: str
    year: int
    sequel: Sequel
    days: tuple[str, str] = ("01-01", "12-31")
    """First and last day of the year that are ingested."""

    @property
    def clocks(self) -> tuple[date, ...]:
        """The server's day at each pull: the last quarter is provisional at the first, final at the second."""
        pulls = (date(self.year + 1, 2, 1), date(self.year + 1, 8, 1))
        return pulls if self.sequel != "nothing" else pulls[:1]

    @property
    def restatements(self) -> tuple[Restatement, ...]:
        """A third of the year is lowered, and a share of it deleted; a tenth of another quarter is deleted."""
        if self.sequel != "restated":
            return ()
        on, states = date(self.year + 1, 6, 1), RESTATED_STATES.get(self.area, ())
        lowered = Restatement(on, date(self.year, 5, 1), date(self.year, 8, 31), 0.83, 0.05, states)
        deleted = Restatement(on, date(self.year, 1, 1), date(self.year, 3, 31), deleted_share=0.1, states=states)
        return (lowered, deleted)

    def command(self, pull: int) -> list[str]:
        """The command of a pull, and of its resumption."""
        days = [f"{self.year}-{day}" for day in self.days]
        return ["backfill", *days, "--tables", "raw_readings", *(["--refresh"] if pull else [])]


@dataclass(frozen=True)
class Kill:
    """When an attempt at a pull is killed."""

    pull: int
    share: float
    """Share of the undisturbed pull's effort."""
    by: Literal["clock", "work"]
    """Whether seconds on the clock or seconds of computing are meant; only the former pass while a server is silent."""


@dataclass(frozen=True)
class Drill:
    """One drill, as drawn from its seed."""

    seed: int
    scenario: Scenario
    fault_share: float
    fault_kinds: tuple[FaultKind, ...]
    max_in_a_row: int
    hang_seconds: float
    kills: tuple["Kill", ...]

    @classmethod
    def drawn(cls, seed: int) -> "Drill":
        draw = random.Random(seed)
        area, year = draw.choice(PLACES)
        sequel: Sequel = draw.choices(("nothing", "time passes", "restated"), (0.4, 0.1, 0.5))[0]
        scenario = Scenario(draw.choice(("aqs", "airdata")), area, year, sequel)
        return cls(
            seed,
            scenario,
            fault_share=draw.uniform(0.1, 0.6),
            fault_kinds=draw.choice((DEFAULT_KINDS, FAULT_KINDS)),
            max_in_a_row=draw.randint(1, 6),
            hang_seconds=draw.uniform(0.05, 0.2),
            kills=tuple(
                Kill(draw.randrange(len(scenario.clocks)), draw.random(), draw.choice(("clock", "work", "work")))
                for _ in range(draw.randint(1, 4))
            ),
        )

    @property
    def faults(self) -> FaultPlan:
        return FaultPlan(
            self.seed,
            share=self.fault_share,
            kinds=self.fault_kinds,
            max_in_a_row=self.max_in_a_row,
            hang_seconds=self.hang_seconds,
            retry_after_seconds=0,
        )
