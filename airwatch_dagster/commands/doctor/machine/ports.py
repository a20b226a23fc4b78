"""Whether the ports of `make dev` and `make mlflow` are free, or are already theirs."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, ok, warning

TIMEOUT_S: Final = 1.0
"""Seconds for an answer on this machine."""

TRIES: Final = 100
"""Ports above a taken one that are looked at."""


@dataclass(frozen=True)
class Port:
    """A port that `make` opens on 127.0.0.1."""

    number: int
    name: str
    variable: str
    """The variable of `make` for another port."""
    target: str
    path: str
    """What its server answers with ``mark`` in it."""
    mark: str


PORTS: Final = (
    Port(3000, "the Dagster UI", "PORT", "dev", "/server_info", "dagster_version"),
    Port(3001, "the bulletin", "SITE_PORT", "dev", "/", "AirWatch"),
    Port(5000, "MLflow's UI", "MLFLOW_PORT", "mlflow", "/", "MLflow"),
)


def _ports() -> Iterator[Finding]:
    yield from (finding_of(port) for port in PORTS)


def finding_of(port: Port) -> Finding:
    """Whether the port is free, used by what it is for, or taken."""
    if is_free(port.number):
        return ok("port", f"{port.number} is free for {port.name}")
    if port.mark in _answer(port):
        return ok("port", f"{port.name} answers on {port.number}")
    other = next((number for number in range(port.number + 10, port.number + TRIES) if is_free(number)), 0)
    says = f"{port.number}, for {port.name}, is taken by another program. End that, or use another port."
    return warning("port", says, run=f"make {port.target} {port.variable}={other}")


def is_free(number: int) -> bool:
    """Whether a server could open the port on 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
    return True


def _answer(port: Port) -> str:
    """The beginning of what answers; empty for none."""
    import requests

    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"http://127.0.0.1:{port.number}{port.path}", timeout=TIMEOUT_S).text[:20_000]
        except requests.RequestException:
            return ""


CHECK: Final = Check("port", partial(_ports), "make dev PORT=3010")
