"""The limits of the free service are kept by all processes together."""

from pathlib import Path

import pytest

from airwatch_dagster.acquire.weather.open_meteo.call_budget import LIMITS, CallBudget
from airwatch_dagster.errors import SourceUnavailable
from airwatch_dagster_tests.acquire.weather.open_meteo_samples import Clock


def budget(folder: Path, clock: Clock) -> CallBudget:
    return CallBudget(folder, clock=clock, sleep=clock.sleep)


def spend(folder: Path, clock: Clock, calls: float) -> float:
    """When the request began, seconds after 1 million; another object each time, as another process has."""
    with budget(folder, clock).spend(calls, culprit="Open-Meteo"):
        return clock.now - 1e6


def test_calls_within_a_minute_wait_for_the_next(tmp_path: Path) -> None:
    clock = Clock(1e6)
    began = [spend(tmp_path, clock, 200) for _ in range(5)]
    # Three of 200 fill a minute; between two starts lies a second.
    assert began == pytest.approx([0, 1, 2, 60, 61])


def test_no_limit_is_passed_in_any_time_of_its_length(tmp_path: Path) -> None:
    clock = Clock(1e6)
    began = [spend(tmp_path, clock, 175) for _ in range(10_000 // 175)]
    with pytest.raises(SourceUnavailable, match=r"10,000 calls a day are used up for \d+\.\d hours") as raised:
        spend(tmp_path, clock, 175)
    assert raised.value.retry_helps
    for limit in LIMITS:
        for start in began:
            assert 175 * sum(start <= one < start + limit.seconds for one in began) <= limit.calls


def test_the_next_day_there_are_calls_again(tmp_path: Path) -> None:
    clock = Clock(1e6)
    spend(tmp_path, clock, 10_000)
    with pytest.raises(SourceUnavailable, match=r"are used up for 24\.0 hours"):
        spend(tmp_path, clock, 1)
    clock.now += 86_401
    assert spend(tmp_path, clock, 1) == pytest.approx(86_402)


def test_a_request_that_fails_counts_too(tmp_path: Path) -> None:
    clock = Clock(1e6)
    with pytest.raises(ValueError, match="broken"), budget(tmp_path, clock).spend(600, culprit="Open-Meteo"):
        raise ValueError("broken")
    assert spend(tmp_path, clock, 1) == pytest.approx(60)


@pytest.mark.parametrize("content", ["", "{", '{"a": 1}', '[["x", 1]]', "[1]"])
def test_a_damaged_record_is_begun_anew(tmp_path: Path, content: str) -> None:
    clock = Clock(1e6)
    spend(tmp_path, clock, 600)
    (tmp_path / "open_meteo_calls.json").write_text(content)
    assert spend(tmp_path, clock, 600) == pytest.approx(1)


def test_a_clock_that_was_set_back_blocks_nothing(tmp_path: Path) -> None:
    clock = Clock(1e6)
    spend(tmp_path, clock, 600)
    clock.now -= 86_400
    assert spend(tmp_path, clock, 600) <= -86_400 + 1
