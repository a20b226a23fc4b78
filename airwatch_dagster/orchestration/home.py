"""Where this installation lives: `.env`, Dagster's home and the local state, before anything of Dagster is imported."""

import os
from pathlib import Path
from typing import Final

EVENT_BATCH: Final = "200"
"""Events of one range of partitions that Dagster hands to the event log together: a third less time than one by one."""


def prepare_environment() -> Path:
    """Read `.env`, settle DAGSTER_HOME and AIRWATCH_STATE, and make the state folder; returns DAGSTER_HOME.

    What the environment already says wins. Dagster's home is the folder with AirWatch's dagster.yaml: this
    checkout, or the current folder.
    """
    from dotenv import load_dotenv

    home = installation()
    load_dotenv(home / ".env")
    os.environ.setdefault("DAGSTER_HOME", str(home))
    state = Path(os.environ.setdefault("AIRWATCH_STATE", str(home / ".airwatch"))).absolute()
    os.environ["AIRWATCH_STATE"] = str(state)
    state.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH)
    os.environ.setdefault("AIRWATCH_STORAGE", default_storage())
    return Path(os.environ["DAGSTER_HOME"])


def installation() -> Path:
    """The folder with AirWatch's dagster.yaml: this checkout, or the current folder."""
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "dagster.yaml").is_file() else Path.cwd()


def default_storage() -> str:
    """Where tables lie when nothing else is said."""
    return str(installation() / "data")
