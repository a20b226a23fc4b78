"""A killed process does not keep its pool slot, and a living one does."""

import multiprocessing
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from airwatch_dagster.orchestration.instance import event_log
from airwatch_dagster.orchestration.instance.event_log import PooledSqliteEventLogStorage

POOL, STEP = "epa_requests", "raw_readings"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PooledSqliteEventLogStorage]:
    """An event log with a pool of one slot."""
    monkeypatch.setattr(event_log, "CLAIM_EVERY_SECONDS", 0.0)
    storage = PooledSqliteEventLogStorage(str(tmp_path))
    storage.set_concurrency_slots(POOL, 1)
    yield storage
    storage.dispose()


@pytest.fixture
def other(tmp_path: Path, log: PooledSqliteEventLogStorage) -> Iterator[PooledSqliteEventLogStorage]:
    """The same log, opened a second time."""
    storage = PooledSqliteEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def claims(storage: SqliteEventLogStorage, run_id: str) -> bool:
    return storage.claim_concurrency_slot(POOL, run_id, STEP).is_claimed


def claim_and_die(folder: str, run_id: str) -> None:
    PooledSqliteEventLogStorage(folder).claim_concurrency_slot(POOL, run_id, STEP)
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_slot_of_a_killed_process_is_freed(tmp_path: Path, log: PooledSqliteEventLogStorage) -> None:
    process = multiprocessing.get_context("spawn").Process(target=claim_and_die, args=(str(tmp_path), "killed"))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert [slot.run_id for slot in log.get_concurrency_info(POOL).claimed_slots] == ["killed"]

    assert claims(log, "next")

    assert [slot.run_id for slot in log.get_concurrency_info(POOL).claimed_slots] == ["next"]
    assert [path.name for path in (tmp_path / "run-locks").iterdir()] == ["next"]


def test_a_living_process_keeps_its_slot_until_its_step_ends(
    log: PooledSqliteEventLogStorage, other: PooledSqliteEventLogStorage
) -> None:
    assert claims(other, "first")
    assert not claims(log, "second")

    other.free_concurrency_slot_for_step("first", STEP)

    assert claims(log, "second")


def test_a_run_without_a_lock_file_here_keeps_its_slot(tmp_path: Path, log: PooledSqliteEventLogStorage) -> None:
    """It was started with upstream's storage, or on another machine that shares the database."""
    upstream = SqliteEventLogStorage(str(tmp_path))
    assert claims(upstream, "elsewhere")

    assert not claims(log, "second")

    upstream.free_concurrency_slot_for_step("elsewhere", STEP)
    assert claims(log, "second")
    upstream.dispose()


def test_a_killed_process_that_waited_for_a_slot_is_not_waited_for(
    tmp_path: Path, log: PooledSqliteEventLogStorage
) -> None:
    assert claims(log, "first")
    process = multiprocessing.get_context("spawn").Process(target=claim_and_die, args=(str(tmp_path), "killed"))
    process.start()
    process.join(60)
    log.free_concurrency_slot_for_step("first", STEP)

    assert claims(log, "third")


def test_a_claim_that_waits_pauses_and_may_be_repeated_at_once(
    log: PooledSqliteEventLogStorage, other: PooledSqliteEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "CLAIM_EVERY_SECONDS", 0.2)
    assert claims(other, "first")
    started = time.monotonic()

    status = log.claim_concurrency_slot(POOL, "second", STEP)

    assert not status.is_claimed
    assert status.sleep_interval == 0.0
    assert time.monotonic() - started >= 0.2


def test_upstreams_executor_does_not_pause_between_claims() -> None:
    """Once it does, the pause within a claim can go."""
    waiting = InstanceConcurrencyContext.__new__(InstanceConcurrencyContext)
    waiting._pending_claims = {STEP}
    waiting._pending_timeouts = defaultdict(float, {STEP: time.time() + 60.0})

    assert waiting.interval_to_next_pending_claim_check() <= 0.0
