"""A code server and a daemon as the stack has them, and what tests ask of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import yaml

from airwatch_dagster_tests.installations import REPOSITORY, Installation

DAGSTER = Path(sys.executable).parent
LOOK_S = 100.0
"""Seconds within which the daemon looks: its sensors tick every 45 s, one after the other."""


@dataclass
class LiveDaemon:
    """The processes of one installation; their logs are in ``folder``."""

    installation: Installation
    folder: Path
    module: str
    """Where the code server finds ``code_location``."""
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        """The file that says where the code server listens."""
        return self.folder / "workspace.yaml"

    def start_code_server(self, **settings: str) -> None:
        """``settings`` replace those of the installation."""
        command = ("dagster", "api", "grpc", "-m", self.module, "-a", "code_location", "--location-name", "airwatch")
        where = ("--host", "127.0.0.1", "--port", str(self.port))
        self.processes["dagster"] = self.started((*command, *where), "dagster.log", settings)

    def start_daemon(self) -> None:
        """It reads the workspace."""
        command = ("dagster-daemon", "run", "--workspace", str(self.workspace))
        self.processes["dagster-daemon"] = self.started(command, "dagster-daemon.log", {})

    def started(self, command: tuple[str, ...], log: str, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """A process of the installation, whose output is added to the log."""
        environment = {**os.environ, **self.installation.environment, "PYTHONPATH": str(REPOSITORY), **settings}
        with (self.folder / log).open("ab") as output:
            return _process([DAGSTER / command[0], *command[1:]], self.folder, environment, output)

    def stop(self, name: str) -> None:
        """End ``dagster`` (the code server) or ``dagster-daemon``."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def launch(self, job: str, tags: Mapping[str, str] | None = None) -> None:
        """Hand a run of the job to the daemon's queue."""
        command = ("dagster", "job", "launch", "-w", str(self.workspace), "-j", job)
        given = ("--tags", json.dumps(tags)) if tags else ()
        assert self.started((*command, *given), "launch.log", {}).wait(120) == 0, self.log("launch.log")

    def log(self, name: str) -> str:
        """What the processes have said."""
        return (self.folder / name).read_text()


def _process(
    command: list[object], folder: Path, environment: Mapping[str, str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(word) for word in command], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
    )


@contextmanager
def live_daemon(
    installation: Installation, folder: Path, *, module: str = "airwatch_dagster.definitions"
) -> Iterator[LiveDaemon]:
    """Both processes for the length of a block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    live = LiveDaemon(installation, folder, module, port)
    server = {"host": "127.0.0.1", "port": port, "location_name": "airwatch"}
    live.workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    try:
        live.start_code_server()
        live.start_daemon()
        yield live
    finally:
        for name in ("dagster-daemon", "dagster"):
            with suppress(KeyError):
                live.stop(name)


def wait(until: Callable[[], object], what: str, within_s: float = LOOK_S, *, every_s: float = 0.5) -> None:
    """Until it holds; fails when that takes longer."""
    ends = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < ends, f"not within {within_s:.0f} s: {what}"
        time.sleep(every_s)


def has_looked(installation: Installation) -> bool:
    """Whether the sensor has made its first look: what ends from then on counts."""
    with installation.with_definitions() as (_, instance):
        states = {one.instigator_name: one for one in instance.all_instigator_state()}
        data = states["incidents"].sensor_instigator_data if "incidents" in states else None
        return data is not None and data.cursor is not None
