"""Ingestion drills: a year is ingested under faults, killed at random moments, resumed, and must end as if undisturbed.

Everything of a drill is drawn from its seed. The practice server runs here; each attempt is the command
``airwatch backfill`` in a process of its own, forked from one that has imported everything.
"""

import math
import multiprocessing
import os
import random
import re
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.practice.exchange import Request
from airwatch_dagster.practice.faults import DEFAULT_KINDS, FAULT_KINDS, FaultKind, FaultPlan
from airwatch_dagster.practice.restatements import Restatement
from airwatch_dagster.practice.server import DEFAULT_KEY, PracticeServer
from airwatch_dagster_tests.drilled_readings import (
    Difference,
    Versions,
    difference,
    identity,
    kept_answers,
    readings_of,
    recorded_partitions,
    rows_of,
    unexplained,
)
from airwatch_dagster_tests.installations import Installation

SourceKind = Literal["aqs", "airdata"]
Sequel = Literal["nothing", "time passes", "restated"]
Phase = Literal["fetching", "merging", "writing", "recording"]

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

MOST_ATTEMPTS: Final = 30
"""Attempts at one pull before a drill gives up."""

POLL_S: Final = 0.01
"""Seconds between looks at an attempt under way."""

LONGEST_ATTEMPT_S: Final = 120.0
"""Seconds after which an attempt counts as hanging; undisturbed ones take under ten."""

INTERVAL_S: Final = 0.03
"""Seconds between API requests; the waits before repetitions shrink in proportion."""

_DISTURBING: Final = frozenset(FAULT_KINDS) - {"duplicate_rows", "shuffled_rows"}
"""Kinds after which the request has to be repeated."""

_PROCESSES: Final = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["__main__", f"{__name__}_warm"])


@dataclass(frozen=True)
class Scenario:
    """What is ingested, and what the source does before it is ingested again."""

    source: SourceKind
    area: str
    year: int
    sequel: Sequel

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
        """What is typed for a pull, and again after it was interrupted."""
        days = [f"{self.year}-01-01", f"{self.year}-12-31"]
        return ["backfill", *days, "--tables", "raw_readings", *(["--refresh"] if pull else [])]


@dataclass(frozen=True)
class Kill:
    """When an attempt at a pull is killed."""

    pull: int
    share: float
    """Of what the pull takes undisturbed."""
    by: Literal["clock", "work"]
    """Whether seconds on the clock or seconds of computing are meant; only the former pass while a server is silent."""


@dataclass(frozen=True)
class Effort:
    """What a pull took, in seconds."""

    clock: float
    work: float


NEVER: Final = Effort(math.inf, math.inf)


@dataclass(frozen=True)
class Drill:
    """One drill, as drawn from its seed."""

    seed: int
    scenario: Scenario
    fault_share: float
    fault_kinds: tuple[FaultKind, ...]
    most_in_a_row: int
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
            most_in_a_row=draw.randint(1, 6),
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
            most_in_a_row=self.most_in_a_row,
            hang_seconds=self.hang_seconds,
            retry_after_seconds=0,
        )


class Watched:
    """Faults of a plan, with a list of what was asked."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self.asked: list[tuple[str, FaultKind | None]] = []

    @property
    def hang_seconds(self) -> float:
        return self.plan.hang_seconds

    @property
    def retry_after_seconds(self) -> int:
        return self.plan.retry_after_seconds

    def fault_for(self, request: Request) -> FaultKind | None:
        kind = self.plan.fault_for(request)
        self.asked.append((identity(request.path, request.query), kind))
        return kind


@dataclass(frozen=True)
class Undisturbed:
    """A scenario without faults and kills."""

    states: tuple[Versions, ...]
    """Versions stored after each pull."""
    others: dict[str, Counter[int]]
    """Rows of the other tables in the end."""
    efforts: tuple[Effort, ...]
    """What each pull took."""
    asked: tuple[tuple[str, ...], ...]
    """The requests of each pull."""

    def until(self, pulls: int) -> "Undisturbed":
        """The same without later pulls; of the other tables nothing is known then."""
        if pulls == len(self.states):
            return self
        return Undisturbed(self.states[:pulls], {}, self.efforts[:pulls], self.asked[:pulls])


@dataclass
class Outcome:
    """What a drill came to."""

    drill: Drill
    problems: list[str] = field(default_factory=list)
    """Why it did not survive."""
    notes: list[str] = field(default_factory=list)
    """What else differs from the undisturbed run, without a reading being lost or doubled."""
    attempts: int = 0
    kills: Counter[Phase] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """Sentences that runs failed with by themselves."""
    faults: Counter[FaultKind] = field(default_factory=Counter)
    requests: int = 0
    needed: int = 0
    """Requests of the undisturbed run."""
    repeated_for_faults: int = 0
    asked_again: int = 0
    """Requests whose answers were kept from an attempt before."""
    rows: int = 0
    difference: Difference = field(default_factory=Difference)
    seconds: float = 0.0

    @property
    def survived(self) -> bool:
        return not self.problems


class Rehearsal:
    """Runs drills below ``folder``, each scenario undisturbed once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undisturbed: dict[Scenario, Undisturbed] = {}

    def undisturbed(self, scenario: Scenario) -> Undisturbed:
        """A pull with nothing after it is the first one of the scenario in which EPA restates something afterwards."""
        longer = Scenario(scenario.source, scenario.area, scenario.year, "restated")
        whole = longer if scenario.sequel == "nothing" else scenario
        if whole not in self._undisturbed:
            with self._ingesting(Drill(-1, whole, 0.0, (), 1, 0.0, ())) as ingestion:
                self._undisturbed[whole] = ingestion.observed()
        return self._undisturbed[whole].until(len(scenario.clocks))

    def run(self, drill: Drill) -> Outcome:
        """Faults, kills and resumptions of one drill, and what is left in the end."""
        expected, began = self.undisturbed(drill.scenario), time.monotonic()
        with self._ingesting(drill) as ingestion:
            outcome = ingestion.drilled(expected)
        outcome.seconds = time.monotonic() - began
        return outcome

    @contextmanager
    def _ingesting(self, drill: Drill) -> Iterator["_Ingestion"]:
        folder = self._folder / f"drill {drill.seed}"
        watched = Watched(drill.faults)
        scenario = drill.scenario
        with PracticeServer(today=scenario.clocks[0], faults=watched, restatements=scenario.restatements) as server:
            installation = Installation.at(
                folder,
                AIRWATCH_SOURCE=scenario.source,
                AIRWATCH_AREA=scenario.area,
                AIRWATCH_CONTEXT_KM="0",
                AIRWATCH_AQS_URL=server.aqs_url,
                AIRWATCH_AIRDATA_URL=server.airdata_url,
                AIRWATCH_AQS_INTERVAL_S=str(INTERVAL_S),
                EPA_AQS_EMAIL="drill@example.org",
                EPA_AQS_API_KEY=DEFAULT_KEY,
            )
            yield _Ingestion(drill, installation, server, watched)
        shutil.rmtree(folder)


class _Ingestion:
    """One installation that ingests the scenario of a drill, pull by pull."""

    def __init__(self, drill: Drill, installation: Installation, server: PracticeServer, watched: Watched) -> None:
        self._drill = drill
        self._installation = installation
        self._server = server
        self._watched = watched
        self._began: list[pd.Timestamp] = []
        self._effort = Effort(0.0, 0.0)
        self._outcome = Outcome(drill)

    def observed(self) -> Undisturbed:
        """Every pull in one attempt."""
        states, efforts, asked = [], [], []
        for pull in self._pulls():
            ending = self._attempt(pull)
            if ending != "done":
                raise RuntimeError(f"undisturbed {self._drill.scenario} {ending}: {self._said()}")
            efforts.append(self._effort)
            states.append(self._readings())
            asked.append(tuple(what for what, _ in self._watched.asked))
            self._watched.asked.clear()
        return Undisturbed(tuple(states), self._others(), tuple(efforts), tuple(asked))

    def drilled(self, expected: Undisturbed) -> Outcome:
        """Every pull in as many attempts as it takes; stops at the first problem."""
        outcome = self._outcome
        for pull in self._pulls():
            self._pulled(pull, expected)
            if outcome.problems:
                break
        else:
            self._compared(expected)
        outcome.faults.update(self._watched.plan.counts)
        outcome.requests = len(self._watched.asked)
        outcome.needed = sum(map(len, expected.asked))
        outcome.repeated_for_faults = sum(kind in _DISTURBING for _, kind in self._watched.asked)
        return outcome

    def _pulls(self) -> Iterator[int]:
        for pull, clock in enumerate(self._drill.scenario.clocks):
            self._server.move_clock(clock)
            self._began.append(utc_now())
            yield pull

    def _pulled(self, pull: int, expected: Undisturbed) -> None:
        kills = [kill for kill in self._drill.kills if kill.pull == pull]
        found: Versions = self._readings()
        for _ in range(MOST_ATTEMPTS):
            kept, asked_before = kept_answers(self._installation), len(self._watched.asked)
            ending = self._attempt(pull, _moment(kills.pop(0), expected.efforts[pull]) if kills else NEVER)
            asked = self._watched.asked[asked_before:]
            self._outcome.asked_again += sum(what in kept for what, _ in asked)
            if ending == "hung":
                return self._problem(f"pull {pull + 1} hangs after {len(asked)} requests")
            before, found = found, self._checked(expected.states[max(0, pull - 1) : pull + 1])
            if ending == "killed":
                phase = self._phase(before, found, expected.states[pull], kept, asked, expected.asked[pull])
                self._outcome.kills[phase] += 1
            if ending == "done" or self._outcome.problems:
                return None
        return self._problem(f"pull {pull + 1} did not end in {MOST_ATTEMPTS} attempts: {self._said()}")

    def _attempt(self, pull: int, killed_at: Effort = NEVER) -> Literal["done", "failed", "killed", "hung"]:
        arguments = self._drill.scenario.command(pull)
        process = _PROCESSES.Process(target=_ingest, args=(self._installation, arguments))
        ending, work, started = None, 0.0, time.monotonic()
        process.start()
        while process.is_alive():
            process.join(POLL_S)
            work = max(work, _work_s(process.pid))
            self._effort = Effort(time.monotonic() - started, work)
            if ending is None and (ending := _overdue(self._effort, killed_at)) is not None:
                process.kill()
        self._outcome.attempts += 1
        if ending is not None:
            return ending
        if process.exitcode == 0:
            return "done"
        self._outcome.failures[_kind_of(self._said())] += 1
        return "failed"

    def _checked(self, states: tuple[Versions, ...]) -> Versions:
        """What is stored now, every partition of which the undisturbed run has or had."""
        found = self._readings()
        odd = unexplained(found, states)
        if odd:
            self._problem(f"{len(odd)} partitions hold what the undisturbed run never had, such as {odd[0]}")
        return found

    def _compared(self, expected: Undisturbed) -> None:
        found, outcome = self._readings(), self._outcome
        outcome.rows = sum(versions.total() for versions in found.values())
        outcome.difference = difference(found, expected.states[-1])
        if outcome.difference.partitions:
            self._problem(f"{len(outcome.difference.partitions)} partitions differ in the end")
        for table, rows in self._others().items():
            if expected.others and rows != expected.others[table]:
                outcome.notes.append(f"{table} has {rows.total()} rows, undisturbed {expected.others[table].total()}")
        unrecorded = set(found) - recorded_partitions(self._installation)
        if unrecorded:
            outcome.notes.append(f"Dagster does not know {len(unrecorded)} stored partitions")

    def _readings(self) -> Versions:
        try:
            return readings_of(self._installation.tables, pulls_began=self._began)
        except AirWatchError as error:
            self._problem(str(error))
            return {}

    def _others(self) -> dict[str, Counter[int]]:
        return {table: rows_of(self._installation.tables, table) for table in ("monitors", "revisions")}

    def _phase(
        self,
        before: Versions,
        found: Versions,
        goal: Versions,
        kept: frozenset[str],
        asked: list[tuple[str, FaultKind | None]],
        needed: tuple[str, ...],
    ) -> Phase:
        """What a killed attempt was at, as far as its traces tell."""
        if difference(found, goal).partitions:
            written = difference(found, before).partitions
            data = {what for what in needed if "daily" in what}
            answered = {what for what, kind in asked if "daily" in what and kind not in _DISTURBING} | kept
            return "writing" if written else "merging" if len(answered) >= len(data) else "fetching"
        return "recording"

    def _said(self) -> str:
        path = self._installation.folder / SAID
        return path.read_text(encoding="utf-8").strip() if path.exists() else "nothing"

    def _problem(self, sentence: str) -> None:
        self._outcome.problems.append(sentence)


SAID: Final = "said.txt"
"""What the last attempt printed."""


def _ingest(installation: Installation, arguments: list[str]) -> None:
    """In a process of its own: one attempt, ending as the command ends."""
    result = installation.airwatch(*arguments)
    crash = "" if result.exception is None or isinstance(result.exception, SystemExit) else result.exception
    told = "".join(traceback.format_exception(crash)) if crash else ""
    (installation.folder / SAID).write_text(result.output + told, encoding="utf-8")
    raise SystemExit(result.exit_code)


def _moment(kill: Kill, whole: Effort) -> Effort:
    """The effort at which an attempt is killed."""
    if kill.by == "clock":
        return Effort(kill.share * whole.clock, math.inf)
    return Effort(math.inf, kill.share * whole.work)


def _overdue(effort: Effort, killed_at: Effort) -> Literal["killed", "hung"] | None:
    if effort.clock >= killed_at.clock or effort.work >= killed_at.work:
        return "killed"
    return "hung" if effort.clock > LONGEST_ATTEMPT_S else None


def _work_s(process_id: int | None) -> float:
    """Seconds of computing of a process so far; 0 when it is gone, and where the system does not say."""
    try:
        ticks = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _kind_of(said: str) -> str:
    """The last line without what differs from run to run."""
    last = said.splitlines()[-1] if said else "nothing"
    return re.sub(r" \(Dagster run .*", "", re.sub(r"https?://\S+/", "", last))
