"""The stack of docker-compose.yml as processes: started, used, killed, stopped; and how its file is read for that."""

import tempfile
import time
from pathlib import Path

import pytest

from deploy.rehearsal.compose import CONTAINER_PORTS, Places, image_environment, required_variables, seconds, services
from deploy.rehearsal.processes import Process, left_running
from deploy.rehearsal.scenario import rehearse
from deploy.rehearsal.stack import unavailable

COMPOSE = """
services:
  later:
    image: airwatch:1
    command: serve --password ${PASSWORD:?set it} --level ${LEVEL:-info} $$HOME
    environment: {OTHER_HOST: first, OTHER_URL: "http://first:5432/first", EMPTY: "${NOTHING:-}"}
    depends_on: {first: {condition: service_healthy}}
    healthcheck: {test: ["CMD-SHELL", "true || false"], timeout: 1m5s}
    stop_grace_period: 2m
  first:
    image: other:2
    command: [run, --port=5432]
"""


def test_services_are_read_in_the_order_of_their_start_with_variables_replaced() -> None:
    first, later = services({"PASSWORD": "p w"}, text=COMPOSE).values()

    assert (first.name, first.command, first.runs_once) == ("first", ("run", "--port=5432"), True)
    assert later.command == ("serve", "--password", "p", "w", "--level", "info", "$HOME")
    assert later.health_check == ("/bin/sh", "-c", "true || false")
    assert (later.health_timeout_s, later.grace_s, later.environment["EMPTY"]) == (65.0, 120.0, "")


def test_a_variable_that_the_file_requires_must_be_given() -> None:
    with pytest.raises(KeyError, match="PASSWORD: set it"):
        services({}, text=COMPOSE)


def test_addresses_of_containers_become_those_of_this_machine() -> None:
    places = Places(Path("/tmp/x"), {"postgres": 15432, "mlflow": 15000, "code": 14000})

    assert places.native("postgresql://me@postgres:5432/mlflow") == "postgresql://me@127.0.0.1:15432/mlflow"
    assert (
        places.native("--allowed-hosts=mlflow:5000,localhost:5000") == "--allowed-hosts=127.0.0.1:15000,localhost:15000"
    )
    assert places.native("--host=0.0.0.0") == "--host=127.0.0.1"
    assert places.native("exec 3<>/dev/tcp/127.0.0.1/4000") == "exec 3<>/dev/tcp/127.0.0.1/14000"
    assert places.native("/state/rate-limits") == "/tmp/x/state/rate-limits"
    assert places.native("s3://airwatch/mlflow") == "s3://airwatch/mlflow"
    assert places.native("/run/secrets/password") == "/tmp/x/secrets/password"


def test_every_server_of_the_file_has_its_port_replaced() -> None:
    places = Places(Path("/tmp/x"), {name: 40_000 + port for name, port in CONTAINER_PORTS.items()})

    for one in services(dict.fromkeys(required_variables(), "given")).values():
        text = " ".join([*map(places.native, one.command), *places.environment_of(one).values()])
        assert not [port for port in CONTAINER_PORTS.values() if f":{port}" in text or f"={port}" in text], one.name


def test_the_environment_of_the_image_is_the_dockerfiles() -> None:
    environment = image_environment()

    assert environment["DAGSTER_HOME"] == "/app/deploy"
    assert environment["PYTHONWARNINGS"].startswith("ignore:Parameter `backfill_policy`,")


def test_durations_are_those_of_compose() -> None:
    assert [seconds(text) for text in ("5s", "1m30s", "2h")] == [5.0, 90.0, 7200.0]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_stack_starts_works_survives_a_kill_and_stops() -> None:
    """The short form: a killed code server ends its run within a minute, an alert is sent, the next run succeeds."""
    missing = unavailable()
    if missing:
        pytest.skip(missing)
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)  # PostgreSQL's own user passes through it
        rehearse(Path(temporary, "stack"), kills=["code"], say=lines.append)
        left = left_running(Path(temporary, "stack"))

    assert lines[-1].endswith("nothing is left running")
    assert left == []
    assert any(line.startswith("its run is FAILURE") for line in lines)


def test_a_process_is_found_with_everything_that_it_started(tmp_path: Path) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc")
    environment = {"PATH": "/usr/bin:/bin", "AIRWATCH_REHEARSAL": str(tmp_path)}
    command = ("bash", "-c", "setsid sleep 60 & sleep 60")

    process = Process.start(command, environment=environment, log=tmp_path / "log", cwd=tmp_path)
    # A process that was just started has for a moment no environment that can be read.
    until = time.monotonic() + 10
    while min(len(process.family()), len(left_running(tmp_path))) < 3 and time.monotonic() < until:
        pass
    family = process.family()
    marked = left_running(tmp_path)

    assert sorted(family) == sorted(marked)
    assert process.kill_family()
    assert left_running(tmp_path) == []
