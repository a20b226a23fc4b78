"""The files of models in the state folder: found again after the folder was moved, renamed or copied.

MLflow's database holds the absolute address of every model's files. In a SQLite database, which moves with the state
folder, the addresses are corrected when a process connects.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

FOLDER: Final = "mlflow-artifacts"
"""Folder of the state folder that holds the files of models."""

_ADDRESSES: Final = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
"""Columns of MLflow's database that hold the address of files. Source: the database of MLflow 3.17, searched."""

_DELETED: Final = "Deleted_Internal"
"""Stage of a version that was deleted: MLflow keeps its row."""

_BUSY_S: Final = 30
"""Seconds to wait for another process that writes to the database."""


def follow_move(database: Path, *, experiment: str, state: Path) -> str | None:
    """Correct the addresses of files below ``state`` in a SQLite ``database`` of MLflow's; returns the old address.

    None when nothing is to correct: the addresses are right, or the files are elsewhere. What is still at the old place
    and not at the new one keeps its address. One transaction.
    """
    new = state / FOLDER
    if not (database.is_file() and new.is_dir()):
        return None
    with closing(sqlite3.connect(database, timeout=_BUSY_S)) as connection, connection:
        old = _recorded(connection, experiment)
        if old is None or not _is_former(old, new, is_own=database.parent == state):
            return None
        _correct(connection, old, new.as_uri())
    return old


def _recorded(connection: sqlite3.Connection, experiment: str) -> str | None:
    """Address of the experiment's files; None in a database without the experiment."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
        return None
    row = connection.execute("SELECT artifact_location FROM experiments WHERE name = ?", (experiment,)).fetchone()
    return str(row[0]) if row else None


def _is_former(place: str, new: Path, *, is_own: bool) -> bool:
    """Whether an address is that of ``new`` before a move; for the database in the same folder, also before a copy."""
    path = local_path(place)
    if path is None or path.name != FOLDER or path == new:
        return False
    return is_own and not path.samefile(new) if path.exists() else True


def _correct(connection: sqlite3.Connection, old: str, new: str) -> None:
    for table, column in _ADDRESSES:
        below = f"SELECT rowid, {column} FROM {table} WHERE substr({column} || '/', 1, ?) = ?"  # noqa: S608 - constants
        for row, place in connection.execute(below, (len(old) + 1, f"{old}/")).fetchall():
            moved = new + place[len(old) :]
            if table == "experiments" or _exists(moved) or not _exists(place):
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (moved, row))  # noqa: S608


def missing_files(database: Path, *, model: str) -> list[str]:
    """Addresses on this disk where files of registered versions of ``model`` should be and are not."""
    with closing(sqlite3.connect(database, timeout=_BUSY_S)) as connection:
        query = "SELECT storage_location FROM model_versions WHERE name = ?"
        places = [place for (place,) in connection.execute(query, (model,)) if local_path(place) is not None]
    return [place for place in places if not _exists(place)]


def place_of_version(version: str, *, model: str, database: Path, experiment: str, state: Path) -> Path | None:
    """The folder on this disk where the files of a registered version are, by a SQLite ``database`` of MLflow's.

    Addresses are corrected first (see ``follow_move``): a copy of the state folder has files of its own. None when they
    are elsewhere or the database does not say: MLflow itself has to be asked then. Reading a row takes milliseconds,
    importing MLflow and connecting it a CPU second and a half.
    """
    query = "SELECT storage_location FROM model_versions WHERE name = ? AND version = ? AND current_stage <> ?"
    try:
        follow_move(database, experiment=experiment, state=state)
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as connection:
            row = connection.execute(query, (model, version, _DELETED)).fetchone()
    except sqlite3.Error:
        return None
    place = local_path(row[0]) if row else None
    return place if place is not None and place.is_dir() else None


def local_path(place: str | None) -> Path | None:
    """The path of a ``file://`` address; None for another one."""
    parts = urlsplit(place or "")
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _exists(place: str) -> bool:
    path = local_path(place)
    return path is not None and path.exists()
