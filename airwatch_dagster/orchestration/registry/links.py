"""Links between Dagster and MLflow: a URL where the UI's address is known, otherwise a command."""

import shlex
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.markdown import table
from airwatch_dagster.orchestration.configuration.addresses import without_credentials
from airwatch_dagster.orchestration.configuration.settings import LinkSettings, RegistrySettings

REGISTERED_MODEL = "airwatch_pm25"
"""Name of the registered model in MLflow; every fitted family is a version of it."""


def dagster_run_url(run_id: str) -> str | None:
    """The run's page in the Dagster UI; None without AIRWATCH_UI_URL and DAGSTER_WEBSERVER_URL."""
    ui = dagster_url()
    return f"{ui}/runs/{run_id}" if ui else None


def dagster_url() -> str | None:
    """Address of the Dagster UI; None as above."""
    ui = LinkSettings.from_environment().ui_url
    return ui.rstrip("/") if ui else None


def mlflow_ui() -> str | None:
    """Address of the MLflow UI without credentials: AIRWATCH_MLFLOW_UI_URL, else the tracking server's; None for a
    database without a server."""
    tracking = RegistrySettings.from_environment().mlflow_tracking_uri
    is_server = tracking.lower().startswith(("http://", "https://"))
    ui = LinkSettings.from_environment().mlflow_ui_url or (tracking if is_server else None)
    return without_credentials(ui).rstrip("/") if ui else None


def mlflow_command() -> str:
    """The command that serves the MLflow UI of the tracking database, on port 5000."""
    tracking = without_credentials(RegistrySettings.from_environment().mlflow_tracking_uri)
    return f"mlflow ui --backend-store-uri {shlex.quote(tracking)}"


def mlflow_run(mlflow: Any) -> dg.MetadataValue:
    """Link to the active MLflow run, or its ID and the command that opens it."""
    ui, run_id = mlflow_ui(), mlflow.active_run().info.run_id
    if ui:
        return dg.MetadataValue.url(f"{ui}/#/runs/{run_id}")
    return dg.MetadataValue.text(f"run {run_id}; open with `{mlflow_command()}`")


def mlflow_models(models: pd.DataFrame) -> dg.MetadataValue:
    """Table of families and versions in MLflow, linked where its address is known, otherwise with their runs.

    ``models`` are rows of trained_models or champion_model.
    """
    ui = mlflow_ui()
    logged = models.dropna(subset=["mlflow_run_id"])[["model_family", "model_version", "mlflow_run_id"]]
    rows = [tuple(map(str, row)) for row in logged.itertuples(index=False)]
    if ui:
        versions = f"{ui}/#/models/{REGISTERED_MODEL}/versions"
        return dg.MetadataValue.md(
            table(("family", "version"), [(name, f"[{v}]({versions}/{v})") for name, v, _ in rows])
        )
    return dg.MetadataValue.md(f"{table(('family', 'version', 'MLflow run'), rows)}\n\nOpen with `{mlflow_command()}`")


def cross_links(
    models: pd.DataFrame, metadata: Mapping[str, Mapping[str, Any]] | None = None, *, mlflow: Any = None
) -> dict[str, dict[str, Any]]:
    """Month → its ``metadata`` with links to its models in MLflow and, with ``mlflow``, to the active MLflow run.

    ``models`` are rows of trained_models or champion_model; a month without rows is left out.
    """
    months = models.groupby(models["month"].dt.strftime("%Y-%m"))
    run = {"MLflow run": mlflow_run(mlflow)} if mlflow is not None else {}
    links = {str(month): {**run, "MLflow models": mlflow_models(rows)} for month, rows in months}
    return {month: {**(metadata or {}).get(month, {}), **link} for month, link in links.items()}
