"""SIGTERM and SIGINT end a command within five seconds, and nothing it held stays held."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from airwatch_dagster_tests.installations import REPOSITORY, Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WITHIN_S = 5.0

LONG_RUN = """
import hashlib, os, time
from concurrent.futures import ThreadPoolExecutor
import dagster as dg
from airwatch_dagster.commands.backfill.runs import materialize_table
from airwatch_dagster.commands.stopping import RESUMES, stoppable
from airwatch_dagster.orchestration.tables.io_manager import ParquetIOManager
from airwatch_dagster.orchestration.tables.table_asset import table_asset
from airwatch_dagster.storage.tables import TableStorage

def native():
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

def thread():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 60).result()

def writing():
    os.fsync = lambda _: time.sleep(60)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(TableStorage.open("tables").write_page, "page.html", b"half").result()

def monitors():
    print("computing", flush=True)
    {compute}()

asset = table_asset(stage="acquire", pool="slow")(monitors)
resources = {{"io_manager": ParquetIOManager(root="unused")}}
definitions = dg.Definitions(assets=[asset], resources=resources, executor=dg.in_process_executor)
with stoppable(RESUMES), dg.DagsterInstance.get() as instance:
    materialize_table(definitions, "monitors", instance=instance)
"""


def ignore_sigint() -> None:
    """As a shell does for a command in the background of a script."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def started(
    command: Sequence[str], installation: Installation, before: Callable[[], None] | None = None
) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, **installation.environment, "PYTHONPATH": str(REPOSITORY)}
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(
        [sys.executable, *command],
        env=environment,
        preexec_fn=before,  # noqa: PLW1509 - no thread runs yet
        cwd=installation.folder,
        **streams,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_with(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    return next(line for line in process.stdout if text in line)


def end(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """What the process prints after the signal; it has to end in time."""
    at = time.monotonic()
    process.send_signal(number)
    rest, _ = process.communicate(timeout=4 * WITHIN_S)
    assert time.monotonic() - at < WITHIN_S
    return rest


@pytest.mark.parametrize(
    ("number", "compute", "before"),
    [
        (signal.SIGTERM, "native", ignore_sigint),
        (signal.SIGTERM, "thread", ignore_sigint),
        (signal.SIGTERM, "thread", None),
        (signal.SIGTERM, "writing", None),
        (signal.SIGINT, "native", None),
        (signal.SIGINT, "thread", ignore_sigint),
    ],
)
def test_a_run_in_the_middle_of_a_long_computation_is_stopped_and_holds_nothing(
    tmp_path: Path, number: signal.Signals, compute: str, before: Callable[[], None] | None
) -> None:
    installation = Installation.at(tmp_path)
    with started(["-c", LONG_RUN.format(compute=compute)], installation, before) as process:
        line_with(process, "computing")
        time.sleep(0.5)  # from the line to the computation itself
        output = end(process, number)

    assert process.returncode == 128 + number, output
    assert "same command again to resume" in output
    assert not [path for path in (tmp_path / "tables").rglob("*") if path.is_file()]
    assert not list((tmp_path / "state" / "run-locks").iterdir())
    with installation.with_definitions() as (_, instance):
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


@pytest.mark.parametrize("before", [None, ignore_sigint], ids=["default", "sigint-ignored"])
def test_a_practice_server_is_stopped_by_sigterm(tmp_path: Path, before: Callable[[], None] | None) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "airwatch_dagster.cli", "practice-server", "--port", str(port)]
    with started(command, Installation.at(tmp_path), before) as server:
        line_with(server, "Simulated air")
        line_with(server, "AIRNOW_URL")
        assert "Stopped." in end(server, signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_backfill_of_several_processes_is_stopped_with_all_of_them_and_resumes(
    tmp_path: Path, number: signal.Signals
) -> None:
    installation = Installation.at(tmp_path, AIRWATCH_CONTEXT_KM="0")
    days = ("2020-06-01", "2021-05-31", "--tables", "raw_readings,site_days")
    command = ["-m", "airwatch_dagster.cli", "backfill", *days, "--processes", "2"]
    with started(command, installation, ignore_sigint) as process:
        line_with(process, "monitors")
        raw_readings = tmp_path / "tables" / "raw_readings"
        while not any(raw_readings.rglob("*.parquet")):  # a year of them takes far longer than the first
            assert process.poll() is None
            time.sleep(0.05)
        workers = worker_processes(process.pid)
        assert workers
        assert not any(ignored_signals(pid) & {signal.SIGTERM, signal.SIGINT} for pid in workers)
        output = end(process, number)

    assert process.returncode == 128 + number, output
    assert "same command again to resume" in output
    assert all(is_gone(pid) for pid in workers)
    assert not list(tmp_path.rglob("*.tmp"))
    assert "raw_readings" in installation.run("backfill", *days)


def worker_processes(pid: int) -> list[str]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def ignored_signals(pid: str) -> set[int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    mask = int(next(line.split()[1] for line in lines if line.startswith("SigIgn:")), 16)
    return {number for number in range(1, 32) if mask >> (number - 1) & 1}


def is_gone(pid: str, *, within_s: float = 1.0) -> bool:
    """A zombie, whose parent has not collected it yet, counts as gone."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
