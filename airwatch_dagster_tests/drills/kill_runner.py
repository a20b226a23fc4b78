"""Runs kill drills: a command is killed at one change of state, started again, and must end as if undisturbed."""

import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from airwatch_dagster_tests.drills.attempts import BUILT, PROCESSES
from airwatch_dagster_tests.drills.changes import Change, ChangeWatch, KillOrder, Moment
from airwatch_dagster_tests.drills.kill_scenarios import KillScenario
from airwatch_dagster_tests.drills.stored import Known, Place, changed, files_of
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.small_models import small_models

MOMENTS: Final[dict[str, tuple[Moment, ...]]] = {
    "write": ("after", "in the middle"),
    "rename": ("before", "after"),
    "remove": ("before", "after"),
    "mkdir": ("after",),
    "rmdir": ("before", "after"),
    "commit": ("before", "after"),
    "vacuum": ("before", "after"),
    "PUT": ("before", "in the middle", "after"),
    "DELETE": ("before", "after"),
    "POST": ("before", "after"),
    "PATCH": ("before", "after"),
}
"""When a process is killed, by kind of change. Before a file is created all is as after the change before."""

LONGEST_S: Final = 400.0
"""Seconds after which a command counts as hanging. Undisturbed ones take under ten on an idle machine, and two minutes
on one with eight times the work that it has processors for."""

_OUTPUT: Final = "output.txt"

_LEFT: Final = re.compile(
    r"(^|/)\.[^/]+\.(tmp|part)(/|$)|/\.(restoring|unfinished)$|(^|/)(\.locks|run-locks)/|-journal$"
)
"""Names of what only a process that is under way has."""


@dataclass(frozen=True)
class KillDrill:
    """One drill."""

    scenario: KillScenario
    order: KillOrder
    storage: str
    """``folder`` or the name of an S3 server."""
    has_writer: bool


@dataclass
class KillOutcome:
    """The result of a drill."""

    drill: KillDrill
    problems: list[str] = field(default_factory=list)
    was_killed: bool = False
    was_spared: bool = False
    """The writer beside it did first what the command was to be killed at."""
    seconds: float = 0.0

    @property
    def survived(self) -> bool:
        return (self.was_killed or self.was_spared) and not self.problems


@dataclass(frozen=True)
class Undisturbed:
    """A scenario that nobody disturbs."""

    base: Installation
    changes: tuple[Change, ...]
    """Each kind and place of change, in the order of the first."""
    known: Known
    """Every state of every stored file, those of before included."""
    files: dict[str, bytes]
    """What is stored in the end."""
    made: dict[str, bytes]
    """What the command made besides."""


class KillRunner:
    """Runs drills below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undisturbed: dict[str, Undisturbed] = {}

    def undisturbed(self, scenario: KillScenario, place: Place | None = None) -> Undisturbed:
        """The scenario in a folder, or in another place to see the changes that are made there."""
        if place is not None:
            base = self.undisturbed(scenario).base
            return self._recorded(scenario, base, place)
        if scenario.name not in self._undisturbed:
            site = {"AIRWATCH_SITE_URL": "http://127.0.0.1:3001"}  # mails name it, wherever tables are
            base = Installation.at(self._folder / "bases" / _slug(scenario.name), **site, **scenario.settings)
            with small_models():
                scenario.prepare(base)
            (base.folder / "tables").mkdir(exist_ok=True)
            self._undisturbed[scenario.name] = self._recorded(scenario, base, None)
        return self._undisturbed[scenario.name]

    def _recorded(self, scenario: KillScenario, base: Installation, place: Place | None) -> Undisturbed:
        with self._copy(base, "undisturbed", place) as (installation, where):
            record, history = installation.folder / "changes.jsonl", installation.folder / "history"
            before = where.files()
            ending = _attempt(installation, scenario, record=record, history=history)
            if ending != "done":
                raise RuntimeError(f"undisturbed {scenario.name} {ending}: {_said(installation)}")
            changes = [Change(*json.loads(text)) for text in record.read_text().splitlines()]
            known, files = Known(), where.files()
            for state in (before, files):
                known.add(state)
            for path in sorted(history.glob("*")):
                name, _, data = path.read_bytes().partition(b"\n")
                known.add({name.decode(): data})
            made = files_of(installation.folder / scenario.made) if scenario.made else {}
            return Undisturbed(base, tuple(dict.fromkeys(changes)), known, files, made)

    def run(self, drill: KillDrill, place: Place | None) -> KillOutcome:
        """Kill, look, resume, compare; a place of None is a folder of the installation."""
        expected, outcome, began = self.undisturbed(drill.scenario), KillOutcome(drill), time.monotonic()
        with self._copy(expected.base, "drill", place) as (installation, where):
            try:
                self._drill(drill, expected, installation, where, outcome)
            finally:
                outcome.seconds = time.monotonic() - began
        return outcome

    def _drill(
        self, drill: KillDrill, expected: Undisturbed, installation: Installation, where: Place, outcome: KillOutcome
    ) -> None:
        problems = outcome.problems
        with _writing(installation, drill.scenario.writer if drill.has_writer else (), problems):
            ending = _attempt(installation, drill.scenario, order=drill.order)
            outcome.was_killed = ending == "killed"
            # A writer may do first what the command was to be killed at: then it was not, and all must be as it should.
            outcome.was_spared = drill.has_writer and ending == "done"
            if not outcome.was_killed and not outcome.was_spared:
                problems.append(f"was not killed, but {ending}: {_said(installation)}")
            problems += [f"after the kill: {one}" for one in expected.known.unexplained(where.files())]
            ending = _attempt(installation, drill.scenario)
            is_done = drill.scenario.is_done and re.search(drill.scenario.is_done, _said(installation))
            if ending != "done" and not is_done:
                problems.append(f"resumed, it {ending}: {_said(installation)}")
        stored = where.files()
        compared = {name: data for name, data in stored.items() if _is_of(name, expected.files)}
        problems += changed(expected.files, compared)
        if drill.scenario.made:
            problems += changed(expected.made, files_of(installation.folder / drill.scenario.made))
        problems += _runs_under_way(installation)
        problems += [f"left behind: {name}" for name in sorted(_left(installation, stored))]

    @contextmanager
    def _copy(self, base: Installation, name: str, place: Place | None) -> Iterator[tuple[Installation, Place]]:
        """A copy of an installation, with its tables in a place."""
        folder = self._folder / name
        shutil.copytree(base.folder, folder, copy_function=shutil.copy2)
        settings = (*base.settings, ("TMPDIR", str(folder / "temporary")))
        (folder / "temporary").mkdir()
        where = Place(str(folder / "tables"))
        if place is not None and place.server is not None:
            place.fill(folder / "tables")
            shutil.rmtree(folder / "tables")
            where, settings = place, (*settings, ("AIRWATCH_STORAGE", place.root), *aws_settings(place))
        try:
            yield Installation(folder, settings), where
        finally:
            where.clear()
            shutil.rmtree(folder, ignore_errors=True)


def aws_settings(place: Place) -> list[tuple[str, str]]:
    """The environment of a user of a place's server."""
    from airwatch_dagster_tests.s3_servers import ACCESS_KEY, SECRET

    assert place.server is not None
    values = {"ENDPOINT_URL": place.server.endpoint, "ACCESS_KEY_ID": ACCESS_KEY, "SECRET_ACCESS_KEY": SECRET}
    values |= {"CONFIG_FILE": os.devnull, "SHARED_CREDENTIALS_FILE": os.devnull, "EC2_METADATA_DISABLED": "true"}
    return [(f"AWS_{name}", value) for name, value in values.items()]


def orders(changes: tuple[Change, ...]) -> Iterator[KillOrder]:
    """Every moment of every change."""
    for change in changes:
        for moment in MOMENTS.get(change.kind, ("before", "after")):
            yield KillOrder(str(change), moment)


# In processes of their own


def _attempt(
    installation: Installation,
    scenario: KillScenario,
    *,
    order: KillOrder | None = None,
    record: Path | None = None,
    history: Path | None = None,
) -> str:
    """``done``, ``failed``, ``killed`` or ``hung``."""
    (installation.folder / _OUTPUT).unlink(missing_ok=True)
    return _run(_command, (installation, scenario.command, order, record, history))


def _run(target: object, arguments: tuple[object, ...]) -> str:
    process: ForkServerProcess = PROCESSES.Process(target=target, args=arguments)  # type: ignore[arg-type]
    process.start()
    process.join(LONGEST_S)
    if process.is_alive():
        process.kill()
        process.join()
        return "hung"
    return {0: "done", -9: "killed"}.get(process.exitcode or 0, "failed")


def _command(
    installation: Installation,
    command: tuple[str, ...],
    order: KillOrder | None,
    record: Path | None,
    history: Path | None,
) -> None:
    os.fsync = lambda _: None
    tempfile.tempdir = str(installation.folder / "temporary")
    names = {name: installation.folder / name for name in ("tables", "state", "home", "backup", "out", "rate-limits")}
    arguments = [one.format(folder=installation.folder) for one in command]
    if history is not None:
        _keep_states(history)
    lines = os.open(record, os.O_CREAT | os.O_APPEND | os.O_WRONLY) if record else None

    def seen(change: Change) -> None:
        if lines is not None:
            os.write(lines, f"{json.dumps([change.kind, change.what, change.where])}\n".encode())

    with small_models():
        ChangeWatch(names, seen=seen, order=order).start()
        result = installation.airwatch(*arguments)
    crash = result.exception
    crash_text = "" if crash is None or isinstance(crash, SystemExit) else "".join(traceback.format_exception(crash))
    (installation.folder / _OUTPUT).write_text(result.output + crash_text, encoding="utf-8")
    raise SystemExit(0 if BUILT in result.output else result.exit_code)


def _keep_states(history: Path) -> None:
    """Keep a copy of every state of every file that is published in a folder."""
    from airwatch_dagster.storage.local_folder import LocalFolder

    publish = LocalFolder._publish
    history.mkdir()

    def published(store: LocalFolder, name: str, data: bytes, **options: object) -> None:
        kept = history / f"{time.monotonic_ns()}-{os.urandom(4).hex()}"
        kept.write_bytes(name.encode() + b"\n" + data)
        publish(store, name, data, **options)  # type: ignore[arg-type]

    LocalFolder._publish = published  # type: ignore[method-assign]


@contextmanager
def _writing(installation: Installation, command: tuple[str, ...], problems: list[str]) -> Iterator[None]:
    """Another process runs the command again and again meanwhile, and must not fail."""
    if not command:
        yield
        return
    stop = installation.folder / "stop"
    process = PROCESSES.Process(target=_write_on, args=(installation, command, stop))
    process.start()
    try:
        yield
    finally:
        stop.touch()
        process.join(LONGEST_S)
        if process.exitcode != 0:
            said = installation.folder / "writer.txt"
            problems.append(f"the writer beside it failed: {_sentence(said.read_text() if said.exists() else 'hung')}")
            process.kill()
            process.join()


def _write_on(installation: Installation, command: tuple[str, ...], stop: Path) -> None:
    os.fsync = lambda _: None
    tempfile.tempdir = str(installation.folder / "temporary")
    while not stop.exists():
        result = installation.airwatch(*(one.format(folder=installation.folder) for one in command))
        if result.exit_code and BUILT not in result.output:
            is_told = isinstance(result.exception, SystemExit | None)
            crash = "" if is_told else "".join(traceback.format_exception(result.exception))
            (installation.folder / "writer.txt").write_text(result.output + crash)
            raise SystemExit(result.exit_code)


def _runs_under_way(installation: Installation) -> list[str]:
    """Runs that Dagster or MLflow still counts as waiting or under way, after one look of the sensor for lost runs."""
    _run(_look_for_lost_runs, (installation,))
    found = []
    with closing(sqlite3.connect(installation.folder / "state" / "runs.db")) as runs:
        ended = "('SUCCESS', 'FAILURE', 'CANCELED')"
        for (status,) in runs.execute(f"SELECT status FROM runs WHERE status NOT IN {ended}"):
            found.append(f"a run of Dagster's is {status}")
    with closing(sqlite3.connect(installation.folder / "state" / "mlflow.db")) as mlflow:
        for (name,) in mlflow.execute("SELECT name FROM runs WHERE status = 'RUNNING'"):
            found.append(f"the run {name} of MLflow's is RUNNING")
    return found


def _look_for_lost_runs(installation: Installation) -> None:
    import dagster as dg

    from airwatch_dagster.orchestration.automation.sensors import lost_runs

    with installation.activated(), dg.DagsterInstance.get() as instance:
        lost_runs(dg.build_sensor_context(instance=instance))


# What is left and said


def _left(installation: Installation, stored: dict[str, bytes]) -> Iterator[str]:
    state = installation.folder
    local = (str(path.relative_to(state)) for path in state.rglob("*"))
    kept = ("temporary/", "home/", "history")
    yield from {name for name in local if _LEFT.search(name) and not name.startswith(kept) and (state / name).is_file()}
    yield from (f"tables/{name}" for name in stored if _LEFT.search(name) and not (state / "tables").exists())


def _is_of(name: str, expected: dict[str, bytes]) -> bool:
    """Whether a file is of a table that the undisturbed run has."""
    return name.partition("/")[0] in {one.partition("/")[0] for one in expected}


def _said(installation: Installation) -> str:
    output = installation.folder / _OUTPUT
    return _sentence(output.read_text(encoding="utf-8")) if output.exists() else "nothing"


def _sentence(text: str) -> str:
    return " ".join(text.strip().splitlines()[-3:])[-400:]


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name)
