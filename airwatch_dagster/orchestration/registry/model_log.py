"""Every fitted model in MLflow, with its parameters, metrics, data and signature."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import pandas as pd

from airwatch_dagster.fit.feature_matrix import weather_inputs
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.fit.models.importance import importance
from airwatch_dagster.fit.training import Registration, TrainedModel
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL
from airwatch_dagster.orchestration.registry.mlflow_client import runs_of_dagster_run
from airwatch_dagster.schemas import TABLES

SERVED_LIBRARIES: Final = ("pandas", "numpy", "scikit-learn", "catboost")
"""Packages a logged model needs to be loaded elsewhere, beside this one."""

SAMPLE_ROWS: Final = 100
"""Rows that stand for the data in MLflow, which keeps their profile and a digest."""


@dataclass(frozen=True)
class TrainingData:
    """What MLflow keeps of the examples a month's families learned from; made once for all of them."""

    dataset: Any
    signature: Any
    params: dict[str, int]

    @classmethod
    def of(cls, examples: pd.DataFrame, *, month: pd.Timestamp) -> "TrainingData":
        import mlflow
        from mlflow.models import infer_signature

        sample = examples.head(SAMPLE_ROWS)
        name = f"training_examples {month:%Y-%m}"
        dataset = mlflow.data.from_pandas(sample, name=name, targets="pm25_observed_ugm3")
        inputs = sample[[*TABLES["features"].column_names, "target_date", "horizon_days", *weather_inputs(sample)]]
        signature = infer_signature(inputs.head(5), pd.DataFrame({"pm25_ugm3": [0.0]}))
        return cls(dataset, signature, _weather(examples))


def log_trained(mlflow: Any, trained: TrainedModel, *, learned_from: TrainingData) -> Registration:
    """Record one fitted family in a nested MLflow run of its own and register it as a version."""
    month = f"{trained.month:%Y-%m}"
    tags = {"family": trained.family, "month": month, **runs_of_dagster_run(mlflow.dagster_run_id)}
    with mlflow.start_run(nested=True, run_name=f"{trained.family} {month}", tags=tags) as run:
        mlflow.log_params({**trained.params, **_window(trained), **learned_from.params})
        mlflow.log_input(learned_from.dataset, context="training")
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=_served(trained.model),
            signature=learned_from.signature,
            pip_requirements=_pinned_libraries(),
        )
        # After the model: metrics logged before it would be copied to it one by one, and stored twice in the run.
        mlflow.log_metrics({**trained.metrics, **importance_metrics(trained.model)}, model_id=info.model_id)
        # The client says nothing on the terminal, unlike mlflow's own helper for registering.
        version = mlflow.tracking_client.create_model_version(
            REGISTERED_MODEL, source=info.model_uri, run_id=run.info.run_id, model_id=info.model_id
        )
        return Registration(run.info.run_id, info.model_uri, str(version.version))


def _window(trained: TrainedModel) -> dict[str, Any]:
    """What the model learned from."""
    return {
        "month": f"{trained.month:%Y-%m}",
        "training_rows": trained.training_rows,
        "first_target_date": f"{trained.first_target_date:%Y-%m-%d}",
        "last_target_date": f"{trained.last_target_date:%Y-%m-%d}",
    }


def _weather(examples: pd.DataFrame) -> dict[str, int]:
    """How many of the examples had any weather beside them, where it is used."""
    names = list(weather_inputs(examples))
    return {"examples_with_weather": int(examples[names].notna().any(axis=1).sum())} if names else {}


def _served(model: Any) -> Any:
    """The fitted model as an MLflow python model: feature rows with horizon_days in, pm25_ugm3 out."""
    from airwatch_dagster.orchestration.registry.served_model import ServedModel

    return ServedModel(model)


@lru_cache
def _pinned_libraries() -> list[str]:
    """The exact versions in use; giving them spares MLflow an inference of seconds per model."""
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in SERVED_LIBRARIES]


PREFIX: Final = "importance/"
"""MLflow's pages put metrics of one prefix into a section of their own."""


MAX_FEATURES_LOGGED: Final = 30
"""Inputs logged of a model, the most important: each costs time to store, and a line on MLflow's pages."""


def importance_metrics(model: FittedModel | None) -> dict[str, float]:
    """``importance/<input>`` → its share in what the family learned; nothing for a baseline or without a model."""
    shares = {} if model is None else importance(model)
    return {f"{PREFIX}{name}": round(share, 5) for name, share in islice(shares.items(), MAX_FEATURES_LOGGED)}


def logged_importance(run_id: str) -> dict[str, float]:
    """Input → share, as it was logged to the model's run: the most important inputs only."""
    from mlflow import MlflowClient

    metrics: dict[str, Any] = MlflowClient().get_run(run_id).data.metrics
    return {name.removeprefix(PREFIX): share for name, share in metrics.items() if name.startswith(PREFIX)}
