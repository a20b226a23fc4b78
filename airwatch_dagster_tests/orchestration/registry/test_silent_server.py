"""An MLflow that refuses connections, accepts them and stays silent, or falls silent later: told within 30 s."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

from airwatch_dagster.errors import SourceUnavailable
from airwatch_dagster.orchestration.registry import tracking_server
from airwatch_dagster.orchestration.registry.mlflow_client import configure_mlflow, connected
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel, load_model
from airwatch_dagster.orchestration.registry.nested_runs import nested_run
from airwatch_dagster.orchestration.registry.tracking_server import ANSWER_S, BRIEF_S, REPETITIONS, limit_waiting
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.mlflow_servers import MlflowServer

TOLD_WITHIN_S = 30.0
MODEL = LoggedModel("1", "ridge", "2021-06", '{"model.json":{"bytes":1,"sha256":"' + "0" * 64 + '"}}')


@contextmanager
def silent_server() -> Iterator[str]:
    """The address of a socket that accepts every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def falling_silent(port: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a tunnel to a server, and what makes it pass nothing on any more."""
    silent, opened = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    near, far = listening.accept()[0], socket.create_connection(("127.0.0.1", port))
                except OSError:
                    return
                opened.extend([near, far])
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(one, other, silent), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mlflow", silent.set
        silent.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for one in opened:
        one.close()


def _pass_on(source: socket.socket, target: socket.socket, silent: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if not silent.is_set():
                target.sendall(data)
        if not silent.is_set():
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def as_in_a_new_process() -> Iterator[None]:
    before = mlflow.get_tracking_uri()
    load_model.cache_clear()
    yield
    load_model.cache_clear()
    mlflow.set_tracking_uri(before)


@contextmanager
def installed(folder: Path, address: str) -> Iterator[None]:
    """An installation with MLflow at this address is the process's, with MLflow's own settings as they come."""
    with Installation.at(folder, MLFLOW_TRACKING_URI=address).activated():
        for variable in (MLFLOW_HTTP_REQUEST_TIMEOUT, MLFLOW_HTTP_REQUEST_MAX_RETRIES):
            variable.unset()
        yield


def told(action: Callable[[], Any]) -> tuple[float, str]:
    """Seconds until the error, and its sentence."""
    started = time.monotonic()
    with pytest.raises(SourceUnavailable) as caught:
        action()
    return time.monotonic() - started, str(caught.value)


def test_the_longest_wait_adds_up_to_less_than_half_a_minute() -> None:
    """A request and its repetition, then the end of the run that failed."""
    assert ANSWER_S * (1 + REPETITIONS) + BRIEF_S < TOLD_WITHIN_S


def test_the_time_that_a_user_set_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MLFLOW_HTTP_REQUEST_TIMEOUT.name, "45")
    monkeypatch.delenv(MLFLOW_HTTP_REQUEST_MAX_RETRIES.name, raising=False)

    limit_waiting()

    assert MLFLOW_HTTP_REQUEST_TIMEOUT.get() == 45
    assert MLFLOW_HTTP_REQUEST_MAX_RETRIES.get() == REPETITIONS


@pytest.mark.parametrize("known", [None, "45"])
def test_a_brief_wait_leaves_the_environment_as_it_was(known: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MLFLOW_HTTP_REQUEST_TIMEOUT.name, raising=False)
    if known:
        monkeypatch.setenv(MLFLOW_HTTP_REQUEST_TIMEOUT.name, known)

    with tracking_server.brief_waiting():
        assert MLFLOW_HTTP_REQUEST_TIMEOUT.get() == BRIEF_S
    assert os.environ.get(MLFLOW_HTTP_REQUEST_TIMEOUT.name) == known


def test_a_refused_connection_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with installed(tmp_path, address):
        seconds, sentence = told(configure_mlflow)

    assert seconds < 5.0
    assert sentence.startswith(f"MLFLOW_TRACKING_URI: no MLflow server responds at {address}")


@pytest.mark.slow
def test_a_server_that_accepts_and_stays_silent_is_told_within_half_a_minute(tmp_path: Path) -> None:
    with silent_server() as address, installed(tmp_path, address):
        seconds, sentence = told(lambda: load_model(MODEL))

    assert seconds < TOLD_WITHIN_S
    assert sentence.startswith(f"MLFLOW_TRACKING_URI: no MLflow server responds at {address} (")


@pytest.mark.slow
def test_a_server_that_falls_silent_later_is_told_within_half_a_minute(
    mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    with falling_silent(mlflow_server.port) as (address, fall_silent), installed(tmp_path, address):
        configure_mlflow()
        fall_silent()
        seconds, sentence = told(lambda: load_model(MODEL))

    assert seconds < TOLD_WITHIN_S
    assert sentence.startswith(f"MLFLOW_TRACKING_URI: no MLflow server responds at {address} (")


@pytest.mark.slow
def test_a_run_whose_server_falls_silent_fails_within_half_a_minute(
    mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    """Also the nested run, which MLflow would want to end on the server."""
    with falling_silent(mlflow_server.port) as (address, fall_silent), installed(tmp_path, address):
        configure_mlflow()
        with connected() as client:
            parent = client.create_run(client.get_experiment_by_name("airwatch").experiment_id)
            resource = Resource(client, parent)

        def train() -> None:
            with nested_run(resource, name="ridge 2021-06", tags={"family": "ridge"}) as run:
                fall_silent()
                client.log_param(run.info.run_id, "penalty", 1.0)

        seconds, sentence = told(train)

    assert seconds < TOLD_WITHIN_S
    assert sentence.startswith(f"MLFLOW_TRACKING_URI: no MLflow server responds at {address} (")


class Resource:
    """What dagster-mlflow's resource offers to a nested run."""

    dagster_run_id = "1234"

    def __init__(self, client: Any, parent: Any) -> None:
        self.tracking_client, self.tracking_uri, self.parent = client, client.tracking_uri, parent

    def active_run(self) -> Any:
        return self.parent
