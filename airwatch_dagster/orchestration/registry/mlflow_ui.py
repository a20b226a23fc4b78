"""MLflow's UI on the configured store, and the description that its experiment shows: `make mlflow`."""

import os
import sys
from pathlib import Path
from typing import Final

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.configuration.addresses import without_credentials
from airwatch_dagster.orchestration.configuration.environment import prepare_environment
from airwatch_dagster.orchestration.configuration.settings import LinkSettings, RegistrySettings
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL, mlflow_ui

DESCRIPTION_TAG: Final = "mlflow.note.content"
"""Tag of an experiment that MLflow's UI shows as its description, in Markdown."""

DEFAULT_PORT: Final = "5000"


DESCRIPTION: Final = (
    "PM2.5 forecasts of AirWatch, 1 to 3 days ahead. **A run per Dagster run**, and within it a run per model family "
    "and month (tags `family` and `month`) with parameters, holdout metrics by lead, feature importance and the model. "
    f"Every fitted family is a version of the registered model `{REGISTERED_MODEL}`; the alias `champion` is the "
    "version that serves. Runs of `champion_model` hold the decisions: `champions/<month>.svg` and `.md`."
)


def experiment_description(known: str | None) -> str | None:
    """What the runs of the experiment are, with a link to the Dagster UI where its address is known.

    None when the description ``known`` to MLflow stays: a person wrote it, or it says as much.
    """
    ui = LinkSettings.from_environment().ui_url
    described = f"{DESCRIPTION}\n\n[Dagster UI]({without_credentials(ui).rstrip('/')})" if ui else DESCRIPTION
    is_own = known is not None and known.startswith(DESCRIPTION)
    return described if known is None or (is_own and ui and known != described) else None


def ui_command(port: str) -> list[str]:
    """The command that serves MLflow's UI of the tracking database on 127.0.0.1."""
    uri = RegistrySettings.from_environment().mlflow_tracking_uri
    return [str(Path(sys.executable).with_name("mlflow")), "ui", "--backend-store-uri", uri, "--port", port]


def main(port: str = DEFAULT_PORT) -> None:
    """Replace this process by MLflow's UI; where the tracking store is a server, print its address instead."""
    try:
        prepare_environment()
        address = mlflow_ui()
        command = ui_command(port)
    except AirWatchError as error:
        sys.exit(f"Error: {error}")
    if address:
        sys.stdout.write(f"MLflow UI: {address}\n")
        return
    sys.stdout.write(f"MLflow UI: http://127.0.0.1:{port}   (Ctrl-C stops it)\n")
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - MLflow's own program


if __name__ == "__main__":
    main(*sys.argv[1:2])
