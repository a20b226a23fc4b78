"""Which runs still have a process, and which were abandoned."""

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from airwatch_dagster.orchestration.instance import run_locks as module
from airwatch_dagster.orchestration.instance.run_locks import RunLocks, run_locks


def hold(folder: Path, ready: Connection) -> None:
    locks = RunLocks(folder)
    locks.acquire("run")
    ready.send("held")
    time.sleep(60)


def kill_a_holder(folder: Path, locks: RunLocks) -> None:
    """A process acquires the lock of ``run`` and is killed; meanwhile the run counts as held."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(folder, there))
    process.start()
    assert here.recv() == "held"
    assert locks.is_held("run")
    assert locks.abandoned() == []
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)


def test_a_killed_process_abandons_its_run(tmp_path: Path) -> None:
    locks = RunLocks(tmp_path)
    kill_a_holder(tmp_path, locks)

    assert not locks.is_held("run")
    assert locks.abandoned() == ["run"]
    locks.discard("run")
    assert locks.abandoned() == []


def test_an_unlocked_file_of_another_machine_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks on a network disk may not reach other machines."""
    locks = RunLocks(tmp_path)
    kill_a_holder(tmp_path, locks)
    monkeypatch.setattr(module, "_this_machine", lambda: frozenset(["elsewhere"]))

    assert locks.abandoned() == []


def test_a_run_without_a_file_is_not_abandoned(tmp_path: Path) -> None:
    locks = RunLocks(tmp_path / "not-there-yet")

    assert locks.abandoned() == []
    assert not locks.is_held("run")


def test_a_lock_is_released_by_as_many_releases_as_acquires(tmp_path: Path) -> None:
    locks, other = RunLocks(tmp_path), RunLocks(tmp_path)
    locks.acquire("run")
    locks.acquire("run")
    locks.release("run")
    assert other.is_held("run")

    locks.release("run")
    locks.release("run")

    assert not other.is_held("run")
    assert list(tmp_path.iterdir()) == []


def test_a_process_has_one_object_per_folder(tmp_path: Path) -> None:
    assert run_locks(tmp_path) is run_locks(tmp_path)
    assert run_locks(tmp_path) is not run_locks(tmp_path / "other")
