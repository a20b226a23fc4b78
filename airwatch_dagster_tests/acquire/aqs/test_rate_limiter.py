import multiprocessing
from pathlib import Path

import pytest

from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter


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


def test_starts_are_six_seconds_apart_and_rests_five(tmp_path: Path) -> None:
    clock, starts = Clock(), []
    for work_s in (0.5, 30.0, 0.0, 0.0):
        with limiter(tmp_path / "state" / "aqs.turn", clock).acquire():
            starts.append(clock.now - 1_000_000.0)
            clock.now += work_s
    assert starts == pytest.approx([0.0, 6.0, 41.0, 47.0], abs=0.01)


def test_a_failed_request_counts_too(tmp_path: Path) -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="refused"), limiter(tmp_path / "turn", clock).acquire():
        raise ValueError("refused")
    with limiter(tmp_path / "turn", clock).acquire():
        assert clock.slept == pytest.approx([6.0], abs=0.01)


@pytest.mark.parametrize("content", ["", "rubbish", "nan", "inf"])
def test_a_damaged_file_means_no_wait(tmp_path: Path, content: str) -> None:
    (tmp_path / "turn").write_text(content)
    clock = Clock()
    with limiter(tmp_path / "turn", clock).acquire():
        assert clock.slept == []


def test_a_clock_set_back_does_not_stop_us_for_hours(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "turn").write_text(str(clock.now + 86_400))
    with limiter(tmp_path / "turn", clock).acquire():
        assert clock.slept == [6.0]


def _take_turn(
    path: Path, began: "multiprocessing.synchronize.Event", done: "multiprocessing.synchronize.Event"
) -> None:
    began.set()
    with RateLimiter(path, interval_s=0.0, pause_s=0.0).acquire():
        done.set()


def test_another_process_waits_until_the_running_request_ends(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    began, done = context.Event(), context.Event()
    other = context.Process(target=_take_turn, args=(tmp_path / "turn", began, done))
    with RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0).acquire():
        other.start()
        assert began.wait(20)
        assert not done.wait(0.1)
    assert done.wait(20)
    other.join()
