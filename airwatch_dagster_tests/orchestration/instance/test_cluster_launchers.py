"""On Kubernetes and ECS, run monitoring leaves a command's run alone while the command lives, and then ends it."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import pandas as pd
import pytest
import yaml
from dagster._core.launcher.base import WorkerStatus
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster_k8s.job import get_job_name_from_run_id

from airwatch_dagster.commands.backfill.runs import materialize_table
from airwatch_dagster.orchestration.instance import heartbeats
from airwatch_dagster.orchestration.instance.heartbeats import HEARTBEAT, beating, heartbeat_tag, needs_heartbeat
from airwatch_dagster.orchestration.instance.run_locks import HOST
from airwatch_dagster_tests.installations import REPOSITORY

pytestmark = pytest.mark.slow

OURS = "airwatch_dagster.orchestration.instance"
KUBERNETES = (f"{OURS}.kubernetes_launcher", "WatchedK8sRunLauncher")
ECS = (f"{OURS}.ecs_launcher", "WatchedEcsRunLauncher")
UPSTREAM = {KUBERNETES: ("dagster_k8s", "K8sRunLauncher"), ECS: ("dagster_aws.ecs", "EcsRunLauncher")}


class Cluster(BaseHTTPRequestHandler):
    """The Kubernetes API, as far as jobs are asked for: those of ``jobs`` are active, there is no other."""

    jobs: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        name = self.path.removesuffix("/status").rpartition("/")[2]
        is_known = name in self.jobs
        body = {"kind": "Job", "status": {"active": 1}} if is_known else {"kind": "Status", "reason": "NotFound"}
        self.send_response(200 if is_known else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the method that it replaces
        """Nothing."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """The address of a cluster without jobs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    named = {"name": "here", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
    context = {"name": "here", "context": {"cluster": "here", "user": "me"}}
    users = [{"name": "me", "user": {}}]
    config = {"kind": "Config", "current-context": "here", "clusters": [named], "contexts": [context], "users": users}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump({"apiVersion": "v1", **config}))
    Cluster.jobs = set()
    yield path
    server.shutdown()
    server.server_close()


@dataclass
class Stored:
    """What an asset hands to its IO manager."""

    frame: pd.DataFrame


@dataclass(frozen=True)
class Home:
    """Where Dagster's instance of a test is, and how its launchers are configured."""

    folder: Path
    kubeconfig: Path

    def instance(self, launcher: tuple[str, str]) -> dg.DagsterInstance:
        config: dict[str, Any] = {"use_current_ecs_task_config": False}
        if "k8s" in launcher[1].lower():
            config = {
                "service_account_name": "airwatch",
                "instance_config_map": "airwatch",
                "dagster_home": "/home",
                "load_incluster_config": False,
                "kubeconfig_file": str(self.kubeconfig),
            }
        module, name = launcher
        described = {
            "telemetry": {"enabled": False},
            "run_launcher": {"module": module, "class": name, "config": config},
            "run_monitoring": {"enabled": True},
        }
        (self.folder / "dagster.yaml").write_text(yaml.safe_dump(described))
        return dg.DagsterInstance.from_config(str(self.folder))


@pytest.fixture
def home(tmp_path: Path, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home", kubeconfig)


def monitor(instance: dg.DagsterInstance) -> None:
    """Run monitoring looks once, as the daemon does every minute."""
    with create_test_daemon_workspace_context(EmptyWorkspaceTarget(), instance) as context:
        assert [error for error in execute_run_monitoring_iteration(context, logging.getLogger()) if error] == []


def command_run(instance: dg.DagsterInstance, **tags: str) -> str:
    of_command = {HOST: "code-pod", **heartbeat_tag(), **tags}
    return create_run_for_test(instance, job_name="backfill", tags=of_command, status=STARTED).run_id


def status(instance: dg.DagsterInstance, run_id: str) -> str:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status.value


STARTED = dg.DagsterRunStatus.STARTED


def looked_at(instance: dg.DagsterInstance) -> list[str]:
    """Status of a command's run by what it sees itself: run monitoring looks twice while it works."""
    seen = []

    @dg.asset
    def air(context: dg.AssetExecutionContext) -> Stored:
        for _ in range(2):
            monitor(instance)
            seen.append(status(instance, context.run.run_id))
        return Stored(pd.DataFrame({"pm25_ugm3": [8.0]}))

    materialize_table(dg.Definitions([air], executor=dg.in_process_executor), "air", instance=instance)
    return seen


@pytest.mark.parametrize("launcher", UPSTREAM, ids=lambda one: one[1])
def test_a_commands_run_is_left_alone_while_it_works(home: Home, launcher: tuple[str, str]) -> None:
    with home.instance(launcher) as instance:
        assert looked_at(instance) == ["STARTED", "STARTED"]
        assert [run.status.value for run in instance.get_runs()] == ["SUCCESS"]


@pytest.mark.parametrize("launcher", UPSTREAM.values(), ids=lambda one: one[1])
def test_dagsters_own_launcher_would_fail_it_at_the_first_look(home: Home, launcher: tuple[str, str]) -> None:
    """Why there are launchers of our own: an alert is sent, and pools are free, while the run works on. Once this test
    fails, upstream leaves such runs alone, and ours can go."""
    with home.instance(launcher) as instance:
        assert looked_at(instance) == ["FAILURE", "FAILURE"]
        [run] = instance.get_runs()
        [failure, *_] = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        assert "Detected run worker status" in failure.message


@pytest.mark.parametrize("launcher", UPSTREAM, ids=lambda one: one[1])
def test_a_commands_run_ends_as_failed_once_its_heartbeat_stops(
    home: Home, launcher: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with home.instance(launcher) as instance:
        run_id = command_run(instance)
        monitor(instance)
        monkeypatch.setattr(heartbeats, "LOST_S", 0.0)
        instance.add_run_tags(run_id, {HEARTBEAT: "a newer one"})
        monitor(instance)
        assert status(instance, run_id) == "STARTED"

        monitor(instance)

        assert status(instance, run_id) == "FAILURE"
        [failure] = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        assert "The command on code-pod that executed the run has written no heartbeat for 0 s" in failure.message


def test_a_pod_that_dagster_launched_is_asked_of_kubernetes(home: Home) -> None:
    with home.instance(KUBERNETES) as instance:
        known, unknown = (create_run_for_test(instance, job_name="daily", status=STARTED) for _ in range(2))
        Cluster.jobs = {get_job_name_from_run_id(known.run_id)}

        monitor(instance)

        assert [status(instance, run.run_id) for run in (known, unknown)] == ["STARTED", "FAILURE"]


def test_a_run_that_the_ui_started_from_a_commands_is_asked_of_kubernetes(home: Home) -> None:
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("airwatch"), "__repository__")
    with home.instance(KUBERNETES) as instance:
        copied = {HOST: "code-pod", **heartbeat_tag()}
        job = RemoteJobOrigin(origin, "__ASSET_JOB")
        run = create_run_for_test(instance, tags=copied, status=STARTED, remote_job_origin=job)

        monitor(instance)

        assert status(instance, run.run_id) == "FAILURE"


def test_a_task_that_dagster_launched_is_asked_of_ecs(home: Home) -> None:
    with home.instance(ECS) as instance:
        run = create_run_for_test(instance, job_name="daily", status=STARTED)

        assert instance.run_launcher.check_run_worker_health(run).status == WorkerStatus.UNKNOWN


def test_a_command_writes_its_heartbeat_again_and_again(home: Home) -> None:
    with home.instance(KUBERNETES) as instance:
        run_id = command_run(instance, **{HEARTBEAT: "the first"})
        written = threading.Event()
        add_run_tags = instance.add_run_tags

        def noted(run_id: str, new_tags: dict[str, str]) -> None:
            add_run_tags(run_id, new_tags)
            written.set()

        instance.add_run_tags = noted  # type: ignore[method-assign, assignment]
        with beating(instance, run_id, every_s=0.01):
            assert written.wait(30)

        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.tags[HEARTBEAT].startswith("20")
        assert not [one for one in threading.enumerate() if one.name == "heartbeat"]


def test_the_instances_of_one_machine_need_no_heartbeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    (tmp_path / "dagster.yaml").write_text((REPOSITORY / "dagster.yaml").read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not needs_heartbeat(instance)
    with dg.DagsterInstance.ephemeral() as instance:
        assert not needs_heartbeat(instance)
