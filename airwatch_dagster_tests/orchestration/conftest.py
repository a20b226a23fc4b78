"""Fixtures of the orchestration tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from airwatch_dagster.orchestration.registry.mlflow_client import configure_mlflow
from airwatch_dagster_tests.installations import Installation


@pytest.fixture
def registry(installation: Installation) -> Iterator[Any]:
    """A client of the MLflow of the module's installation, which mlflow itself points at."""
    import mlflow

    before = mlflow.get_tracking_uri()
    with installation.activated():
        configure_mlflow()
        yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)
