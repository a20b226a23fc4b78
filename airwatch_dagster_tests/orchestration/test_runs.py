"""One run of this process: what it reports, and the one sentence it fails with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.errors import SourceRefused
from airwatch_dagster.orchestration.contracts import table_asset
from airwatch_dagster.orchestration.parquet_io_manager import ParquetIOManager
from airwatch_dagster.orchestration.planning import Step
from airwatch_dagster.orchestration.runs import RunFailed, materialize_step, materialize_table
from airwatch_dagster_tests import builders

STEP = Step("site_days", "2021-07-03", "2021-07-05", 3)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def location(folder: Path, make: Callable[[], pd.DataFrame], **resources: object) -> dg.Definitions:
    """A code location whose site_days and monitors are what ``make`` makes, needing all ``resources``."""

    def site_days() -> pd.DataFrame:
        return make()

    def monitors() -> pd.DataFrame:
        return make()

    needs = {"required_resource_keys": set(resources)}
    assets = [table_asset(stage="clean", **needs)(site_days), table_asset(stage="acquire", **needs)(monitors)]
    io_manager = ParquetIOManager(root=str(folder))
    return dg.Definitions(
        assets=assets, resources={"io_manager": io_manager, **resources}, executor=dg.in_process_executor
    )


def refuse() -> pd.DataFrame:
    try:
        raise OSError("connection reset")
    except OSError as error:
        raise SourceRefused("the archive", "there is no such file", fix="Check its address") from error


def test_a_range_is_one_run_that_counts_its_rows(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    days = builders.site_days(*({"date_local": pd.Timestamp(day)} for day in ("2021-07-03", "2021-07-04")))

    report = materialize_step(location(tmp_path, lambda: days), STEP, instance=instance)

    assert report.rows == 2
    assert report.seconds > 0.0
    [run] = instance.get_runs()
    assert (run.run_id, run.status) == (report.run_id, dg.DagsterRunStatus.SUCCESS)
    assert run.tags["dagster/asset_partition_range_start"] == "2021-07-03"
    assert run.tags["dagster/asset_partition_range_end"] == "2021-07-05"
    assert run.tags["airwatch/kind"] == "backfill"


def test_an_unpartitioned_table_is_one_run(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    report = materialize_table(location(tmp_path, builders.monitors), "monitors", instance=instance)

    assert report.rows == 1


def test_an_explained_failure_is_told_in_its_own_sentence(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Not in that of the OSError behind it, nor in Dagster's around it."""
    with pytest.raises(RunFailed) as caught:
        materialize_step(location(tmp_path, refuse), STEP, instance=instance)

    [run] = instance.get_runs()
    assert str(caught.value) == (
        "site_days failed: the archive: there is no such file. Check its address. Retrying will not help. "
        f"(Dagster run {run.run_id})"
    )
    assert run.status is dg.DagsterRunStatus.FAILURE


def test_a_failure_nobody_foresaw_keeps_its_class(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    def broken() -> pd.DataFrame:
        return pd.DataFrame()["pm25_ugm3"].to_frame()

    with pytest.raises(RunFailed, match=r"^site_days failed: KeyError: 'pm25_ugm3' \(Dagster run "):
        materialize_step(location(tmp_path, broken), STEP, instance=instance)


def test_a_resource_that_cannot_be_made_ready_is_told_in_its_own_sentence(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    @dg.resource
    def registry() -> None:
        refuse()

    with pytest.raises(RunFailed, match=r"^site_days failed: the archive: there is no such file\. Check its address"):
        materialize_step(location(tmp_path, builders.site_days, registry=registry), STEP, instance=instance)
