"""Starts a program of Dagster's or MLflow's with the settings that `airwatch` has: ``python -m … PROGRAM ARGUMENTS…``.

Dagster reads a ``.env`` of the current folder itself, and lets it win over the environment. Therefore the program
starts in the state folder, which has none, with every relative path made absolute. `make dev` starts Dagster this way.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.configuration.environment import prepare_environment
from airwatch_dagster.orchestration.configuration.settings import StateSettings


def main(command: Sequence[str]) -> None:
    """Replace this process by ``command``, a program beside this Python or on the path, and its arguments."""
    try:
        prepare_environment()
        folder = StateSettings.from_environment().state
    except AirWatchError as error:
        sys.exit(f"Error: {error}")
    beside = Path(sys.executable).with_name(command[0])
    program = str(beside) if beside.is_file() else command[0]
    os.chdir(folder)
    # Python finds its packages by the name that it is called by.
    os.execvp(program, [program, *command[1:]])  # noqa: S606 - the caller names it


if __name__ == "__main__":
    main(sys.argv[1:])
