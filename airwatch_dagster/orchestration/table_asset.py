"""A table's schema as its asset's contract: Columns tab, blocking check per partition, and nothing bad stored."""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import dagster as dg
import pandas as pd
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from airwatch_dagster import __version__
from airwatch_dagster.orchestration.instance.event_log import one_transaction
from airwatch_dagster.orchestration.io_manager import KEEP_UNCHANGED
from airwatch_dagster.orchestration.partitions import PARTITIONS
from airwatch_dagster.schemas import TABLES, TableSpec
from airwatch_dagster.schemas.validation import TableContractViolation, Validated, validated

OWNER: Final = "team:airwatch"

SCHEMA_CHECK: Final = "schema"
"""Name of the blocking check every table has."""


@dataclass(frozen=True)
class AssetResult:
    """What an asset function hands over when a frame alone is not enough."""

    frame: pd.DataFrame
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Numbers and links of the whole run, shown in the UI."""
    partition_metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Partition → its own numbers, which the UI plots over partitions."""
    warnings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Declared warning check → partition → what is odd about it; partitions that are not named passed."""
    stored: Callable[[], None] = lambda: None
    """Called once the frame is stored and on record."""


def table_asset(
    *,
    stage: str,
    ins: Mapping[str, dg.AssetIn] | None = None,
    kinds: Sequence[str] = ("pandas", "parquet"),
    warning_checks: Mapping[str, str] | None = None,
    failing_checks: Mapping[str, str] | None = None,
    keep_unchanged: bool = False,
    **options: Any,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Make the function of a table's name its asset.

    The function returns the table's frame or a ``Produced``. The frame is validated before anything is
    written; a violation is reported as a failed blocking check on the partitions concerned and stops the
    run. ``warning_checks`` and ``failing_checks`` (name → description) are evaluated from ``Produced.warnings``: the
    former warn, the latter fail without keeping the table from its readers. With ``keep_unchanged`` a
    partition that comes out as it is stored is not written again.
    """

    def decorate(function: Callable[..., Any]) -> dg.AssetsDefinition:
        spec, declared = TABLES[function.__name__], _declared(warning_checks or {}, failing_checks or {})
        partitions = PARTITIONS[spec.grain]

        takes_context = "context" in inspect.signature(function).parameters

        def produce(context: dg.AssetExecutionContext, **inputs: Any) -> Any:
            made = function(context, **inputs) if takes_context else function(**inputs)
            produced = made if isinstance(made, AssetResult) else AssetResult(made)
            frame = _validate_and_report(context, spec, produced.frame)
            for partition, numbers in produced.partition_metadata.items():
                context.add_asset_metadata(dict(numbers), asset_key=spec.name, partition_key=partition)
            yield dg.MaterializeResult(value=Validated(frame), metadata=dict(produced.metadata))
            # From here on the materializations are on record, so that checks can name the one they are about.
            produced.stored()
            yield _schema_passed(context, spec, frame)
            for check in declared:
                yield _warned(context, spec, check, produced.warnings.get(check.name, {}))

        _copy_signature(produce, function)
        return dg.asset(
            name=spec.name,
            ins=dict(ins or {}),
            group_name=stage,
            code_version=__version__,
            kinds=set(kinds),
            owners=[OWNER],
            description=_description(spec, function),
            metadata={"dagster/column_schema": column_schema(spec), KEEP_UNCHANGED: keep_unchanged},
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
            check_specs=_check_specs(spec, declared),
            **options,
        )(produce)

    return decorate


def _copy_signature(produce: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Give the wrapper the inputs and resources of ``function``, plus the context, and no return annotation.

    Dagster reads inputs and resources off the signature, and rejects an annotated MaterializeResult with checks.
    """
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=dg.AssetExecutionContext)
    others = [p for name, p in inspect.signature(function).parameters.items() if name != "context"]
    produce.__signature__ = inspect.Signature([context, *others])  # type: ignore[attr-defined]
    produce.__annotations__ = {p.name: p.annotation for p in (context, *others)}
    produce.__name__, produce.__module__, produce.__doc__ = function.__name__, function.__module__, function.__doc__


def column_schema(spec: TableSpec) -> dg.TableSchema:
    """The Columns tab: name, type, meaning and null rule of every column."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=str(column.dtype),
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=spec.key == (name,)),
            )
            for name, column in spec.schema.columns.items()
        ]
    )


def _description(spec: TableSpec, function: Callable[..., Any]) -> str:
    return "\n\n".join(text for text in (spec.description, inspect.getdoc(function)) if text)


@dataclass(frozen=True)
class _Declared:
    """A check evaluated by the asset itself."""

    name: str
    description: str
    severity: dg.AssetCheckSeverity


def _declared(warning: Mapping[str, str], failing: Mapping[str, str]) -> list[_Declared]:
    return [
        *(_Declared(name, text, dg.AssetCheckSeverity.WARN) for name, text in warning.items()),
        *(_Declared(name, text, dg.AssetCheckSeverity.ERROR) for name, text in failing.items()),
    ]


def _check_specs(spec: TableSpec, declared: Sequence[_Declared]) -> list[dg.AssetCheckSpec]:
    partitions = PARTITIONS[spec.grain]
    schema = dg.AssetCheckSpec(
        SCHEMA_CHECK,
        asset=spec.name,
        blocking=True,
        description=f"Columns, types, ranges and unique key of {spec.name}; bad rows are never stored",
        partitions_def=partitions,
    )
    others = [
        dg.AssetCheckSpec(check.name, asset=spec.name, description=check.description, partitions_def=partitions)
        for check in declared
    ]
    return [schema, *others]


def _validate_and_report(context: dg.AssetExecutionContext, spec: TableSpec, frame: pd.DataFrame) -> pd.DataFrame:
    try:
        return validated(spec.name, frame)
    except TableContractViolation as violation:
        metadata = {"violation": dg.MetadataValue.text(str(violation))}
        targets = _materializations(context, spec) if spec.partition_column else {}
        for partition in _bad_partitions(context, spec, frame, violation):
            _report(
                context,
                spec,
                SCHEMA_CHECK,
                partition,
                passed=False,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata=metadata,
                target=targets.get(str(partition)),
            )
        raise


def _bad_partitions(
    context: dg.AssetExecutionContext, spec: TableSpec, frame: pd.DataFrame, violation: TableContractViolation
) -> Sequence[str | None]:
    """Partitions with offending rows; all of the run's where the violation is of the whole table."""
    if spec.partition_column is None:
        return [None]
    dated = spec.partition_column in frame and pd.api.types.is_datetime64_any_dtype(frame[spec.partition_column])
    rows = frame.loc[frame.index.intersection(violation.row_index)] if dated else frame[:0]
    keys = sorted(set(spec.partition_keys_of(rows)) & set(context.partition_keys)) if len(rows) else []
    return keys or list(context.partition_keys)


def _schema_passed(context: dg.AssetExecutionContext, spec: TableSpec, frame: pd.DataFrame) -> dg.AssetCheckResult:
    _emit_partition_events(context, spec, SCHEMA_CHECK, {}, dg.AssetCheckSeverity.ERROR)
    return dg.AssetCheckResult(check_name=SCHEMA_CHECK, passed=True, metadata={"run_rows": len(frame)})


def _warned(
    context: dg.AssetExecutionContext, spec: TableSpec, check: _Declared, oddities: Mapping[str, str]
) -> dg.AssetCheckResult:
    _emit_partition_events(context, spec, check.name, oddities, check.severity)
    listed = "\n".join(f"- {partition}: {text}" for partition, text in list(oddities.items())[:20])
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=not oddities,
        severity=check.severity,
        metadata={"bad_partitions": list(oddities), "odd": dg.MetadataValue.md(listed or "nothing")},
    )


def _emit_partition_events(
    context: dg.AssetExecutionContext,
    spec: TableSpec,
    name: str,
    oddities: Mapping[str, str],
    severity: dg.AssetCheckSeverity,
) -> None:
    """One evaluation per partition of a range run; a run of one partition records its own."""
    if spec.partition_column is None or context.has_partition_key:
        return
    targets = _materializations(context, spec)
    with one_transaction(context.instance):
        for partition in context.partition_keys:
            odd = oddities.get(partition)
            metadata = {"odd": dg.MetadataValue.text(odd)} if odd else {}
            _report(
                context,
                spec,
                name,
                partition,
                passed=odd is None,
                severity=severity,
                metadata=metadata,
                target=targets.get(partition),
            )


def _materializations(
    context: dg.AssetExecutionContext, spec: TableSpec
) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
    """The newest materialization of each of the run's partitions.

    Dagster counts an evaluation only when it names the newest materialization of its partition.
    """
    newest = context.instance.get_latest_storage_id_by_partition(
        dg.AssetKey(spec.name), dg.DagsterEventType.ASSET_MATERIALIZATION, set(context.partition_keys)
    )
    now = time.time()
    return {
        partition: AssetCheckEvaluationTargetMaterializationData(
            storage_id=storage_id, run_id=context.run.run_id, timestamp=now
        )
        for partition, storage_id in newest.items()
    }


def _report(
    context: dg.AssetExecutionContext,
    spec: TableSpec,
    name: str,
    partition: str | None,
    *,
    passed: bool,
    severity: dg.AssetCheckSeverity,
    metadata: Mapping[str, Any],
    target: AssetCheckEvaluationTargetMaterializationData | None = None,
) -> None:
    """Recorded at once, in this run: a runless evaluation could not be repeated for the same partition."""
    context.log_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(spec.name),
            check_name=name,
            passed=passed,
            metadata=dict(metadata),
            severity=severity,
            blocking=name == SCHEMA_CHECK,
            partition=partition,
            target_materialization_data=target,
        )
    )
