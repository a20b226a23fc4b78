"""Many events written at once: the rows that Dagster's own event log leaves of the same events one by one."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import AssetMaterializationPlannedData, AssetObservationData
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from airwatch_dagster.orchestration.instance.event_log import PooledSqliteEventLogStorage
from airwatch_dagster_tests.orchestration.instance.test_event_log import materialization, note, rows_by_table


def entry(kind: dg.DagsterEventType, data: object, *, run_id: str = "run") -> dg.EventLogEntry:
    return dg.EventLogEntry(
        error_info=None,
        level=20,
        user_message="",
        run_id=run_id,
        timestamp=1_625_000_000.0,
        job_name="job",
        dagster_event=dg.DagsterEvent(kind.value, "job", event_specific_data=data),
    )


def planned_check(table: str, *partitions: str, run_id: str = "run") -> dg.EventLogEntry:
    days = dg.DailyPartitionsDefinition("2021-07-01").subset_with_partition_keys(partitions)
    keys = days.to_serializable_subset() if partitions else None
    data = AssetCheckEvaluationPlanned(asset_key=dg.AssetKey(table), check_name="schema", partitions_subset=keys)
    return entry(dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED, data, run_id=run_id)


def evaluated(table: str, partition: str | None, *, passed: bool = True, run_id: str = "run") -> dg.EventLogEntry:
    data = dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(table), check_name="schema", passed=passed, metadata={}, partition=partition
    )
    return entry(dg.DagsterEventType.ASSET_CHECK_EVALUATION, data, run_id=run_id)


def planned_table(table: str, partition: str) -> dg.EventLogEntry:
    data = AssetMaterializationPlannedData(dg.AssetKey(table), partition=partition)
    return entry(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, data)


def observed(table: str) -> dg.EventLogEntry:
    data = AssetObservationData(dg.AssetObservation(table, metadata={"rows": 1}))
    return entry(dg.DagsterEventType.ASSET_OBSERVATION, data)


BATCHES: dict[str, list[dg.EventLogEntry]] = {
    "tables planned and made, in turns": [
        planned_table("site_days", "2021-07-04"),
        materialization("run", "2021-07-04"),
        planned_table("site_days", "2021-07-05"),
        observed("site_days"),
        materialization("run", "2021-07-05"),
        planned_table("raw_readings", "2021-07-06"),
    ],
    "checks planned": [planned_check("site_days", "2021-07-04", "2021-07-05"), planned_check("features")],
    "checks of planned and of other partitions, twice, and without a partition": [
        planned_check("site_days", "2021-07-04", "2021-07-05"),
        planned_check("features"),
        evaluated("site_days", "2021-07-04"),
        evaluated("site_days", "2021-07-05", passed=False),
        evaluated("site_days", "2021-07-06"),
        evaluated("site_days", "2021-07-06", passed=False),
        evaluated("features", None, passed=False),
        evaluated("site_days", "2021-07-04", passed=False),
    ],
    "events of several runs and of none": [
        planned_check("site_days", "2021-07-04"),
        planned_check("site_days", "2021-07-04", run_id="another"),
        evaluated("site_days", "2021-07-04"),
        evaluated("site_days", "2021-07-04", passed=False, run_id="another"),
        evaluated("site_days", "2021-07-05", run_id=""),
        note("run", "in no index"),
        entry(dg.DagsterEventType.RUN_SUCCESS, None),
    ],
}


@pytest.mark.parametrize("events", BATCHES.values(), ids=BATCHES.keys())
def test_a_batch_leaves_the_rows_that_upstream_leaves_of_its_events_one_by_one(
    tmp_path: Path, events: list[dg.EventLogEntry]
) -> None:
    upstream, pooled = (
        one(str(tmp_path / one.__name__)) for one in (SqliteEventLogStorage, PooledSqliteEventLogStorage)
    )
    for log in (upstream, pooled):  # the numbers of the index are not those of the runs' databases
        log.store_event(materialization("before", "2021-07-03"))
    for event in (*events, note("run", "between"), events[-1]):
        upstream.store_event(event)
    pooled.store_event_batch(events)
    with pooled.stored_together():
        for event in (note("run", "between"), events[-1]):
            pooled.store_event(event)
    for log in (upstream, pooled):
        log.dispose()

    expected = rows_by_table(tmp_path / "SqliteEventLogStorage")
    assert rows_by_table(tmp_path / "PooledSqliteEventLogStorage") == expected
    assert len(expected["index.db"]["event_logs"]) > 3
