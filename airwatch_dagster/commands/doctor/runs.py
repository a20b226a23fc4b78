"""Runs that wait for nothing: those under way without a process, and those queued for long."""

import socket
import time
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, error, ok, warning
from airwatch_dagster.commands.wording import counted, duration_text

QUEUED_S: Final = 1800.0
"""Seconds in the queue after which a run is named: longer than a day's run takes, and most backfills of a table."""

END_LOST: Final = "make dev"
"""Its run monitoring and its sensor lost_runs report such a run as failed within a minute or two."""

MAX_RUNS: Final = 200
"""Runs that are looked at."""


def _runs() -> Iterator[Finding]:
    import dagster as dg

    from airwatch_dagster.orchestration.instance.opening import opened_instance

    under_way = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    )
    with opened_instance() as instance:
        records = instance.get_run_records(under_way, limit=MAX_RUNS)
        found = [(record, why_stranded(instance, record.dagster_run)) for record in records]
    reasons = [(record, reason) for record, reason in found if reason]
    for record, reason in reasons:
        says = f"{_named(record)} is under way without a process: {reason}. It holds places of its pool and the queue."
        yield error("runs", says, run=END_LOST)
    if not reasons:
        yield ok("runs", f"{counted(len(records), 'run')} under way" if records else "none under way")


def why_stranded(instance: Any, run: Any) -> str | None:
    """Why the run cannot end by itself; None for one with a process, and where that cannot be known from here.

    A command's run holds a lock; that of a launcher is asked of the launcher.
    """
    from dagster._core.launcher.base import WorkerStatus

    from airwatch_dagster.orchestration.configuration.settings import StateSettings
    from airwatch_dagster.orchestration.instance.run_launcher import WatchedRunLauncher
    from airwatch_dagster.orchestration.instance.run_locks import FOLDER, HOST, RunLock

    if HOST in run.tags:
        lock = RunLock(StateSettings.from_environment().state / FOLDER, run.run_id)
        is_here = run.tags[HOST] == socket.gethostname() or lock.is_abandoned
        return "the command that executed it has ended" if is_here and not lock.is_held else None
    launcher = instance.run_launcher
    if isinstance(launcher, WatchedRunLauncher):
        return launcher.why_gone(run)
    if launcher.supports_check_run_worker_health:
        health = launcher.check_run_worker_health(run)
        has_ended = health.status in (WorkerStatus.FAILED, WorkerStatus.NOT_FOUND, WorkerStatus.SUCCESS)
        return str(health.msg or "its launcher knows no process of it") if has_ended else None
    return None


def _queue() -> Iterator[Finding]:
    import dagster as dg

    from airwatch_dagster.orchestration.instance.opening import opened_instance

    with opened_instance() as instance:
        queued = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]), limit=MAX_RUNS)
        places = instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    waited = [(time.time() - record.create_timestamp.timestamp(), record) for record in queued]
    long = [(seconds, record) for seconds, record in waited if seconds > QUEUED_S]
    if not long:
        yield ok("queue", f"{counted(len(queued), 'run')} queued" if queued else "no run queued")
        return
    seconds, oldest = max(long, key=itemgetter(0))
    full = f"{counted(places, 'run')} under way hold the places. Wait for them, or end them in the Dagster UI."
    why = full if places else "nothing is under way, so the daemon does not start them. Start it."
    says = f"{counted(len(long), 'run')} queued for long, {_named(oldest)} for {duration_text(seconds)}; {why}"
    yield warning("queue", says, run="make dev")


def _named(record: Any) -> str:
    """``run 1a2b3c4d of forecast_day``."""
    from airwatch_dagster.orchestration.incidents.signs.run_names import job_of

    return f"run {record.dagster_run.run_id[:8]} of {job_of(record.dagster_run)}"


CHECKS: Final = (Check("runs", _runs, END_LOST, needs="dagster"), Check("queue", _queue, "make dev", needs="dagster"))
