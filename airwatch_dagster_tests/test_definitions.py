"""The code location: importing it reads no setting; each run reads them."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from airwatch_dagster_tests.installations import Installation

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_definitions_load_with_settings_that_are_not_valid() -> None:
    wrong = {"AIRWATCH_SOURCE": "epa", "AIRWATCH_CONTEXT_KM": "far", "AIRWATCH_STORAGE": "gs://bucket"}
    code = "from airwatch_dagster.definitions import code_location, defs; "
    code += "print([len(one.resolve_all_asset_keys()) > 10 for one in (defs, code_location())])"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env={**os.environ, **wrong}, check=False
    )

    assert done.stdout == "[True, True]\n", done.stderr


def test_a_code_server_loads_every_definition() -> None:
    from airwatch_dagster.definitions import defs

    defs.get_repository_def().load_all_definitions()


def test_each_run_stores_where_the_settings_of_its_start_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airwatch_dagster.definitions import defs

    with Installation.at(tmp_path).activated(), dg.DagsterInstance.get() as instance:
        for place in ("first", "second"):
            monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / place))
            job = defs.resolve_implicit_job_def_def_for_assets([dg.AssetKey("monitors")])
            assert job is not None
            assert job.execute_in_process(
                instance=instance, asset_selection=[dg.AssetKey("monitors")], raise_on_error=True
            ).success

    stored = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/monitors.parquet")}
    assert stored == {"first/monitors.parquet", "second/monitors.parquet"}
    assert not (tmp_path / "tables").exists()


def test_a_code_server_can_load_everything_at_once() -> None:
    """What `dagster api grpc` does before it listens; names of ops and jobs may not collide then."""
    from airwatch_dagster.definitions import code_location

    repository = code_location().get_repository_def()
    repository.load_all_definitions()

    assert "forecast_day" in repository.job_names
