"""Alerts: when a person is told of a failed run or a failed check.

Dagster's own failure sensor stays silent when a check only warns, because the run succeeds. Two sensors,
one per outcome, share one way to build and send a message, so every run is spoken of at most once.
"""

import os
from collections.abc import Mapping
from typing import Literal

import dagster as dg

from airwatch_dagster.orchestration.alerts.channels import Channels, send
from airwatch_dagster.orchestration.alerts.messages import Alert, FailedCheck, listed, sentence
from airwatch_dagster.orchestration.registry.links import dagster_run_url


def alert_sensors() -> list[dg.SensorDefinition]:
    """The two sensors to register: one for failed runs, one for failed checks in runs that succeeded."""

    @dg.run_failure_sensor(
        description="Tells of every failed run: its error and its failed checks.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alert_on_failed_run(context: dg.RunFailureSensorContext) -> None:
        alert_about(context, kind="run_failed", errors=error_sentences(context))

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        description="Tells of checks that failed or warned although their run succeeded.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def alert_on_failed_checks(context: dg.RunStatusSensorContext) -> None:
        alert_about(context, kind="checks_failed", errors=())

    return [alert_on_failed_run, alert_on_failed_checks]


def alert_about(
    context: dg.RunStatusSensorContext, *, kind: Literal["run_failed", "checks_failed"], errors: tuple[str, ...]
) -> None:
    """Send one alert about the run through every configured channel; a successful run without failed checks sends none.

    Errors: AirWatchError naming each channel that failed, after all were tried.
    """
    run, failed_checks = context.dagster_run, failed_checks_of(context.instance, run_id=context.dagster_run.run_id)
    if kind == "checks_failed" and not failed_checks:
        return
    is_retried = run.tags.get("dagster/will_retry") == "true"
    alert = Alert(
        kind=kind,
        job=job_of(run),
        partitions=partitions_of(run.tags),
        run_id=run.run_id,
        failed_checks=failed_checks,
        errors=errors,
        note="Dagster runs it once more." if is_retried else "",
        link=dagster_run_url(run.run_id),
    )
    send(alert, channels=Channels.from_environment(os.environ), context=context)


def failed_checks_of(instance: dg.DagsterInstance, *, run_id: str) -> tuple[FailedCheck, ...]:
    """Every check evaluation of the run that did not pass, in the order they happened."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    evaluations = [record.event_log_entry.asset_check_evaluation for record in records]
    return tuple(failed_check(evaluation) for evaluation in evaluations if evaluation and not evaluation.passed)


def failed_check(evaluation: dg.AssetCheckEvaluation) -> FailedCheck:
    plain = (
        dg.IntMetadataValue,
        dg.FloatMetadataValue,
        dg.BoolMetadataValue,
        dg.TextMetadataValue,
        dg.JsonMetadataValue,
    )
    numbers = {name: value.value for name, value in evaluation.metadata.items() if isinstance(value, plain)}
    return FailedCheck(
        asset=evaluation.asset_key.to_user_string(),
        check=evaluation.check_name,
        severity=evaluation.severity.value,
        is_blocking=bool(evaluation.blocking),
        partition=evaluation.partition,
        description=sentence(evaluation.description or ""),
        numbers={name: sentence(listed(value), longest=120) for name, value in numbers.items()},
    )


def error_sentences(context: dg.RunFailureSensorContext) -> tuple[str, ...]:
    """What failed, step by step, in the words of the error that the code raised; a crash speaks for itself."""
    found = {}
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        raised = (error.cause or error) if error else None
        if raised and raised.cls_name != "DagsterAssetCheckFailedError":
            found[event.step_key] = f"{event.step_key}: {sentence(raised.message)}"
    if not found and not context.get_step_failure_events():
        return (sentence(context.failure_event.message or "The run ended without a message."),)
    return tuple(found.values())


def job_of(run: dg.DagsterRun) -> str:
    """The job by name; for Dagster's own nameless asset jobs, the assets asked for."""
    if not run.job_name.startswith("__"):
        return run.job_name
    return listed(sorted(key.to_user_string() for key in run.asset_selection or ())) or "assets"


def partitions_of(tags: Mapping[str, str]) -> str:
    """The partition or range the run was for, or nothing."""
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    return f"{first}…{last}" if first and last else tags.get("dagster/partition", "")
