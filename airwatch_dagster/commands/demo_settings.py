"""The settings of `airwatch demo`, whatever `.env` has. Importing this imports no library that runs need."""

import os
from typing import Final

from airwatch_dagster.orchestration.configuration.environment import default_storage

PROCESSES: Final = min(2, os.cpu_count() or 1)
"""Runs at a time: two take a third off the demo's time on two cores."""

EMBEDDED: Final = {"AIRWATCH_SOURCE": "practice", "AIRWATCH_AREA": "cbsa:16980"}
"""Simulated air, which must never be mixed with real readings."""


def embedded_default() -> None:
    """Set this process's environment to the demo's settings."""
    os.environ.update(EMBEDDED, AIRWATCH_STORAGE=default_storage())
    os.environ.pop("MLFLOW_TRACKING_URI", None)
