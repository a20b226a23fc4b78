"""A backfill's runs in their order, or some at a time: each as soon as the runs before it that it reads are done."""

import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import Any, Final

import dagster as dg

from airwatch_dagster.commands.backfill.planning import ORDER, Step
from airwatch_dagster.commands.backfill.runs import RunReport, materialize_step, materialize_table
from airwatch_dagster.schemas import TABLES

ALSO_AFTER: Final = {"champion_model": {"predictions"}, "coverage": {"monitor_changes"}}
"""Table → tables of which it looks at what is stored, beside the inputs its asset declares."""

AT_MLFLOW: Final = frozenset({"hyperparameters", "trained_models", "champion_model"})
"""Tables that write to MLflow, one at a time: its SQLite database has one writer, and others give up after a while."""

EARLIEST_FIRST: Final = {table: number for number, table in enumerate(ORDER)}
"""Of runs that could begin, those whose tables most others wait for: models of the last year end a backfill."""


@dataclass(frozen=True)
class Task:
    """One run of the backfill."""

    table: str
    step: Step | None = None
    """Null for a table without partitions."""
    config: Mapping[str, Any] | None = None

    def run(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> RunReport:
        if self.step is None:
            return materialize_table(definitions, self.table, instance=instance)
        return materialize_step(definitions, self.step, instance=instance, config=self.config)


Done = Callable[[Task, RunReport], None]
Load = Callable[[], dg.Definitions]
"""Gives the definitions to whichever process asks; a function of a module, so that other processes find it."""


def run_tasks(tasks: Sequence[Task], *, load: Load, processes: int, done: Done) -> None:
    """Run all tasks and tell of each that is done; raises at the first that fails, when those under way have ended.

    With one process they run here, in their order. With more they run in that many others, which load the definitions
    themselves; what is stored is the same.
    """
    definitions = load()
    if processes > 1:
        _in_processes(tasks, before=runs_before(tasks, definitions), load=load, processes=processes, done=done)
        return
    with dg.DagsterInstance.get() as instance:
        for task in tasks:
            done(task, task.run(definitions, instance))


def runs_before(tasks: Sequence[Task], definitions: dg.Definitions) -> list[set[int]]:
    """Numbers of the earlier tasks that each task waits for: those of its own table and of what it reads."""
    needed = {table: _needed(definitions, table) for table in {task.table for task in tasks}}
    return [
        {earlier for earlier in range(number) if tasks[earlier].table in needed[task.table]}
        for number, task in enumerate(tasks)
    ]


def _needed(definitions: dg.Definitions, table: str) -> set[str]:
    asset = definitions.resolve_assets_def(table)
    reads = {key.to_user_string() for key in asset.asset_deps[asset.key]} & set(TABLES)
    return {table} | reads | ALSO_AFTER.get(table, set())


def _in_processes(tasks: Sequence[Task], *, before: Sequence[set[int]], load: Load, processes: int, done: Done) -> None:
    waiting, ended = list(range(len(tasks))), set[int]()
    running: dict[Future[RunReport], int] = {}
    # Not forked: this process has threads, of the event log among others.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin) as pool:
        while waiting or running:
            while len(running) < processes:
                ready = [number for number in waiting if before[number] <= ended]
                number = _next(ready, tasks, busy={tasks[one].table for one in running.values()})
                if number is None:
                    break
                waiting.remove(number)
                running[pool.submit(_run, tasks[number], load)] = number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number = running.pop(future)
                done(tasks[number], future.result())
                ended.add(number)


def _next(ready: Sequence[int], tasks: Sequence[Task], *, busy: Set[str]) -> int | None:
    """Which of the tasks that may begin does, while those of the ``busy`` tables are under way."""
    free = [number for number in ready if tasks[number].table not in AT_MLFLOW or not busy & AT_MLFLOW]
    return min(free, key=lambda number: EARLIEST_FIRST.get(tasks[number].table, len(ORDER)), default=None)


def _begin() -> None:
    """Of a process that runs tasks: as quiet as the command itself, and ended with the one that asked for it."""
    warnings.simplefilter("ignore")
    asker = parent_process()
    assert asker is not None
    threading.Thread(target=_end_with, args=[asker.sentinel], daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _run(task: Task, load: Load) -> RunReport:
    with dg.DagsterInstance.get() as instance:
        return task.run(load(), instance)
