"""A backfill's runs, one after the other or several at a time, none before the runs whose tables it reads."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from multiprocessing import util
from typing import Any, Final

import dagster as dg

from airwatch_dagster.commands.backfill.planning import ORDER, Step
from airwatch_dagster.commands.backfill.runs import RunReport, materialize_step, materialize_table
from airwatch_dagster.commands.backfill.worker import Workers, warm_up
from airwatch_dagster.free_memory import freed_afterwards
from airwatch_dagster.orchestration.instance.opening import opened_instance

SINGLE_WRITER: Final = frozenset({"mlflow"})
"""Resources that one run at a time may hold: MLflow's SQLite database has one writer, and others give up waiting."""

LONG: Final = ("monthly_findings", "bulletin")
"""Of the tables that no other waits for, the one that takes longest, after the one that its pages link to."""

_FORECAST: Final = ORDER.index("forecast_scores") + 1
PRIORITY: Final = {
    table: number for number, table in enumerate(dict.fromkeys([*ORDER[:_FORECAST], *LONG, *ORDER[_FORECAST:]]))
}
"""Of runs that could start, the one whose table most others wait for: the last year's models end a backfill. Then those
that take long, so that no process waits for another at the end."""


@dataclass(frozen=True, eq=False)
class Task:
    """One run of the backfill."""

    table: str
    step: Step | None = None
    """None for a table without partitions."""
    config: Mapping[str, Any] | None = None

    def run(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> RunReport:
        """Run it in this process, which gives back the memory that it freed. Raises RunFailed when the run fails."""
        with freed_afterwards():
            if self.step is None:
                return materialize_table(definitions, self.table, instance=instance)
            return materialize_step(definitions, self.step, instance=instance, config=self.config)


Started = Callable[[Task], None]
Done = Callable[[Task, RunReport], None]


def run_tasks(tasks: Sequence[Task], *, workers: Workers, started: Started, done: Done) -> None:
    """Run all tasks, and report each to ``started`` and ``done``; raises at the first that fails, when those under way
    have ended.

    Without other processes they run here, in their order. What is stored is the same.
    """
    from airwatch_dagster.definitions import defs

    if not tasks:
        return
    if workers.pool is not None:
        _in_processes(workers.pool, workers.processes, tasks, Queue(tasks, defs), started=started, done=done)
        return
    with opened_instance() as instance:
        for task in tasks:
            started(task)
            done(task, task.run(defs, instance))


class Queue:
    """Which task may start next, by the asset graph: its upstream tables, pools and resources.

    A task waits for the earlier ones of its own table and of those its asset depends on. So of each table only the
    first unfinished task can start, and a choice takes no longer with more tasks.
    """

    def __init__(self, tasks: Sequence[Task], definitions: dg.Definitions) -> None:
        self._unfinished: dict[str, deque[int]] = {}
        for number, task in enumerate(tasks):
            self._unfinished.setdefault(task.table, deque()).append(number)
        assets = {table: definitions.resolve_assets_def(table) for table in self._unfinished}
        self._upstream: dict[str, set[str]] = {}
        self._exclusive: dict[str, set[str]] = {}
        for table, asset in assets.items():
            self._upstream[table] = {key.to_user_string() for key in asset.asset_deps[asset.key]} & assets.keys()
            # Pools and single-writer resources that no other run may use at the same time.
            self._exclusive[table] = {*asset.op.pools, *(asset.required_resource_keys & SINGLE_WRITER)}
        self._started: dict[int, str] = {}

    def start(self) -> int | None:
        """The number of the task that starts now; None while every one left has to wait."""
        held = {name for table in self._started.values() for name in self._exclusive[table]}
        ready = [table for table in self._unfinished if self._is_ready(table) and not self._exclusive[table] & held]
        if not ready:
            return None
        table = min(ready, key=lambda name: PRIORITY.get(name, len(ORDER)))
        number = self._unfinished[table][0]
        self._started[number] = table
        return number

    def finish(self, number: int) -> None:
        """Task ``number`` has ended."""
        self._unfinished[self._started.pop(number)].popleft()

    def _is_ready(self, table: str) -> bool:
        numbers = self._unfinished[table]
        if not numbers or numbers[0] in self._started:
            return False
        before = (self._unfinished[name] for name in self._upstream[table])
        return all(not others or others[0] > numbers[0] for others in before)


def _in_processes(
    pool: ProcessPoolExecutor, processes: int, tasks: Sequence[Task], queue: Queue, *, started: Started, done: Done
) -> None:
    running: dict[Future[RunReport], int] = {}
    while True:
        while len(running) < processes and (number := queue.start()) is not None:
            started(tasks[number])
            running[pool.submit(_run, tasks[number])] = number
        if not running:
            return
        if len(running) < processes:
            warm_up(pool)
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            number = running.pop(future)
            done(tasks[number], future.result())
            queue.finish(number)


def _run(task: Task) -> RunReport:
    from airwatch_dagster.definitions import defs

    return task.run(defs, _instance())


@cache
def _instance() -> dg.DagsterInstance:
    """Of a worker process, until it ends: to open it takes as long as a tenth of a second."""
    opened = ExitStack()
    util.Finalize(None, opened.close, exitpriority=0)
    return opened.enter_context(opened_instance())
