"""What the queue launches side by side, asked of Dagster's queue daemon with both instance files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import MockedRunLauncher, create_test_daemon_workspace_context
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon

from airwatch_dagster_tests.installations import REPOSITORY

pytestmark = pytest.mark.slow

STORES = ("run_storage", "event_log_storage", "schedule_storage", "compute_logs", "local_artifact_storage")


@pytest.fixture(params=["dagster.yaml", "deploy/dagster.yaml"])
def instance(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """The instance of the file, over SQLite, with a launcher that only notes what it is given."""
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    local, config = (yaml.safe_load((REPOSITORY / name).read_text()) for name in ("dagster.yaml", request.param))
    config.pop("storage", None)
    launcher = {"module": MockedRunLauncher.__module__, "class": MockedRunLauncher.__name__}
    config = {**config, **{name: local[name] for name in STORES}, "run_launcher": launcher}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def queued(instance: dg.DagsterInstance, job: str | None = None, *, assets: tuple[str, ...] = (), **tags: str) -> str:
    """The id of a queued run of a job, or of assets as the UI's button materializes them."""
    from airwatch_dagster.definitions import defs

    keys = [dg.AssetKey(name) for name in assets]
    definition: Any = defs.resolve_job_def(job) if job else defs.resolve_implicit_job_def_def_for_assets(keys)
    place = RemoteRepositoryOrigin(
        GrpcServerCodeLocationOrigin("code", 4000, location_name="airwatch"), "__repository__"
    )
    run = instance.create_run_for_job(
        definition,
        asset_selection=frozenset(keys) or None,
        status=dg.DagsterRunStatus.QUEUED,
        tags={**definition.run_tags, **tags},
        remote_job_origin=RemoteJobOrigin(place, definition.name),
    )
    return run.run_id


def launched(instance: dg.DagsterInstance) -> list[str]:
    """Ids of the runs that the daemon has launched after one more look at the queue."""
    daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
    with create_test_daemon_workspace_context(EmptyWorkspaceTarget(), instance) as context, daemon:
        list(daemon.run_iteration(context))
    assert isinstance(instance.run_launcher, MockedRunLauncher)
    return [run.run_id for run in instance.run_launcher.queue()]


def test_one_run_trains_at_a_time_however_it_was_requested(instance: dg.DagsterInstance) -> None:
    first = queued(instance, "open_month", **{"dagster/partition": "2021-05"})
    assert launched(instance) == [first]
    second = queued(instance, assets=("trained_models",), **{"dagster/partition": "2021-06"})
    third = queued(instance, "open_month", **{"dagster/partition": "2021-07"})
    assert launched(instance) == [first]

    instance.report_run_failed(instance.get_run_by_id(first))  # type: ignore[arg-type]

    assert launched(instance) == [first, second]
    assert third not in launched(instance)


def test_a_search_counts_as_training(instance: dg.DagsterInstance) -> None:
    search = queued(instance, assets=("hyperparameters",))
    assert launched(instance) == [search]

    queued(instance, "tune_and_open_month")

    assert launched(instance) == [search]


def test_a_training_keeps_no_reading_waiting(instance: dg.DagsterInstance) -> None:
    runs = [queued(instance, "open_month"), queued(instance, assets=("raw_readings",))]

    assert sorted(launched(instance)) == sorted(runs)


def test_a_run_that_a_command_executes_counts_too(instance: dg.DagsterInstance) -> None:
    from airwatch_dagster.definitions import defs

    job = defs.resolve_implicit_job_def_def_for_assets([dg.AssetKey("trained_models")])
    assert job is not None
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    instance.event_log_storage.initialize_concurrency_limit_to_default("training")
    queued(instance, "open_month")

    assert launched(instance) == []


def test_a_launch_that_the_code_server_misses_is_tried_again(instance: dg.DagsterInstance) -> None:
    queue = instance.get_concurrency_config().run_queue_config

    assert queue is not None
    assert queue.max_user_code_failure_retries >= 3
    assert queue.max_user_code_failure_retries * queue.user_code_failure_retry_delay >= 120, "seconds of a restart"
