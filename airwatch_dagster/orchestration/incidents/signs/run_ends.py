"""What the end of a run says: of its tables that failed or were built, and of its checks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.alerts.messages import plain
from airwatch_dagster.orchestration.early_issue import EARLY_JOB
from airwatch_dagster.orchestration.incidents.keys import Keys, keys_between
from airwatch_dagster.orchestration.incidents.signs.evaluated import Evaluated, evaluated_checks
from airwatch_dagster.orchestration.incidents.signs.finished_runs import EndedRun
from airwatch_dagster.orchestration.incidents.signs.run_names import job_of, partitions_of
from airwatch_dagster.orchestration.incidents.state import EARLY, OF_CHECKS, Failure, Recovery, Rule, Sign
from airwatch_dagster.orchestration.incidents.wording.causes import PIPELINE, cause_of_check, check_of

MAX_CHECK_TEXT: Final = 1000
"""Characters of what a check has found: a sentence on decayed forecasts names three leads and regions, with sizes."""

INTERRUPTED: Final = "DagsterExecutionInterruptedError"
"""What a step raises whose run is told to end."""

LATE: Final = ("SourceUnavailable", "NotYetPublished")
"""Errors of a source that does not answer, or has published nothing yet."""

OUTSIDE: Final = "This run has been marked as failed from outside the execution context."
"""What Dagster says of a run that something else reported: why is in the run's earlier events."""

CODE_SERVER: Final = "[DagsterApiServer]"
"""Begin of what the code server says of the process of a run."""

STOPPED: Final = "Stopped by a signal"
"""How a command reports its run when a person or the system stops it."""

OF_FAILED_CHECK: Final = ("DagsterAssetCheckFailedError", "TableContractViolation")
"""Errors of a step whose blocking check has failed: the check's incident tells of it."""


@dataclass(frozen=True)
class Graph:
    """Tables, checks and jobs of the code location."""

    tables: Sequence[str] = ()
    """Each after those it reads."""
    checks: Collection[dg.AssetCheckKey] = ()
    of_jobs: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Job → its tables."""

    @classmethod
    def of(cls, repository: dg.RepositoryDefinition) -> Self:
        """What the code location has."""
        graph = repository.asset_graph
        jobs = {job.name: job for job in repository.get_all_jobs()}
        return cls(
            tables=[key.to_user_string() for key in graph.toposorted_asset_keys],
            checks=graph.asset_check_keys,
            of_jobs={
                name: {key.to_user_string() for key in job.asset_layer.selected_asset_keys}
                for name, job in jobs.items()
                if not name.startswith("__")
            },
        )

    def tables_of(self, run: dg.DagsterRun) -> list[str]:
        """Tables that the run builds, in order; none for a run of ops."""
        chosen = {key.to_user_string() for key in run.asset_selection or ()} or set(self.of_jobs.get(run.job_name, ()))
        order = {table: number for number, table in enumerate(self.tables)}
        return sorted(chosen, key=lambda table: (order.get(table, len(order)), table))


def signs_of(
    instance: dg.DagsterInstance, ended: Sequence[EndedRun], graph: Graph, *, watched: Collection[tuple[str, str]]
) -> list[Sign]:
    """What these runs say, in their order; ``watched`` are table and name of the checks with an open incident."""
    keys = {one.run.run_id: keys_between(*partitions_of(one.run.tags)) for one in ended}
    tables = {one.run.run_id: graph.tables_of(one.run) for one in ended}
    named = {table for of_run in tables.values() for table in of_run}
    checks = [key for key in graph.checks if key.asset_key.to_user_string() in named]
    evaluated = evaluated_checks(instance, [*keys.items()], checks, watched=watched)
    signs: list[Sign] = []
    for one in ended:
        # The daily run checks the readings of a day when they are complete.
        of_run = [each for each in evaluated if each.run_id == one.run.run_id and not is_early(one.run)]
        signs += [_of_check(one, each) for each in of_run]
        signs += _of_tables(instance, one, tables[one.run.run_id], keys[one.run.run_id], of_run)
    return signs


def _of_check(ended: EndedRun, found: Evaluated) -> Sign:
    seen = ended.at, found.asset, found.check
    if found.failure is None:
        return Recovery(*seen, found.passed, found.run_id, ended.event_id, OF_CHECKS, ends_older=True)
    is_warning = found.failure.severity == dg.AssetCheckSeverity.WARN
    rule: Rule = "check_warned" if is_warning else "check_failed"
    error = plain(_problem(found.failure), max_length=MAX_CHECK_TEXT)
    cause = cause_of_check(found.failure)
    return Failure(*seen, found.failed, found.run_id, ended.event_id, rule, error, cause, found.passed)


def _problem(failure: dg.AssetCheckEvaluation) -> str:
    """What is wrong, without what follows and what to do, which the message says on lines of their own."""
    text = failure.description or "It did not pass."
    check = check_of(failure.asset_key.to_user_string(), failure.check_name)
    return check.problem_in(text) if check else text


def _of_tables(
    instance: dg.DagsterInstance,
    ended: EndedRun,
    tables: Sequence[str],
    partitions: Keys,
    checks: Sequence[Evaluated],
) -> list[Sign]:
    run = ended.run
    if ended.is_success:
        return [sign for table in tables or [job_of(run)] for sign in _recoveries(ended, table, partitions)]
    why = ended.ended_for
    failed = _events(instance, run.run_id, dg.DagsterEventType.STEP_FAILURE)
    is_usual = (is_early(run) and _is_late(failed)) or (run.remote_job_origin is None and _was_stopped(ended, failed))
    if is_usual and not why:
        return []
    built = {event.step_key for event in _events(instance, run.run_id, dg.DagsterEventType.STEP_SUCCESS)}
    signs: list[Sign] = [sign for table in tables if table in built for sign in _recoveries(ended, table, partitions)]
    blocked = {one.asset for one in checks if one.failure and one.failure.blocking}
    told = [event for event in failed if _is_of_check(event, blocked)]
    errors = {
        str(event.step_key) if event.step_key in tables else job_of(run): _error_of(event)
        for event in failed
        if event not in told and _class_of(event) != INTERRUPTED
    }
    if why or not (errors or told):
        under_way = next((table for table in tables if table not in built), job_of(run))
        errors = {under_way: why or _message_of(instance, ended)}
    scope = EARLY if is_early(run) else ""
    without_source = {str(event.step_key) for event in failed if _class_of(event) in LATE} if not why else set()
    for table, error in errors.items():
        rule: Rule = "run_stands" if why else "source_down" if table in without_source else "run_failed"
        text = f"{plain(error)}{_last_success(instance, table)}" if rule == "source_down" else plain(error)
        signs.append(Failure(ended.at, table, scope, partitions, run.run_id, ended.event_id, rule, text, PIPELINE))
    return signs


def _last_success(instance: dg.DagsterInstance, table: str) -> str:
    """When the table was built last, which is when its source served last."""
    event = instance.get_latest_materialization_event(dg.AssetKey(table))
    if event is None or event.asset_materialization is None:
        return ""
    at = pd.Timestamp(event.timestamp, unit="s")
    return f" It last served {event.asset_materialization.partition or table}, on {at:%Y-%m-%d at %H:%M} UTC."


def is_early(run: dg.DagsterRun) -> bool:
    """Whether it is the early issue, which has half a day's readings."""
    return run.job_name == EARLY_JOB


def _recoveries(ended: EndedRun, table: str, partitions: Keys) -> list[Recovery]:
    """Of the early issue, and unless the run is one of it, of the table itself."""
    scopes = (EARLY,) if is_early(ended.run) else ("", EARLY)
    return [Recovery(ended.at, table, scope, partitions, ended.run.run_id, ended.event_id) for scope in scopes]


def _events(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    records = instance.get_records_for_run(run_id, of_type=kind).records
    return [record.event_log_entry.dagster_event for record in records if record.event_log_entry.dagster_event]


def _was_stopped(ended: EndedRun, failed: Sequence[dg.DagsterEvent]) -> bool:
    """Whether the person who started it, or the system, stopped a command: nobody needs to be told."""
    return STOPPED in (ended.event.message or "") or any(_class_of(event) == INTERRUPTED for event in failed)


def _is_late(failed: Sequence[dg.DagsterEvent]) -> bool:
    """Whether steps failed only because the source had nothing yet, which in the morning is no news."""
    return bool(failed) and all(_class_of(event) in LATE for event in failed)


def _class_of(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    raised = (error.cause or error) if error else None
    return (raised.cls_name or "") if raised else ""


def _is_of_check(event: dg.DagsterEvent, blocked: Collection[str]) -> bool:
    return bool(blocked) and _class_of(event) in OF_FAILED_CHECK


def _error_of(event: dg.DagsterEvent) -> str:
    """The error of a failed step without its Python class; one that is not AirWatch's own is called unexpected."""
    error = event.step_failure_data.error
    raised = (error.cause or error) if error else None
    if raised is None:
        return "The step failed without an error."
    text = raised.message.partition(f"{raised.cls_name}: ")[2] or raised.message
    return text if raised.message.startswith("airwatch_dagster.") else f"unexpected error: {text}"


def _message_of(instance: dg.DagsterInstance, ended: EndedRun) -> str:
    """Why the run never came to the end of a step: the error of its launch, what reported it, or what was said before
    it was reported."""
    said = _root_of(ended.event) or ended.event.message or ""
    if said in ("", OUTSIDE):
        said = _said_before(instance, ended.run.run_id) or said
    return said or "The run ended without a message."


def _said_before(instance: dg.DagsterInstance, run_id: str) -> str:
    """The last error that Dagster noted while it started the run, or how the code server saw its process end."""
    noted = _events(instance, run_id, dg.DagsterEventType.ENGINE_EVENT)
    errors = [said for event in noted if (said := _root_of(event))]
    seen = [
        said[len(CODE_SERVER) :].strip() for event in noted if (said := event.message or "").startswith(CODE_SERVER)
    ]
    return next(reversed([*seen, *errors]), "")


def _root_of(event: dg.DagsterEvent) -> str:
    """The message of the first cause of the event's error; empty without one."""
    error = getattr(event.event_specific_data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.partition(f"{error.cls_name}: ")[2] or error.message if error is not None else ""
