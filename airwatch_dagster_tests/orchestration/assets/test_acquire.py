"""Tables that are merged with what is stored lose nothing when two runs write them at the same time."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.readings import READING_COLUMNS, MonitorList
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.orchestration.assets.acquire import history_checks, raw_readings
from airwatch_dagster.orchestration.ingest import ingestion
from airwatch_dagster.orchestration.instance.write_locks import WriteLock
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.local_folder import LocalFolder
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders

DAY = "2021-07-04"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Vintage(Source):
    """A source that publishes one value for every day, after it waited for ``ready``."""

    mean: float
    began: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)
    kind: str = "aqs"

    def pull(self, request: PullRequest) -> Pull:
        self.began.set()
        assert self.ready.wait(30)
        rows = builders.raw_readings({"date_local": pd.Timestamp(DAY), "arithmetic_mean": self.mean})
        return Pull(rows[list(READING_COLUMNS)], lambda history: pd.Series(True, index=history.index))

    def changes(self, request: PullRequest, *, since: date, until: date) -> Pull:
        return self.pull(request)

    def monitors(self) -> MonitorList:
        return MonitorList(TABLES["monitors"].empty(), no_rejected_lines())


@dataclass
class Opens:
    """The resource of one given source."""

    source: Vintage

    @contextlib.contextmanager
    def open(self) -> Iterator[Vintage]:
        yield self.source

    @contextlib.contextmanager
    def open_into(self, tables: TableStorage) -> Iterator[Vintage]:
        yield self.source


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableStorage:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    return TableStorage.open(str(tmp_path / "tables"))


def run(tmp_path: Path, source: Vintage, table: str = "raw_readings", **options: Any) -> dg.ExecuteInProcessResult:
    """A run of one day, on a Dagster instance of its own: no pool is shared with another run."""
    root = str(tmp_path / "tables")
    resources = {
        "io_manager": ParquetIOManager(root=root),
        "storage": StorageResource(root=root),
        "source": dg.ResourceDefinition.hardcoded_resource(Opens(source)),
        **options,
    }
    definitions = dg.Definitions([raw_readings, history_checks], resources=resources)
    job = definitions.resolve_implicit_job_def_def_for_assets([dg.AssetKey(table)])
    assert job is not None
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(table)],
            partition_key=DAY if table == "raw_readings" else None,
            run_config=QUIET,
            raise_on_error=False,
        )


def run_two_at_once(tmp_path: Path, table: str) -> list[dg.ExecuteInProcessResult]:
    """The first run has read what is stored, and pulls, while the second one starts."""
    first, second = Vintage(8.0), Vintage(9.5)
    second.ready.set()
    results: list[dg.ExecuteInProcessResult] = []
    threads = [
        threading.Thread(target=lambda source=source: results.append(run(tmp_path, source, table)))  # type: ignore[misc]
        for source in (first, second)
    ]
    threads[0].start()
    assert first.began.wait(30)
    threads[1].start()
    second.began.wait(3)  # without a lock the second run reads the same stored rows as the first
    first.ready.set()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.slow
def test_two_runs_of_the_same_day_at_the_same_time_lose_no_version(tmp_path: Path, tables: TableStorage) -> None:
    results = run_two_at_once(tmp_path, "raw_readings")

    assert [result.success for result in results] == [True, True]
    versions = tables.read("raw_readings", [DAY])
    assert versions["arithmetic_mean"].tolist() == [8.0, 9.5]
    assert versions["superseded_at"].isna().tolist() == [False, True]


@pytest.mark.slow
def test_two_instances_with_states_of_their_own_lose_no_version(
    tmp_path: Path, tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WriteLock, "acquire", lambda *_, **__: None)  # another AIRWATCH_STATE has other locks

    results = run_two_at_once(tmp_path, "raw_readings")

    assert [result.success for result in results] == [True, True]
    versions = tables.read("raw_readings", [DAY])
    assert sorted(versions["arithmetic_mean"]) == [8.0, 9.5]
    assert versions["superseded_at"].isna().tolist() == [False, True]


@pytest.mark.slow
def test_two_rechecks_of_two_instances_at_the_same_time_are_both_listed(
    tmp_path: Path, tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WriteLock, "acquire", lambda *_, **__: None)
    tables.write("raw_readings", {DAY: builders.raw_readings({"date_local": pd.Timestamp(DAY)})})

    results = run_two_at_once(tmp_path, "history_checks")

    assert [result.success for result in results] == [True, True]
    assert len(tables.read("history_checks")) == 2


def test_a_clock_in_2099_stores_no_version(
    tmp_path: Path, tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Vintage(8.0)
    source.ready.set()

    with monkeypatch.context() as patch:
        patch.setattr(ingestion, "utc_now", lambda: pd.Timestamp("2099-01-01"))
        failed = run(tmp_path, source)
    assert not failed.success
    assert not tables.stored_partitions("raw_readings")

    assert run(tmp_path, source).success


def test_days_that_a_clock_in_2099_has_stamped_ask_for_a_repair(tmp_path: Path, tables: TableStorage) -> None:
    stamped = {"date_local": pd.Timestamp(DAY), "first_seen_at": pd.Timestamp("2099-01-01")}
    tables.write("raw_readings", {DAY: builders.raw_readings(stamped)})
    source = Vintage(8.0)
    source.ready.set()

    result = run(tmp_path, source)

    [failure] = result.get_step_failure_events()
    error = failure.step_failure_data.error
    assert error is not None
    assert error.cause is not None
    assert "`airwatch repair` lists what it stamped" in error.cause.message


@pytest.mark.slow
def test_two_rechecks_at_the_same_time_are_both_listed(tmp_path: Path, tables: TableStorage) -> None:
    tables.write("raw_readings", {DAY: builders.raw_readings({"date_local": pd.Timestamp(DAY)})})

    results = run_two_at_once(tmp_path, "history_checks")

    assert [result.success for result in results] == [True, True]
    assert len(tables.read("history_checks")) == 2


def test_a_run_that_cannot_store_its_table_releases_the_write_lock(
    tmp_path: Path, tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = Vintage(8.0), Vintage(9.5)
    broken.ready.set()
    sound.ready.set()

    def full_disk(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(LocalFolder, "replace", full_disk)
        assert not run(tmp_path, broken).success
    assert run(tmp_path, sound).success

    assert tables.read("raw_readings", [DAY])["arithmetic_mean"].tolist() == [9.5]
