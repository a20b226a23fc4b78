"""Evaluations of asset checks for each partition of a run.

Dagster 1.13.27 records one evaluation a run. A run over a range of partitions records one for each here, so that the
UI shows every partition as checked.
"""

import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import dagster as dg

# Private: an evaluation must name the materialization it is about, and Dagster 1.13.27 exports no class for that.
# Nothing else uses it; test_check_events.py pins its fields, and test_table_asset.py its effect.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as TargetMaterialization,
)

from airwatch_dagster.orchestration.tables.checks import CAUSE
from airwatch_dagster.schemas import TableSpec


def emit_partition_events(
    context: dg.AssetExecutionContext,
    spec: TableSpec,
    check: str,
    failures: Mapping[str, str],
    severity: dg.AssetCheckSeverity,
    *,
    is_blocking: bool = False,
    causes: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Record one evaluation for each partition of a range run; ``failures`` maps a partition to what is said of it,
    ``causes`` to the probable cause.

    Nothing is recorded for a run of one partition or of an unpartitioned table: Dagster records that one itself.
    """
    if spec.partition_column is None or context.has_partition_key:
        return
    # The code location is imported without SQLAlchemy, which the event log needs.
    from airwatch_dagster.orchestration.instance.event_log import stored_together

    targets = newest_materializations(context, spec)
    with stored_together(context.instance):
        for partition in context.partition_keys:
            failure = failures.get(partition)
            evaluation = dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(spec.name),
                check_name=check,
                passed=failure is None,
                description=failure,
                severity=severity,
                blocking=is_blocking,
                partition=partition,
                target_materialization_data=targets.get(partition),
                metadata={CAUSE: causes[partition]} if failure is not None and partition in causes else {},
            )
            context.log_event(evaluation)


def emit_violation(
    context: dg.AssetExecutionContext,
    spec: TableSpec,
    check: str,
    partitions: Iterable[str | None],
    violation: Exception,
) -> None:
    """Record a failed evaluation of a blocking check for each of the partitions; null is an unpartitioned table.

    Recorded at once and in this run: an evaluation outside a run could not be repeated for the same partition.
    """
    targets = newest_materializations(context, spec) if spec.partition_column else {}
    for partition in partitions:
        evaluation = dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(spec.name),
            check_name=check,
            passed=False,
            description=str(violation),
            severity=dg.AssetCheckSeverity.ERROR,
            blocking=True,
            partition=partition,
            target_materialization_data=targets.get(str(partition)),
        )
        context.log_event(evaluation)


def newest_materializations(context: dg.AssetExecutionContext, spec: TableSpec) -> dict[str, TargetMaterialization]:
    """The newest materialization of each of the run's partitions.

    Dagster counts an evaluation only when it names the newest materialization of its partition.
    """
    newest = context.instance.get_latest_storage_id_by_partition(
        dg.AssetKey(spec.name), dg.DagsterEventType.ASSET_MATERIALIZATION, set(context.partition_keys)
    )
    run_id, now = context.run.run_id, time.time()
    return {
        partition: TargetMaterialization(storage_id=storage_id, run_id=run_id, timestamp=now)
        for partition, storage_id in newest.items()
    }
