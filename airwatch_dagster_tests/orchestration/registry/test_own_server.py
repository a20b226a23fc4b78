"""A real MLflow server below a path, behind a proxy that asks for a login and hides /health: runs and models work."""

import base64
import http.client
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.training import Registration, train_family
from airwatch_dagster.orchestration.registry.links import mlflow_ui
from airwatch_dagster.orchestration.registry.mlflow_client import (
    describe_mlflow,
    registered_version,
    set_champion_alias,
)
from airwatch_dagster.orchestration.registry.model_loading import load_model
from airwatch_dagster.orchestration.retention.models import UnservedModels
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.mlflow_servers import MlflowServer
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import MONTH, as_stored, logged, run_with_mlflow

pytestmark = pytest.mark.slow

USER, PASSWORD = "ada@example.org", "hunter2/#1"
LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture
def server(mlflow_server: MlflowServer) -> Path:
    """The folder of the server's database and files."""
    return mlflow_server.folder


@pytest.fixture
def proxy(mlflow_server: MlflowServer) -> Iterator[str]:
    """The address of MLflow behind a proxy."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def passed_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") != LOGIN:
                self.answered(401, b"You are not authenticated", "text/plain")
            elif self.path.endswith("/health"):
                self.answered(404, b"no such page", "text/html")
            else:
                connection = http.client.HTTPConnection("127.0.0.1", mlflow_server.port, timeout=60)
                headers = {
                    k: v for k, v in self.headers.items() if k not in ("Host", "Authorization", "Content-Length")
                }
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                self.answered(response.status, response.read(), response.getheader("Content-Type") or "text/plain")
                connection.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = passed_on  # noqa: N815 - the names of http.server

        def answered(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/mlflow"
        running.shutdown()


@pytest.fixture(params=["variables", "address"])
def own(request: pytest.FixtureRequest, proxy: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation that logs in by MLflow's variables, or by its address."""
    login = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
    settings = {"MLFLOW_TRACKING_URI": proxy, **login}
    if request.param == "address":
        settings = {"MLFLOW_TRACKING_URI": proxy.replace("://", "://ada%40example.org:hunter2%2F%231@")}
    before = mlflow.get_tracking_uri()
    load_model.cache_clear()
    yield Installation.at(tmp_path / "installation", **settings)
    load_model.cache_clear()
    mlflow.set_tracking_uri(before)


def test_models_are_logged_registered_and_loaded(
    own: Installation, proxy: str, examples: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    registrations: list[Registration] = []
    model = train_family(examples, family="persistence", month=MONTH, seed=1)

    with own.activated():
        result = run_with_mlflow(lambda resource: registrations.append(logged(resource, model, examples)))
        [registration] = registrations
        assert result.success
        assert load_model(as_stored(registration)).family == "persistence"
        assert registered_version(registration.model_version)["training_rows"] == len(examples)
        set_champion_alias(registration.model_version, month=MONTH)
        assert describe_mlflow() == f"{proxy} responds"
        assert mlflow_ui() == proxy

    printed = capfd.readouterr()
    assert "hunter2" not in printed.out + printed.err
    assert not (own.folder / "state" / "mlflow-artifacts").exists(), "the server stores the files"


def files_of(registration: Registration, server: Path) -> list[Path]:
    """The model's files on the server."""
    model = str(registration.model_uri).rpartition("/")[2]
    return [path for path in server.rglob("*") if path.is_file() and model in path.parts]


def test_a_purge_deletes_files_on_the_server(
    own: Installation, server: Path, examples: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airwatch_dagster.orchestration.retention.models.MIN_DAYS", 0)
    trained = train_family(examples, family="persistence", month=MONTH, seed=1)
    registrations: list[Registration] = []

    with own.activated():
        for month in (MONTH - pd.DateOffset(months=3), MONTH):
            one = replace(trained, month=month)
            run_with_mlflow(lambda resource, one=one: registrations.append(logged(resource, one, examples)))
        old, new = registrations
        kind = UnservedModels(own.tables)
        [item] = [one for one in kind.items(datetime(2021, 5, 1, tzinfo=UTC)) if one.name == old.model_version]
        kind.remove([item])

        assert item.size > 1000
        assert load_model(as_stored(new)).family == "persistence"
        with pytest.raises(ConfigurationError, match="is not in the registry"):
            registered_version(str(old.model_version))
        left = kind.items(datetime(2021, 5, 1, tzinfo=UTC))
        run = mlflow.MlflowClient().get_run(str(old.mlflow_run_id))
    assert old.model_version not in [one.name for one in left]
    assert run.info.lifecycle_stage == "deleted", "in the trash of the server, which its administrator empties"
    assert files_of(old, server) == []
    assert files_of(new, server) != []


def test_doctor_finds_the_server_healthy(own: Installation, proxy: str) -> None:
    result = own.airwatch("doctor")

    assert f"ok    mlflow: {proxy} responds" in result.output.splitlines()
    assert result.exit_code == 0
    assert "hunter2" not in result.output


def test_without_a_login_a_run_fails_with_one_sentence(proxy: str, tmp_path: Path) -> None:
    installation = Installation.at(tmp_path / "installation", MLFLOW_TRACKING_URI=proxy)

    with installation.activated(), pytest.raises(ConfigurationError, match="asks for a login"):
        describe_mlflow()
