"""Memory that was freed goes back to the system."""

import ctypes
import platform
from pathlib import Path

import pytest

from airwatch_dagster.orchestration.training.free_memory import release_free_memory

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
