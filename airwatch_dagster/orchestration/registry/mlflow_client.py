"""The connection to MLflow, its registered models, and the champion alias.

Imports mlflow and dagster-mlflow only inside functions: they take seconds, and every run imports the code location.
"""

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster import __version__
from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.orchestration.configuration.addresses import without_credentials
from airwatch_dagster.orchestration.configuration.settings import RegistrySettings
from airwatch_dagster.orchestration.instance.lost_runs import end_mlflow_runs
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL, dagster_run_url
from airwatch_dagster.orchestration.registry.mlflow_ui import DESCRIPTION_TAG, experiment_description
from airwatch_dagster.orchestration.registry.model_files import FOLDER, follow_move, local_path, missing_files
from airwatch_dagster.orchestration.registry.tracking import (
    is_server,
    mlflow_errors,
    require_answer,
    sqlite_path,
    usable_address,
)
from airwatch_dagster.orchestration.registry.tracking_server import brief_waiting
from airwatch_dagster.orchestration.registry.transactions import one_transaction

EXPERIMENT: Final = "airwatch"
CHAMPION_ALIAS: Final = "champion"
CHAMPION_MONTH_TAG: Final = "champion_month"
"""Tag of the registered model: month of the version that holds the champion alias. A backfill of an earlier month never
moves the alias."""

_TAGS_FROM_THE_START: Final = "MLFLOW_RUN_CONTEXT"
"""Variable with tags that MLflow gives to a run when it makes it. Those of dagster-mlflow come a moment later, and a
run of a process that is killed meanwhile would be nobody's."""


@dg.resource(description="dagster-mlflow's resource at MLFLOW_TRACKING_URI; one MLflow run per Dagster run")
@contextlib.contextmanager
def mlflow_resource(context: dg.InitResourceContext) -> Iterator[Any]:
    """dagster-mlflow's ``MlFlow``; its parent run ends as FAILED when a step of the Dagster run failed."""
    tracking_uri = configure_mlflow()
    # Once more for a process that connected long ago: dagster-mlflow would ask a silent server four times.
    require_answer(tracking_uri, experiment=EXPERIMENT)
    from dagster_mlflow.resources import MlFlow

    with mlflow_errors(tracking_uri):
        if context.instance is not None:
            end_mlflow_runs(context.instance, mlflow_client(), experiment=EXPERIMENT)
        mlflow = MlFlow(_legacy_context(context, tracking_uri))
    is_over = False
    try:
        yield mlflow
        is_over = not _has_failed(context)
    finally:
        if is_over:
            with mlflow_errors(tracking_uri):
                mlflow.end_run(status="FINISHED")
        else:
            end_failed_run(mlflow.end_run, log=context.log)


def end_lost_mlflow_runs(instance: dg.DagsterInstance) -> None:
    """As ``end_mlflow_runs``, once Dagster's runs of killed processes are ended. The next run that uses MLflow does it
    too, so that an MLflow that does not answer now is only noted."""
    try:
        with brief_waiting(), connected() as client:
            end_mlflow_runs(instance, client, experiment=EXPERIMENT)
    except AirWatchError as error:
        logging.getLogger(__name__).warning("Runs of killed processes stay under way in MLflow: %s", error)


def end_failed_run(end: Callable[..., None], *, log: Any = None) -> None:
    """End an MLflow run as FAILED by ``end``. What failed is told already: a server that does not take it is noted."""
    from mlflow.exceptions import MlflowException

    with brief_waiting():
        try:
            end(status="FAILED")
        except MlflowException as error:
            (log or logging.getLogger(__name__)).warning("MLflow did not take the end of a failed run: %s", type(error))


def _has_failed(context: dg.InitResourceContext) -> bool:
    """Whether a step of the Dagster run failed; dagster-mlflow does not detect it in runs launched by the daemon."""
    assert context.run is not None
    assert context.instance is not None
    return bool(context.instance.all_logs(context.run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE))


@dataclass(frozen=True)
class _LegacyContext:
    """The attributes of a resource context that dagster-mlflow reads."""

    log: Any
    dagster_run: Any
    run_id: str
    resource_config: Mapping[str, Any]


def _legacy_context(context: dg.InitResourceContext, tracking_uri: str) -> _LegacyContext:
    assert context.run is not None
    tags = {"project": "airwatch", **runs_of_dagster_run(context.run.run_id)}
    config = {
        "experiment_name": EXPERIMENT,
        "mlflow_tracking_uri": tracking_uri,
        "env": {_TAGS_FROM_THE_START: json.dumps(tags)},
        "extra_tags": tags,
    }
    return _LegacyContext(context.log, context.run, context.run.run_id, config)


def runs_of_dagster_run(run_id: str) -> dict[str, str]:
    """Tags of an MLflow run: ID and URL of its Dagster run, and the version of AirWatch."""
    url = dagster_run_url(run_id)
    known = {"dagster_run_id": run_id, "airwatch_version": __version__}
    return known | ({"dagster_run_url": url} if url else {})


def configure_mlflow() -> str:
    """Set mlflow's tracking URI from the settings, create experiment and registered model if missing; returns the URI.

    The URI has no login in it; mlflow gets that from its own settings. Raises ConfigurationError for an address that
    cannot be used, and SourceUnavailable when no server or database answers there.
    """
    from airwatch_dagster.orchestration.instance.sqlite import wait_for_writers

    settings = RegistrySettings.from_environment()
    uri = usable_address(settings.mlflow_tracking_uri)
    wait_for_writers()
    _ensure_experiment(uri, settings.state)
    import mlflow

    mlflow.set_tracking_uri(uri)
    return uri


def describe_mlflow() -> str:
    """What answers at the configured address, and where the files of models are.

    Raises an AirWatch error as ``configure_mlflow``, and ConfigurationError when files of registered models are gone.
    """
    uri = configure_mlflow()
    found = f"{without_credentials(uri)} responds"
    if is_server(uri):
        return found
    state, database = RegistrySettings.from_environment().state, sqlite_path(uri)
    moved_from = _ensure_experiment(uri, state)
    moved = f"; addresses of files in {moved_from} were corrected, because the folder has moved" if moved_from else ""
    if database is None:
        return f"{found}; {_place_of_files()}"
    missing = missing_files(database, model=REGISTERED_MODEL)
    if missing:
        problem = f"{found}, but the files of {len(missing)} registered models are not at {missing[0]} and the like"
        fix = f"Move the folder {FOLDER} beside mlflow.db in AIRWATCH_STATE, or train these months again"
        raise ConfigurationError("MLFLOW_TRACKING_URI", problem + moved, fix=fix)
    return found + moved


def mlflow_client() -> Any:
    """An ``MlflowClient`` of the configured tracking server, whichever tracking URI mlflow is set to at the time.

    Raises SourceUnavailable when the tracking server does not respond.
    """
    tracking_uri = configure_mlflow()
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri)


@contextlib.contextmanager
def connected() -> Iterator[Any]:
    """An ``MlflowClient`` (see ``mlflow_client``) whose errors become errors of AirWatch (see ``mlflow_errors``)."""
    client = mlflow_client()
    with mlflow_errors(client.tracking_uri):
        yield client


def _place_of_files() -> str:
    """Where the files of models are that a database is not the place for."""
    import mlflow

    place = mlflow.get_experiment_by_name(EXPERIMENT).artifact_location
    path = local_path(place)
    return (
        f"the files of models are in {place}" if path is None else f"only one machine has the files of models: {path}"
    )


@lru_cache
def _ensure_experiment(uri: str, state: Path) -> str | None:
    """Once per process: looking up the experiment takes a quarter of a second.

    Returns the former address of models' files that were found in ``state`` after a move.
    """
    state.mkdir(parents=True, exist_ok=True)
    require_answer(uri, experiment=EXPERIMENT)
    database = sqlite_path(uri)
    moved_from = follow_move(database, experiment=EXPERIMENT, state=state) if database else None
    import mlflow

    # mlflow warns about every default.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with mlflow_errors(uri):
        mlflow.set_tracking_uri(uri)
        if mlflow.get_experiment_by_name(EXPERIMENT) is None:
            artifacts = None if is_server(uri) else (state / FOLDER).as_uri()
            mlflow.create_experiment(EXPERIMENT, artifact_location=artifacts)
        client = mlflow.MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if description := experiment_description(experiment.tags.get(DESCRIPTION_TAG)):
            client.set_experiment_tag(experiment.experiment_id, DESCRIPTION_TAG, description)
        if not client.search_registered_models(f"name = '{REGISTERED_MODEL}'"):
            what = "24-hour PM2.5, 1 to 3 days ahead, every family"
            client.create_registered_model(REGISTERED_MODEL, description=what)
    return moved_from


def registered_version(version: str) -> dict[str, Any]:
    """Training data of a registered version, from its MLflow run, under the column names of ``trained_models``.

    Keys: mlflow_run_id, training_rows, month, first_target_date, last_target_date. Raises ConfigurationError when the
    registry does not have the version.
    """
    with connected() as client:
        from mlflow.exceptions import MlflowException

        try:
            run_id = client.get_model_version(REGISTERED_MODEL, version).run_id
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            fix = "Set MLFLOW_TRACKING_URI to the registry whose models made the forecasts"
            raise ConfigurationError(f"version {version}", "is not in the registry", fix=fix) from error
        params = client.get_run(run_id).data.params
    days = {name: pd.Timestamp(params.get(name)) for name in ("month", "first_target_date", "last_target_date")}
    return {"mlflow_run_id": run_id, "training_rows": int(params["training_rows"]), **days}


def tag_served_months(decision: pd.Series) -> None:
    """Tag the model version of a row of champion_model with the month it serves.

    ``serves_2021-07`` is the reason; ``…_from``, ``…_decided_by`` and ``…_decided_at`` are its first issue day, the
    person or evidence, and the time (UTC).
    """
    serves = f"serves_{decision['month']:%Y-%m}"
    person = decision["decided_by_person"]
    tags = {
        serves: decision["reason"],
        f"{serves}_from": f"{decision['serves_from']:%Y-%m-%d}",
        f"{serves}_decided_by": str(decision["decided_by"] if pd.isna(person) else person),
        f"{serves}_decided_at": f"{decision['decided_at']:%Y-%m-%d %H:%M:%S} UTC",
    }
    with connected() as client, one_transaction(client):
        # The client's own call would first read all versions of the model, to see whether it is a prompt.
        registry = client._get_registry_client()  # noqa: SLF001
        for name, text in tags.items():
            registry.set_model_version_tag(REGISTERED_MODEL, str(decision["model_version"]), name, text)


def set_champion_alias(version: str, *, month: pd.Timestamp) -> bool:
    """Move the champion alias to the version of ``month`` unless a later month holds it; returns whether it moved."""
    key = f"{month:%Y-%m}"
    with connected() as client:
        held = client.get_registered_model(REGISTERED_MODEL).tags.get(CHAMPION_MONTH_TAG, "")
        if key < held:
            return False
        client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION_ALIAS, version)
        client.set_registered_model_tag(REGISTERED_MODEL, CHAMPION_MONTH_TAG, key)
    return True
