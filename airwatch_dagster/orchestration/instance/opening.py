"""The Dagster instance at DAGSTER_HOME, opened with errors that name what to correct."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.orchestration.alerts.messages import one_line
from airwatch_dagster.orchestration.configuration.environment import dagster_home, installation


@contextmanager
def opened_instance() -> Iterator[dg.DagsterInstance]:
    """The instance, closed at the end.

    Raises ConfigurationError when DAGSTER_HOME is no folder with an absolute path, and when the instance cannot be
    opened as its dagster.yaml says.
    """
    home = dagster_home()
    problem = _problem(home)
    if problem is not None:
        fix = f"Set it to the absolute path of a folder with dagster.yaml, or unset it for {installation()}"
        raise ConfigurationError("DAGSTER_HOME", f"{home!r} {problem}", fix=fix)
    try:
        instance = dg.DagsterInstance.get()
    except AirWatchError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {one_line(str(error))}"
        fix = "Correct dagster.yaml there or the variables that it names, or start the database that it names"
        raise ConfigurationError(
            "DAGSTER_HOME", f"Dagster cannot open its instance at {home} ({reason})", fix=fix
        ) from error
    with instance:
        yield instance


def _problem(home: str) -> str | None:
    if not home.strip():
        return "is empty"
    path = Path(home).expanduser()
    if not path.is_absolute():
        return "is a relative path"
    return None if path.is_dir() else "is not a folder"
