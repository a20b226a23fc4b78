"""Memory that was freed goes back to the system."""

import ctypes
import gc
import platform
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from airwatch_dagster.free_memory import freed_afterwards, release_free_memory

STATUS = Path("/proc/self/status")


def resident_mb() -> float:
    [size] = [line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmRSS:")]
    return int(size) / 1000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory in this way")
def test_freed_memory_below_what_is_still_used_is_returned() -> None:
    release_free_memory()
    before = resident_mb()
    parts = [bytes([number % 256]) * 100_000 for number in range(2000)]
    last = parts[-1]
    del parts
    assert resident_mb() - before > 100

    release_free_memory()

    assert resident_mb() - before < 50
    assert last[0] == 1999 % 256


def test_a_c_library_without_such_a_call_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    release_free_memory()


class Link:
    """An object that refers to another."""

    other: "Link"


def pair() -> "weakref.ref[Link]":
    """One of two objects that refer to each other, and that nothing else refers to."""
    one, other = Link(), Link()
    one.other, other.other = other, one
    return weakref.ref(one)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_what_a_block_made_and_nobody_uses_is_gone_after_it_and_what_was_before_is_not_looked_through() -> None:
    before = pair()
    with freed_afterwards():
        within = pair()
        assert within() is not None
    assert within() is None
    assert before() is not None

    gc.collect()
    assert before() is None, "it is looked through again later"


@pytest.mark.usefixtures("no_collector")
def test_a_block_that_raises_leaves_nothing_either() -> None:
    made = []

    def fail() -> None:
        with freed_afterwards():
            made.append(pair())
            raise OSError("disk is full")

    with pytest.raises(OSError, match="disk is full"):
        fail()
    assert made[0]() is None
