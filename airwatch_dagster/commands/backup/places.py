"""The folders that a backup holds, and whether this installation is one that can be backed up so."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import RegistrySettings, storage_root
from airwatch_dagster.orchestration.instance.opening import opened_instance
from airwatch_dagster.orchestration.registry.tracking import sqlite_path

STATE: Final = "state"
TABLES: Final = "tables"

_FIX: Final = "Use the tools of that store: see docs/how-to/backup.md"


def places() -> Mapping[str, Path]:
    """Folder of the backup → folder of the installation.

    Raises ConfigurationError when something of the installation is elsewhere: tables in S3, MLflow on a server or in
    another database, Dagster's runs in another database.
    """
    root = storage_root()
    if "://" in root:
        raise ConfigurationError("AIRWATCH_STORAGE", f"{root} is not a folder", fix=_FIX)
    settings = RegistrySettings.from_environment()
    database = sqlite_path(settings.mlflow_tracking_uri)
    if database is None or database.parent.resolve() != settings.state.resolve():
        problem = "MLflow's database is not a file in AIRWATCH_STATE"
        raise ConfigurationError("MLFLOW_TRACKING_URI", problem, fix=_FIX)
    found = {STATE: settings.state.absolute(), TABLES: Path(root).expanduser().absolute()}
    for name, other in ((STATE, TABLES), (TABLES, STATE)):
        if is_within(found[name], found[other]):
            fix = "Set AIRWATCH_STATE and AIRWATCH_STORAGE to folders beside each other"
            raise ConfigurationError(str(found[name]), f"is inside {found[other]}", fix=fix)
    return found


def require_sqlite() -> int:
    """Number of runs under way. Raises ConfigurationError when Dagster's runs are not in AIRWATCH_STATE."""
    from dagster import DagsterRunStatus, RunsFilter
    from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage

    with opened_instance() as instance:
        if not isinstance(instance.run_storage, SqliteRunStorage):
            raise ConfigurationError("DAGSTER_HOME", "its runs are not in a SQLite database", fix=_FIX)
        under_way = RunsFilter(statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.STARTING])
        return instance.get_runs_count(under_way)


def is_within(folder: Path, other: Path) -> bool:
    """Whether a folder is another one or inside it."""
    return folder.resolve().is_relative_to(other.resolve())
