"""Run monitoring ends a run whose process is gone, and leaves alone whatever still has one."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import grpc
import pytest
import yaml
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.execution.api import execute_run
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import serialize_value

from airwatch_dagster.orchestration.instance import run_launcher
from airwatch_dagster.orchestration.instance.run_launcher import START_S, WatchedRunLauncher, report_if_not_started
from airwatch_dagster.orchestration.instance.run_locks import FOLDER, RunLock
from airwatch_dagster_tests.installations import REPOSITORY

pytestmark = pytest.mark.slow


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance of dagster.yaml."""
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text((REPOSITORY / "dagster.yaml").read_text())
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        yield instance


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield int(probe.getsockname()[1])


def started(instance: dg.DagsterInstance, port: int | None) -> dg.DagsterRun:
    """A run that the code server at the port has started, or a command's own."""
    tags = {".dagster/grpc_info": json.dumps({"host": "127.0.0.1", "port": port})} if port else {}
    return create_run_for_test(instance, job_name="forecast_day", tags=tags, status=dg.DagsterRunStatus.STARTED)


def status_after_monitoring(instance: dg.DagsterInstance, run: dg.DagsterRun, *, looks: int) -> str:
    with create_test_daemon_workspace_context(EmptyWorkspaceTarget(), instance) as context:
        for _ in range(looks):
            assert [error for error in execute_run_monitoring_iteration(context, logging.getLogger()) if error] == []
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status.value


def test_a_run_of_a_code_server_that_is_gone_ends_at_the_second_look(
    instance: dg.DagsterInstance, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_launcher, "GRACE_S", 0.0)
    run = started(instance, closed_port)

    assert status_after_monitoring(instance, run, looks=1) == "FAILURE"
    [failure] = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert f"The code server at 127.0.0.1:{closed_port} is gone, and the run's process with it" in failure.message


def test_a_run_that_seems_gone_for_a_moment_is_left_alone(instance: dg.DagsterInstance, closed_port: int) -> None:
    run = started(instance, closed_port)

    assert status_after_monitoring(instance, run, looks=2) == "STARTED"


def test_a_run_that_outlives_its_code_server_is_left_alone(
    instance: dg.DagsterInstance, closed_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_launcher, "GRACE_S", 0.0)
    run = started(instance, closed_port)
    lock = RunLock(tmp_path / "state" / FOLDER, run.run_id)
    lock.acquire()

    assert status_after_monitoring(instance, run, looks=2) == "STARTED"

    lock.release()
    assert status_after_monitoring(instance, run, looks=1) == "FAILURE"


def test_a_run_of_a_command_is_left_to_the_sensor(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_launcher, "GRACE_S", 0.0)

    assert status_after_monitoring(instance, started(instance, None), looks=2) == "STARTED"


class CodeServer:
    """What the launcher asks the client of a code server."""

    host, port = "code", 4000

    def __init__(self, *, knows: bool = False, fails_with: grpc.StatusCode | None = None) -> None:
        self._knows, self._fails_with = knows, fails_with

    def can_cancel_execution(self, request: CanCancelExecutionRequest, timeout: int) -> str:
        if self._fails_with is not None:
            cause = grpc.RpcError()
            cause.code = lambda: self._fails_with  # type: ignore[attr-defined]
            raise DagsterUserCodeUnreachableError("no answer") from cause
        return serialize_value(CanCancelExecutionResult(can_cancel=self._knows))


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (CodeServer(knows=True), None),
        (CodeServer(fails_with=grpc.StatusCode.DEADLINE_EXCEEDED), None),
        (CodeServer(), "The code server at code:4000 was restarted, and the run's process ended with it"),
        (
            CodeServer(fails_with=grpc.StatusCode.UNAVAILABLE),
            "The code server at code:4000 is gone, and the run's process with it",
        ),
    ],
    ids=["knows the run", "is busy", "was restarted", "is gone"],
)
def test_a_run_without_a_lock_is_gone_when_its_code_server_does_not_know_it(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, server: CodeServer, reason: str | None
) -> None:
    launcher: Any = instance.run_launcher
    assert isinstance(launcher, WatchedRunLauncher)
    monkeypatch.setattr(launcher, "_get_grpc_client_for_termination", lambda run_id: server)

    assert launcher.why_gone(started(instance, 4000)) == reason


def test_a_run_whose_process_died_with_its_lock_is_gone_whatever_its_code_server_says(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_launcher, "GRACE_S", 0.0)
    monkeypatch.setattr(
        instance.run_launcher, "_get_grpc_client_for_termination", lambda run_id: CodeServer(knows=True)
    )
    run = started(instance, 4000)
    (tmp_path / "state" / FOLDER).mkdir(parents=True)
    (tmp_path / "state" / FOLDER / run.run_id).touch()

    assert status_after_monitoring(instance, run, looks=1) == "FAILURE"
    assert not (tmp_path / "state" / FOLDER / run.run_id).exists()


def test_a_code_server_that_knows_a_run_without_a_lock_is_believed_for_a_while(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        instance.run_launcher, "_get_grpc_client_for_termination", lambda run_id: CodeServer(knows=True)
    )
    run = started(instance, 4000)

    assert status_after_monitoring(instance, run, looks=2) == "STARTED"

    for name in ("GRACE_S", "UNLOCKED_S"):
        monkeypatch.setattr(run_launcher, name, 0.0)
    assert status_after_monitoring(instance, run, looks=1) == "FAILURE"
    [failure] = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert "although its code server lists it" in failure.message


def test_a_run_whose_code_server_ended_before_it_started_is_reported_by_the_sensor(
    instance: dg.DagsterInstance, closed_port: int
) -> None:
    tags = {".dagster/grpc_info": json.dumps({"host": "127.0.0.1", "port": closed_port})}
    run = create_run_for_test(instance, job_name="forecast_day", tags=tags, status=dg.DagsterRunStatus.STARTING)
    [record] = instance.get_run_records()
    launched = record.update_timestamp.timestamp()

    assert not report_if_not_started(instance, record, now=launched + START_S - 1)
    assert report_if_not_started(instance, record, now=launched + START_S)

    [failure] = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert failure.message.endswith("is gone, and the run's process with it, before the run had started")


def test_a_run_beyond_its_longest_time_ends_as_failed(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(
        instance, job_name="forecast_day", tags={"dagster/max_runtime": "1"}, status=dg.DagsterRunStatus.STARTING
    )
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", "forecast_day"), run.run_id)
    time.sleep(1.1)

    assert status_after_monitoring(instance, run, looks=1) == "FAILURE"
    canceling, *_ = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_CANCELING)
    assert "Canceling due to exceeding maximum runtime of 1 seconds." in canceling.message
    assert instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE), "what the alert sensor looks for"


def test_a_launched_run_holds_its_lock_while_it_works(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airwatch_dagster.definitions import defs

    folder, seen = tmp_path / "state" / FOLDER, []

    @dg.op
    def look(context: dg.OpExecutionContext) -> None:
        seen.append(RunLock(folder, context.run_id).is_held)

    @dg.job(executor_def=defs.resolve_job_def("forecast_day").executor_def)
    def looking() -> None:
        look()

    run = instance.create_run_for_job(looking)
    assert execute_run(InMemoryJob(looking), run, instance).success

    assert seen == [True]
    assert not (folder / run.run_id).exists()


def test_both_instances_use_it_and_look_every_quarter_of_a_minute() -> None:
    for name in ("dagster.yaml", "deploy/dagster.yaml"):
        config = yaml.safe_load((REPOSITORY / name).read_text())

        assert config["run_launcher"]["class"] == WatchedRunLauncher.__name__
        assert 2 * config["run_monitoring"]["poll_interval_seconds"] + run_launcher.UNLOCKED_S < 60
