"""Random kills on one long-lived stack: who dies, when, and under which run come from the drill's seed.

A drill removes what the run is to write, asks for the run, and kills. It survives if the run ends within a minute
after its process is gone, succeeds where Dagster or a person starts it again, leaves nothing queued, no lock and no
unfinished MLflow run, and if all tables equal those of before, which no kill has seen.
"""

import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.rehearsal.dagster_api import ENDED, DagsterApi, Run
from deploy.rehearsal.processes import Broken
from deploy.rehearsal.scenario import (
    HONEST_WITHIN_S,
    TODAY,
    AlertChannel,
    alert_channel,
    idle_lines,
    stopped,
    usage_lines,
    wait_until_idle,
)
from deploy.rehearsal.stack import Stack
from deploy.rehearsal.tables import StoredTables, unfinished_mlflow_runs
from deploy.rehearsal.work import FIRST, WORK, fill_history, kill, launch, worker_of

ENDS_WITHIN_S: Final = 420.0
"""Seconds within which a run must have ended whose process lives, or that waits for a place."""

TIDY_WITHIN_S: Final = 90.0
"""Seconds within which the locks and MLflow's runs of killed processes must be gone: two looks of the sensor."""

IDLE_S: Final = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Drill:
    """One kill, as its seed draws it."""

    seed: int
    victim: str
    kind: str
    moment: float
    """Share of the time that the run works undisturbed, after which the kill comes; below 0 before it starts."""

    @classmethod
    def drawn(cls, seed: int, *, victims: Sequence[str], kinds: Sequence[str]) -> "Drill":
        """The drill of a seed."""
        draw = random.Random(seed)  # noqa: S311 - a drill is to be repeated
        return cls(seed, draw.choice(victims), draw.choice(kinds), draw.uniform(-0.1, 1.0))


@dataclass(frozen=True)
class Outcome:
    """What became of a drill."""

    drill: Drill
    killed_at: str
    """Status of the run when the kill came."""
    statuses: tuple[str, ...]
    """Of the run and of those in its place."""
    told_s: float | None
    """Seconds from the end of the run's process to the end of the run; None if the process lived on."""
    seconds: float
    problems: tuple[str, ...]

    @property
    def line(self) -> str:
        """One line for people."""
        drill, told = self.drill, "lived on" if self.told_s is None else f"told after {self.told_s:.0f} s"
        what = f"{drill.victim} under {drill.kind} at {100 * drill.moment:.0f} %, {self.killed_at}"
        problems = "; ".join(self.problems) or "survived"
        return f"drill {drill.seed}: {what}: {' → '.join(self.statuses)}, {told}, {self.seconds:.0f} s: {problems}"


def drilled(folder: Path, drills: Sequence[Drill], *, measures: bool = False, say: Say) -> list[Outcome]:
    """Start a stack in an empty folder, fill its history, and do the drills; then say what it uses, if it ``measures``.

    Raises Broken if that is not possible.
    """
    with alert_channel() as alerts:
        stack = Stack.new(folder, AIRWATCH_PRACTICE_TODAY=TODAY, AIRWATCH_FIRST_DAY=FIRST, AIRWATCH_CONTEXT_KM="0")
        (folder / "secrets" / "alert_webhook_url").write_text(alerts.url, encoding="utf-8")
        try:
            for name, seconds in stack.up():
                say(f"{name} is up and healthy after {seconds:.0f} s")
            outcomes = _Drills(stack, alerts, say).all_of(drills)
            if measures:
                measured(stack, say)
            return outcomes
        finally:
            stopped(stack, say)


def measured(stack: Stack, say: Say) -> None:
    """What each service uses for a minute without a run, and from the request to the end of a run of each kind."""
    api = DagsterApi(stack)
    say("\n".join(["idle", *idle_lines(stack, IDLE_S)]))
    for kind, work in WORK.items():
        StoredTables(stack).remove(work.outputs)
        say("\n".join([kind, *usage_lines(stack, _goes_on(api, launch(api, kind)))]))


def _goes_on(api: DagsterApi, run_id: str) -> Callable[[], bool]:
    return lambda: not api.run(run_id).has_ended


def summary(outcomes: Collection[Outcome]) -> list[str]:
    """A line for each victim, and one for all."""
    lines = []
    for victim in sorted({one.drill.victim for one in outcomes}):
        found = [one for one in outcomes if one.drill.victim == victim]
        told = [one.told_s for one in found if one.told_s is not None]
        latest = f", told within {max(told):.0f} s" if told else ""
        lines.append(f"{victim}: {_counts(found)}{latest}")
    return [*lines, f"all: {_counts(outcomes)}"]


def _counts(outcomes: Collection[Outcome]) -> str:
    survived, working = (
        sum(not one.problems for one in outcomes),
        sum(one.killed_at == "STARTED" for one in outcomes),
    )
    return f"{survived} of {len(outcomes)} survived, {working} killed while the run worked"


class _Drills:
    """Drills on a stack that has its history."""

    def __init__(self, stack: Stack, alerts: AlertChannel, say: Say) -> None:
        self._stack, self._alerts, self._say = stack, alerts, say
        self._api, self._tables = DagsterApi(stack), StoredTables(stack)
        self._worked_s: dict[str, float] = {}
        self._retried: list[str] = []

    def all_of(self, drills: Sequence[Drill]) -> list[Outcome]:
        """What became of each; one line each, too."""
        self._say(f"history is filled after {fill_history(self._stack):.0f} s")
        self._undisturbed("training")  # of a month that the history ends before
        self._marks, self._bytes = self._tables.marks(), self._tables.read()
        for kind in sorted({drill.kind for drill in drills}):
            self._undisturbed(kind)
        if different := self._tables.differences(self._bytes, self._marks):
            raise Broken(f"Runs that nothing disturbs differ: {different[:5]}")
        outcomes = []
        for drill in drills:
            outcomes.append(self._done(drill))
            self._say(outcomes[-1].line)
        self._require_silence()
        return outcomes

    def _undisturbed(self, kind: str) -> None:
        self._tables.remove(WORK[kind].outputs)
        began = time.monotonic()
        run = self._api.ended(launch(self._api, kind), within_s=ENDS_WITHIN_S)
        if run.status != "SUCCESS" or run.worked_s is None:
            raise Broken(f"{kind} ended as {run.status} although nothing disturbed it", self._stack.log("code"))
        self._worked_s[kind] = min(run.worked_s, self._worked_s.get(kind, run.worked_s))
        said = f"{run.worked_s:.0f} s of work undisturbed, {time.monotonic() - began:.0f} s from request to end"
        self._say(f"{kind}: {said}")

    def _done(self, drill: Drill) -> Outcome:
        began, killed_at, told = time.monotonic(), "", None
        problems, statuses = list[str](), list[str]()
        try:
            self._tables.remove(WORK[drill.kind].outputs)
            run_id = launch(self._api, drill.kind)
            killed_at = self._await_moment(run_id, drill)
            kill(self._stack, drill.victim, run_id=run_id)
            self._stack.restore()
            told = self._told(run_id)
            statuses = self._to_success(run_id, drill.kind)
            problems += self._tables.differences(self._bytes, self._marks)[:5] + self._still_left()
        except Broken as broken:
            problems.append(str(broken))
            self._stack.restore()
        return Outcome(drill, killed_at, tuple(statuses), told, time.monotonic() - began, tuple(problems))

    def _await_moment(self, run_id: str, drill: Drill) -> str:
        """The run's status when the drill's moment has come."""
        if drill.moment >= 0:
            what, wanted = f"run {run_id} is under way", ("STARTED", *ENDED)
            self._api.wait(lambda: self._api.run(run_id).status in wanted, what, within_s=ENDS_WITHIN_S)
            time.sleep(drill.moment * self._worked_s[drill.kind])
        return self._api.run(run_id).status

    def _told(self, run_id: str) -> float | None:
        """Wait for the run's end; seconds for which it had no process by then. Raises Broken if it is not told."""
        began, gone, had_process = time.monotonic(), None, False
        while not (run := self._api.run(run_id)).has_ended:
            self._stack.restore()
            now, lives = time.monotonic(), bool(worker_of(self._stack, run_id))
            had_process |= lives
            gone = None if lives or run.status in ("QUEUED", "NOT_STARTED") else (gone or now)
            if now - (gone or now) > HONEST_WITHIN_S or now - began > ENDS_WITHIN_S:
                raise Broken(
                    f"Run {run_id} is {run.status} {now - began:.0f} s after the kill", self._stack.log("daemon")
                )
            time.sleep(0.5)
        if run.is_retried:
            self._retried.append(run_id)
        return time.monotonic() - gone if gone else None

    def _to_success(self, run_id: str, kind: str) -> list[str]:
        """The statuses of the run and of those in its place, which Dagster started or, as a person would, this."""
        runs = self._settled(run_id)
        if runs[-1].status != "SUCCESS":
            again = self._api.ended(launch(self._api, kind), within_s=ENDS_WITHIN_S)
            runs.append(again)
        if runs[-1].status != "SUCCESS":
            raise Broken(f"{kind} started again ended as {runs[-1].status}", self._stack.log("code"))
        return [run.status for run in runs]

    def _settled(self, run_id: str) -> list[Run]:
        """The run and its retries, once nothing is queued or under way."""
        run = self._api.ended(run_id, within_s=ENDS_WITHIN_S, meanwhile=self._stack.restore)
        if run.is_retried:
            self._api.await_retry(run_id)
        wait_until_idle(self._api, within_s=ENDS_WITHIN_S, meanwhile=self._stack.restore)
        retry = self._api.retry_of(run_id)
        return [run, *(self._settled(retry.run_id) if retry else [])]

    def _still_left(self) -> list[str]:
        """What should not be there after a drill, and is not tidied up by the sensor for lost runs."""
        deadline = time.monotonic() + TIDY_WITHIN_S
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(2)
        return left

    def _left(self) -> list[str]:
        state = self._stack.folder / "state"
        locks = [f"run-locks/{path.name} is left" for path in (state / "run-locks").glob("*")]
        unfinished = [f"{path.relative_to(state)} is left" for path in state.rglob("*.part")]
        mlflow = [f"MLflow's run {name} is not ended" for name in unfinished_mlflow_runs(self._stack)]
        return [*locks, *unfinished, *mlflow]

    def _require_silence(self) -> None:
        """Nobody was told of a run that Dagster started again by itself."""
        if told := [run_id for run_id in self._retried if self._alerts.about(run_id) is not None]:
            raise Broken(f"An alert was sent about runs that Dagster started again: {told}", self._stack.log("code"))
        self._say(f"no alert was sent about {len(self._retried)} runs that Dagster started again")
