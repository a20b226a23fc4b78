"""Several files at a time: results in order, and of several errors the first item's."""

import threading
import time

import pytest

from airwatch_dagster.storage.threads import THREADS, in_threads


def test_results_are_in_the_order_of_the_items() -> None:
    assert in_threads(lambda number: number * number, range(100)) == [number * number for number in range(100)]
    assert in_threads(str, [7]) == ["7"]
    assert in_threads(str, []) == []


def test_the_error_of_the_first_item_is_raised_although_a_later_one_failed_before() -> None:
    later_failed = threading.Event()

    def fail(number: int) -> None:
        if number == 0:
            assert later_failed.wait(30)
            raise ValueError("first")
        if number == 1:
            later_failed.set()
            raise ValueError("later")

    with pytest.raises(ValueError, match="first"):
        in_threads(fail, range(2))


def test_no_item_is_begun_after_an_error() -> None:
    begun: list[int] = []
    failed = threading.Event()

    def fail(number: int) -> None:
        begun.append(number)
        if number == 0:
            failed.set()
            raise ValueError("no")
        assert failed.wait(30)
        time.sleep(0.01)

    with pytest.raises(ValueError, match="no"):
        in_threads(fail, range(1000))
    assert len(begun) < 20 * THREADS
