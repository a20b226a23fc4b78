"""A plug-in for pytest: where each thread was when a worker crashed, told at the end of the run.

The worker itself can only write to the output of the whole run, where the place is hard to find among many tests.
"""

import faulthandler
import os
from pathlib import Path
from typing import IO

import pytest

FOLDER = Path("crashes")
"""In pytest's cache folder: one file per worker of the newest run."""

_open: list[IO[str]] = []
"""The interpreter writes to the file without Python's help, so it stays open."""


def _folder(config: pytest.Config) -> Path:
    return config.rootpath / ".pytest_cache" / FOLDER


@pytest.hookimpl(trylast=True)  # after pytest's own, which writes to the output
def pytest_configure(config: pytest.Config) -> None:
    """Of a worker: note a crash in a file. Of the process that leads them: forget the run before."""
    folder = _folder(config)
    if (worker := os.environ.get("PYTEST_XDIST_WORKER")) is None:
        for file in folder.glob("*.txt"):
            file.unlink(missing_ok=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    _open.append((folder / f"{worker}.txt").open("w"))
    faulthandler.enable(_open[-1])


def pytest_unconfigure() -> None:
    """Without a crash there is nothing more to note."""
    if _open:
        faulthandler.disable()
        _open.pop().close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What each worker that crashed has written."""
    for file in sorted(_folder(terminalreporter.config).glob("*.txt")):
        if text := file.read_text():
            terminalreporter.write_sep("=", f"{file.stem} crashed")
            terminalreporter.write_line(text)
