"""Logging of fitted models to MLflow: parameters, metrics, dataset, signature, feature importance."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pandas as pd

from airwatch_dagster.enrich.weather import EXAMPLE_COLUMNS
from airwatch_dagster.fit.model_directory.manifest import manifest_of
from airwatch_dagster.fit.model_directory.writing import files_of, write_directory
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.fit.training import Registration, TrainedModel
from airwatch_dagster.fit.weather_inputs import has_weather
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL
from airwatch_dagster.orchestration.registry.mlflow_client import connected
from airwatch_dagster.orchestration.registry.mlmodel import write_mlmodel
from airwatch_dagster.orchestration.registry.nested_runs import nested_run
from airwatch_dagster.orchestration.registry.served_model import PLACE
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.weather import WEATHER_CLASSES

SAMPLE_ROWS: Final = 100
"""Rows of the dataset logged to MLflow, which stores their profile and digest."""

IMPORTANCE_PREFIX: Final = "importance/"
"""MLflow's pages show metrics with one prefix as a section."""

WEATHER_PREFIX: Final = "weather_importance/"
"""Section of the inputs of the correction by weather."""

MAX_FEATURES_LOGGED: Final = 30
"""Features logged per model, the most important: each takes time to store, and a line on MLflow's pages."""

_ORIGIN: Final = ("mlflow.user", "mlflow.source")
"""Begins of the names of a run's tags that MLflow's pages show of a model as well."""


@dataclass(frozen=True)
class TrainingData:
    """MLflow's dataset, signature and parameters of a month's training examples; the same for all its families."""

    dataset: Any
    """The ``DatasetInput`` of a run: MLflow's own ``log_input`` computes schema and profile for each run anew."""
    signature: Any
    params: dict[str, int]

    @classmethod
    def of(cls, examples: pd.DataFrame, *, month: pd.Timestamp) -> "TrainingData":
        """From rows of ``training_examples``, of which a sample is kept.

        The parameters are the number of examples with any weather; none when no weather is used.
        """
        import mlflow
        from mlflow.entities import Dataset, DatasetInput, InputTag
        from mlflow.models import infer_signature
        from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

        sample = examples.head(SAMPLE_ROWS)
        name = f"training_examples {month:%Y-%m}"
        dataset = mlflow.data.from_pandas(sample, name=name, targets="pm25_observed_ugm3")
        tags = [InputTag(MLFLOW_DATASET_CONTEXT, "training")]
        weather = [name for name in EXAMPLE_COLUMNS if name in examples and examples[name].notna().any()]
        inputs = sample[[*TABLES["features"].column_names, "target_date", "horizon_days", *weather]].head(5)
        # Texts that are null in these rows would have no type.
        texts = {name: inputs[name].fillna(WEATHER_CLASSES[0]) for name in weather if inputs[name].dtype == object}
        signature = infer_signature(inputs.assign(**texts), pd.DataFrame({"pm25_ugm3": [0.0]}))
        params = {"examples_with_weather": int(has_weather(examples).sum())} if weather else {}
        return cls(DatasetInput(Dataset(**dataset.to_dict()), tags), signature, params)


def log_trained(mlflow: Any, trained: TrainedModel, *, training_data: TrainingData) -> Registration:
    """Log one fitted family to its own nested MLflow run and register the model as a version.

    MLflow gets the files of ``fit.model_directory``; their sizes and hashes are in the answer.
    """
    assert trained.model is not None
    month, files = f"{trained.month:%Y-%m}", files_of(trained.model)
    tags = {"family": trained.family, "month": month}
    with nested_run(mlflow, name=f"{trained.family} {month}", tags=tags) as run:
        client, run_id = mlflow.tracking_client, run.info.run_id
        params = {**trained.params, **_window(trained), **training_data.params}
        client.log_inputs(run_id, [training_data.dataset])
        model_id = _log_files(client, run, files, params=params, signature=training_data.signature)
        metrics = {**trained.metrics, **importance_metrics(trained.model)}
        log_numbers(client, run_id, params=params, metrics=metrics, model_id=model_id)
        # The client prints nothing, unlike mlflow.register_model.
        uri = f"models:/{model_id}"
        version = client.create_model_version(REGISTERED_MODEL, source=uri, run_id=run_id, model_id=model_id)
        return Registration(run_id, uri, str(version.version), manifest_of(files))


def _log_files(client: Any, run: Any, files: dict[str, bytes], *, params: Mapping[str, Any], signature: Any) -> str:
    """Give MLflow the files as a model of the run; returns the model's ID."""
    from mlflow.entities import LoggedModelOutput
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    texts = {name: str(value) for name, value in params.items()}
    tags = {name: text for name, text in run.data.tags.items() if name.startswith(_ORIGIN)}
    experiment, run_id = run.info.experiment_id, run.info.run_id
    logged = client.create_logged_model(experiment, name="model", source_run_id=run_id, tags=tags, params=texts)
    with TemporaryDirectory() as folder:
        write_directory(files, Path(folder) / PLACE)
        size = sum(map(len, files.values()))
        write_mlmodel(Path(folder), logged, signature=signature, model_bytes=size)
        place = get_artifact_repository(logged.artifact_location, tracking_uri=client.tracking_uri)
        place.log_artifacts(folder)
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    client.finalize_logged_model(logged.model_id, "READY")
    return str(logged.model_id)


def log_numbers(
    client: Any, run_id: str, *, params: Mapping[str, Any], metrics: Mapping[str, float], model_id: str | None = None
) -> None:
    """All parameters and metrics of a run in one request; its model, if it has one, has the metrics too."""
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, now, 0, model_id=model_id, run_id=run_id) for name, value in metrics.items()],
        params=[Param(name, str(value)) for name, value in params.items()],
    )


def _window(trained: TrainedModel) -> dict[str, Any]:
    """Parameters of the training window."""
    return {
        "month": f"{trained.month:%Y-%m}",
        "training_rows": trained.training_rows,
        "first_target_date": f"{trained.first_target_date:%Y-%m-%d}",
        "last_target_date": f"{trained.last_target_date:%Y-%m-%d}",
    }


def importance_metrics(model: FittedModel | None) -> dict[str, float]:
    """``importance/<feature>`` → share of importance, largest first, and the same of the inputs of the correction by
    weather; empty for a baseline or without a model."""
    shares = {} if model is None else model.importance()
    of_weather = {} if model is None or model.weather is None else model.weather.importance()
    return {
        f"{prefix}{name}": round(share, 5)
        for prefix, known in ((IMPORTANCE_PREFIX, shares), (WEATHER_PREFIX, of_weather))
        for name, share in islice(known.items(), MAX_FEATURES_LOGGED)
    }


def logged_importance(run_id: str) -> dict[str, float]:
    """Feature → share of importance that ``log_trained`` logged to the MLflow run ``run_id``; empty for a baseline."""
    with connected() as client:
        metrics: dict[str, float] = client.get_run(run_id).data.metrics
    shares = {name: share for name, share in metrics.items() if name.startswith(IMPORTANCE_PREFIX)}
    return {name.removeprefix(IMPORTANCE_PREFIX): share for name, share in shares.items()}
