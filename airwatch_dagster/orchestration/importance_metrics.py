"""Importance of the inputs as metrics of a model's MLflow run, where it is told once and read by whoever shows it."""

from itertools import islice
from typing import Any, Final

from airwatch_dagster.fit.families import FittedModel
from airwatch_dagster.fit.importance import importance

PREFIX: Final = "importance/"
"""MLflow's pages put metrics of one prefix into a section of their own."""


MOST_INPUTS: Final = 30
"""Inputs logged of a model, the most important: each costs time to store, and a line on MLflow's pages."""


def importance_metrics(model: FittedModel | None) -> dict[str, float]:
    """``importance/<input>`` → its share in what the family learned; nothing for a baseline or without a model."""
    shares = {} if model is None else importance(model)
    return {f"{PREFIX}{name}": round(share, 5) for name, share in islice(shares.items(), MOST_INPUTS)}


def logged_importance(run_id: str) -> dict[str, float]:
    """Input → share, as it was logged to the model's run: the most important inputs only."""
    from mlflow import MlflowClient

    metrics: dict[str, Any] = MlflowClient().get_run(run_id).data.metrics
    return {name.removeprefix(PREFIX): share for name, share in metrics.items() if name.startswith(PREFIX)}
