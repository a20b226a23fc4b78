"""The two alert sensors: one for failed runs, one for failed checks in runs that succeeded.

Dagster's own failure sensor stays silent when a check only warns, because the run succeeds. Each run has one outcome,
so at most one alert is sent about it.
"""

from collections.abc import Mapping
from typing import Final, Literal

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.alerts.channels import send
from airwatch_dagster.orchestration.alerts.messages import Alert, FailedCheck, listed, one_line
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.early_issue import EARLY_JOB
from airwatch_dagster.orchestration.pages import site_url
from airwatch_dagster.orchestration.partitions import DAYS
from airwatch_dagster.orchestration.registry.links import dagster_run_url

LOOK_EVERY_S: Final = 45
"""Seconds between two looks for runs that have ended. Each takes the daemon a tenth of a second of CPU."""

INTERRUPTED: Final = "DagsterExecutionInterruptedError"
"""What a step raises whose run is told to end."""

LATE: Final = ("SourceUnavailable", "NotYetPublished")
"""Errors of a source that has published nothing yet: of an early issue that is usual, and no news."""

EARLY_STEP: Final = (
    "Nothing has to be done: only this morning's early forecast is missing; the daily one at 18:30 UTC needs nothing "
    "of this run."
)

PLAIN_METADATA: Final = (
    dg.IntMetadataValue,
    dg.FloatMetadataValue,
    dg.BoolMetadataValue,
    dg.TextMetadataValue,
    dg.JsonMetadataValue,
)
"""Metadata of a check that an alert shows; tables and links stay in the UI."""


def alert_sensors() -> list[dg.SensorDefinition]:
    """The two sensors to register."""

    @dg.run_failure_sensor(
        minimum_interval_seconds=LOOK_EVERY_S,
        description="Sends an alert about every failed run: its error and its failed checks. None about an early issue "
        "for which nothing was published yet.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alert_on_failed_run(context: dg.RunFailureSensorContext) -> None:
        if context.dagster_run.job_name == EARLY_JOB and source_is_late(context):
            return
        alert_about(context, kind="run_failed", errors=errors_of(context))

    @dg.run_status_sensor(
        minimum_interval_seconds=LOOK_EVERY_S,
        run_status=dg.DagsterRunStatus.SUCCESS,
        description="Sends an alert about checks that failed or warned in a run that succeeded.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alert_on_failed_checks(context: dg.RunStatusSensorContext) -> None:
        alert_about(context, kind="checks_failed", errors=())

    return [alert_on_failed_run, alert_on_failed_checks]


def alert_about(
    context: dg.RunStatusSensorContext, *, kind: Literal["run_failed", "checks_failed"], errors: tuple[str, ...]
) -> None:
    """Send one alert about the run to every configured channel; a successful run without failed checks sends none, nor
    does a successful early issue, whose readings the daily run checks when they are complete.

    Raises AirWatchError that names each channel that failed, after all were tried.
    """
    run, failed_checks = context.dagster_run, failed_checks_of(context.instance, run_id=context.dagster_run.run_id)
    is_early = run.job_name == EARLY_JOB
    if kind == "checks_failed" and (is_early or not failed_checks):
        return
    first, last = partitions_of(run.tags)
    is_retried = run.tags.get("dagster/will_retry") == "true"
    alert = Alert(
        kind=kind,
        job=job_of(run),
        partitions="…".join(dict.fromkeys((first, last))),
        run_id=run.run_id,
        failed_checks=failed_checks,
        errors=errors,
        next_step=EARLY_STEP
        if is_early
        else backfill_step(first, last)
        if kind == "run_failed"
        else inspect_step(failed_checks),
        note="Dagster runs it once more." if is_retried else "",
        link=dagster_run_url(run.run_id),
        bulletin=site_url("latest.html"),
    )
    send(alert, settings=AlertSettings.from_environment(), context=context)


def failed_checks_of(instance: dg.DagsterInstance, *, run_id: str) -> tuple[FailedCheck, ...]:
    """Every check evaluation of the run that did not pass, in the order they happened.

    The evaluation of a whole range is left out where those of its partitions say the same.
    """
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    found = [record.event_log_entry.asset_check_evaluation for record in records]
    failed = [evaluation for evaluation in found if evaluation and not evaluation.passed]
    of_partitions = {one.asset_check_key for one in failed if one.partition}
    return tuple(failed_check(one) for one in failed if one.partition or one.asset_check_key not in of_partitions)


def failed_check(evaluation: dg.AssetCheckEvaluation) -> FailedCheck:
    """The evaluation with its plain metadata, as text without secrets."""
    metadata = {name: value.value for name, value in evaluation.metadata.items() if isinstance(value, PLAIN_METADATA)}
    return FailedCheck(
        asset=evaluation.asset_key.to_user_string(),
        check=evaluation.check_name,
        severity=evaluation.severity.value,
        is_blocking=bool(evaluation.blocking),
        partition=evaluation.partition,
        description=one_line(evaluation.description or ""),
        numbers={name: one_line(listed(value), max_length=120) for name, value in metadata.items()},
    )


def errors_of(context: dg.RunFailureSensorContext) -> tuple[str, ...]:
    """Why run monitoring ended the run, if it did; then the error of each failed step, without its Python class; the
    run's own message when there is neither."""
    found = {}
    ended_for = _ended_for(context.instance, run_id=context.dagster_run.run_id)
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        raised = (error.cause or error) if error else None
        if raised and raised.cls_name not in ("DagsterAssetCheckFailedError", ended_for and INTERRUPTED):
            text = raised.message.partition(f"{raised.cls_name}: ")[2] or raised.message
            is_own = raised.message.startswith("airwatch_dagster.")
            found[event.step_key] = f"{event.step_key}: {'' if is_own else 'unexpected error: '}{one_line(text)}"
    if not found and not ended_for and not context.get_step_failure_events():
        return (one_line(context.failure_event.message or "The run ended without a message."),)
    return (*filter(None, (ended_for,)), *found.values())


def source_is_late(context: dg.RunFailureSensorContext) -> bool:
    """Whether steps failed only because the source had nothing yet."""
    errors = [event.step_failure_data.error for event in context.get_step_failure_events()]
    return bool(errors) and all(error and (error.cause or error).cls_name in LATE for error in errors)


def _ended_for(instance: dg.DagsterInstance, *, run_id: str) -> str:
    """Why the run was told to end, such as its longest run time; empty for a run that was not."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_CANCELING).records
    events = [record.event_log_entry.dagster_event for record in records]
    return next((one_line(event.message) for event in events if event and event.message), "")


def job_of(run: dg.DagsterRun) -> str:
    """The job by name; for Dagster's own nameless asset jobs, the assets of the run."""
    if not run.job_name.startswith("__"):
        return run.job_name
    return listed(sorted(key.to_user_string() for key in run.asset_selection or ())) or "assets"


def partitions_of(tags: Mapping[str, str]) -> tuple[str, str]:
    """First and last partition of the run; both empty for a run without partitions."""
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    single = tags.get("dagster/partition", "")
    return (first, last) if first and last else (single, single)


def backfill_step(first: str, last: str) -> str:
    """How to check the installation, and to repeat a failed run of the days or months ``first`` to ``last``."""
    check = "Check settings and services with `airwatch doctor`"
    if not first:
        return f"{check}."
    newest = pd.Timestamp(str(DAYS.get_last_partition_key()))
    begin, end = pd.Period(first).start_time, min(pd.Period(last).end_time, newest)
    return f"{check}; after the fix run `airwatch backfill {begin:%Y-%m-%d} {end:%Y-%m-%d}`."


def inspect_step(failed_checks: tuple[FailedCheck, ...]) -> str:
    """How to see the rows of the first failed check, of a partition if one of the checks names it."""
    named = next((check for check in failed_checks if check.partition), failed_checks[0])
    return f"See the rows with `airwatch inspect {' '.join(filter(None, (named.asset, named.partition)))}`."
