"""Fixtures every test may use, and what holds for a whole test session."""

import gc
import itertools
import os
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import Engine, event

from airwatch_dagster_tests.dagster_databases import copy_if_new

# MLflow reads this when it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

pytest_plugins = ["airwatch_dagster_tests.s3_servers", "airwatch_dagster_tests.crashes"]

REPOSITORY = Path(__file__).resolve().parents[1]

settings.register_profile("quick", max_examples=5, deadline=None)
settings.register_profile("thorough", max_examples=60, deadline=None)
settings.load_profile("quick")


# The collector would search Dagster's and pandas' million objects again and again, a tenth of the whole time.
gc.set_threshold(100_000, 50, 1000)


# Pandera tries to import geopandas, which is not installed, for every column of text that it checks.
sys.modules.setdefault("geopandas", None)  # type: ignore[arg-type]


# No test pulls the plug of the machine: neither files nor databases that its own process writes wait for the disk.
os.fsync = lambda _: None


@event.listens_for(Engine, "connect")
def _without_waiting(connection: Any, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


event.listen(Engine, "do_connect", copy_if_new)


def pytest_configure() -> None:
    """Restore the default reaction to SIGINT and SIGTERM, which processes started by tests inherit.

    A shell ignores SIGINT for a command that it starts in the background. Dagster handles SIGTERM like SIGINT, so a
    test would wait forever for a server that ignores both.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


LONG_S = 60.0
"""Seconds of tests above which a session shows where they went."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Seconds by folder of tests, fixtures included: a suite that grows is seen to grow, and where."""
    seconds: Counter[str] = Counter()
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            seconds["/".join(report.nodeid.split("::")[0].split("/")[1:-1]) or "."] += report.duration
    if seconds.total() > LONG_S:
        terminalreporter.write_sep("=", f"{seconds.total():.0f} s of tests by folder")
        terminalreporter.write_line(", ".join(f"{folder} {spent:.0f}" for folder, spent in seconds.most_common()))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """A folder of genuine EPA files, if this machine has one."""
    folder = Path(os.environ.get("AIRWATCH_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "airdata").is_dir():
        pytest.skip(f"no genuine EPA files at {folder}; set AIRWATCH_REAL_DATA to a folder that has them")
    return folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this test run share (see ``built_once``)."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
