"""Ingestion drills: a year is ingested under faults, killed at random moments, resumed, and must end as if undisturbed.

The practice server runs here; each attempt is the command ``airwatch backfill`` in a process of its own.
"""

import math
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.practice.faults.faults import FaultKind
from airwatch_dagster.practice.server.server import DEFAULT_KEY, PracticeServer
from airwatch_dagster_tests.drills.attempts import NEVER, Attempt, Effort, run_attempt, warm_up
from airwatch_dagster_tests.drills.outcomes import DISTURBING, Outcome, Phase, RecordedFaults, Undisturbed
from airwatch_dagster_tests.drills.plans import Drill, Kill, Scenario
from airwatch_dagster_tests.drills.readings import (
    Versions,
    cached_files,
    cached_responses,
    difference,
    readings_of,
    record_of,
    remains,
    rows_of,
    unexplained,
)
from airwatch_dagster_tests.installations import Installation

MAX_ATTEMPTS: Final = 30
"""Attempts at one pull before a drill gives up."""

INTERVAL_S: Final = 0.03
"""Seconds between API requests; the waits before repetitions shrink in proportion."""


class DrillRunner:
    """Runs drills below ``folder``, each scenario undisturbed once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undisturbed: dict[Scenario, Undisturbed] = {}
        warm_up()

    def undisturbed(self, scenario: Scenario) -> Undisturbed:
        """A pull with nothing after it is the first one of the scenario in which EPA restates something afterwards."""
        longer = replace(scenario, sequel="restated")
        whole = longer if scenario.sequel == "nothing" else scenario
        if whole not in self._undisturbed:
            with self._ingesting(Drill(-1, whole, 0.0, (), 1, 0.0, ())) as ingestion:
                self._undisturbed[whole] = ingestion.undisturbed_result()
        return self._undisturbed[whole].until(len(scenario.clocks))

    def run(self, drill: Drill) -> Outcome:
        """Run one drill and compare the stored rows with those of the undisturbed run."""
        expected, began = self.undisturbed(drill.scenario), time.monotonic()
        with self._ingesting(drill) as ingestion:
            outcome = ingestion.disturbed(expected)
        outcome.seconds = time.monotonic() - began
        return outcome

    @contextmanager
    def _ingesting(self, drill: Drill) -> Iterator["_Ingestion"]:
        folder = self._folder / f"drill {drill.seed}"
        faults_seen = RecordedFaults(drill.faults)
        scenario = drill.scenario
        with PracticeServer(today=scenario.clocks[0], faults=faults_seen, restatements=scenario.restatements) as server:
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
            try:
                yield _Ingestion(drill, installation, server, faults_seen)
            finally:
                shutil.rmtree(folder)


class _Ingestion:
    """One installation that ingests the scenario of a drill, pull by pull."""

    def __init__(
        self, drill: Drill, installation: Installation, server: PracticeServer, faults_seen: RecordedFaults
    ) -> None:
        self._drill = drill
        self._installation = installation
        self._server = server
        self._faults = faults_seen
        self._began: list[pd.Timestamp] = []
        self._outcome = Outcome(drill)

    def undisturbed_result(self) -> Undisturbed:
        """Every pull in one attempt."""
        states, efforts, requested = [], [], []
        for pull in self._pulls():
            attempt = self._attempt(pull)
            if attempt.ending != "done":
                raise RuntimeError(f"undisturbed {self._drill.scenario} {attempt.ending}: {attempt.output}")
            efforts.append(attempt.effort)
            states.append(self._readings())
            requested.append(tuple(what for what, _ in self._faults.requested))
            self._faults.requested.clear()
        return Undisturbed(tuple(states), self._others(), tuple(efforts), tuple(requested))

    def disturbed(self, expected: Undisturbed) -> Outcome:
        """Every pull in as many attempts as it needs; stops at the first problem."""
        outcome = self._outcome
        for pull in self._pulls():
            self._run_pull(pull, expected)
            if outcome.problems:
                break
        else:
            self._compare_final(expected)
        outcome.faults.update(self._faults.plan.counts)
        outcome.requests = len(self._faults.requested)
        outcome.needed = sum(map(len, expected.requested))
        outcome.repeated_for_faults = sum(kind in DISTURBING for _, kind in self._faults.requested)
        return outcome

    def _pulls(self) -> Iterator[int]:
        for pull, clock in enumerate(self._drill.scenario.clocks):
            self._server.move_clock(clock)
            self._began.append(utc_now())
            yield pull

    def _run_pull(self, pull: int, expected: Undisturbed) -> None:
        kills = [kill for kill in self._drill.kills if kill.pull == pull]
        found: Versions = self._readings()
        for _ in range(MAX_ATTEMPTS):
            cached, files = (
                cached_by(self._installation, since=self._began[-1]) for cached_by in (cached_responses, cached_files)
            )
            requested_before = len(self._faults.requested)
            attempt = self._attempt(pull, _moment(kills.pop(0), expected.efforts[pull]) if kills else NEVER)
            requested = self._faults.requested[requested_before:]
            self._outcome.repeated_requests += sum(what in cached for what, _ in requested)
            self._outcome.repeated_requests += len(files - cached_files(self._installation, since=self._began[-1]))
            if attempt.ending == "hung":
                return self._problem(f"pull {pull + 1} hangs after {len(requested)} requests")
            before, found = found, self._check_stored(expected.states[max(0, pull - 1) : pull + 1])
            if attempt.ending == "killed":
                phase = self._phase(before, found, expected.states[pull], cached, requested, expected.requested[pull])
                self._outcome.kills[phase] += 1
            if attempt.ending == "done" or self._outcome.problems:
                return None
        return self._problem(f"pull {pull + 1} did not end in {MAX_ATTEMPTS} attempts: {attempt.output}")

    def _attempt(self, pull: int, killed_at: Effort = NEVER) -> Attempt:
        attempt = run_attempt(self._installation, self._drill.scenario.command(pull), killed_at=killed_at)
        self._outcome.attempts += 1
        if attempt.ending == "failed":
            self._outcome.failures[_sentence_of(attempt.output)] += 1
        return attempt

    def _check_stored(self, states: tuple[Versions, ...]) -> Versions:
        """The stored readings; a partition that the undisturbed run never had is a problem."""
        found = self._readings()
        unexpected = unexplained(found, states)
        if unexpected:
            self._problem(
                f"{len(unexpected)} partitions hold what the undisturbed run never had, such as {unexpected[0]}"
            )
        return found

    def _compare_final(self, expected: Undisturbed) -> None:
        found, outcome = self._readings(), self._outcome
        outcome.rows = sum(versions.total() for versions in found.values())
        outcome.difference = difference(found, expected.states[-1])
        if outcome.difference.partitions:
            self._problem(f"{len(outcome.difference.partitions)} partitions differ in the end")
        for table, rows in self._others().items():
            if expected.others and rows != expected.others[table]:
                outcome.notes.append(f"{table} has {rows.total()} rows, undisturbed {expected.others[table].total()}")
        record = record_of(self._installation)
        outcome.unrecorded, outcome.under_way = len(set(found) - record.partitions), record.under_way
        outcome.remains = remains(self._installation)

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
        cached: frozenset[str],
        requested: list[tuple[str, FaultKind | None]],
        needed: tuple[str, ...],
    ) -> Phase:
        """The phase a killed attempt was in, as far as its traces show."""
        if difference(found, goal).partitions:
            written = difference(found, before).partitions
            data = {what for what in needed if "daily" in what}
            received = {what for what, kind in requested if "daily" in what and kind not in DISTURBING} | cached
            return "writing" if written else "merging" if len(received) >= len(data) else "fetching"
        return "recording"

    def _problem(self, sentence: str) -> None:
        self._outcome.problems.append(sentence)


def _moment(kill: Kill, whole: Effort) -> Effort:
    """The effort at which an attempt is killed."""
    if kill.by == "clock":
        return Effort(kill.share * whole.clock, math.inf)
    return Effort(math.inf, kill.share * whole.work)


def _sentence_of(output: str) -> str:
    """The last line without what differs from run to run."""
    last = output.splitlines()[-1] if output else "nothing"
    return re.sub(r" \(Dagster run .*", "", re.sub(r"https?://\S+/", "", last))
