"""What shows no end of a run: runs that stand or wait, and schedules and sensors that fail or do not start.

Looked at every few minutes. A sign has no event of Dagster: seen again, it changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg
import pandas as pd
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorTick, TickStatus
from dagster._utils.schedules import get_next_cron_tick

from airwatch_dagster.orchestration.alerts.messages import plain
from airwatch_dagster.orchestration.incidents.keys import keys_between
from airwatch_dagster.orchestration.incidents.signs.run_ends import Graph, is_early
from airwatch_dagster.orchestration.incidents.signs.run_names import job_of, partitions_of
from airwatch_dagster.orchestration.incidents.state import EARLY, Failure, Incident, Recovery, Sign
from airwatch_dagster.orchestration.incidents.wording.causes import PIPELINE

MAX_RUNS: Final = 100
"""Runs under way or queued that one look reads."""

DEFAULT_MAX_S: Final = 6 * 3600.0
"""Longest run time, in seconds, of a run whose job has none: ``max_runtime_seconds`` of dagster.yaml."""

GRACE_S: Final = 600.0
"""Seconds beyond its longest run time that a run may take to end: run monitoring asks it to, and it has to hear."""

MAX_WAIT_S: Final = 7200.0
"""Seconds that a run may wait for its start: behind a year of readings of one state, half an hour."""

SENSOR_FAILURES: Final = 2
"""Failed ticks in a row of a sensor that count: a code server in restart fails one. Of a schedule one counts."""

LATE: Final = timedelta(minutes=30)
"""Time after which a schedule that was due and has no tick has missed it; after a restart Dagster makes up for some."""

OWN_SENSOR: Final = "incidents"
"""The sensor that looks: it fails when no channel takes its messages, and could not tell."""

UNDER_WAY: Final = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
_ENDED_TICK: Final = (TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE)
_ON: Final = (InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE)


def standing_runs(instance: dg.DagsterInstance, graph: Graph, *, now: pd.Timestamp) -> list[Sign]:
    """One sign for each run that takes longer than its longest run time, or waits for too long.

    The end of such a run is told by its event.
    """
    statuses = [*UNDER_WAY, dg.DagsterRunStatus.QUEUED]
    records = instance.get_run_records(dg.RunsFilter(statuses=statuses), limit=MAX_RUNS, ascending=True)
    seconds = now.tz_localize("UTC").timestamp()
    return [sign for record in records if (sign := _standing(record, graph, now=now, seconds=seconds)) is not None]


def _standing(record: dg.RunRecord, graph: Graph, *, now: pd.Timestamp, seconds: float) -> Sign | None:
    run = record.dagster_run
    is_queued = run.status == dg.DagsterRunStatus.QUEUED
    started = record.start_time or record.update_timestamp.timestamp()
    began = record.create_timestamp.timestamp() if is_queued else started
    longest = MAX_WAIT_S if is_queued else float(run.tags.get("dagster/max_runtime", DEFAULT_MAX_S)) + GRACE_S
    if seconds - began <= longest:
        return None
    hours = f"{(seconds - began) / 3600:.1f} hours"
    error = (
        f"A run has waited for {hours} for its start: other runs hold its place or its pool"
        if is_queued
        else f"A run has been under way for {hours}, longer than it may take, and has not ended when it was told to"
    )
    table = next(iter(graph.tables_of(run)), job_of(run))
    scope = EARLY if is_early(run) else ""
    partitions = keys_between(*partitions_of(run.tags))
    return Failure(now, table, scope, partitions, run.run_id, 0, "run_stands", error, PIPELINE)


def ended_unseen(instance: dg.DagsterInstance, incidents: Sequence[Incident], *, now: pd.Timestamp) -> list[Sign]:
    """Of runs that stood and were cancelled or deleted since, which no event of a failure or success tells."""
    stood = [one for one in incidents if one.is_open and one.rule == "run_stands" and one.last_event_id == 0]
    signs: list[Sign] = []
    for one in stood:
        run = instance.get_run_by_id(one.last_run_id or "")
        if run is None or run.status == dg.DagsterRunStatus.CANCELED:
            signs.append(Recovery(now, one.asset, one.scope, one.partitions_left, one.last_run_id, 0, ("run_stands",)))
    return signs


def ticks_of(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, *, now: pd.Timestamp) -> list[Sign]:
    """Signs of every schedule and sensor that is on: whether its last ticks failed, and whether it missed one."""
    if instance.schedule_storage is None:  # an instance of a test, without schedules
        return []
    crons = {one.name: str(one.cron_schedule) for one in repository.schedule_defs}
    known = {*crons, *(one.name for one in repository.sensor_defs)} - {OWN_SENSOR}
    states = [one for one in instance.all_instigator_state() if one.status in _ON and one.instigator_name in known]
    return [sign for state in states for sign in _of_instigator(instance, state, crons, now)]


def _of_instigator(
    instance: dg.DagsterInstance, state: InstigatorState, crons: Mapping[str, str], now: pd.Timestamp
) -> Iterator[Sign]:
    name, is_schedule = state.instigator_name, state.instigator_type == InstigatorType.SCHEDULE
    origin, selector = state.instigator_origin_id, state.selector_id
    needed = 1 if is_schedule else SENSOR_FAILURES
    ticks = instance.get_ticks(origin, selector, limit=needed, statuses=[*_ENDED_TICK])
    if len(ticks) == needed and all(tick.status == TickStatus.FAILURE for tick in ticks):
        yield Failure(_moment(ticks[0]), name, rule="tick_failed", error=_error_of(ticks[0]), cause=PIPELINE)
    elif ticks and ticks[0].status != TickStatus.FAILURE:
        yield Recovery(_moment(ticks[0]), name, rules=("tick_failed",))
    if is_schedule and name in crons:
        yield _missed(instance, state, crons[name], now)


def _missed(instance: dg.DagsterInstance, state: InstigatorState, cron: str, now: pd.Timestamp) -> Sign:
    latest = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
    since = latest[0].timestamp if latest else getattr(state.instigator_data, "start_timestamp", None)
    name, today = state.instigator_name, now.tz_localize("UTC").to_pydatetime()
    due = get_next_cron_tick(cron, datetime.fromtimestamp(since + 1, UTC), "UTC") if since else today
    if today - due <= LATE:
        return Recovery(now, name, rules=("tick_missed",))
    error = f"It was due at {due:%Y-%m-%d %H:%M} UTC and has not been started by Dagster's daemon"
    return Failure(pd.Timestamp(due).tz_convert(None), name, rule="tick_missed", error=error, cause=PIPELINE)


def _moment(tick: InstigatorTick) -> pd.Timestamp:
    return pd.Timestamp(tick.timestamp, unit="s").floor("us")


def _error_of(tick: InstigatorTick) -> str:
    error = tick.error
    while error is not None and error.cause is not None:
        error = error.cause
    return plain(error.message) if error is not None else "Its tick failed without an error."
