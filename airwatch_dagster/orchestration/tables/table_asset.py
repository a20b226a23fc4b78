"""A table's schema as its asset's contract: Columns tab, a blocking check per partition, and nothing bad stored."""

import contextlib
import inspect
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster import __version__
from airwatch_dagster.orchestration.configuration.redaction import redacted, redacted_metadata, secrets_hidden
from airwatch_dagster.orchestration.freshness.policies import POLICIES
from airwatch_dagster.orchestration.partitions import PARTITIONS, Partitions
from airwatch_dagster.orchestration.tables.asset_notes import MAIN_PATH, MAIN_PATH_TAG, described
from airwatch_dagster.orchestration.tables.check_events import emit_partition_events, emit_violation
from airwatch_dagster.orchestration.tables.checks import CAUSE, FAILED_PARTITIONS, Check
from airwatch_dagster.orchestration.tables.io_manager import KEEP_UNCHANGED, Merged, split
from airwatch_dagster.orchestration.tables.partition_metadata import add_partition_metadata
from airwatch_dagster.schemas import TABLES, TableSpec
from airwatch_dagster.schemas.validation import TableContractViolation, Validated, validated
from airwatch_dagster.storage.tables import MergedSlices, TableStorage

OWNER: Final = "team:airwatch"

SCHEMA_CHECK: Final = "schema"
"""Name of the blocking check every table has."""


BUILDERS: Final[dict[tuple[str, str], Callable[[Partitions], dg.AssetsDefinition]]] = {}
"""Module and name of each asset function → what builds its asset over partitions that begin elsewhere."""


CHECKS: Final[dict[tuple[str, str], Check]] = {}
"""Table and name of each check that assets evaluate themselves → its sentences."""


@dataclass(frozen=True)
class AssetResult:
    """What an asset function returns when a frame alone is not enough."""

    frame: pd.DataFrame
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Numbers and links of the whole run, shown in the UI."""
    partition_metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Partition → its own numbers, which the UI plots over partitions."""
    warnings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Declared check → failed partition → what is wrong with it; partitions that are not named passed."""
    causes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Declared check → failed partition → its probable cause, in the words of CAUSES, where the check knows it."""


@dataclass(frozen=True)
class Merge:
    """What an asset function returns or yields when its result is made from what its table holds already.

    The rows are stored by ``TableStorage.merge``, which makes the result again when another writer, on any machine, has
    replaced a partition since it was read.
    """

    tables: TableStorage
    result: Callable[[pd.DataFrame], AssetResult]
    """Of the stored rows of the run's partitions; made from its own result it has the same rows."""


def table_asset(
    *,
    stage: str,
    ins: Mapping[str, dg.AssetIn] | None = None,
    kinds: Sequence[str] = ("pandas", "parquet"),
    warning_checks: Mapping[str, Check] | None = None,
    failing_checks: Mapping[str, Check] | None = None,
    keep_unchanged: bool = False,
    **options: Any,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Turn the function that has a table's name into the asset of that table.

    The function returns or yields the table's frame, an ``AssetResult`` or a ``Merge``. One that yields continues once
    its result is stored and recorded, and is closed if the run fails before that: a write lock around the yield covers
    the storing.

    The frame is validated before anything is written. A violation is recorded as a failed blocking check of the
    partitions concerned, and stops the run. ``warning_checks`` and ``failing_checks`` (by name) are
    evaluated from ``AssetResult.warnings``: the former warn, the latter fail, and neither blocks the table's readers.
    With ``keep_unchanged`` a partition whose bytes did not change is not rewritten.
    """

    def decorate(function: Callable[..., Any]) -> dg.AssetsDefinition:
        def build(partitions_of: Partitions) -> dg.AssetsDefinition:
            return asset_of(function, partitions_of)

        BUILDERS[function.__module__, function.__name__] = build
        return build(PARTITIONS)

    def asset_of(function: Callable[..., Any], partitions_of: Partitions) -> dg.AssetsDefinition:
        spec, declared = TABLES[function.__name__], _declared(warning_checks or {}, failing_checks or {})
        CHECKS.update({(spec.name, one.name): one.check for one in declared})
        partitions = partitions_of[spec.grain]
        takes_context = "context" in inspect.signature(function).parameters

        def compute(context: dg.AssetExecutionContext, **inputs: Any) -> Any:
            with secrets_hidden():
                returned = function(context, **inputs) if takes_context else function(**inputs)
                with _one_result(returned) as made:
                    result = yield from _stored(context, spec, made, keep_unchanged=keep_unchanged)
                yield from _evaluated(context, spec, declared, result)

        _copy_signature(compute, function)
        return dg.asset(
            name=spec.name,
            ins=dict(ins or {}),
            group_name=stage,
            code_version=__version__,
            kinds=set(kinds),
            owners=[OWNER],
            tags=MAIN_PATH_TAG if spec.name in MAIN_PATH else {},
            description=described(spec.name, (spec.description, inspect.getdoc(function))),
            metadata={"dagster/column_schema": column_schema(spec), KEEP_UNCHANGED: keep_unchanged},
            partitions_def=partitions,
            freshness_policy=POLICIES.get(spec.name),
            backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
            check_specs=_check_specs(spec, declared, partitions),
            **options,
        )(compute)

    return decorate


def assets_over(partitions_of: Partitions, modules: Sequence[ModuleType]) -> list[dg.AssetsDefinition]:
    """The table assets of these modules, built anew over partitions that begin elsewhere."""
    names = {module.__name__ for module in modules}
    return [build(partitions_of) for (module, _), build in BUILDERS.items() if module in names]


@contextlib.contextmanager
def _one_result(returned: Any) -> Iterator[AssetResult | Merge]:
    """What an asset function returned or yields; one that yields continues at the end of the block."""
    if not inspect.isgenerator(returned):
        yield returned if isinstance(returned, AssetResult | Merge) else AssetResult(returned)
        return
    with contextlib.closing(returned):
        result: Any = next(returned)
        yield result if isinstance(result, AssetResult | Merge) else AssetResult(result)
        for _ in returned:
            raise RuntimeError(f"{returned.__name__} yields a second result")


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


def _copy_signature(compute: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Give the wrapper the inputs and resources of ``function``, plus the context, and no return annotation.

    Dagster reads inputs and resources from the signature, and rejects an annotated MaterializeResult with checks.
    """
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=dg.AssetExecutionContext)
    others = [p for name, p in inspect.signature(function).parameters.items() if name != "context"]
    compute.__signature__ = inspect.Signature([context, *others])  # type: ignore[attr-defined]
    compute.__annotations__ = {p.name: p.annotation for p in (context, *others)}
    compute.__name__, compute.__module__, compute.__doc__ = function.__name__, function.__module__, function.__doc__


@dataclass(frozen=True)
class _Declared:
    """A check evaluated by the asset itself."""

    name: str
    check: Check
    severity: dg.AssetCheckSeverity


def _declared(warning: Mapping[str, Check], failing: Mapping[str, Check]) -> list[_Declared]:
    return [
        *(_Declared(name, check, dg.AssetCheckSeverity.WARN) for name, check in warning.items()),
        *(_Declared(name, check, dg.AssetCheckSeverity.ERROR) for name, check in failing.items()),
    ]


def _check_specs(
    spec: TableSpec, declared: Sequence[_Declared], partitions: dg.TimeWindowPartitionsDefinition | None
) -> list[dg.AssetCheckSpec]:
    schema = dg.AssetCheckSpec(
        SCHEMA_CHECK,
        asset=spec.name,
        blocking=True,
        description=f"Columns, types, ranges and unique key of {spec.name}; bad rows are never stored",
        partitions_def=partitions,
    )
    others = [
        dg.AssetCheckSpec(one.name, asset=spec.name, description=one.check.description, partitions_def=partitions)
        for one in declared
    ]
    return [schema, *others]


def _stored(
    context: dg.AssetExecutionContext, spec: TableSpec, made: AssetResult | Merge, *, keep_unchanged: bool
) -> Generator[Any, None, AssetResult]:
    """Validate and store the frame, then record that its schema check passed; returns the result.

    Raises TableContractViolation.
    """
    result, value = made if isinstance(made, AssetResult) else AssetResult(spec.empty()), None
    try:
        if isinstance(made, Merge):

            def merged(stored: pd.DataFrame) -> MergedSlices:
                nonlocal result, value
                result = made.result(stored)
                value = Merged(*split(spec.name, validated(spec.name, result.frame), partitions=_keys(context, spec)))
                return value.frame, value.slices

            made.tables.merge(spec.name, _keys(context, spec), merged, keep_unchanged=keep_unchanged)
        frame = value.frame if value else validated(spec.name, result.frame)
    except TableContractViolation as violation:
        failed = _failed_partitions(context, spec, result.frame, violation)
        emit_violation(context, spec, SCHEMA_CHECK, failed, violation)
        raise
    told = {partition: redacted_metadata(metadata) for partition, metadata in result.partition_metadata.items()}
    if told:
        step, keys = context.get_step_execution_context(), context.partition_keys
        add_partition_metadata(step, context.asset_key, told, partitions=keys)
    yield dg.MaterializeResult(value=value or Validated(frame), metadata=redacted_metadata(result.metadata))
    # From here on the materializations are recorded, so that a check can name the one it is about.
    emit_partition_events(context, spec, SCHEMA_CHECK, {}, dg.AssetCheckSeverity.ERROR, is_blocking=True)
    yield dg.AssetCheckResult(check_name=SCHEMA_CHECK, passed=True, metadata={"run_rows": len(frame)})
    return result


def _keys(context: dg.AssetExecutionContext, spec: TableSpec) -> list[str] | None:
    """The partitions of the run; None for a table without."""
    return None if spec.partition_column is None else list(context.partition_keys)


def _failed_partitions(
    context: dg.AssetExecutionContext, spec: TableSpec, frame: pd.DataFrame, violation: TableContractViolation
) -> Sequence[str | None]:
    """Partitions with rows that violate the schema; all of the run's when the violation is of the whole table."""
    if spec.partition_column is None:
        return [None]
    is_dated = spec.partition_column in frame and pd.api.types.is_datetime64_any_dtype(frame[spec.partition_column])
    rows = frame.loc[frame.index.intersection(violation.row_index)] if is_dated else frame[:0]
    keys = sorted(set(spec.partition_keys_of(rows)) & set(context.partition_keys)) if len(rows) else []
    return keys or list(context.partition_keys)


def _evaluated(
    context: dg.AssetExecutionContext, spec: TableSpec, declared: Sequence[_Declared], result: AssetResult
) -> Iterator[dg.AssetCheckResult]:
    """One result per declared check, and one evaluation for each partition of a range."""
    for one in declared:
        failures = result.warnings.get(one.name, {})
        texts = {
            partition: redacted(one.check.failed(what, partition=partition)) for partition, what in failures.items()
        }
        causes = result.causes.get(one.name, {})
        emit_partition_events(context, spec, one.name, texts, one.severity, causes=causes)
        partitions = len(context.partition_keys) if context.has_partition_key_range or context.has_partition_key else 1
        yield dg.AssetCheckResult(
            check_name=one.name,
            passed=not failures,
            severity=one.severity,
            description=redacted(one.check.failed_in(failures, partitions=partitions)) if failures else None,
            metadata={FAILED_PARTITIONS: len(failures), **_newest_cause(failures, causes)},
        )


def _newest_cause(failures: Mapping[str, str], causes: Mapping[str, str]) -> dict[str, str]:
    """The cause of the newest failed partition, as metadata of the whole run; none where it is not known."""
    newest = max(failures, default="")
    return {CAUSE: causes[newest]} if newest in causes else {}
