"""`airwatch backfill`: print the plan and its cost, bring the tables of some days up to date, and sum up."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.commands.backfill.estimates import Estimates, measured_seconds
from airwatch_dagster.commands.backfill.parallel import Task, run_tasks
from airwatch_dagster.commands.backfill.plan_text import (
    agency_cost_text,
    agency_costs_by_task,
    cost_text,
    costs_by_task,
    plan_table,
    plan_text,
)
from airwatch_dagster.commands.backfill.planning import (
    AFTER_CHANGES,
    BULLETIN_DAYS,
    DETECTED_TABLE,
    ORDER,
    WHOLE_TABLES,
    Step,
    checked_tables,
    days_without_revisions,
    plan_backfill,
    reads_of,
)
from airwatch_dagster.commands.backfill.progress import Reporter, reporter
from airwatch_dagster.commands.backfill.runs import unrecorded
from airwatch_dagster.commands.backfill.weather import (
    asked_again,
    weather_cost_text,
    weather_costs_by_task,
    with_weather_table,
)
from airwatch_dagster.commands.backfill.worker import Workers
from airwatch_dagster.commands.imports.import_log import undone_days
from airwatch_dagster.commands.pages.summary import forecast_summary
from airwatch_dagster.commands.wording import counted, program
from airwatch_dagster.errors import ChecksFailed
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.instance.opening import opened_instance
from airwatch_dagster.orchestration.resources import opened_storage, today, utc_now
from airwatch_dagster.orchestration.weather.completeness import TABLE as WEATHER
from airwatch_dagster.orchestration.weather.first_days import first_day
from airwatch_dagster.storage.tables import TableStorage

Echo = Callable[[str], None]


def run_backfill(
    *,
    first: datetime,
    last: datetime,
    workers: Workers,
    echo: Echo,
    tables: Sequence[str] | None = None,
    refresh: bool = False,
    only_plan: bool = False,
) -> bool:
    """Build every partition of the days ``first``…``last`` that is missing or older than what it reads.

    ``refresh`` builds every one. A table without partitions that ``tables`` names is built as a whole. Where forecasts
    were built it ends with their summary and returns True. Raises ConfigurationError for an unknown table or invalid
    days, RunFailed for the first run that fails, and ChecksFailed at the end when a check of the data failed.
    """
    from airwatch_dagster.definitions import defs

    settings, began = Settings.from_environment(), utc_now()
    named = with_weather_table(settings, None if tables is None else checked_tables(tables))
    storage = opened_storage(settings.storage)
    with opened_instance() as instance:
        broken, estimates = _broken(instance, storage, named), Estimates(measured_seconds(instance))
    days = pd.Timestamp(first), pd.Timestamp(last)
    since = _not_before(settings, days[1]) if tables is None else {}
    plan = partial(
        plan_backfill,
        reads_of(defs),
        first=days[0],
        last=days[1],
        tables=named,
        refresh=refresh,
        broken=broken,
        not_before=since,
    )
    steps = plan(stored=_written_tables(storage, broken))
    span = max(days[0], since.get(WEATHER, days[0])), days[1]
    again = [] if refresh or WEATHER not in named else asked_again(settings, storage, span, but=steps)
    whole = _whole_tables(named, steps, needs_monitors=refresh or not storage.exists("monitors"))
    monitors, tasks = [Task(name) for name in whole if name == "monitors"], _in_order(steps, whole, resume=not refresh)
    revise = partial(_revisions, storage, days if refresh and DETECTED_TABLE in named else None)
    planned = [*monitors, *again, *tasks, *(revise() if DETECTED_TABLE in named else [])]
    echo(f"Source {settings.source}, area {settings.area}, storage {settings.storage}")
    echo(plan_text(planned, seconds=estimates.all_seconds(planned, processes=workers.processes)))
    if only_plan:
        costs = _echo_costs([*again, *tasks], storage, echo)
        estimates.add_downloads(costs)
        for line in plan_table(planned, estimates):
            echo(line)
    if only_plan or not planned:
        return False
    with reporter(echo, estimates=estimates) as show:
        _run_all(monitors, show, workers)
        estimates.add_downloads(_echo_costs([*again, *tasks], storage, echo))
        _run_all(again, show, workers)
        if again:  # what reads these days is due if they changed
            steps = plan(stored=_written_tables(storage, broken))
            tasks = _in_order(steps, whole, resume=not refresh)
        _run_all(tasks, show, workers)
        _run_all(revise(), show, workers)
    for line in _outcome(steps, storage, show, began=began, last=days[1]):
        echo(line)
    if show.failed:
        raise ChecksFailed(show.failed)
    return has_forecasts(steps)


def _not_before(settings: Settings, last: pd.Timestamp) -> dict[str, pd.Timestamp]:
    """First days that a backfill without `--tables` builds of some tables."""
    weather = first_day(settings)
    since = {} if weather is None else {WEATHER: weather}
    return {"bulletin": last - pd.Timedelta(days=BULLETIN_DAYS - 1), **since}


def _written_tables(storage: TableStorage, broken: Mapping[str, Collection[str]]) -> dict[str, dict[str, pd.Timestamp]]:
    return {table: _written(storage, table, but=broken.get(table, ())) for table in ORDER}


def has_forecasts(steps: Sequence[Step]) -> bool:
    """Whether the steps build forecasts."""
    return any(step.table == "predictions" for step in steps)


def _broken(instance: dg.DagsterInstance, storage: TableStorage, named: Sequence[str]) -> dict[str, set[str]]:
    """Partitions by table that count as missing although they are stored."""
    broken = unrecorded(instance)
    if "raw_readings" in named:
        broken.setdefault("raw_readings", set()).update(undone_days(instance, storage))
    return broken


def _whole_tables(named: Sequence[str], steps: Sequence[Step], *, needs_monitors: bool) -> list[str]:
    """Tables without partitions that are built: the named ones, the monitor list where it is missing or refreshed."""
    is_due = {"monitors": needs_monitors, "monitor_changes": any(step.table in AFTER_CHANGES for step in steps)}
    return [name for name in WHOLE_TABLES if name in named or is_due[name]]


def _revisions(storage: TableStorage, refreshed: tuple[pd.Timestamp, pd.Timestamp] | None) -> list[Task]:
    """A run for each day (UTC) on which readings were stored, but what they revised was not listed since."""
    readings, listed = _written(storage, "raw_readings"), _written(storage, DETECTED_TABLE)
    days = days_without_revisions(readings, listed, refreshed=refreshed)
    reason = {"readings were stored": 1}
    return [Task(DETECTED_TABLE, Step(DETECTED_TABLE, day, day, 1, reason)) for day in days]


def _written(storage: TableStorage, table: str, *, but: Collection[str] = ()) -> dict[str, pd.Timestamp]:
    """Time of writing (naive UTC) by partition, without the partitions ``but``."""
    stored = storage.stored_partitions(table)
    return {key: pd.Timestamp(moment).tz_convert(None) for key, moment in stored.items() if key not in but}


def _in_order(steps: Sequence[Step], whole: Sequence[str], *, resume: bool) -> list[Task]:
    """A task per step; last, after the monitor changes, is what reads them, then the pages that link to it."""
    config = {"resume": resume}
    tasks = [Task(step.table, step, config if step.table == "raw_readings" else None) for step in steps]
    last = [task for task in tasks if task.table in (*AFTER_CHANGES, "bulletin")]
    changes = [Task(name) for name in whole if name == "monitor_changes"]
    return [*(task for task in tasks if task not in last), *changes, *last]


def _run_all(tasks: Sequence[Task], show: Reporter, workers: Workers) -> None:
    with show.showing(tasks, processes=min(workers.processes, len(tasks))):
        run_tasks(tasks, workers=workers, started=show.started, done=show.done)


def _echo_costs(tasks: Sequence[Task], storage: TableStorage, echo: Echo) -> Mapping[Task, Cost]:
    """What each run will request of EPA and of the source of weather, and prints the sums; nothing of simulated air."""
    readings, agencies = costs_by_task(tasks, storage), agency_costs_by_task(tasks)
    weather = weather_costs_by_task(tasks, storage)
    for costs, text in ((readings, cost_text), (agencies, agency_cost_text), (weather, weather_cost_text)):
        if costs:
            echo(text(sum(costs.values(), Cost())))
    return {**readings, **agencies, **weather}


def _outcome(
    steps: Sequence[Step], storage: TableStorage, show: Reporter, *, began: pd.Timestamp, last: pd.Timestamp
) -> Iterator[str]:
    """Checks, lines set aside, and the forecasts where the backfill built some."""
    yield show.checks_text()
    rejected = storage.read_or_empty("rejected_lines")
    rejected = rejected[rejected["read_at"] >= began]
    repaired = int(rejected["is_repaired"].sum())
    if aside := len(rejected) - repaired:
        more = f", {repaired:,} repaired" if repaired else ""
        yield f"Source: {counted(aside, 'line')} set aside{more}; `{program()} inspect rejected_lines` lists them."
    if has_forecasts(steps):
        yield ""
        yield from forecast_summary(storage, last, newest=pd.Timestamp(today()) - pd.Timedelta(days=1))
