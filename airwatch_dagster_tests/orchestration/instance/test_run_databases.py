"""The database of a run's events is what upstream makes, whoever makes it and however often."""

import contextlib
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import create_engine

from airwatch_dagster.orchestration.instance import run_databases
from airwatch_dagster.orchestration.instance.event_log import PooledSqliteEventLogStorage
from airwatch_dagster.orchestration.instance.run_databases import copy_if_missing, is_made
from airwatch_dagster_tests.orchestration.instance.test_event_log import messages, note


def made(path: Path) -> dict[str, Any]:
    """What a database consists of before anything is stored in it."""
    questions = ("PRAGMA journal_mode", "PRAGMA user_version", "SELECT * FROM alembic_version")
    with contextlib.closing(sqlite3.connect(path)) as file:
        schema = file.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        return {"schema": set(schema)} | {question: file.execute(question).fetchall() for question in questions}


def storage(folder: Path) -> PooledSqliteEventLogStorage:
    return PooledSqliteEventLogStorage(str(folder))


def test_it_is_made_as_upstream_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_databases, "_EMPTY", [])
    logs = (SqliteEventLogStorage(str(tmp_path / "upstream")), storage(tmp_path / "ours"))
    for log in logs:
        log.store_event(note("run", "stored"))
        log.dispose()

    upstream = made(tmp_path / "upstream" / "run.db")
    assert made(tmp_path / "ours" / "run.db") == upstream
    assert len(upstream["schema"]) > 20
    assert {path.name for path in (tmp_path / "ours").iterdir()} == {"index.db", "run.db", "databases.lock"}


def test_a_process_asks_alembic_for_its_first_run_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = storage(tmp_path)
    log.store_event(note("first", "stored"))
    monkeypatch.setattr(ScriptDirectory, "from_config", None)

    log.store_event(note("second", "stored"))
    log.dispose()
    log = storage(tmp_path)

    assert messages(log, "second") == ["stored"]
    log.dispose()


def test_a_database_that_was_left_half_made_is_finished(tmp_path: Path) -> None:
    log = storage(tmp_path)
    log.store_event(note("whole", "stored"))
    with contextlib.closing(sqlite3.connect(tmp_path / "half.db")) as file:
        file.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    (tmp_path / "nothing.db").touch()

    for run_id in ("half", "nothing"):
        log.store_event(note(run_id, "stored"))
        assert messages(log, run_id) == ["stored"]
    log.dispose()
    assert made(tmp_path / "half.db")["SELECT * FROM alembic_version"]
    assert made(tmp_path / "nothing.db") == made(tmp_path / "whole.db")


def test_many_threads_may_make_one_database(tmp_path: Path) -> None:
    logs = [storage(tmp_path) for _ in range(8)]
    together = threading.Barrier(len(logs))

    def write(number: int) -> None:
        together.wait()
        logs[number].store_event(note("run", f"{number}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(len(logs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(messages(logs[0], "run")) == [f"{number}" for number in range(len(logs))]
    for log in logs:
        log.dispose()
    assert not list(tmp_path.glob("run.db?*"))


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "run.db").write_bytes(b"another process's")
    copy_if_missing(b"new", tmp_path / "run.db")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"another process's"]


def test_a_file_system_without_links_leaves_the_database_to_upstream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(run_databases.os, "link", refuse)
    log = storage(tmp_path)
    log.store_event(note("run", "stored"))
    assert messages(log, "run") == ["stored"]
    log.dispose()

    engine = create_engine(f"sqlite:///{tmp_path / 'run.db'}")
    assert is_made(engine)
    engine.dispose()
