import multiprocessing
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.errors import ConfigurationError, StorageError


class Clock:
    """A clock that only moves when someone sleeps or works."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def limiter(path: Path, clock: Clock) -> RateLimiter:
    return RateLimiter(path, clock=clock, sleep=clock.sleep)


def test_starts_are_six_seconds_apart_and_pauses_five(tmp_path: Path) -> None:
    clock, starts = Clock(), []
    for work_s in (0.5, 30.0, 0.0, 0.0):
        with limiter(tmp_path / "state" / "aqs.limit", clock).acquire():
            starts.append(clock.now - 1_000_000.0)
            clock.now += work_s
    assert starts == pytest.approx([0.0, 6.0, 41.0, 47.0], abs=0.01)


def test_a_failed_request_counts_too(tmp_path: Path) -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="refused"), limiter(tmp_path / "limit", clock).acquire():
        raise ValueError("refused")
    with limiter(tmp_path / "limit", clock).acquire():
        assert clock.slept == pytest.approx([6.0], abs=0.01)


@pytest.mark.parametrize("content", ["", "rubbish", "nan", "inf"])
def test_a_file_without_a_number_means_no_wait(tmp_path: Path, content: str) -> None:
    (tmp_path / "limit").write_text(content)
    clock = Clock()
    with limiter(tmp_path / "limit", clock).acquire():
        assert clock.slept == []


def test_a_clock_that_was_set_back_delays_one_interval_at_most(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "limit").write_text(str(clock.now + 86_400))
    with limiter(tmp_path / "limit", clock).acquire():
        assert clock.slept == [6.0]


def _acquire_once(
    path: Path, began: "multiprocessing.synchronize.Event", done: "multiprocessing.synchronize.Event"
) -> None:
    began.set()
    with RateLimiter(path, interval_s=0.0, pause_s=0.0).acquire():
        done.set()


def test_another_process_waits_until_the_running_request_ends(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    began, done = context.Event(), context.Event()
    other = context.Process(target=_acquire_once, args=(tmp_path / "limit", began, done))
    with RateLimiter(tmp_path / "limit", interval_s=0.0, pause_s=0.0).acquire():
        other.start()
        assert began.wait(20)
        assert not done.wait(0.1)
    assert done.wait(20)
    other.join()


def test_the_file_can_be_read_and_written_by_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "own" / "limit"
    with limiter(path, Clock()).acquire():
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_link_at_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "limit").symlink_to(tmp_path / "target")
    with (
        pytest.raises(StorageError, match="cannot be opened") as raised,
        limiter(tmp_path / "limit", Clock()).acquire(),
    ):
        pass
    assert str(tmp_path / "limit") in str(raised.value)
    assert (tmp_path / "target").read_text() == "precious"


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "limit").touch()
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "limit").stat().st_uid + 1)
    with pytest.raises(StorageError, match="another user"), limiter(tmp_path / "limit", Clock()).acquire():
        pass


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "limit"
    with pytest.raises(StorageError, match="folder of your own") as raised, limiter(path, Clock()).acquire():
        pass
    assert str(path) in str(raised.value)


def test_a_platform_without_file_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(ConfigurationError, match="Linux or macOS"), limiter(tmp_path / "limit", Clock()).acquire():
        pass

    of_airnow = RateLimiter(tmp_path / "limit", service="AirNow's service")
    with pytest.raises(ConfigurationError, match="AirNow's service needs file locks"), of_airnow.acquire():
        pass


def test_a_file_that_was_replaced_during_the_wait_is_not_the_limit_any_more(tmp_path: Path) -> None:
    path, clock = tmp_path / "limit", Clock()
    waiting, released = threading.Event(), threading.Event()

    def request() -> None:
        waiting.set()
        with limiter(path, clock).acquire():
            released.set()

    thread = threading.Thread(target=request)
    with RateLimiter(path, interval_s=0.0, pause_s=0.0).acquire():
        thread.start()
        assert waiting.wait(20)
        time.sleep(0.1)
        path.unlink()
        path.write_text(str(clock.now + 4.0))
    assert released.wait(20)
    thread.join()
    assert clock.slept == [4.0]
