"""SQLite databases wait a minute for another writer, and a lock that lasts longer is told in a sentence."""

import multiprocessing
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.test_utils import create_run_for_test
from sqlalchemy import Connection

from airwatch_dagster.errors import StorageError
from airwatch_dagster.orchestration.instance import sqlite
from airwatch_dagster_tests.installations import REPOSITORY, mlflow_database


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance of dagster.yaml."""
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    (tmp_path / "home").mkdir()
    shutil.copy(REPOSITORY / "dagster.yaml", tmp_path / "home")
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        yield instance


@contextmanager
def another_writer(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that has the database's write lock until it commits."""
    with sqlite3.connect(database, check_same_thread=False) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.rollback()
    connection.close()


def wait_of(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one())


def test_every_database_of_dagster_waits_a_minute(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(instance, job_name="some_job")
    runs, events, schedules = (
        instance.run_storage,
        instance.event_log_storage,
        instance.schedule_storage,
    )
    storages: list[Any] = [runs, schedules]
    opened = [*(one.connect() for one in storages), events.index_connection(), events.run_connection(run.run_id)]  # type: ignore[attr-defined]

    waits = []
    for one in opened:
        with one as connection:
            waits.append(wait_of(connection))

    assert waits == [60_000] * 4


def test_questions_share_a_connection_until_the_instance_is_closed(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_run_for_test(instance, job_name="some_job")
    monkeypatch.setattr(sqlite_run_storage, "create_engine", None)

    for _ in range(3):
        create_run_for_test(instance, job_name="some_job")
    assert (tmp_path / "state" / "runs.db-wal").exists()

    assert len(runs_in(tmp_path / "state")) == 4
    instance.dispose()
    assert not (tmp_path / "state" / "runs.db-wal").exists()
    assert instance.get_runs_count() == 4


def test_questions_about_schedules_share_a_connection(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage: Any = instance.schedule_storage
    with storage.connect() as connection:
        used = connection.connection.dbapi_connection
    monkeypatch.setattr(sqlite_schedule_storage, "create_engine", None)

    assert [instance.all_instigator_state() for _ in range(3)] == [[], [], []]
    with storage.connect() as connection:
        assert connection.connection.dbapi_connection is used
    storage.dispose()
    assert instance.all_instigator_state() == []


def runs_in(folder: Path) -> list[str]:
    """Runs that another process finds there without waiting."""
    with sqlite3.connect(folder / "runs.db", timeout=0) as connection:
        found = [run_id for (run_id,) in connection.execute("SELECT run_id FROM runs")]
    connection.close()
    return found


def test_a_question_that_fails_is_rolled_back(instance: dg.DagsterInstance) -> None:
    create_run_for_test(instance, job_name="some_job")
    with pytest.raises(ZeroDivisionError):
        delete_and_fail(instance.run_storage)
    assert instance.get_runs_count() == 1


def delete_and_fail(storage: Any) -> None:
    with storage.connect() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
        raise ZeroDivisionError


def test_mlflow_waits_a_minute_in_every_session(tmp_path: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    sqlite.wait_for_writers()
    shutil.copy(mlflow_database(), tmp_path)
    store = SqlAlchemyStore(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path))

    with store.ManagedSessionMaker() as session:
        wait = wait_of(session.connection())
    store.engine.dispose()

    assert wait == 60_000


def test_a_writer_waits_until_the_other_one_has_ended(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    began = time.monotonic()
    with another_writer(tmp_path / "state" / "runs.db") as other:
        threading.Timer(1.0, other.commit).start()
        run = create_run_for_test(instance, job_name="some_job")

    assert instance.get_run_by_id(run.run_id) is not None
    assert time.monotonic() - began >= 1.0


WRITES: dict[str, Callable[[Any], object]] = {
    "runs.db": lambda instance: instance.run_storage.wipe(),
    "schedules.db": lambda instance: instance.schedule_storage.wipe(),
    "events/index.db": lambda instance: instance.event_log_storage.wipe_asset(dg.AssetKey("site_days")),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_lock_that_lasts_longer_is_a_sentence_with_the_file(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.2)
    database = tmp_path / "state" / name
    instance.event_log_storage.dispose()  # its connections are pooled, and have their wait from when they were opened

    with another_writer(database), pytest.raises(StorageError) as raised:
        WRITES[name](instance)

    assert str(raised.value) == (
        f"{database}: is locked: another process writes to it and did not finish within 0.2 s. "
        "Let the other command end, or run one at a time. Retrying may help."
    )


def test_mlflows_lock_is_a_sentence_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    from airwatch_dagster.orchestration.registry.tracking import mlflow_errors

    sqlite.wait_for_writers()
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.2)
    shutil.copy(mlflow_database(), tmp_path)
    address = f"sqlite:///{tmp_path / 'mlflow.db'}"
    store = SqlAlchemyStore(address, str(tmp_path))

    locked = pytest.raises(StorageError, match=r"mlflow\.db: is locked")
    with another_writer(tmp_path / "mlflow.db"), locked, mlflow_errors(address):
        store.create_experiment("another")
    store.engine.dispose()


def begin_together(home: Path, state: Path, begin: float) -> None:
    """Open the instance of ``home`` at the time ``begin``: its databases are made if there are none."""
    os.environ["AIRWATCH_STATE"] = str(state)
    time.sleep(max(0.0, begin - time.time()))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        create_run_for_test(instance, job_name="some_job")


@pytest.mark.slow
def test_two_processes_may_make_the_databases_at_once(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "dagster.yaml", tmp_path)
    context = multiprocessing.get_context("spawn")
    begin, states = time.time() + 15.0, [tmp_path / f"state-{number}" for number in range(3)]
    makers = [context.Process(target=begin_together, args=(tmp_path, state, begin)) for state in states * 2]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()

    assert [maker.exitcode for maker in makers] == [0] * 6
    for database in (state / name for state in states for name in WRITES):
        with sqlite3.connect(database) as connection:
            assert connection.execute("SELECT count(*) FROM alembic_version").fetchall() == [(1,)]
        connection.close()


def test_a_process_that_makes_databases_is_waited_for(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    state = tmp_path / "state"
    opened = threading.Event()

    def open_again() -> None:
        with dg.DagsterInstance.from_config(str(tmp_path / "home")):
            opened.set()

    with sqlite.made_by_one(state):
        threading.Thread(target=open_again).start()
        was_opened = opened.wait(0.5)

    assert not was_opened
    assert opened.wait(30)
