"""One run of this process: what it reports, and the one sentence it fails with."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._core.utils import make_new_run_id

from airwatch_dagster.commands.backfill.estimates import measured_seconds
from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.runs import (
    KIND,
    STORAGE,
    materialize_step,
    materialize_table,
    unrecorded,
)
from airwatch_dagster.errors import RunFailed, SourceRefused
from airwatch_dagster.orchestration.automation.jobs import RANGE_END, RANGE_START
from airwatch_dagster.orchestration.configuration.settings import storage_root
from airwatch_dagster.orchestration.instance.run_locks import FOLDER, HOST, RunLock
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, table_asset
from airwatch_dagster_tests import builders

STEP = Step("site_days", "2021-07-03", "2021-07-05", 3)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path))
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
    cause = OSError("connection reset")
    raise SourceRefused("the archive", "there is no such file", fix="Check its address") from cause


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


def test_what_runs_took_estimates_the_next_ones(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    made = location(tmp_path, builders.site_days)
    materialize_step(made, STEP, instance=instance)
    materialize_step(made, STEP, instance=instance, kind="import")
    [run] = instance.get_run_records(dg.RunsFilter(tags={KIND: "backfill"}))
    assert run.start_time is not None
    assert run.end_time is not None

    assert measured_seconds(instance) == pytest.approx({"site_days": (run.end_time - run.start_time) / 3})


def test_checks_that_warn_or_fail_are_reported_apart_with_what_is_wrong(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    said = Check("Values are plausible", "The forecasts are wrong.", "Look at the readings.")

    def site_days() -> AssetResult:
        warnings = {"plausible": {"2021-07-03": "all sites read the same"}, "present": {"2021-07-04": "no reading"}}
        return AssetResult(builders.site_days(), warnings=warnings)

    asset = table_asset(stage="clean", warning_checks={"plausible": said}, failing_checks={"present": said})(site_days)
    resources = {"io_manager": ParquetIOManager(root=str(tmp_path))}
    definitions = dg.Definitions(assets=[asset], resources=resources, executor=dg.in_process_executor)

    report = materialize_step(definitions, STEP, instance=instance)

    [warned], [failed] = report.warned_checks, report.failed_checks
    assert warned.startswith("site_days plausible: ")
    assert "2021-07-03" in warned
    assert "all sites read the same" in warned
    assert failed.startswith("site_days present: ")
    assert "no reading" in failed


def test_an_unpartitioned_table_is_one_run(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    report = materialize_table(location(tmp_path, builders.monitors), "monitors", instance=instance)

    assert report.rows == 1


def test_a_known_failure_has_its_own_message(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """Not that of the OSError behind it, nor Dagster's around it."""
    with pytest.raises(RunFailed) as caught:
        materialize_step(location(tmp_path, refuse), STEP, instance=instance)

    [run] = instance.get_runs()
    assert str(caught.value) == (
        "site_days failed: the archive: there is no such file. Check its address. Retrying will not help. "
        f"(Dagster run {run.run_id})"
    )
    assert run.status is dg.DagsterRunStatus.FAILURE


def test_an_unknown_failure_keeps_its_class(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    def broken() -> pd.DataFrame:
        return pd.DataFrame()["pm25_ugm3"].to_frame()

    with pytest.raises(RunFailed, match=r"^site_days failed: KeyError: 'pm25_ugm3' \(Dagster run "):
        materialize_step(location(tmp_path, broken), STEP, instance=instance)


def test_a_resource_that_fails_has_its_own_message(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    @dg.resource
    def registry() -> None:
        refuse()

    with pytest.raises(RunFailed, match=r"^site_days failed: the archive: there is no such file\. Check its address"):
        materialize_step(location(tmp_path, builders.site_days, registry=registry), STEP, instance=instance)


HERE = socket.gethostname()


def run_of(
    instance: dg.DagsterInstance, first: str, last: str, status: dg.DagsterRunStatus, *, host: str = HERE
) -> dg.DagsterRun:
    """A backfill run of raw_readings over a range of days, as the instance knows it."""
    tags = {RANGE_START: first, RANGE_END: last, KIND: "backfill", HOST: host, STORAGE: storage_root()}
    selection = frozenset({dg.AssetKey("raw_readings")})
    return create_run_for_test(
        instance, job_name="__ASSET_JOB", tags=tags, status=status, asset_selection=selection, run_id=make_new_run_id()
    )


@pytest.mark.slow
def test_the_partitions_of_a_killed_run_are_due_and_the_run_counts_as_failed(
    instance: dg.DagsterInstance,
) -> None:
    killed = run_of(instance, "2021-05-01", "2021-05-03", dg.DagsterRunStatus.STARTED)

    assert unrecorded(instance) == {"raw_readings": {"2021-05-01", "2021-05-02", "2021-05-03"}}
    assert instance.get_run_by_id(killed.run_id).status == dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]


def test_a_killed_run_of_a_table_without_partitions_counts_as_failed_too(instance: dg.DagsterInstance) -> None:
    tags = {KIND: "backfill", HOST: HERE, STORAGE: storage_root()}
    killed = create_run_for_test(
        instance, tags=tags, status=dg.DagsterRunStatus.STARTED, asset_selection=frozenset({dg.AssetKey("monitors")})
    )

    assert unrecorded(instance) == {}
    assert instance.get_run_by_id(killed.run_id).status == dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]


def test_a_run_whose_process_lives_or_is_of_another_machine_is_left_alone(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    living = run_of(instance, "2021-05-01", "2021-05-01", dg.DagsterRunStatus.STARTED)
    elsewhere = run_of(instance, "2021-05-02", "2021-05-02", dg.DagsterRunStatus.STARTED, host="elsewhere")
    lock = RunLock(tmp_path / FOLDER, living.run_id)
    lock.acquire()

    assert unrecorded(instance) == {}
    for run in (living, elsewhere):
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.STARTED  # type: ignore[union-attr]
    lock.release()
    assert unrecorded(instance) == {"raw_readings": {"2021-05-01"}}


def test_runs_on_another_storage_do_not_count(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    run_of(instance, "2021-05-01", "2021-05-04", dg.DagsterRunStatus.FAILURE)
    monkeypatch.setenv("AIRWATCH_STORAGE", "s3://elsewhere/tables")

    assert unrecorded(instance) == {}


def test_only_the_last_run_over_a_partition_counts(instance: dg.DagsterInstance) -> None:
    run_of(instance, "2021-05-01", "2021-05-04", dg.DagsterRunStatus.FAILURE)
    run_of(instance, "2021-05-02", "2021-05-03", dg.DagsterRunStatus.SUCCESS)

    assert unrecorded(instance) == {"raw_readings": {"2021-05-01", "2021-05-04"}}
