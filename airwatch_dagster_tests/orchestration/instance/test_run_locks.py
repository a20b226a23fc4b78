"""A run whose process is gone is reported as failed; one with a process, or another machine's, is left alone."""

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from airwatch_dagster.orchestration.automation import sensors
from airwatch_dagster.orchestration.automation.sensors import lost_runs
from airwatch_dagster.orchestration.instance.run_locks import FOLDER, HOST, RunLock


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def hold(folder: Path, run_id: str, ready: Connection) -> None:
    lock = RunLock(folder, run_id)
    lock.acquire()
    ready.send("held")
    time.sleep(60)


def started(
    instance: dg.DagsterInstance, host: str | None, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED
) -> dg.DagsterRun:
    tags = {HOST: host} if host else {}
    return create_run_for_test(instance, job_name="__ASSET_JOB", tags=tags, status=status)


def is_failed(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status == dg.DagsterRunStatus.FAILURE


def tick(instance: dg.DagsterInstance) -> str:
    skipped = lost_runs(dg.build_sensor_context(instance))
    assert isinstance(skipped, dg.SkipReason)
    return str(skipped.skip_message)


@pytest.mark.slow
def test_the_run_of_a_killed_process_is_reported_at_the_next_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path))
    run, folder = started(instance, socket.gethostname()), tmp_path / FOLDER
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(folder, run.run_id, there))
    process.start()
    assert here.recv() == "held"
    assert RunLock(folder, run.run_id).is_held
    assert tick(instance) == "Every run under way has its process"
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)

    assert tick(instance) == f"Reported as failed: {run.run_id}"

    assert is_failed(instance, run)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("reason", "looks"), [({}, 1), ({"dagster/failure_reason": "STEP_FAILURE"}, 0)])
def test_mlflow_is_looked_at_once_after_a_run_failed_by_no_step_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    instance: dg.DagsterInstance,
    reason: dict[str, str],
    looks: int,
) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path))
    looked: list[dg.DagsterInstance] = []
    monkeypatch.setattr(sensors, "end_lost_mlflow_runs", looked.append)
    context = dg.build_sensor_context(instance)
    lost_runs(context)
    create_run_for_test(instance, tags=reason, status=dg.DagsterRunStatus.FAILURE)

    lost_runs(context)
    assert len(looked) == looks

    assert context.cursor is not None
    later = datetime.fromisoformat(context.cursor) + timedelta(minutes=5)
    context.update_cursor(later.isoformat())
    lost_runs(context)
    assert len(looked) == looks


@pytest.mark.parametrize("host", ["elsewhere", None])
def test_runs_of_other_machines_and_of_the_daemon_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance, host: str | None
) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path))
    run = started(instance, host)

    tick(instance)

    assert not is_failed(instance, run)


def test_a_run_of_this_machine_under_another_name_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    """A container that is made anew has another name and the same folder."""
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path))
    run = started(instance, "the container before")
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / run.run_id).touch()

    assert tick(instance) == f"Reported as failed: {run.run_id}"
    assert is_failed(instance, run)


@pytest.mark.parametrize(("host", "is_ended"), [(socket.gethostname(), True), ("elsewhere", False), (None, False)])
def test_a_run_whose_command_was_killed_before_it_started_is_reported_and_no_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    instance: dg.DagsterInstance,
    host: str | None,
    is_ended: bool,
) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path))
    run = started(instance, host, dg.DagsterRunStatus.NOT_STARTED)

    tick(instance)

    assert is_failed(instance, run) == is_ended


def test_the_lock_of_a_run_that_has_ended_or_was_never_recorded_goes_unless_it_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path))
    ended = started(instance, socket.gethostname())
    instance.report_run_failed(ended)
    waiting = started(instance, None)
    held = RunLock(tmp_path / FOLDER, "of a run that is about to be recorded")
    held.acquire()
    for name in (ended.run_id, waiting.run_id, "never recorded"):
        (tmp_path / FOLDER / name).touch()

    tick(instance)

    assert {path.name for path in (tmp_path / FOLDER).iterdir()} == {
        waiting.run_id,
        "of a run that is about to be recorded",
    }
    held.release()


def test_a_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    lock = RunLock(tmp_path, "run")
    assert not lock.is_held
    lock.acquire()
    assert RunLock(tmp_path, "run").is_held

    lock.release()
    lock.release()

    assert not RunLock(tmp_path, "run").is_held
    assert list(tmp_path.iterdir()) == []
