"""A real MLflow server below a path, for tests of what goes through it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STARTS_WITHIN_S = 120


@dataclass(frozen=True)
class MlflowServer:
    """A server on this machine that keeps its files in ``folder``."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/mlflow"

    @property
    def artifacts(self) -> Path:
        """Where it keeps the files of models."""
        return self.folder / "artifacts"


@contextmanager
def running_mlflow_server(folder: Path) -> Iterator[MlflowServer]:
    """The server while it runs, below /mlflow, with its database and files in ``folder``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--host=127.0.0.1", f"--port={port}"]
    command += ["--workers=1", "--static-prefix=/mlflow", f"--backend-store-uri=sqlite:///{folder / 'server.db'}"]
    command += [f"--artifacts-destination={(folder / 'artifacts').as_uri()}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as process,
    ):
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not _is_open(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
        yield MlflowServer(port, folder)
        process.terminate()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
