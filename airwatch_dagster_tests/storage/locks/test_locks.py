"""Locks of a storage: of dead owners they are taken over, and an owner that slept through its own finds out."""

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from airwatch_dagster.errors import StorageError
from airwatch_dagster.storage.byte_stores import VersionConflict
from airwatch_dagster.storage.locks import folder_locks, ticket_locks
from airwatch_dagster.storage.locks.folder_locks import FileLock
from airwatch_dagster.storage.locks.ticket_locks import TicketLock
from airwatch_dagster_tests.s3_servers import S3Server

NAME = "raw_readings/2021-07-04.parquet"
FILE = "raw_readings%2F2021-07-04.parquet.lock"


def holder(folder: Path) -> FileLock:
    held = FileLock(folder, NAME)
    held.acquire()
    return held


def as_another_machine(folder: Path) -> None:
    """Make the lock that is held look as if another machine's process had created it."""
    text = (folder / FILE).read_text()
    (folder / FILE).unlink()
    (folder / FILE).write_text(f"{text.partition(', machine ')[0]}, machine elsewhere")


def test_a_second_owner_waits_for_a_limited_time_and_names_the_first(tmp_path: Path) -> None:
    first = holder(tmp_path)

    with pytest.raises(StorageError, match=rf"{FILE}: is held by process {os.getpid()} on .*; waited 0 s") as caught:
        FileLock(tmp_path, NAME).acquire(wait_s=0.05)
    first.release()

    assert caught.value.retry_helps
    assert not list(tmp_path.iterdir())


def test_the_next_owner_proceeds_after_a_release(tmp_path: Path) -> None:
    first, second = holder(tmp_path), FileLock(tmp_path, NAME)
    threading.Timer(0.2, first.release).start()

    second.acquire(wait_s=10.0)

    second.confirm()
    second.release()
    assert not list(tmp_path.iterdir())


def hold_forever(folder: Path, ready: Connection) -> None:
    holder(folder)
    ready.send("held")
    time.sleep(60)


@pytest.mark.slow
def test_the_lock_of_a_killed_process_of_this_machine_is_free_at_once(tmp_path: Path) -> None:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold_forever, args=(tmp_path, there))
    process.start()
    assert here.recv() == "held"
    with pytest.raises(StorageError, match=f"is held by process {process.pid} on"):
        FileLock(tmp_path, NAME).acquire(wait_s=0.1)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)

    next_owner = FileLock(tmp_path, NAME)
    next_owner.acquire(wait_s=0.0)

    next_owner.confirm()


def test_the_lock_of_another_machine_is_taken_over_when_it_has_not_changed_for_the_lease(tmp_path: Path) -> None:
    holder(tmp_path)
    as_another_machine(tmp_path)
    with pytest.raises(StorageError, match="is held by"):
        FileLock(tmp_path, NAME).acquire(wait_s=0.1)

    next_owner, began = FileLock(tmp_path, NAME), time.monotonic()
    next_owner.acquire(lease_s=0.3)

    assert time.monotonic() - began >= 0.3
    next_owner.confirm()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.slow
def test_of_many_that_wait_for_an_expired_lock_one_takes_it_over(tmp_path: Path) -> None:
    holder(tmp_path)
    as_another_machine(tmp_path)
    owners: list[FileLock] = []

    def take() -> None:
        lock = FileLock(tmp_path, NAME)
        try:
            lock.acquire(wait_s=1.5, lease_s=1.0)
        except StorageError:
            return
        owners.append(lock)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(owners) == 1


def test_an_owner_whose_lock_was_taken_over_neither_writes_nor_releases_it(tmp_path: Path) -> None:
    stopped = holder(tmp_path)
    as_another_machine(tmp_path)
    next_owner = FileLock(tmp_path, NAME)
    next_owner.acquire(lease_s=0.1)

    with pytest.raises(VersionConflict, match="this lock has expired: the process was stopped"):
        stopped.confirm()
    stopped.release()

    next_owner.confirm()


def test_an_owner_that_was_stopped_for_half_the_lease_does_not_write(tmp_path: Path) -> None:
    stopped = holder(tmp_path)
    time.sleep(0.06)

    with pytest.raises(VersionConflict):
        stopped.confirm(lease_s=0.1)


def test_a_lock_whose_owner_died_before_it_named_itself_expires_too(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    next_owner = FileLock(tmp_path, NAME)

    with pytest.raises(StorageError, match="is held by a process without a name"):
        FileLock(tmp_path, NAME).acquire(wait_s=0.05)
    next_owner.acquire(lease_s=0.1)

    next_owner.confirm()


def test_a_lock_whose_owner_was_killed_before_it_named_itself_gives_way_on_its_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_locks, "UNNAMED_S", 0.2)
    (tmp_path / FILE).touch()

    next_owner, began = FileLock(tmp_path, NAME), time.monotonic()
    next_owner.acquire()

    assert time.monotonic() - began < folder_locks.LEASE_S / 2
    next_owner.confirm()


def test_locks_of_dead_owners_of_this_machine_go_when_any_lock_is_taken_and_those_of_others_stay(
    tmp_path: Path,
) -> None:
    mine = FileLock(tmp_path, "predictions/2021-07-04.parquet")
    mine.acquire()
    owner = next(tmp_path.iterdir()).read_text()
    (tmp_path / "dead.lock").write_text(f"0 {owner}")
    (tmp_path / "elsewhere.lock").write_text("1 process 7 on another, machine elsewhere")
    folder_locks._SWEPT.clear()

    FileLock(tmp_path, NAME).acquire()

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "elsewhere.lock",
        "predictions%2F2021-07-04.parquet.lock",
        FILE,
    ]
    mine.confirm()


@pytest.fixture
def ticket(s3_server: S3Server, request: pytest.FixtureRequest) -> type[TicketLock]:
    class Ticket(TicketLock):
        def __init__(self) -> None:
            super().__init__(s3_server.client(), s3_server.bucket, f"{request.node.name}/")

    return Ticket


def test_a_ticket_is_waited_for_and_its_owner_is_named(ticket: type[TicketLock]) -> None:
    first, second = ticket(), ticket()
    first.acquire()

    with pytest.raises(StorageError, match=rf"00000001-\w+ is held by process {os.getpid()} on .*; waited 0 s"):
        ticket().acquire(wait_s=0.2)
    threading.Timer(0.2, first.release).start()
    second.acquire(wait_s=30.0)  # the one that gave up has taken its ticket back

    second.confirm()
    second.release()


@pytest.mark.slow
def test_the_ticket_of_a_dead_owner_expires(ticket: type[TicketLock]) -> None:
    ticket().acquire()

    next_owner, began = ticket(), time.monotonic()
    next_owner.acquire(lease_s=2.0)

    assert time.monotonic() - began >= 2.0
    next_owner.release()


@pytest.mark.slow
def test_one_that_died_while_it_chose_a_number_is_not_waited_for_for_ever(ticket: type[TicketLock]) -> None:
    ticket()._put("choosing-dead")
    next_owner = ticket()

    next_owner.acquire(lease_s=2.0)

    next_owner.release()


def test_an_owner_that_slept_through_its_ticket_does_not_write(ticket: type[TicketLock]) -> None:
    stopped = ticket()
    stopped.acquire()
    time.sleep(0.06)

    with pytest.raises(VersionConflict, match="too old: it was stopped while it held it"):
        stopped.confirm(lease_s=0.1)


def test_leases_are_longer_than_a_slow_write() -> None:
    assert folder_locks.LEASE_S >= 60
    assert ticket_locks.LEASE_S / 2 >= 60  # the client's own timeout of a read
