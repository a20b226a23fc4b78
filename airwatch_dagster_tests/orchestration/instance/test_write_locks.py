"""One writer at a time for a table of a storage, and a lock that no dead writer holds."""

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from airwatch_dagster.errors import StorageError
from airwatch_dagster.orchestration.instance.write_locks import WriteLock


def lock(folder: Path, *, root: str = "/tables", table: str = "raw_readings", holder: str = "run A") -> WriteLock:
    return WriteLock(folder, root=root, table=table, holder=holder)


def is_free(one: WriteLock) -> bool:
    try:
        one.acquire(wait_s=0.0)
    except StorageError:
        return False
    one.release()
    return True


def test_a_second_writer_waits_for_a_limited_time_and_names_the_first(tmp_path: Path) -> None:
    first, second = lock(tmp_path), lock(tmp_path, holder="run B")
    first.acquire()
    notes: list[str] = []

    with pytest.raises(StorageError, match=f"raw_readings.*run A, process {os.getpid()}") as caught:
        second.acquire(wait_s=0.3, note=notes.append)
    first.release()

    assert caught.value.retry_helps
    assert len(notes) == 1
    assert "run A" in notes[0]


def test_the_next_writer_proceeds_after_a_release(tmp_path: Path) -> None:
    first, second = lock(tmp_path), lock(tmp_path, holder="run B")
    first.acquire()
    threading.Timer(0.3, first.release).start()
    began = time.monotonic()

    second.acquire(wait_s=10.0)

    assert time.monotonic() - began >= 0.2
    second.release()
    second.release()
    assert is_free(first)


@pytest.mark.parametrize("other", [{"table": "history_checks"}, {"root": "/elsewhere"}, {"root": "s3://bucket/tables"}])
def test_other_tables_and_storages_have_locks_of_their_own(tmp_path: Path, other: dict[str, str]) -> None:
    held = lock(tmp_path)
    held.acquire()

    assert is_free(lock(tmp_path, **other))
    assert not is_free(lock(tmp_path))
    held.release()


def test_one_storage_by_two_names_has_one_lock(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "tables")
    held = lock(tmp_path, root=str(tmp_path / "tables"))
    held.acquire()

    assert not is_free(lock(tmp_path, root=f"{tmp_path}/link/"))
    held.release()


def hold_forever(folder: Path, ready: Connection) -> None:
    held = lock(folder)
    held.acquire()
    ready.send("held")
    time.sleep(60)


def test_a_killed_process_releases_its_lock(tmp_path: Path) -> None:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold_forever, args=(tmp_path, there))
    process.start()
    assert here.recv() == "held"
    assert not is_free(lock(tmp_path))

    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)

    assert is_free(lock(tmp_path))
