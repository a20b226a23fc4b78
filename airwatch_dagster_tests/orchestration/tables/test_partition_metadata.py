"""Metadata of many partitions, and the two private classes of Dagster that it takes."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import pytest

from airwatch_dagster.orchestration.tables.partition_metadata import add_partition_metadata

DAYS = ["2021-07-01", "2021-07-02", "2021-07-03"]
Add = Callable[[dg.AssetExecutionContext], None]


def metadata_of_run(add: Add) -> dict[str | None, Mapping[str, Any]]:
    @dg.asset(partitions_def=dg.DailyPartitionsDefinition(DAYS[0]), backfill_policy=dg.BackfillPolicy.single_run())
    def days(context: dg.AssetExecutionContext) -> None:
        add(context)

    tags = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[-1]}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([days], instance=instance, tags=tags)
        events = [event.materialization for event in result.get_asset_materialization_events()]
    return {event.partition: {name: value.value for name, value in event.metadata.items()} for event in events}


def by_dagster(context: dg.AssetExecutionContext) -> None:
    for day, rows in ((DAYS[0], 7), (DAYS[1], 8)):
        context.add_asset_metadata({"rows": rows}, partition_key=day)
    context.add_asset_metadata({"rows": 9, "uri": "a"}, partition_key=DAYS[0])


def at_once(context: dg.AssetExecutionContext) -> None:
    for metadata in ({DAYS[0]: {"rows": 7}, DAYS[1]: {"rows": 8}}, {DAYS[0]: {"rows": 9, "uri": "a"}}):
        step, keys = context.get_step_execution_context(), context.partition_keys
        add_partition_metadata(step, context.asset_key, metadata, partitions=keys)


def test_each_partition_has_the_metadata_that_dagster_would_give_it_one_by_one() -> None:
    expected = {DAYS[0]: {"rows": 9, "uri": "a"}, DAYS[1]: {"rows": 8}, DAYS[2]: {}}

    assert metadata_of_run(at_once) == expected
    assert metadata_of_run(by_dagster) == expected


def test_metadata_of_a_day_that_the_run_does_not_build_is_an_error() -> None:
    def elsewhere(context: dg.AssetExecutionContext) -> None:
        step, keys = context.get_step_execution_context(), context.partition_keys
        add_partition_metadata(step, context.asset_key, {"2021-08-01": {"rows": 1}}, partitions=keys)

    with pytest.raises(Exception, match=r"days: has metadata of 2021-08-01, and the run is not about them"):
        metadata_of_run(elsewhere)
