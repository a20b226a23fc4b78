"""Dagster's own configuration: the two dagster.yaml files work with the installed Dagster."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.config import PoolGranularity, dagster_instance_config
from dagster._core.workspace.load_target import WorkspaceFileTarget

ROOT = Path(__file__).parents[2]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@dg.asset
def printer() -> None:
    print("printed")  # noqa: T201 - the instance stores it


def test_the_local_instance_stores_everything_in_the_state_folder(state: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())

    with dg.DagsterInstance.from_config(str(home)) as instance:
        result = dg.materialize([printer], instance=instance)
        assert result.success
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 2
        pools = instance.get_concurrency_config().pool_config
        assert (pools.default_pool_limit, pools.pool_granularity) == (1, PoolGranularity.RUN), "steps never wait"

    assert [path.name for path in home.iterdir()] == ["dagster.yaml"]
    assert [path.read_text() for path in state.rglob("*.out")] == ["printed\n"]
    assert (state / "runs.db").is_file()
    assert [path.name for path in state.glob("events/index.db")] == ["index.db"]


def test_the_instance_migrates_next_to_other_databases(state: Path, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    state.mkdir()
    with sqlite3.connect(state / "mlflow.db") as stranger:
        stranger.execute("CREATE TABLE alembic_version (version_num TEXT)")
        stranger.execute("INSERT INTO alembic_version VALUES ('a revision Dagster has never heard of')")

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        dg.materialize([dg.asset(lambda: None, name="something")], instance=instance)
        instance.upgrade()


@pytest.mark.parametrize("folder", [".", "deploy"])
def test_dagster_accepts_its_configuration(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRWATCH_STATE", "DAGSTER_PG_HOST", "DAGSTER_PG_USER", "DAGSTER_PG_PASSWORD", "DAGSTER_PG_DB"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("DAGSTER_PG_PORT", "5432")

    config, _ = dagster_instance_config(str(ROOT / folder))

    assert config["telemetry"] == {"enabled": False}


def test_both_instances_differ_only_in_storage_and_number_of_runs() -> None:
    local, shared = (yaml.safe_load((ROOT / name).read_text()) for name in ("dagster.yaml", "deploy/dagster.yaml"))

    differing = {key for key in local.keys() | shared.keys() if local.get(key) != shared.get(key)}
    stores = {"storage", "run_storage", "event_log_storage", "schedule_storage"}
    assert differing == stores | {"concurrency", "schedules", "sensors", "backfills"}


@pytest.mark.slow
def test_loading_the_code_location_prints_no_notice_of_beta_features() -> None:
    [filters] = re.findall(r"^BETA_NOTICES := (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)

    done = subprocess.run(
        [sys.executable, "-c", "import airwatch_dagster.definitions"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": filters},
        check=True,
    )

    assert done.stderr == ""
    assert f'PYTHONWARNINGS="{filters}"' in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("path", ["workspace.yaml", "deploy/workspace.yaml"])
def test_the_code_location_is_called_airwatch(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_CODE_HOST", "code")
    monkeypatch.setenv("AIRWATCH_CODE_PORT", "4000")

    [origin] = WorkspaceFileTarget(paths=[str(ROOT / path)]).create_origins()

    assert origin.location_name == "airwatch"
