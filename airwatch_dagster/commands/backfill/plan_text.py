"""The plan of a backfill in words: in one sentence, as a table, and what it costs EPA."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.commands.backfill.estimates import Estimates
from airwatch_dagster.commands.backfill.parallel import Task
from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.wording import counted, duration_text
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.resources import SourceResource
from airwatch_dagster.storage.tables import TableStorage

MISSING_FILES_COST: Final = "sites that have only monitors of 88502 are left out"
"""What a missing file of parameter 88502 means."""


def plan_text(tasks: Sequence[Task], *, seconds: float) -> str:
    """``24 runs build 2,218 partitions of 12 tables, in about 3 min …``; what else there is to do without runs."""
    steps = [task.step for task in tasks if task.step is not None]
    whole = [task.table for task in tasks if task.step is None]
    if not steps:
        if whole:
            return f"Only {' and '.join(whole)} to build, as a whole."
        return "Everything is stored and up to date. Use --refresh to rebuild it."
    runs = f"{counted(len(steps), 'run')} build{'s' if len(steps) == 1 else ''}"
    partitions = counted(sum(step.count for step in steps), "partition")
    tables = counted(len({step.table for step in steps}), "table")
    time = f"in about {duration_text(seconds)}"
    return f"{runs} {partitions} of {tables}, {time}. Stop at any time; the same command resumes."


def plan_table(tasks: Sequence[Task], estimates: Estimates) -> Iterator[str]:
    """A line per table: its first and last partition, how many are built in how many runs, why, and the time."""
    yield f"  {'table':<18} {'first…last':<21} {'count':>6} {'runs':>5} {'time':>8}  why"
    for table in dict.fromkeys(task.table for task in tasks):
        own = [task for task in tasks if task.table == table]
        steps = [task.step for task in own if task.step is not None]
        time = duration_text(sum(estimates.seconds(task) for task in own))
        if not steps:
            yield f"  {table:<18} {'as a whole':<21} {'':>6} {1:>5} {time:>8}"
            continue
        span = "…".join(dict.fromkeys((min(step.first for step in steps), max(step.last for step in steps))))
        count = sum(step.count for step in steps)
        yield f"  {table:<18} {span:<21} {count:>6,} {len(steps):>5} {time:>8}  {_why(steps)}".rstrip()


def _why(steps: Sequence[Step]) -> str:
    """``missing``, or each reason with its number of partitions where there are several."""
    reasons: Counter[str] = Counter()
    for step in steps:
        reasons.update(step.reasons)
    if len(reasons) == 1:
        return next(iter(reasons))
    return ", ".join(f"{number:,} {reason}" for reason, number in reasons.most_common())


def costs_by_task(tasks: Sequence[Task], storage: TableStorage) -> Mapping[Task, Cost]:
    """What each pull will request of EPA; empty for simulated air, which costs nothing."""
    pulls = [task for task in tasks if task.table == "raw_readings" and task.step is not None]
    if not pulls or Settings.from_environment().source == "practice":
        return {}
    steps = [task.step for task in pulls if task.step is not None]
    return dict(zip(pulls, costs_of_steps(steps, storage), strict=True))


def agency_costs_by_task(tasks: Sequence[Task]) -> Mapping[Task, Cost]:
    """What each run of agencies' forecasts may request of AirNow's service, if anything; empty without a key."""
    steps = {task: task.step for task in tasks if task.table == "agency_forecasts" and task.step is not None}
    settings, day = Settings.from_environment(), date.fromisoformat
    if not steps or settings.source != "live" or settings.airnow_key is None:
        return {}
    with SourceResource().open() as source:
        costs = {task: source.agency_cost(day(step.first), day(step.last)) for task, step in steps.items()}
    return {task: cost for task, cost in costs.items() if cost.calls or cost.cached_calls}


def costs_of_steps(pulls: Sequence[Step], storage: TableStorage) -> list[Cost]:
    """Requests, rows and seconds of each of these pulls."""
    monitors = storage.read("monitors") if storage.exists("monitors") else None
    day = date.fromisoformat
    with SourceResource().open() as source:
        return [source.cost(day(step.first), day(step.last), monitors=monitors) for step in pulls]


def cost_text(cost: Cost) -> str:
    """The cost in a sentence: ``From EPA: 10 requests, at most 949,000 rows, about 2 h 8 min; 3 more … are cached``."""
    rows = "an unknown number of rows (no monitor list yet)" if cost.rows is None else f"at most {cost.rows:,} rows"
    text = f"From EPA: {counted(cost.calls, 'request')}, {rows}, {_time_and_cached(cost)}."
    if not cost.missing_files:
        return text
    return f"{text} The source lists no {', '.join(cost.missing_files)}: {MISSING_FILES_COST}."


def agency_cost_text(cost: Cost) -> str:
    """The cost in a sentence: ``From AirNow's service, …: at most 60 requests, about 7 min; 3 more … are cached``."""
    requests = counted(cost.calls, "request")
    return f"From AirNow's service, for days whose file is gone: at most {requests}, {_time_and_cached(cost)}."


def _time_and_cached(cost: Cost) -> str:
    minutes = round(cost.seconds / 60)
    time = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{max(1, minutes)} min"
    more = "1 more response is" if cost.cached_calls == 1 else f"{cost.cached_calls} more responses are"
    return f"about {time}" + (f"; {more} cached" if cost.cached_calls else "")
