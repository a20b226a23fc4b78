"""The database of a run's events, a copy of an empty one.

For each, Dagster asks Alembic for the newest migration and compiles every statement: 51 ms of CPU, against 2.
"""

import contextlib
import os
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

_EMPTY: Final[list[bytes]] = []


def empty_database(make: Callable[[Engine], None]) -> bytes:
    """The file of a new database after ``make``, which is the same function in every call of a process."""
    if not _EMPTY:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "empty.db")
            engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
            make(engine)
            engine.dispose()
            _EMPTY.append(path.read_bytes())
    return _EMPTY[0]


def copy_if_missing(contents: bytes, path: Path) -> None:
    """The file appears with all of its contents, or not at all where the file system has no links: whoever opens it
    meanwhile, in any process, finds it complete."""
    new = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    new.write_bytes(contents)
    with contextlib.suppress(OSError):
        os.link(new, path)
    new.unlink()


def is_made(engine: Engine) -> bool:
    """Whether the database has the mark of a migration, which Dagster makes last."""
    with contextlib.closing(engine.raw_connection()) as connection:
        file: Any = connection.driver_connection
        has_marks = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        return bool(has_marks and file.execute("SELECT 1 FROM alembic_version").fetchone())
