"""MLflow: the connection to it, its registered models, the champion under an alias.

Imports mlflow and dagster-mlflow only when a run needs them: they cost seconds, and every run re-imports
the code location.
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster import __version__
from airwatch_dagster.errors import ConfigurationError, SourceUnavailable
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL, dagster_run_url, without_credentials
from airwatch_dagster.orchestration.settings import Settings

EXPERIMENT: Final = "airwatch"
CHAMPION_ALIAS: Final = "champion"
CHAMPION_MONTH_TAG: Final = "champion_month"
"""Tag of the registered model: the month its champion alias stands for, so that backfilling never moves it back."""


@dg.resource(description="dagster-mlflow's resource, connected to MLFLOW_TRACKING_URI; one MLflow run per Dagster run")
@contextlib.contextmanager
def mlflow_resource(context: dg.InitResourceContext) -> Iterator[Any]:
    """dagster-mlflow's ``MlFlow``; its parent run ends FAILED when a step of the Dagster run failed."""
    tracking_uri = connect()
    from dagster_mlflow.resources import MlFlow

    mlflow = MlFlow(_legacy_context(context, tracking_uri))
    status = "FAILED"
    try:
        yield mlflow
        status = "FAILED" if _has_failed(context) else "FINISHED"
    finally:
        mlflow.end_run(status=status)


def _has_failed(context: dg.InitResourceContext) -> bool:
    """Whether a step of the Dagster run failed, which dagster-mlflow cannot tell of runs that the daemon launched."""
    assert context.run is not None
    assert context.instance is not None
    return bool(context.instance.all_logs(context.run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE))


@dataclass(frozen=True)
class _LegacyContext:
    """The part of a resource context that dagster-mlflow reads."""

    log: Any
    dagster_run: Any
    run_id: str
    resource_config: Mapping[str, Any]


def _legacy_context(context: dg.InitResourceContext, tracking_uri: str) -> _LegacyContext:
    assert context.run is not None
    config = {
        "experiment_name": EXPERIMENT,
        "mlflow_tracking_uri": tracking_uri,
        "env": {},
        "extra_tags": {"project": "airwatch", **runs_of_dagster_run(context.run.run_id)},
    }
    return _LegacyContext(context.log, context.run, context.run.run_id, config)


def runs_of_dagster_run(run_id: str) -> dict[str, str]:
    """Tags that lead from an MLflow run to the Dagster run that made it, and to the code."""
    url = dagster_run_url(run_id)
    known = {"dagster_run_id": run_id, "airwatch_version": __version__}
    return known | ({"dagster_run_url": url} if url else {})


def connect() -> str:
    """Point mlflow at the configured tracking server and make sure the experiment exists; returns the URI.

    Raises SourceUnavailable when a server does not answer.
    """
    settings = Settings.from_environment()
    _ensure_experiment(settings.mlflow_tracking_uri, settings.state)
    import mlflow

    mlflow.set_tracking_uri(settings.mlflow_tracking_uri)
    return settings.mlflow_tracking_uri


@lru_cache
def _ensure_experiment(uri: str, state: Path) -> None:
    """Once a process: asking for the experiment costs a quarter of a second."""
    if uri.startswith("http"):
        _require_answer(uri)
    elif uri.startswith("sqlite"):
        state.mkdir(parents=True, exist_ok=True)
    import mlflow

    # It warns about every model it pickles and every default it takes.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(uri)
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        artifacts = None if uri.startswith("http") else (state / "mlflow-artifacts").as_uri()
        mlflow.create_experiment(EXPERIMENT, artifact_location=artifacts)
    client = mlflow.MlflowClient()
    if not client.search_registered_models(f"name = '{REGISTERED_MODEL}'"):
        client.create_registered_model(REGISTERED_MODEL, description="24-hour PM2.5, 1 to 3 days ahead, every family")


def _require_answer(uri: str) -> None:
    import requests

    try:
        requests.get(f"{uri.rstrip('/')}/health", timeout=10).raise_for_status()
    except requests.RequestException as error:
        raise SourceUnavailable(
            "MLFLOW_TRACKING_URI",
            f"no MLflow server answers at {without_credentials(uri)} ({type(error).__name__})",
            fix="Start the server, correct the address, or unset the variable to use SQLite under AIRWATCH_STATE",
        ) from None


@lru_cache(maxsize=64)
def load_model(uri: str) -> Any:
    """The fitted model behind a model URI, as it was logged."""
    connect()
    import mlflow

    return mlflow.pyfunc.load_model(uri).unwrap_python_model().fitted


def registered(version: str) -> dict[str, Any]:
    """What the registry's run says a version was fitted on, by the names of trained_models' columns.

    Raises ConfigurationError when the registry does not have the version.
    """
    connect()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient()
    try:
        run_id = client.get_model_version(REGISTERED_MODEL, version).run_id
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        fix = "Set MLFLOW_TRACKING_URI to the registry that the forecasts were made with"
        raise ConfigurationError(f"version {version}", "is not in the registry", fix=fix) from error
    params = client.get_run(run_id).data.params
    days = {name: pd.Timestamp(params.get(name)) for name in ("month", "first_target_date", "last_target_date")}
    return {"mlflow_run_id": run_id, "training_rows": int(params["training_rows"]), **days}


def tag_served_months(decision: pd.Series) -> None:
    """Tag the version of a row of champion_model: which month it serves, why, from which day on, who decided when."""
    from mlflow import MlflowClient

    client, serves = MlflowClient(), f"serves_{decision['month']:%Y-%m}"
    notes = {
        serves: decision["reason"],
        f"{serves}_from": f"{decision['serves_from']:%Y-%m-%d}",
        f"{serves}_decided_by": _decider(decision),
        f"{serves}_decided_at": f"{decision['decided_at']:%Y-%m-%d %H:%M:%S} UTC",
    }
    for name, text in notes.items():
        client.set_model_version_tag(REGISTERED_MODEL, str(decision["model_version"]), name, text)


def set_champion_alias(version: str, *, month: pd.Timestamp) -> bool:
    """Move the champion alias to the version unless a later month holds it; returns whether it moved."""
    from mlflow import MlflowClient

    client, key = MlflowClient(), f"{month:%Y-%m}"
    held = client.get_registered_model(REGISTERED_MODEL).tags.get(CHAMPION_MONTH_TAG, "")
    if key < held:
        return False
    client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION_ALIAS, version)
    client.set_registered_model_tag(REGISTERED_MODEL, CHAMPION_MONTH_TAG, key)
    return True


def _decider(decision: pd.Series) -> str:
    return str(decision["decided_by"] if pd.isna(decision["decided_by_person"]) else decision["decided_by_person"])
