"""Dagster runs executed in this process, on the instance that the UI shows."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import dagster as dg
import pandas as pd
from dagster._core.utils import make_new_run_id

from airwatch_dagster.commands import stopping
from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.errors import RunFailed
from airwatch_dagster.orchestration.automation.jobs import RANGE_END, RANGE_START
from airwatch_dagster.orchestration.configuration.settings import Settings, storage_root
from airwatch_dagster.orchestration.instance.heartbeats import beating, heartbeat_tag, needs_heartbeat
from airwatch_dagster.orchestration.instance.lost_runs import end_lost_runs
from airwatch_dagster.orchestration.instance.run_locks import FOLDER, HOST, RunLock
from airwatch_dagster.orchestration.registry.mlflow_client import end_lost_mlflow_runs
from airwatch_dagster.orchestration.tables.checks import FAILED_PARTITIONS
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.unfinished import delete_unfinished

CHECK: Final = dg.AssetCheckSeverity

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Run configuration without console logs: the event log has them all, the terminal shows a line per run."""

KIND: Final = "airwatch/kind"
"""Tag: what a run is for."""

RUNS_REMEMBERED: Final = 500
"""Newest backfill runs that are checked for failures: some years of all tables."""

STORAGE: Final = "airwatch/storage"
"""Tag: the storage of the run's tables, since one Dagster instance may serve several."""

OWN_ERRORS = tuple(f"airwatch_dagster.{module}." for module in ("errors", "schemas.validation", "storage.data_kind"))
"""Modules of AirWatch's own errors. Dagster puts the module before the message."""


@dataclass(frozen=True)
class RunReport:
    """The result of a successful run."""

    run_id: str
    seconds: float
    rows: int
    """Rows in all the partitions that the run built."""
    failed_checks: tuple[str, ...] = ()
    """Checks of severity ERROR that did not pass, each with what is wrong."""
    warned_checks: tuple[str, ...] = ()
    """The same of severity WARN."""


def materialize_step(
    definitions: dg.Definitions,
    step: Step,
    *,
    instance: dg.DagsterInstance,
    config: Mapping[str, Any] | None = None,
    kind: Literal["backfill", "import", "undo"] = "backfill",
) -> RunReport:
    """Run one step, with run config of its asset if given. Raises RunFailed when it fails."""
    tags = {RANGE_START: step.first, RANGE_END: step.last, KIND: kind}
    run_config = {**QUIET, "ops": {step.table: {"config": dict(config)}}} if config else QUIET
    return _materialize(definitions, step.table, run_config=run_config, tags=tags, instance=instance)


def materialize_table(definitions: dg.Definitions, table: str, *, instance: dg.DagsterInstance) -> RunReport:
    """Run an unpartitioned table. Raises RunFailed when it fails."""
    return _materialize(definitions, table, tags={KIND: "backfill"}, instance=instance)


def materialize_partition(
    definitions: dg.Definitions, table: str, partition: str, *, config: Mapping[str, Any], instance: dg.DagsterInstance
) -> RunReport:
    """Run one partition with run config of its asset. Raises RunFailed when it fails."""
    run_config = {**QUIET, "ops": {table: {"config": dict(config)}}}
    return _materialize(definitions, table, run_config=run_config, partition_key=partition, instance=instance)


@dataclass(frozen=True)
class _UnderWay:
    """A run that this process executes."""

    run_id: str
    instance: dg.DagsterInstance
    lock: RunLock


_RUNS: Final[list[_UnderWay]] = []


def under_way() -> bool:
    """Whether this process executes a run."""
    return bool(_RUNS)


def abandon() -> None:
    """Release what the runs of this process hold, and report them as failed: the process is about to end.

    Write locks need no release: they end with the process.
    """
    delete_unfinished()
    for one in _RUNS:
        run = one.instance.get_run_by_id(one.run_id)
        if run is not None and not run.is_finished:
            one.instance.report_run_failed(run, "Stopped by a signal")
        one.instance.dispose()
        one.lock.release()


def _materialize(
    definitions: dg.Definitions,
    table: str,
    *,
    instance: dg.DagsterInstance,
    run_config: Mapping[str, Any] = QUIET,
    **where: Any,
) -> RunReport:
    if stopping.requested.is_set():
        raise KeyboardInterrupt
    started = time.monotonic()
    key = dg.AssetKey(table)
    job = definitions.resolve_implicit_job_def_def_for_assets([key])
    assert job is not None, table
    run_id = make_new_run_id()
    lock = RunLock(_locks_folder(), run_id)
    lock.acquire()
    _RUNS.append(_UnderWay(run_id, instance, lock))
    try:
        tags = {**where.pop("tags", {}), HOST: socket.gethostname(), STORAGE: storage_root()}
        tags |= heartbeat_tag() if needs_heartbeat(instance) else {}
        with beating(instance, run_id):
            result = job.execute_in_process(
                asset_selection=[key],
                run_config=run_config,
                instance=instance,
                raise_on_error=False,
                run_id=run_id,
                tags=tags,
                **where,
            )
    finally:
        lock.release()
        _RUNS.clear()
    if not result.success:
        raise _failure(table, result)
    failed, warned = (_not_passed(table, result, severity) for severity in (CHECK.ERROR, CHECK.WARN))
    return RunReport(run_id, time.monotonic() - started, len(result.asset_value(key).frame), failed, warned)


def _not_passed(table: str, result: dg.ExecuteInProcessResult, severity: dg.AssetCheckSeverity) -> tuple[str, ...]:
    """``raw_readings no_day_emptied: 2021-06-01: no reading. …``; of a range, the evaluation of the whole run."""
    found = [
        one for one in result.get_asset_check_evaluations() if not one.passed and FAILED_PARTITIONS in one.metadata
    ]
    return tuple(f"{table} {one.check_name}: {one.description}" for one in found if one.severity == severity)


def unrecorded(instance: dg.DagsterInstance) -> dict[str, set[str]]:
    """Partitions by table whose last backfill run did not succeed: stored or not, Dagster has no record of them.

    A run that counts as under way although its process on this machine is gone is reported as failed.
    """
    report_lost_runs(instance)
    known: dict[str, set[str]] = {}
    broken: dict[str, set[str]] = {}
    of_storage = dg.RunsFilter(tags={KIND: "backfill", STORAGE: storage_root()})
    for run in instance.get_runs(of_storage, limit=RUNS_REMEMBERED):
        if RANGE_START not in run.tags or not run.asset_selection:
            continue
        table = next(iter(run.asset_selection)).to_user_string()
        unit = "M" if TABLES[table].grain == "month" else "D"
        periods = pd.period_range(run.tags[RANGE_START], run.tags[RANGE_END], freq=unit)
        keys = {str(period) for period in periods} - known.setdefault(table, set())
        known[table] |= keys
        if run.is_finished and not run.is_success:
            broken.setdefault(table, set()).update(keys)
    return broken


def report_lost_runs(instance: dg.DagsterInstance) -> None:
    """What an earlier command left under way when it was killed on this machine, failed: at the start of the next."""
    if end_lost_runs(instance, folder=_locks_folder()):
        end_lost_mlflow_runs(instance)


def _locks_folder() -> Path:
    return Settings.from_environment().state / FOLDER


def _failure(table: str, result: dg.ExecuteInProcessResult) -> RunFailed:
    """The error a user can act on: AirWatch's own in the chain of causes, else the deepest cause with its class.

    It is in the first event with an error, of a failed step or of a resource. Raises KeyboardInterrupt when a stop
    signal ended the run: Dagster reports that as a failure too.
    """
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        if error is not None and error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
            raise KeyboardInterrupt
        while error is not None and error.cause is not None and not error.message.startswith(OWN_ERRORS):
            error = error.cause
        if error is not None:
            message = error.message.strip()
            is_own = message.startswith(OWN_ERRORS)
            return RunFailed(table, message.partition(": ")[2] if is_own else message, result.run_id)
    return RunFailed(table, "the run failed before its first step started", result.run_id)
