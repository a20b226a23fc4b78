"""Frames of assets to and from the table storage: one file per partition, one frame per input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg
import numpy as np
import pandas as pd

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.orchestration.configuration.redaction import secrets_hidden
from airwatch_dagster.orchestration.configuration.settings import storage_root
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.tables.partition_metadata import add_partition_metadata
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import Validated, validated
from airwatch_dagster.storage.tables import TableStorage

KEEP_UNCHANGED: Final = "airwatch/keep_unchanged"
"""Asset metadata: a partition whose bytes did not change is not rewritten, so that its readers stay up to date. For
tables that are read from outside: the time of writing of a derived table shows which inputs it was built from."""


@dataclass(frozen=True)
class Merged:
    """A frame that is stored already, merged with what its table held: it only has to be described."""

    frame: pd.DataFrame
    slices: Mapping[Any, slice]
    """Partition (None: of an unpartitioned table) → its rows."""


class ParquetIOManager(dg.ConfigurableIOManager):
    """Stores each table below ``root``, a folder or ``s3://bucket/prefix``.

    An output is validated before anything is written, unless it comes as ``Validated``; one that comes as ``Merged`` is
    stored already. A run over a range of
    partitions returns one frame, which is split by the table's partition column; a partition without rows is stored as
    an empty table. Raises ContractViolation for rows of partitions outside the run, and then nothing is written.

    An input is one frame however many partitions it spans. Input metadata: ``allow_missing_partitions`` leaves out
    partitions that are not stored, ``columns`` reads only those columns.
    """

    root: str | None = None
    """AIRWATCH_STORAGE when null, read by each run."""

    @secrets_hidden()
    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Store the table of one run: validated, split into its partitions, described in metadata."""
        table, storage = context.asset_key.path[-1], self._storage()
        if isinstance(obj, Merged):
            _describe(context, storage, table, _counts(obj.slices))
            return
        frame = obj.frame if isinstance(obj, Validated) else _validated(table, obj)
        if not context.has_asset_partitions:
            storage.write(table, {None: frame})
            _describe(context, storage, table, {None: len(frame)})
            return
        ordered, slices = split(table, frame, partitions=list(context.asset_partition_keys))
        keep = bool((context.definition_metadata or {}).get(KEEP_UNCHANGED))
        storage.write_slices(table, ordered, slices, keep_unchanged=keep)
        _describe(context, storage, table, _counts(slices))

    @secrets_hidden()
    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """One frame of all partitions that the input spans."""
        settings = context.definition_metadata or {}
        return self._storage().read(
            context.asset_key.path[-1],
            list(context.asset_partition_keys) if context.has_asset_partitions else None,
            allow_missing=bool(settings.get("allow_missing_partitions")),
            columns=settings.get("columns"),
        )

    def _storage(self) -> TableStorage:
        return opened_storage(self.root or storage_root())


def _counts(slices: Mapping[Any, slice]) -> dict[Any, int]:
    return {partition: part.stop - part.start for partition, part in slices.items()}


def _describe(context: dg.OutputContext, storage: TableStorage, table: str, row_counts: Mapping[Any, int]) -> None:
    """Add rows and location of each file to the materialization of its partition."""
    name = "dagster/row_count" if None in row_counts else "dagster/partition_row_count"
    described: dict[Any, dict[str, Any]] = {
        key: {name: count, "dagster/uri": storage.uri(table, key)} for key, count in row_counts.items()
    }
    if len(described) == 1:
        context.add_output_metadata(*described.values())
        return
    keys = context.asset_partition_keys
    add_partition_metadata(context.step_context, context.asset_key, described, partitions=keys)


def split(
    table: str, frame: pd.DataFrame, *, partitions: Sequence[str] | None
) -> tuple[pd.DataFrame, dict[Any, slice]]:
    """The frame ordered by partition, and the slice of each of ``partitions`` (None: of an unpartitioned table) in it.

    Rows of one partition keep their order; a partition without rows is an empty slice. Raises ContractViolation when
    rows belong to other partitions.
    """
    spec = TABLES[table]
    if partitions is None:
        return frame, {None: slice(0, len(frame))}
    dates = frame[spec.partition_column]
    # A key is computed once per date: formatting millions of dates takes longer than storing them.
    distinct = dates.drop_duplicates()
    keys = dates.map(dict(zip(distinct, spec.partition_keys_of(distinct.to_frame()), strict=True)))
    position = keys.map({key: number for number, key in enumerate(partitions)})
    if position.isna().any():
        raise _elsewhere(table, keys[position.isna()], partitions)
    counts = np.bincount(position.to_numpy(dtype=np.int64), minlength=len(partitions))
    ends = np.cumsum(counts)
    slices = {key: slice(int(end - n), int(end)) for key, end, n in zip(partitions, ends, counts, strict=True)}
    if position.is_monotonic_increasing:
        return frame, slices
    return frame.iloc[np.argsort(position.to_numpy(), kind="stable")], slices


def _elsewhere(table: str, keys: pd.Series, partitions: Sequence[str]) -> ContractViolation:
    others = sorted(map(str, keys.unique()))
    return ContractViolation(
        table,
        f"{len(keys)} rows belong to {', '.join(others[:5])}{' and more' if len(others) > 5 else ''}, "
        f"but the run covers {partitions[0]} to {partitions[-1]}",
        fix=f"Return rows whose {TABLES[table].partition_column} is in the run's partitions; nothing was stored",
    )


def _validated(table: str, obj: Any) -> pd.DataFrame:
    if not isinstance(obj, pd.DataFrame):
        raise ContractViolation(table, f"the asset returned {type(obj).__name__}, not a table", fix="Return a frame")
    return validated(table, obj)
