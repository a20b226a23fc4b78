"""Metadata of each partition of a run, on the materialization that Dagster records of it."""

from collections.abc import Collection, Mapping
from typing import Any

import dagster as dg

# Private: Dagster 1.13.27 adds metadata to one partition a call, and each call lists the run's partitions and copies
# the metadata of all others. Nothing else uses them; test_partition_metadata.py pins what they do.
from dagster._core.execution.context.metadata_logging import AssetMetadataHandle, OutputMetadataAccumulator
from dagster._core.execution.context.system import StepExecutionContext

from airwatch_dagster.errors import ContractViolation


def add_partition_metadata(
    context: StepExecutionContext,
    asset_key: dg.AssetKey,
    metadata: Mapping[Any, Mapping[str, Any]],
    *,
    partitions: Collection[str],
) -> None:
    """As ``add_asset_metadata`` for each partition of ``metadata``, which are of the run's, in the time of one call.

    Raises ContractViolation for another partition.
    """
    if others := sorted(set(metadata).difference(partitions)):
        problem = f"has metadata of {', '.join(others)}, and the run is not about them"
        raise ContractViolation(asset_key.to_user_string(), problem, fix="Name partitions of the run only")
    added = {**context._metadata_accumulator.per_output_metadata}  # noqa: SLF001 - as above
    for key, values in metadata.items():
        handle = AssetMetadataHandle(asset_key=asset_key, partition_key=key)
        added[handle] = {**added.get(handle, {}), **values}
    context._metadata_accumulator = OutputMetadataAccumulator(per_output_metadata=added)  # noqa: SLF001 - as above
