"""MLflow: whether it answers, with a schema of this version, and whether the files of models are there."""

import math
from collections.abc import Iterator
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, of_error, ok
from airwatch_dagster.commands.doctor.locks import is_any_locked
from airwatch_dagster.errors import AirWatchError, ConfigurationError, StorageError
from airwatch_dagster.orchestration.configuration.settings import RegistrySettings, storage_root

MAX_S: Final = 16.0
"""Seconds for a server's first answers; the first request alone may take 10."""


def _mlflow() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.registry.mlflow_client import describe_mlflow

    yield ok("mlflow", describe_mlflow())


def _models() -> Iterator[Finding]:
    """Of the model that serves, whose files are read and checked, and of months whose models cannot be read; nothing
    before the first model."""
    from airwatch_dagster.orchestration.registry.model_check import model_problems, serving_model
    from airwatch_dagster.orchestration.resources import opened_storage

    try:
        tables = opened_storage(storage_root())
    except ConfigurationError:  # the finding on the storage says what is wrong
        return
    try:
        serving = serving_model(tables)
        problems = list(model_problems(tables))
    except StorageError:  # the same
        return
    yield from (of_error("models", problem, run="airwatch models") for problem in problems)
    if serving is not None and not problems:
        yield ok("models", f"{serving.name}: its files are those that were logged")


def is_on_a_server() -> bool:
    """Whether MLflow is a server. A database is opened here, and never while Dagster's are: both do so by alembic,
    which has one state for all threads."""
    from airwatch_dagster.orchestration.registry.tracking import is_server

    try:
        return is_server(RegistrySettings.from_environment().mlflow_tracking_uri)
    except AirWatchError:  # the finding on settings says what is wrong
        return False


MODELS: Final = Check("models", _models, "airwatch models", MAX_S)


def check() -> Check:
    """That of MLflow."""
    return Check(
        "mlflow", _mlflow, "export MLFLOW_TRACKING_URI=", MAX_S if is_on_a_server() or is_any_locked() else math.inf
    )
