"""How a test session runs, whatever started it."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from airwatch_dagster_tests.built_once import built_once


def test_processes_started_after_a_dagster_run_stop_at_sigint_and_sigterm() -> None:
    """Also when the session itself was started in the background, which ignores SIGINT."""

    @dg.job
    def nothing() -> None:
        pass

    nothing.execute_in_process()
    reactions = "signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.getsignal(signal.SIGTERM).name"
    command = [sys.executable, "-I", "-S", "-c", f"import signal; print({reactions})"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert printed == "True SIG_DFL\n"


def test_a_shared_folder_is_built_once_and_again_after_a_failure(tmp_path: Path) -> None:
    built: list[Path] = []

    def build(folder: Path) -> None:
        folder.mkdir()
        built.append(folder)
        if len(built) == 1:
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        built_once(tmp_path / "shared", build)
    assert [built_once(tmp_path / "shared", build) for _ in range(2)] == [tmp_path / "shared"] * 2
    assert len(built) == 2
