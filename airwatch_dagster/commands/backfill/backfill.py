"""Fill history in order, a year at a time, resumable; says beforehand what it will do and what that costs."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.commands.backfill.parallel import Task, run_tasks
from airwatch_dagster.commands.backfill.planning import (
    BY_DEFAULT,
    ORDER,
    Step,
    days_to_look_through,
    plan_backfill,
    reads_of,
)
from airwatch_dagster.commands.backfill.runs import RunReport, unrecorded
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.resources import SourceResource, opened_storage
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.storage.tables import TableStorage

Echo = Callable[[str], None]


def run_backfill(
    *,
    first: datetime,
    last: datetime,
    echo: Echo,
    tables: Sequence[str] | None = None,
    refresh: bool = False,
    only_plan: bool = False,
    processes: int = 1,
) -> None:
    """Materialize what is missing or outdated between two days, some runs at a time with more than one process; raises
    at the first run that fails."""
    from airwatch_dagster.definitions import defs

    chosen = _known(tables)
    settings = Settings.from_environment()
    storage = opened_storage(settings.storage)
    with dg.DagsterInstance.get() as instance:
        broken = unrecorded(instance)
    stored = {table: _written(storage, table, but=broken.get(table, set())) for table in ORDER}
    days = (pd.Timestamp(first), pd.Timestamp(last))
    steps = plan_backfill(reads_of(defs), first=days[0], last=days[1], stored=stored, tables=chosen, refresh=refresh)
    needs_monitors = refresh or not storage.exists("monitors")
    echo(f"Source {settings.source}, area {settings.area}, storage {settings.storage}")
    echo(_plan_sentence(steps, needs_monitors=needs_monitors))
    if only_plan or not (steps or needs_monitors):
        _say_cost(steps, storage, echo)
        return
    run = _Runs(echo, resume=not refresh, processes=processes)
    if needs_monitors:
        run.tasks([Task("monitors")])
    _say_cost(steps, storage, echo)
    run.tasks(run.in_order(steps))
    looks = days_to_look_through(_written(storage, "raw_readings"), _written(storage, "revisions"))
    run.tasks([Task("revisions", Step("revisions", day, day, 1)) for day in looks])


class _Runs:
    """Runs of the backfill, each with its line of progress."""

    def __init__(self, echo: Echo, *, resume: bool, processes: int) -> None:
        self._echo = echo
        self._resume = resume
        self._processes = processes

    def in_order(self, steps: Sequence[Step]) -> list[Task]:
        """All steps; coverage comes last, since its plots show the monitors' changes."""
        made = [self._task(step) for step in steps]
        late = [task for task in made if task.table == "coverage"]
        return [task for task in made if task not in late] + [Task("monitor_changes")] * bool(late) + late

    def _task(self, step: Step) -> Task:
        return Task(step.table, step, {"resume": self._resume} if step.table == "raw_readings" else None)

    def tasks(self, tasks: Sequence[Task]) -> None:
        """All of them, one by one where there is nothing to gain."""
        numbers = iter(range(1, len(tasks) + 1))
        total = sum(task.step is not None for task in tasks)
        processes = min(self._processes, len(tasks))

        def done(task: Task, report: RunReport) -> None:
            numbered = task.step is not None and total > 1
            self._echo(_line(f"[{next(numbers):>3}/{total}]" if numbered else "", task, report))

        run_tasks(tasks, processes=processes, done=done)


def _written(storage: TableStorage, table: str, *, but: Collection[str] = ()) -> dict[str, pd.Timestamp]:
    stored = storage.stored_partitions(table)
    return {key: pd.Timestamp(moment).tz_convert(None) for key, moment in stored.items() if key not in but}


def _known(tables: Sequence[str] | None) -> Sequence[str]:
    unknown = [name for name in tables or () if name not in ORDER]
    if unknown:
        raise ConfigurationError("--tables", f"{unknown[0]!r} is no table", fix=f"Use some of {', '.join(ORDER)}")
    return tables or BY_DEFAULT


def _plan_sentence(steps: Sequence[Step], *, needs_monitors: bool) -> str:
    if not steps:
        return (
            "Everything asked for is stored and up to date; --refresh would make it again."
            if not needs_monitors
            else "Only the monitor list is missing."
        )
    partitions = sum(step.count for step in steps)
    tables = len({step.table for step in steps})
    return f"{len(steps)} runs make {partitions:,} partitions of {tables} tables; stop at any time and start again."


def _say_cost(steps: Sequence[Step], storage: TableStorage, echo: Echo) -> None:
    """What the readings among the steps will ask of EPA; nothing for simulated air."""
    pulls = [step for step in steps if step.table == "raw_readings"]
    if pulls and Settings.from_environment().source != "practice":
        echo(cost_sentence(cost_of_steps(pulls, storage)))


def cost_of_steps(pulls: Sequence[Step], storage: TableStorage) -> Cost:
    """Requests, rows and seconds of these pulls together."""
    monitors = storage.read("monitors") if storage.exists("monitors") else None
    with SourceResource().open() as source:
        costs = [
            source.cost(date.fromisoformat(step.first), date.fromisoformat(step.last), monitors=monitors)
            for step in pulls
        ]
    return sum(costs, Cost())


def cost_sentence(cost: Cost) -> str:
    """``From EPA: 10 requests, at most 949,000 rows, about 2 h 8 min; 3 more are answered already.``"""
    rows = "a number of rows that only the monitor list tells" if cost.rows is None else f"at most {cost.rows:,} rows"
    minutes = round(cost.seconds / 60)
    time = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{max(1, minutes)} min"
    be = "is" if cost.cached_calls == 1 else "are"
    kept = f"; {cost.cached_calls} more {be} answered already" if cost.cached_calls else ""
    return f"From EPA: {cost.calls} request{'' if cost.calls == 1 else 's'}, {rows}, about {time}{kept}."


def _line(number: str, task: Task, report: RunReport) -> str:
    days = "" if task.step is None else "…".join(dict.fromkeys((task.step.first, task.step.last)))
    return f"  {number:<9} {task.table:<18} {days:<21} {report.rows:>9,} rows  {report.seconds:6.1f} s"
