"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest

# MLflow reads this when it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

pytest_plugins = ["airwatch_dagster_tests.s3_servers"]

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """A folder of genuine EPA files, if this machine has one."""
    folder = Path(os.environ.get("AIRWATCH_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "airdata").is_dir():
        pytest.skip(f"no genuine EPA files at {folder}; set AIRWATCH_REAL_DATA to a folder that has them")
    return folder
