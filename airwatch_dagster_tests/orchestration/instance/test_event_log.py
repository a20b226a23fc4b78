"""Dagster's SQLite event log with pooled connections: the same log, readable and writable by upstream."""

import contextlib
import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData, StepMaterializationData
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from airwatch_dagster.orchestration.instance import event_log
from airwatch_dagster.orchestration.instance.event_log import PooledSqliteEventLogStorage, stored_together


def note(run_id: str, message: str) -> dg.EventLogEntry:
    """An event of a run."""
    kind = dg.DagsterEventType.ENGINE_EVENT.value
    return dg.EventLogEntry(
        error_info=None,
        level=20,
        user_message=message,
        run_id=run_id,
        timestamp=1_625_000_000.0,
        job_name="job",
        dagster_event=dg.DagsterEvent(kind, "job", event_specific_data=EngineEventData(), message=message),
    )


def messages(storage: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [entry.user_message for entry in storage.get_logs_for_run(run_id)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "history"


@pytest.fixture
def pooled(folder: Path) -> Iterator[PooledSqliteEventLogStorage]:
    storage = PooledSqliteEventLogStorage(str(folder))
    yield storage
    storage.dispose()


def test_events_are_read_back_in_order(pooled: PooledSqliteEventLogStorage) -> None:
    for number in range(20):
        pooled.store_event(note("run-1", f"{number}"))
    pooled.store_event(note("run-2", "other"))

    assert messages(pooled, "run-1") == [str(number) for number in range(20)]
    assert messages(pooled, "run-2") == ["other"]
    assert messages(pooled, "run-3") == []


def test_upstream_reads_events_of_this_log_and_this_log_those_of_upstream(
    folder: Path, pooled: PooledSqliteEventLogStorage
) -> None:
    upstream = SqliteEventLogStorage(str(folder))

    pooled.store_event(note("run", "pooled"))
    upstream.store_event(note("run", "upstream"))
    pooled.store_event(note("run", "pooled once more"))

    assert messages(upstream, "run") == ["pooled", "upstream", "pooled once more"]
    assert messages(pooled, "run") == messages(upstream, "run")
    upstream.dispose()


def test_a_materialization_is_found_by_its_asset_as_in_upstreams_log(tmp_path: Path) -> None:
    found = {}
    for name in ("SqliteEventLogStorage", "PooledSqliteEventLogStorage"):
        with instance(tmp_path / name, name) as one:
            job = dg.Definitions([dg.asset(lambda: 1, name="one")]).resolve_implicit_global_asset_job_def()
            result = job.execute_in_process(instance=one)
            record = one.get_latest_materialization_event(dg.AssetKey("one"))
            types = [
                entry.dagster_event.event_type_value for entry in one.all_logs(result.run_id) if entry.dagster_event
            ]
            found[name] = (record is not None, one.has_asset_key(dg.AssetKey("one")), types)

    assert found["PooledSqliteEventLogStorage"] == found["SqliteEventLogStorage"]
    assert "ASSET_MATERIALIZATION" in found["PooledSqliteEventLogStorage"][2]


def instance(folder: Path, storage: str) -> dg.DagsterInstance:
    """A Dagster instance whose event log is of this class."""
    folder.mkdir()
    module = SqliteEventLogStorage.__module__ if storage.startswith("Sqlite") else event_log.__name__
    log = {"module": module, "class": storage, "config": {"base_dir": str(folder / "log")}}
    return dg.DagsterInstance.local_temp(
        str(folder), overrides={"event_log_storage": log, "telemetry": {"enabled": False}}
    )


def test_events_of_more_runs_than_connections_are_all_stored(
    pooled: PooledSqliteEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "MAX_SHARDS", 3)
    runs = [f"run-{number}" for number in range(12)]
    for turn in ("first", "second"):
        for run_id in runs:
            pooled.store_event(note(run_id, turn))

    assert {run_id: messages(pooled, run_id) for run_id in runs} == {run_id: ["first", "second"] for run_id in runs}
    assert len(pooled._engines) == 3


def test_a_run_is_read_completely_while_many_others_are_written(
    pooled: PooledSqliteEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may be evicted while a reader is between two pages."""
    monkeypatch.setattr(event_log, "MAX_SHARDS", 2)
    for number in range(30):
        pooled.store_event(note("long", str(number)))
    seen, cursor = [], None
    while len(seen) < 30:
        page = pooled.get_records_for_run("long", cursor=cursor, limit=7)
        seen += [record.event_log_entry.user_message for record in page.records]
        cursor = page.cursor
        for other in range(3):
            pooled.store_event(note(f"other-{len(seen)}-{other}", "x"))

    assert seen == [str(number) for number in range(30)]


def test_two_threads_write_one_run(pooled: PooledSqliteEventLogStorage) -> None:
    def write(name: str) -> None:
        for number in range(40):
            pooled.store_event(note("run", f"{name} {number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    written = messages(pooled, "run")
    for name in "ab":
        assert [message for message in written if message.startswith(name)] == [f"{name} {n}" for n in range(40)]


def write_from_elsewhere(folder: str, name: str) -> None:
    storage = PooledSqliteEventLogStorage(folder)
    for number in range(40):
        storage.store_event(note("run", f"{name} {number}"))
    storage.dispose()


@pytest.mark.slow
def test_two_processes_write_one_run_and_this_one_reads_it(folder: Path, pooled: PooledSqliteEventLogStorage) -> None:
    pooled.store_event(note("run", "first"))
    spawn = multiprocessing.get_context("spawn")
    others = [spawn.Process(target=write_from_elsewhere, args=(str(folder), name)) for name in "ab"]
    for other in others:
        other.start()
    for other in others:
        other.join(60)

    assert [other.exitcode for other in others] == [0, 0]
    written = messages(pooled, "run")
    assert len(written) == 81
    for name in "ab":
        assert [message for message in written if message.startswith(name)] == [f"{name} {n}" for n in range(40)]


def delete_and_fail(storage: SqliteEventLogStorage) -> None:
    with storage.run_connection("run") as connection:
        connection.exec_driver_sql("DELETE FROM event_logs")
        raise ZeroDivisionError


def test_a_failed_write_leaves_nothing_behind(pooled: PooledSqliteEventLogStorage) -> None:
    pooled.store_event(note("run", "committed"))

    with pytest.raises(ZeroDivisionError):
        delete_and_fail(pooled)

    assert messages(pooled, "run") == ["committed"]


def test_a_writer_waits_for_another_one_as_long_as_upstream(pooled: PooledSqliteEventLogStorage) -> None:
    pooled.store_event(note("run", "written"))

    with pooled.run_connection("run") as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 60_000
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_dispose_closes_every_file_and_the_log_can_be_used_after_it(
    folder: Path, pooled: PooledSqliteEventLogStorage
) -> None:
    pooled.store_event(note("run", "before"))
    pooled.dispose()

    assert not list(folder.rglob("*-wal"))
    with contextlib.closing(sqlite3.connect(folder / "run.db")) as file:
        assert file.execute("SELECT count(*) FROM event_logs").fetchone() == (1,)
    pooled.store_event(note("run", "after"))
    assert messages(pooled, "run") == ["before", "after"]


def rows_by_table(folder: Path) -> dict[str, dict[str, list[tuple[object, ...]]]]:
    """Database → table → rows, without the moments at which a row was inserted."""
    found: dict[str, dict[str, list[tuple[object, ...]]]] = {}
    for path in sorted(folder.glob("*.db")):
        with contextlib.closing(sqlite3.connect(path)) as file:
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            columns = {
                table: [
                    f'"{row[1]}"' for row in file.execute(f"PRAGMA table_info({table})") if row[1] not in INSERTED_AT
                ]
                for table in tables
            }
            found[path.name] = {
                table: file.execute(f'SELECT {", ".join(names)} FROM "{table}"').fetchall()
                for table, names in sorted(columns.items())
                if names
            }
    return found


INSERTED_AT = ("create_timestamp", "update_timestamp", "migration_completed", "timestamp")


def materialization(run_id: str, partition: str) -> dg.EventLogEntry:
    made = dg.AssetMaterialization("raw_readings", partition=partition, metadata={"rows": 3})
    return dg.EventLogEntry(
        error_info=None,
        level=20,
        user_message="",
        run_id=run_id,
        timestamp=1_625_000_000.0,
        job_name="job",
        dagster_event=dg.DagsterEvent(
            dg.DagsterEventType.ASSET_MATERIALIZATION.value,
            "job",
            event_specific_data=StepMaterializationData(made),
        ),
    )


def store_a_history(storage: SqliteEventLogStorage) -> None:
    """Two runs with their events, singly and in batches, and a pool."""
    storage.store_event(note("run-1", "first"))
    storage.store_event_batch([materialization("run-1", "2021-07-04"), materialization("run-1", "2021-07-05")])
    storage.store_event(materialization("run-2", "2021-07-05"))
    storage.store_event(note("run-2", "last"))
    storage.set_concurrency_slots("pool", 2)
    assert storage.claim_concurrency_slot("pool", "run-2", "step").is_claimed
    storage.free_concurrency_slot_for_step("run-2", "step")
    storage.delete_events("run-1")
    storage.store_event(note("run-1", "after"))
    storage.dispose()


def test_the_same_events_leave_the_rows_that_upstream_leaves(tmp_path: Path) -> None:
    store_a_history(SqliteEventLogStorage(str(tmp_path / "upstream")))
    store_a_history(PooledSqliteEventLogStorage(str(tmp_path / "pooled")))

    upstream = rows_by_table(tmp_path / "upstream")
    assert rows_by_table(tmp_path / "pooled") == upstream
    assert upstream["index.db"]["asset_keys"]
    assert upstream["index.db"]["event_logs"]
    assert upstream["run-2.db"]["event_logs"]


def test_no_event_opens_a_connection_as_upstream_does(
    pooled: PooledSqliteEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upstream that opened its connections elsewhere would silently be slow again."""
    monkeypatch.setattr(sqlite_event_log, "create_engine", None)
    opened: list[str] = []
    open_engine = event_log._opened
    monkeypatch.setattr(event_log, "_opened", lambda address: opened.append(address) or open_engine(address))

    for number in range(10):
        pooled.store_event(materialization("run", f"2021-07-{number + 10}"))
    messages(pooled, "run")

    assert len(opened) == 1  # the run's database; the index was open before


def store_and_fail(storage: PooledSqliteEventLogStorage) -> None:
    with storage.one_transaction():
        for run_id in ("run", "another"):
            storage.store_event(note(run_id, "lost"))
        raise ZeroDivisionError


def test_events_of_one_transaction_are_all_there_or_none(folder: Path, pooled: PooledSqliteEventLogStorage) -> None:
    other = PooledSqliteEventLogStorage(str(folder))
    pooled.store_event(note("run", "before"))
    with pooled.one_transaction(), pooled.one_transaction():
        for run_id in ("run", "another"):
            pooled.store_event(note(run_id, "within"))
        assert messages(pooled, "run") == ["before", "within"]
        assert messages(other, "run") == ["before"]
    assert messages(other, "run") == ["before", "within"]

    with pytest.raises(ZeroDivisionError):
        store_and_fail(pooled)

    pooled.store_event(note("run", "after"))
    assert messages(other, "run") == ["before", "within", "after"]
    assert messages(other, "another") == ["within"]
    other.dispose()


def test_a_batch_is_one_transaction(pooled: PooledSqliteEventLogStorage) -> None:
    pooled.store_event_batch([note("run", str(number)) for number in range(5)])
    assert messages(pooled, "run") == ["0", "1", "2", "3", "4"]
    with pytest.raises(Exception, match="EventLogEntry"):
        pooled.store_event_batch([note("run", "lost"), "no event"])  # type: ignore[list-item]
    assert messages(pooled, "run") == ["0", "1", "2", "3", "4"]


def test_another_threads_event_waits_for_the_transaction_and_is_not_part_of_it(
    pooled: PooledSqliteEventLogStorage,
) -> None:
    other = threading.Thread(target=lambda: pooled.store_event(note("run", "other")))
    with pooled.one_transaction():
        pooled.store_event(note("run", "first"))
        other.start()
        other.join(0.2)
        assert other.is_alive()
        pooled.store_event(note("run", "second"))
    other.join(10)
    assert messages(pooled, "run") == ["first", "second", "other"]


def test_a_log_of_another_class_stores_events_at_once(tmp_path: Path) -> None:
    with instance(tmp_path / "upstream", "SqliteEventLogStorage") as one, stored_together(one):
        one.report_engine_event("written", job_name="job", run_id="run")
        assert len(one.all_logs("run")) == 1
    with instance(tmp_path / "pooled", "PooledSqliteEventLogStorage") as one:
        with stored_together(one):
            one.report_engine_event("written", job_name="job", run_id="run")
            assert one.all_logs("run") == []
        assert len(one.all_logs("run")) == 1


def store_together_and_fail(storage: PooledSqliteEventLogStorage) -> None:
    with storage.stored_together():
        storage.store_event(note("run", "lost"))
        raise ZeroDivisionError


def test_events_stored_together_are_stored_at_the_end_of_the_outermost_block_or_not_at_all(
    pooled: PooledSqliteEventLogStorage,
) -> None:
    with pooled.stored_together():
        with pooled.stored_together():
            pooled.store_event(note("run", "first"))
        assert messages(pooled, "run") == []
        pooled.store_event(note("another", "second"))
    with pytest.raises(ZeroDivisionError):
        store_together_and_fail(pooled)
    with pooled.stored_together():
        pass

    pooled.store_event(note("run", "after"))
    assert (messages(pooled, "run"), messages(pooled, "another")) == (["first", "after"], ["second"])


def test_a_missing_table_is_found_once_it_exists(pooled: PooledSqliteEventLogStorage) -> None:
    assert pooled.has_table("event_logs")
    assert not pooled.has_table("later")
    with pooled.index_connection() as connection:
        connection.exec_driver_sql("CREATE TABLE later (id INTEGER)")
    assert pooled.has_table("later")
