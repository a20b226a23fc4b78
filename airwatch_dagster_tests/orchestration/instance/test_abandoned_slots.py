"""A process that is killed does not keep its place in a pool, and one that lives does."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from airwatch_dagster.orchestration.instance import event_log
from airwatch_dagster.orchestration.instance.event_log import PooledSqliteEventLogStorage

POOL, STEP = "epa", "raw_readings"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PooledSqliteEventLogStorage]:
    """An event log with a pool of one place."""
    monkeypatch.setattr(event_log, "CLAIM_EVERY_SECONDS", 0.0)
    storage = PooledSqliteEventLogStorage(str(tmp_path))
    storage.set_concurrency_slots(POOL, 1)
    yield storage
    storage.dispose()


@pytest.fixture
def other(tmp_path: Path, log: PooledSqliteEventLogStorage) -> Iterator[PooledSqliteEventLogStorage]:
    """The same log as another process has it open."""
    storage = PooledSqliteEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def claims(storage: PooledSqliteEventLogStorage, run_id: str) -> bool:
    return storage.claim_concurrency_slot(POOL, run_id, STEP).is_claimed


def claim_and_die(folder: str, run_id: str) -> None:
    PooledSqliteEventLogStorage(folder).claim_concurrency_slot(POOL, run_id, STEP)
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_place_of_a_killed_process_is_free_again(tmp_path: Path, log: PooledSqliteEventLogStorage) -> None:
    process = multiprocessing.get_context("spawn").Process(target=claim_and_die, args=(str(tmp_path), "killed"))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert [slot.run_id for slot in log.get_concurrency_info(POOL).claimed_slots] == ["killed"]

    assert claims(log, "next")

    assert [slot.run_id for slot in log.get_concurrency_info(POOL).claimed_slots] == ["next"]
    assert [path.name for path in (tmp_path / "claimants").iterdir()] == ["next"]


def test_a_process_that_lives_keeps_its_place_until_its_step_ends(
    log: PooledSqliteEventLogStorage, other: PooledSqliteEventLogStorage
) -> None:
    assert claims(other, "first")
    assert not claims(log, "second")

    other.free_concurrency_slot_for_step("first", STEP)

    assert claims(log, "second")


def test_whoever_waited_and_died_is_not_waited_for(
    log: PooledSqliteEventLogStorage, other: PooledSqliteEventLogStorage, tmp_path: Path
) -> None:
    assert claims(log, "first")
    assert not claims(other, "second")
    other.dispose()
    log.free_concurrency_slot_for_step("first", STEP)

    assert claims(log, "third")


def test_a_place_taken_before_there_were_locks_is_free_again(tmp_path: Path, log: PooledSqliteEventLogStorage) -> None:
    assert claims(log, "old")
    log._claimants.leave()

    assert claims(log, "new")


def test_a_claim_that_waits_rests_and_is_asked_again_at_once(
    log: PooledSqliteEventLogStorage, other: PooledSqliteEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "CLAIM_EVERY_SECONDS", 0.2)
    assert claims(other, "first")
    started = time.monotonic()

    status = log.claim_concurrency_slot(POOL, "second", STEP)

    assert not status.is_claimed
    assert status.sleep_interval == 0.0
    assert time.monotonic() - started >= 0.2
