"""`airwatch backfill`: print the plan and its cost, then bring the tables of a range of days up to date."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from functools import partial

import pandas as pd

from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.commands.backfill.parallel import Task, run_tasks
from airwatch_dagster.commands.backfill.planning import (
    DEFAULT_TABLES,
    DETECTED_TABLE,
    ORDER,
    WHOLE_TABLES,
    Step,
    checked_tables,
    days_without_revisions,
    plan_backfill,
    reads_of,
)
from airwatch_dagster.commands.backfill.runs import RunReport, unrecorded
from airwatch_dagster.commands.import_log import undone_days
from airwatch_dagster.errors import ChecksFailed
from airwatch_dagster.orchestration.instance.opening import opened_instance
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
    """Build every partition of the days ``first``…``last`` that is missing or older than what it reads.

    ``refresh`` builds every one. A table without partitions that ``tables`` names is built as a whole. Raises
    ConfigurationError for an unknown table or invalid days, RunFailed for the first run that fails, and ChecksFailed at
    the end when a check of the data failed.
    """
    from airwatch_dagster.definitions import defs

    named = DEFAULT_TABLES if tables is None else checked_tables(tables)
    settings = Settings.from_environment()
    storage = opened_storage(settings.storage)
    with opened_instance() as instance:
        broken = unrecorded(instance)
        if "raw_readings" in named:
            broken.setdefault("raw_readings", set()).update(undone_days(instance, storage))
    stored = {table: _written(storage, table, but=broken.get(table, set())) for table in ORDER}
    days = pd.Timestamp(first), pd.Timestamp(last)
    steps = plan_backfill(reads_of(defs), first=days[0], last=days[1], stored=stored, tables=named, refresh=refresh)
    whole = _whole_tables(named, steps, needs_monitors=refresh or not storage.exists("monitors"))
    revise = partial(_revisions, storage, days if refresh and DETECTED_TABLE in named else None)
    revisions = revise() if DETECTED_TABLE in named else []
    echo(f"Source {settings.source}, area {settings.area}, storage {settings.storage}")
    echo(_plan_text([*steps, *revisions], whole))
    if only_plan or not (steps or whole or revisions):
        _echo_cost(steps, storage, echo)
        return
    failed = _run_all([Task(name) for name in whole if name == "monitors"], echo, processes=processes)
    _echo_cost(steps, storage, echo)
    failed += _run_all(_in_order(steps, whole, resume=not refresh), echo, processes=processes)
    failed += _run_all([Task(step.table, step) for step in revise()], echo, processes=processes)
    if failed:
        raise ChecksFailed(failed)


def _whole_tables(named: Sequence[str], steps: Sequence[Step], *, needs_monitors: bool) -> list[str]:
    """Tables without partitions that are built: the named ones, the monitor list where it is missing or refreshed."""
    is_due = {"monitors": needs_monitors, "monitor_changes": any(step.table == "coverage" for step in steps)}
    return [name for name in WHOLE_TABLES if name in named or is_due[name]]


def _revisions(storage: TableStorage, refreshed: tuple[pd.Timestamp, pd.Timestamp] | None) -> list[Step]:
    """A run for each day (UTC) on which readings were stored, but what they revised was not listed since."""
    readings, listed = _written(storage, "raw_readings"), _written(storage, DETECTED_TABLE)
    days = days_without_revisions(readings, listed, refreshed=refreshed)
    return [Step(DETECTED_TABLE, day, day, 1) for day in days]


def _written(storage: TableStorage, table: str, *, but: Collection[str] = ()) -> dict[str, pd.Timestamp]:
    """Time of writing (naive UTC) by partition, without the partitions ``but``."""
    stored = storage.stored_partitions(table)
    return {key: pd.Timestamp(moment).tz_convert(None) for key, moment in stored.items() if key not in but}


def _in_order(steps: Sequence[Step], whole: Sequence[str], *, resume: bool) -> list[Task]:
    """A task per step; coverage is last, after the monitor changes that its plots show."""
    config = {"resume": resume}
    tasks = [Task(step.table, step, config if step.table == "raw_readings" else None) for step in steps]
    last = [task for task in tasks if task.table == "coverage"]
    changes = [Task(name) for name in whole if name == "monitor_changes"]
    return [*(task for task in tasks if task not in last), *changes, *last]


def _run_all(tasks: Sequence[Task], echo: Echo, *, processes: int) -> list[str]:
    """Run the tasks; each one that ends is a line of progress. Returns the checks that failed."""
    failed: list[str] = []
    numbers = iter(range(1, len(tasks) + 1))
    total = sum(task.step is not None for task in tasks)

    def done(task: Task, report: RunReport) -> None:
        number = f"[{next(numbers):>3}/{total}]" if task.step is not None and total > 1 else ""
        days = "" if task.step is None else "…".join(dict.fromkeys((task.step.first, task.step.last)))
        echo(f"  {number:<9} {task.table:<18} {days:<21} {report.rows:>9,} rows  {report.seconds:6.1f} s")
        failed.extend(report.failed_checks)

    run_tasks(tasks, processes=min(processes, len(tasks)), done=done)
    return failed


def _plan_text(steps: Sequence[Step], whole: Sequence[str]) -> str:
    if not steps:
        return (
            f"Only {' and '.join(whole)} to build, as a whole."
            if whole
            else "Everything is stored and up to date. Use --refresh to rebuild it."
        )
    partitions = sum(step.count for step in steps)
    tables = len({step.table for step in steps})
    return (
        f"{len(steps)} runs build {partitions:,} partitions of {tables} tables. "
        "Stop at any time; the same command resumes."
    )


def _echo_cost(steps: Sequence[Step], storage: TableStorage, echo: Echo) -> None:
    """Print what the steps will request of EPA; nothing for simulated air."""
    pulls = [step for step in steps if step.table == "raw_readings"]
    if pulls and Settings.from_environment().source != "practice":
        echo(cost_text(cost_of_steps(pulls, storage)))


def cost_of_steps(pulls: Sequence[Step], storage: TableStorage) -> Cost:
    """Requests, rows and seconds of these pulls together."""
    monitors = storage.read("monitors") if storage.exists("monitors") else None
    with SourceResource().open() as source:
        costs = [
            source.cost(date.fromisoformat(step.first), date.fromisoformat(step.last), monitors=monitors)
            for step in pulls
        ]
    return sum(costs, Cost())


def cost_text(cost: Cost) -> str:
    """The cost in a sentence: ``From EPA: 10 requests, at most 949,000 rows, about 2 h 8 min; 3 more … are cached``."""
    rows = "an unknown number of rows (no monitor list yet)" if cost.rows is None else f"at most {cost.rows:,} rows"
    minutes = round(cost.seconds / 60)
    time = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{max(1, minutes)} min"
    more = "1 more response is" if cost.cached_calls == 1 else f"{cost.cached_calls} more responses are"
    cached = f"; {more} cached" if cost.cached_calls else ""
    return f"From EPA: {cost.calls} request{'' if cost.calls == 1 else 's'}, {rows}, about {time}{cached}."
