"""What steps print: in the files of the UI, and on the terminal after the steps, without another process."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager

from airwatch_dagster.orchestration.instance.compute_logs import OneProcessComputeLogManager

KEY = ["run", "compute_logs", "step"]


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneProcessComputeLogManager:
    monkeypatch.setattr(subprocess, "Popen", None)
    return OneProcessComputeLogManager(str(tmp_path / "state"))


@contextmanager
def terminal(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard output is this file."""
    with path.open("w", encoding="utf-8") as file, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", file)
        yield


def test_output_is_in_the_file_at_once_and_on_the_terminal_after_the_step(
    manager: OneProcessComputeLogManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with terminal(tmp_path / "terminal", monkeypatch):
        print("before", flush=True)  # noqa: T201 - captured
        with manager.capture_logs(KEY):
            os.write(sys.stdout.fileno(), b"of native code\n")
            print("of Python", flush=True)  # noqa: T201 - captured
            within = manager.get_log_data(KEY).stdout, (tmp_path / "terminal").read_text()
            assert not manager.is_capture_complete(KEY)
        print("after", flush=True)  # noqa: T201 - captured

    assert within == (b"of native code\nof Python\n", "before\n")
    assert (tmp_path / "terminal").read_text() == "before\nof native code\nof Python\nafter\n"
    assert manager.is_capture_complete(KEY)


def test_the_files_are_upstreams(manager: OneProcessComputeLogManager, tmp_path: Path) -> None:
    with manager.capture_logs(KEY):
        pass

    upstream = LocalComputeLogManager(str(tmp_path / "state"))
    assert upstream.is_capture_complete(KEY)
    assert [upstream.get_log_data_for_type(KEY, kind) for kind in ComputeIOType] == [(b"", 0), (b"", 0)]
    assert sorted(path.name for path in (tmp_path / "state").rglob("*.*")) == ["step.complete", "step.err", "step.out"]


def print_and_fail(manager: OneProcessComputeLogManager) -> None:
    with manager.capture_logs(KEY):
        print("the last words", flush=True)  # noqa: T201 - captured
        raise ZeroDivisionError


def test_what_a_failed_step_printed_is_shown(
    manager: OneProcessComputeLogManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with terminal(tmp_path / "terminal", monkeypatch), pytest.raises(ZeroDivisionError):
        print_and_fail(manager)

    assert (tmp_path / "terminal").read_text() == "the last words\n"


def test_a_second_capture_of_one_key_shows_what_is_new(
    manager: OneProcessComputeLogManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with terminal(tmp_path / "terminal", monkeypatch):
        for word in ("first", "second"):
            with manager.capture_logs(KEY):
                print(word, flush=True)  # noqa: T201 - captured

    assert (tmp_path / "terminal").read_text() == "first\nsecond\n"
    assert manager.get_log_data(KEY).stdout == b"first\nsecond\n"


def test_a_stream_that_is_no_file_is_left_alone(
    manager: OneProcessComputeLogManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with manager.capture_logs(KEY):
        print("printed")  # noqa: T201 - captured
    assert sys.stdout.getvalue() == "printed\n"
    assert manager.get_log_data(KEY).stdout == b""
