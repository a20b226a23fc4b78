"""Dagster's SQLite databases, copied instead of created: thirty tables, their indexes and marks of migrations take a
sixth of a second for every instance of a test, and again a part of it for every run."""

import shutil
import sqlite3
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage

from airwatch_dagster_tests.built_once import built_once

REPOSITORY = Path(__file__).resolve().parents[1]
INDEX, OF_A_RUN = "index.db", "run.db"
EMPTY = {"runs.db": Path("history/runs.db"), "schedules.db": Path("schedules/schedules.db")} | {
    name: Path("history/runs", name) for name in (INDEX, OF_A_RUN)
}
"""Where an instance in a folder of its own has each kind of database."""


# Dagster makes an engine for every question, which forgets each compiled statement; here one per database.
for _storage in (sqlite_run_storage, sqlite_schedule_storage):
    _storage.create_engine = cache(_storage.create_engine)  # type: ignore[attr-defined]


def copy_if_new(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    """SQLAlchemy's event before a connection: what Dagster would create is an empty database that it created before.

    Every other file is left alone: one that exists, and one that is not Dagster's by its name. A run's database has
    the name of the run, beside the index of all runs.
    """
    file = Path(str(arguments[0])) if arguments else Path()
    if file.suffix != ".db" or file.exists():
        return
    name = file.name if file.name in EMPTY else OF_A_RUN if (file.parent / INDEX).exists() else ""
    if name and not _is_template(file):
        shutil.copyfile(_templates() / EMPTY[name], file)


def _is_template(file: Path) -> bool:
    return _folder() in file.parents


def _folder() -> Path:
    return REPOSITORY / ".pytest_cache" / f"dagster-{version('dagster')}"


@cache
def _templates() -> Path:
    """Kept in pytest's cache folder."""
    return built_once(_folder(), _create)


def _create(folder: Path) -> None:
    import dagster as dg

    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder), overrides={"telemetry": {"enabled": False}}) as instance:
        log: Any = instance.event_log_storage
        with log.run_connection(Path(OF_A_RUN).stem):
            pass
    for file in EMPTY.values():
        with sqlite3.connect(folder / file) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
