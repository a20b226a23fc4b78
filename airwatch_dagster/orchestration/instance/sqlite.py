"""How long a SQLite database waits for another writer, what is said when that was not enough, and how a new one is
made by one process alone.

Dagster and MLflow open connections in many places, with waits of 5 to 30 s. They all go through SQLAlchemy, whose
events are the one place that no connection of this process passes by.
"""

import fcntl
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.pool import Pool

from airwatch_dagster.errors import StorageError
from airwatch_dagster.orchestration.instance.run_locks import opened_lock

BUSY_TIMEOUT_S: Final = 60.0
"""Seconds that a connection waits for another writer: `make demo` beside `make dev` writes for longer than 30 s at a
time on a slow disk."""

CREATION_LOCK: Final = "databases.lock"
"""File beside Dagster's databases that the process which opens them holds."""

_OWN_WAIT: Final = "PRAGMA busy_timeout"
"""Begin of the statement with which MLflow sets 20 s in every session."""


def wait_for_writers() -> None:
    """Every SQLite connection that SQLAlchemy opens in this process from now on waits BUSY_TIMEOUT_S seconds.

    A database that is still locked then raises StorageError.
    """
    if not event.contains(Pool, "connect", _wait):
        event.listen(Pool, "connect", _wait)
        event.listen(Engine, "before_cursor_execute", _keep_waiting, retval=True)
        event.listen(Engine, "handle_error", _say_what_is_locked)


def _wait(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute(_statement()).close()


def _keep_waiting(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
    return (_statement() if statement.startswith(_OWN_WAIT) and "=" in statement else statement), parameters


def _statement() -> str:
    return f"{_OWN_WAIT} = {BUSY_TIMEOUT_S * 1000:.0f}"


def _say_what_is_locked(context: ExceptionContext) -> None:
    error = context.original_exception
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        path = context.engine.url.database if context.engine else None
        raise StorageError(
            str(path or "a SQLite database"),
            f"is locked: another process writes to it and did not finish within {BUSY_TIMEOUT_S:g} s",
            fix="Let the other command end, or run one at a time",
            retry_helps=True,
        ) from error


@contextmanager
def made_by_one(folder: Path) -> Iterator[None]:
    """Within the block this process alone makes databases in the folder; others of this machine wait.

    Two that make one of Dagster's at once both write its version, and then no process can open it.
    """
    with opened_lock(folder / CREATION_LOCK) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class _KeptEngine:
    """Upstream makes an engine for every question, which compiles each statement anew and checkpoints the database at
    its end: 30 ms of CPU for a run, against 8, and a fifth of a table's page. Here one is kept.
    """

    _conn_string: str

    @cached_property
    def _engine(self) -> Engine:
        return create_engine(self._conn_string, max_overflow=-1, connect_args={"check_same_thread": False})

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """As upstream: a transaction that is committed at the end of the block."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the connections; a later question opens another."""
        self._engine.dispose()


class WaitingSqliteRunStorage(_KeptEngine, SqliteRunStorage):
    """Dagster's own. It is opened before every other database of the instance, and has them all wait."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "WaitingSqliteRunStorage":
        """The database ``base_dir/runs.db``."""
        wait_for_writers()
        with made_by_one(Path(config_value["base_dir"])):
            return cls.from_local(inst_data=inst_data, **config_value)


class WaitingSqliteScheduleStorage(_KeptEngine, SqliteScheduleStorage):
    """Dagster's own."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "WaitingSqliteScheduleStorage":
        """The database ``base_dir/schedules.db``."""
        wait_for_writers()
        with made_by_one(Path(config_value["base_dir"])):
            return cls.from_local(inst_data=inst_data, **config_value)  # type: ignore[return-value]
