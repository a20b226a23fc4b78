"""Retraining that a lasting loss of skill asks for, once a month at most; the champion gate decides as always."""

from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.automation.jobs import open_job, tuning_job
from airwatch_dagster.orchestration.configuration.training_settings import TrainingSettings
from airwatch_dagster.orchestration.incidents.state import Incident
from airwatch_dagster.orchestration.incidents.stored import open_ones, stored_incidents
from airwatch_dagster.orchestration.metadata.decay import ASKS_FOR_RETRAINING
from airwatch_dagster.orchestration.partitions import MONTHS, TRAINING_MONTHS
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.storage.tables import TableStorage

RETRAINED_FOR: Final = "airwatch/retrained_for"
"""Tag: the loss that a training answers, such as ``no_skill_lost 2021-03``."""

LOOK_EVERY_S: Final = 600
"""Seconds between two looks for a loss."""

OPENING_FIRST: Final = timedelta(minutes=15)
"""Time after a loss within which the opening of the next month may begin, which trains anyway."""

_UNDER_WAY: Final = [
    *(dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED),
    *(dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED),
]


@dg.sensor(
    jobs=[open_job, tuning_job],
    minimum_interval_seconds=LOOK_EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="When served forecasts have lost their skill over damped persistence or climatology: train the month "
    "after again, if there is anything new to learn from, at most once a month; off with AIRWATCH_RETRAIN=false",
)
def retrain_after_loss(context: dg.SensorEvaluationContext, storage: StorageResource) -> dg.RunRequest | dg.SkipReason:
    """A run for the month after the one whose verification warns. Its run key is of that month: no loss is answered
    twice, whatever becomes of the run. Skips with the reason otherwise."""
    if not TrainingSettings.from_environment().retrain:
        return dg.SkipReason("AIRWATCH_RETRAIN=false")
    tables = storage.tables()
    lost = [one for one in open_ones(stored_incidents(tables)) if _is_loss(one)]
    if not lost:
        return dg.SkipReason("No loss of skill is open")
    newest = max(lost, key=lambda one: max(one.partitions_left))
    return _request(context.instance, newest, tables, now=datetime.now(UTC))


def loss_in(instance: dg.DagsterInstance, run_id: str) -> str:
    """The loss of skill that a run's checks of ``verification`` found, for the tag; empty without one."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    events = [event for record in records if (event := record.event_log_entry.dagster_event) is not None]
    found = [event.asset_check_evaluation_data for event in events]
    names = {one.check_name for one in found if not one.passed and one.check_name in ASKS_FOR_RETRAINING}
    return ", ".join(name for name in ASKS_FOR_RETRAINING if name in names)


def job_of_training(*, is_searched: bool) -> str:
    """The job that trains a month, with a search before it if one is due and allowed."""
    is_allowed = is_searched and TrainingSettings.from_environment().search_minutes > 0
    return str((tuning_job if is_allowed else open_job).name)


def _is_loss(incident: Incident) -> bool:
    is_asking = incident.asset == "verification" and incident.scope in ASKS_FOR_RETRAINING
    return is_asking and bool(incident.partitions_left)


def _request(
    instance: dg.DagsterInstance, lost: Incident, tables: TableStorage, *, now: datetime
) -> dg.RunRequest | dg.SkipReason:
    of = max(lost.partitions_left)
    month = str(pd.Period(of, "M") + 1)
    if not MONTHS.has_partition_key(month):
        return dg.SkipReason(f"The loss is of {of}, which is not over")
    if max(tables.stored_partitions("verification"), default=of) > of:
        return dg.SkipReason(f"The loss is of {of}, and later months are verified")
    if now.replace(tzinfo=None) - lost.updated_at < OPENING_FIRST:
        return dg.SkipReason(f"The loss of {of} is new: the opening of {month} comes first")
    job = job_of_training(is_searched=month not in tables.stored_partitions("hyperparameters"))
    if job == open_job.name and not has_news(tables, month):
        return dg.SkipReason(
            f"The models of {month} have learned from all there is: trained again they would not differ"
        )
    partition = dg.RunsFilter(tags={"dagster/partition": month}, statuses=_UNDER_WAY)
    if busy := [run for run in instance.get_runs(partition) if run.job_name in (open_job.name, tuning_job.name)]:
        return dg.SkipReason(f"Run {busy[0].run_id} trains {month} already")
    tags = {RETRAINED_FOR: f"{lost.scope} {of}"}
    return dg.RunRequest(job_name=job, run_key=f"retrain:{month}", partition_key=month, tags=tags)


def has_news(tables: TableStorage, month: str) -> bool:
    """Whether examples of the training window were stored after the month's models, or there are no such models."""
    trained = tables.stored_partitions("trained_models").get(month)
    window = {str(pd.Period(month, "M") - back) for back in range(1, TRAINING_MONTHS + 1)}
    examples = [at for key, at in tables.stored_partitions("training_examples").items() if key in window]
    return trained is None or any(at > trained for at in examples)
