"""Frames between assets: one file per partition, one frame per input, and no stored frame breaks the contract."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.errors import ContractViolation, StorageError
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager, split
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import Validated
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders

DAYS = dg.DailyPartitionsDefinition("2021-07-01", end_date="2021-08-01")
RANGE = {"dagster/asset_partition_range_start": "2021-07-01", "dagster/asset_partition_range_end": "2021-07-03"}
LAST_THREE_DAYS = dg.TimeWindowPartitionMapping(start_offset=-2, allow_nonexistent_upstream_partitions=True)


def site_days(*days: str) -> pd.DataFrame:
    return builders.site_days(*({"date_local": pd.Timestamp(day)} for day in days))


def site_days_asset(make: Callable[[], object]) -> dg.AssetsDefinition:
    @dg.asset(name="site_days", partitions_def=DAYS)
    def asset() -> Any:
        return make()

    return asset


def reader(
    received: list[pd.DataFrame],
    *,
    mapping: dg.PartitionMapping | None = None,
    metadata: Mapping[str, object] | None = None,
    partitions: dg.PartitionsDefinition | None = DAYS,
) -> dg.AssetsDefinition:
    """An asset that collects its input in ``received`` and stores nothing."""

    @dg.asset(
        name="reader",
        ins={"site_days": dg.AssetIn("site_days", partition_mapping=mapping, metadata=dict(metadata or {}))},
        partitions_def=partitions,
    )
    def asset(site_days: pd.DataFrame) -> None:
        received.append(site_days)

    return asset


def run(
    *assets: dg.AssetsDefinition, root: str, day: str | None = None, tags: Mapping[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    """Materialize the last asset; the others are its inputs."""
    resources = {"io_manager": ParquetIOManager(root=root)}
    return dg.materialize(
        list(assets), selection=[assets[-1]], partition_key=day, tags=dict(tags or {}), resources=resources
    )


def metadata_by_partition(result: dg.ExecuteInProcessResult, name: str) -> dict[str | None, dict[str, object]]:
    events = [event.materialization for event in result.get_asset_materialization_events()]
    return {event.partition: {key: value.value for key, value in event.metadata.items()} for event in events}


def test_a_partition_is_stored_and_loaded_as_one_frame(root: str) -> None:
    received: list[pd.DataFrame] = []
    produced = site_days_asset(lambda: site_days("2021-07-04"))

    result = run(produced, root=root, day="2021-07-04")
    run(produced, reader(received), root=root, day="2021-07-04")

    pd.testing.assert_frame_equal(received[0], site_days("2021-07-04"))
    assert metadata_by_partition(result, "site_days") == {
        "2021-07-04": {"dagster/partition_row_count": 1, "dagster/uri": f"{root}/site_days/2021-07-04.parquet"}
    }


def test_an_unpartitioned_table_is_one_file(tmp_path: Path) -> None:
    @dg.asset(name="monitors")
    def monitors() -> Any:
        return builders.monitors({"poc": 1}, {"poc": 3})

    result = run(monitors, root=str(tmp_path))

    assert TableStorage.open(str(tmp_path)).read("monitors")["poc"].tolist() == [1, 3]
    assert metadata_by_partition(result, "monitors") == {
        None: {"dagster/row_count": 2, "dagster/uri": f"{tmp_path}/monitors.parquet"}
    }


def test_a_range_is_split_by_day_and_a_day_without_rows_is_stored_empty(root: str) -> None:
    produced = site_days_asset(lambda: site_days("2021-07-03", "2021-07-01"))

    result = run(produced, root=root, tags=RANGE)

    tables = TableStorage.open(root)
    assert list(tables.stored_partitions("site_days")) == ["2021-07-01", "2021-07-02", "2021-07-03"]
    pd.testing.assert_frame_equal(tables.read("site_days", ["2021-07-02"]), TABLES["site_days"].empty())
    assert tables.read("site_days")["date_local"].dt.day.tolist() == [1, 3]
    assert metadata_by_partition(result, "site_days") == {
        f"2021-07-{day:02d}": {
            "dagster/partition_row_count": count,
            "dagster/uri": f"{root}/site_days/2021-07-{day:02d}.parquet",
        }
        for day, count in ((1, 1), (2, 0), (3, 1))
    }


def test_describing_each_partition_costs_no_events(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [site_days_asset(lambda: site_days("2021-07-01"))],
            tags=RANGE,
            resources={"io_manager": ParquetIOManager(root=str(tmp_path))},
            instance=instance,
        )
        types = [event.event_type for event in result.all_events]

    assert types.count(dg.DagsterEventType.ASSET_MATERIALIZATION) == 3
    assert types.count(dg.DagsterEventType.HANDLED_OUTPUT) == 1
    assert dg.DagsterEventType.ASSET_OBSERVATION not in types


def test_rows_of_another_day_are_an_error_and_nothing_is_stored(tmp_path: Path) -> None:
    stray = site_days_asset(lambda: site_days("2021-07-01", "2021-07-02", "2021-07-04", "2021-06-30"))

    with pytest.raises(ContractViolation, match="site_days: 2 rows belong to 2021-06-30, 2021-07-04") as caught:
        run(stray, root=str(tmp_path), tags=RANGE)
    assert "the run covers 2021-07-01 to 2021-07-03" in caught.value.problem
    with pytest.raises(ContractViolation, match="the run covers 2021-07-01 to 2021-07-01"):
        run(stray, root=str(tmp_path), day="2021-07-01")
    assert list(tmp_path.iterdir()) == []


def test_rows_that_break_the_contract_are_an_error_and_the_old_rows_stay(tmp_path: Path) -> None:
    run(site_days_asset(lambda: site_days("2021-07-04")), root=str(tmp_path), day="2021-07-04")
    broken = site_days("2021-07-04").assign(pm25_ugm3=-99.0)

    with pytest.raises(ContractViolation, match=r"pm25_ugm3 must satisfy greater_than_or_equal_to\(-50\.0\)"):
        run(site_days_asset(lambda: broken), root=str(tmp_path), day="2021-07-04")

    assert TableStorage.open(str(tmp_path)).read("site_days")["pm25_ugm3"].tolist() == [8.0]


def test_a_validated_frame_is_not_validated_twice(tmp_path: Path) -> None:
    """Shown by a value that the contract forbids: who wraps a frame in Validated is responsible for it."""
    wrapped = Validated(site_days("2021-07-04").assign(pm25_ugm3=-99.0))

    run(site_days_asset(lambda: wrapped), root=str(tmp_path), day="2021-07-04")

    assert TableStorage.open(str(tmp_path)).read("site_days")["pm25_ugm3"].tolist() == [-99.0]


@pytest.mark.parametrize("nothing", [None, {"2021-07-04": "a dict"}])
def test_an_asset_that_returns_no_frame_is_an_error(tmp_path: Path, nothing: object) -> None:
    with pytest.raises(ContractViolation, match=r"site_days: the asset returned (NoneType|dict), not a table"):
        run(site_days_asset(lambda: nothing), root=str(tmp_path), day="2021-07-04")


def test_an_asset_without_a_schema_is_an_error(tmp_path: Path) -> None:
    @dg.asset(name="readings_final_v2")
    def unknown() -> Any:
        return pd.DataFrame({"x": [1]})

    with pytest.raises(ContractViolation, match="readings_final_v2: is not a valid table"):
        run(unknown, root=str(tmp_path))


def test_several_partitions_are_loaded_as_one_frame_in_order(root: str) -> None:
    received: list[pd.DataFrame] = []
    produced = site_days_asset(lambda: site_days("2021-07-03", "2021-07-02", "2021-07-01"))
    run(produced, root=root, tags=RANGE)

    run(produced, reader(received, mapping=LAST_THREE_DAYS), root=root, day="2021-07-03")
    run(produced, reader(received), root=root, tags=RANGE)

    assert [frame["date_local"].dt.day.tolist() for frame in received] == [[1, 2, 3], [1, 2, 3]]


def test_a_missing_partition_stops_the_run_unless_the_input_allows_it(tmp_path: Path) -> None:
    received: list[pd.DataFrame] = []
    produced = site_days_asset(lambda: site_days("2021-07-03"))
    run(produced, root=str(tmp_path), day="2021-07-03")
    tolerant = reader(received, mapping=LAST_THREE_DAYS, metadata={"allow_missing_partitions": True})

    with pytest.raises(StorageError, match="site_days: 2 of 3 partitions not stored"):
        run(produced, reader(received, mapping=LAST_THREE_DAYS), root=str(tmp_path), day="2021-07-03")
    run(produced, tolerant, root=str(tmp_path), day="2021-07-03")

    assert [frame["date_local"].dt.day.tolist() for frame in received] == [[3]]


def test_nothing_stored_yet_is_an_empty_frame_where_that_is_allowed(tmp_path: Path) -> None:
    received: list[pd.DataFrame] = []
    tolerant = reader(received, mapping=LAST_THREE_DAYS, metadata={"allow_missing_partitions": True})

    run(site_days_asset(lambda: None), tolerant, root=str(tmp_path), day="2021-07-03")

    pd.testing.assert_frame_equal(received[0], TABLES["site_days"].empty())


def test_partitions_before_the_first_one_are_an_empty_frame(tmp_path: Path) -> None:
    """The first day has no day before it: the input is empty although missing partitions are not allowed."""
    received: list[pd.DataFrame] = []
    day_before = dg.TimeWindowPartitionMapping(
        start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True
    )

    run(site_days_asset(lambda: None), reader(received, mapping=day_before), root=str(tmp_path), day="2021-07-01")

    pd.testing.assert_frame_equal(received[0], TABLES["site_days"].empty())


def test_an_unpartitioned_reader_gets_all_days(tmp_path: Path) -> None:
    received: list[pd.DataFrame] = []
    produced = site_days_asset(lambda: site_days("2021-07-03", "2021-07-01"))
    run(produced, root=str(tmp_path), tags=RANGE)
    tolerant = reader(received, metadata={"allow_missing_partitions": True}, partitions=None)

    run(produced, tolerant, root=str(tmp_path))

    assert received[0]["date_local"].dt.day.tolist() == [1, 3]


def test_an_input_may_request_some_columns_only(tmp_path: Path) -> None:
    received: list[pd.DataFrame] = []
    produced = site_days_asset(lambda: site_days("2021-07-03"))
    run(produced, root=str(tmp_path), day="2021-07-03")

    run(produced, reader(received, metadata={"columns": ["site_id", "aqi"]}), root=str(tmp_path), day="2021-07-03")

    assert received[0].columns.tolist() == ["site_id", "aqi"]


def test_splitting_agrees_with_looking_at_each_row() -> None:
    months = ["2021-06", "2021-07", "2021-08"]
    days = ["2021-07-31", "2021-06-01", "2021-07-01", "2021-06-30", "2021-07-31"]
    frame = pd.DataFrame({"month": pd.to_datetime(days), "feature": list("abcde")})

    ordered, slices = split("drift_report", frame, partitions=months)

    for month in months:
        expected = [row.feature for row in frame.itertuples() if f"{row.month:%Y-%m}" == month]
        assert ordered["feature"].iloc[slices[month]].tolist() == expected
