"""MLflow behind a login, a path, a proxy or nothing: what works, and one sentence for everything else."""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from airwatch_dagster.errors import AirWatchError, ConfigurationError, SourceUnavailable
from airwatch_dagster.orchestration.registry.tracking import mlflow_errors, require_answer, usable_address
from airwatch_dagster.orchestration.registry.tracking_server import PATH

NO_EXPERIMENT = json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Could not find experiment"})
EXPERIMENT = json.dumps({"experiment": {"experiment_id": "1"}})
LOGIN = "Basic " + base64.b64encode(b"me:hunter2/x").decode()

Answer = tuple[int, str, dict[str, str]]


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nor one in a file of the developer's; what a test sets is removed again."""
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@contextmanager
def server(answer: Callable[[str, str | None], Answer]) -> Iterator[str]:
    """The address of a server whose answer depends on path and login."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = answer(self.path.partition("?")[0], self.headers.get("Authorization"))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def behind_login(path: str, login: str | None) -> Answer:
    """Only MLflow's API below /mlflow, only for one login; /health is missing."""
    if login != LOGIN:
        return 401, "You are not authenticated", {"WWW-Authenticate": "Basic"}
    return (404, NO_EXPERIMENT, {}) if path == f"/mlflow{PATH}" else (404, "<html>not found</html>", {})


def asked(uri: str) -> AirWatchError | None:
    """The error of a server at ``uri``; None when it answers as MLflow does."""
    try:
        require_answer(usable_address(uri), experiment="airwatch")
    except AirWatchError as error:
        return error
    return None


def test_a_login_in_mlflows_own_variables_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2/x")

    with server(behind_login) as address:
        assert asked(f"{address}/mlflow") is None
        assert asked(f"{address}/mlflow/") is None


def test_a_login_in_the_address_becomes_mlflows_own_variables() -> None:
    with server(behind_login) as address:
        uri = address.replace("://", "://me:hunter2%2Fx@") + "/mlflow"

        assert usable_address(uri) == f"{address}/mlflow"
        assert asked(uri) is None
    assert (os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]) == ("me", "hunter2/x")


def test_a_missing_login_a_wrong_one_and_a_missing_path_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(behind_login) as address:
        missing = asked(f"{address}/mlflow")
        wrong = asked(address.replace("://", "://me:wrong-hunter@") + "/mlflow")
        no_path = asked(address.replace("://", "://me:hunter2%2Fx@"))

    assert missing is not None
    assert missing.problem == f"the MLflow server at {address}/mlflow asks for a login (status 401)"
    assert "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in missing.fix
    assert wrong is not None
    assert "refuses the login (status 401)" in wrong.problem
    assert "wrong-hunter" not in str(wrong)
    assert no_path is not None
    assert no_path.problem == f"what answers at {address} is not MLflow's API (status 404)"
    assert "https://host/mlflow" in no_path.fix


@pytest.mark.parametrize("body", [EXPERIMENT, NO_EXPERIMENT])
def test_an_experiment_and_the_lack_of_one_are_answers(body: str) -> None:
    with server(lambda *_: (200 if "experiment_id" in body else 404, body, {})) as address:
        assert asked(address) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "body", "problem", "fix", "retry_helps"),
    [
        (200, "<html>Sign in</html>", "is not MLflow's API (status 200)", "correct the address", False),
        (403, "Invalid Host header - possible DNS rebinding", "does not allow the host", "--allowed-hosts", False),
        (403, "Permission denied", "denies this user access", "log in as another", False),
        (404, '{"error_code": "ENDPOINT_NOT_FOUND"}', "is not MLflow's API (status 404)", "Add the path", False),
        (429, "busy", "answers with status 429", "Start the server", True),
        (503, "restarting", "answers with status 503", "Start the server", True),
    ],
)
def test_another_answer_is_one_sentence(status: int, body: str, problem: str, fix: str, retry_helps: bool) -> None:
    with server(lambda *_: (status, body, {})) as address:
        error = asked(address)

    assert error is not None
    assert (error.culprit, error.retry_helps) == ("MLFLOW_TRACKING_URI", retry_helps)
    assert problem in error.problem
    assert address in error.problem
    assert fix in error.fix


def test_a_redirect_names_the_address_to_set() -> None:
    """A redirect would turn writing into reading."""
    with server(lambda *_: (404, NO_EXPERIMENT, {})) as target:

        def moved(path: str, _: str | None) -> Answer:
            return 301, "", {"Location": f"{target}/mlflow{path}?experiment_name=airwatch"}

        with server(moved) as address:
            error = asked(address)

    assert error is not None
    assert error.problem == f"{address} redirects to {target}/mlflow"
    assert error.fix == f"Set it to {target}/mlflow"


def test_a_page_for_logging_in_is_named() -> None:
    def sign_in(path: str, _: str | None) -> Answer:
        return (200, "<html>", {}) if path == "/login" else (302, "", {"Location": "/login"})

    with server(sign_in) as address:
        error = asked(address)

    assert error is not None
    assert error.problem == f"{address} redirects to {address}/login"
    assert "log" in error.fix


def test_a_missing_file_of_certificates_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent/ca.pem")

    error = asked("https://127.0.0.1:9")

    assert isinstance(error, ConfigurationError)
    assert "REQUESTS_CA_BUNDLE" in error.fix


@pytest.mark.parametrize(
    ("uri", "problem", "fix"),
    [
        ("./mlruns", "'./mlruns' is a folder, and MLflow 3 keeps runs", "Unset it for a SQLite database"),
        ("mlruns", "'mlruns' is a folder", "migrate-filestore"),
        ("/data/mlruns", "'/data/mlruns' is a folder", "migrate-filestore"),
        ("file:///data/mlruns", "'file:///data/mlruns' is a folder", "migrate-filestore"),
        ("databricks", "databricks has a registry that AirWatch's models do not fit", "an MLflow server"),
        ("databricks://profile", "databricks has a registry", "an MLflow server"),
        ("databricks-uc", "databricks-uc has a registry", "an MLflow server"),
        ("127.0.0.1:5000", "'127.0.0.1:5000' has no scheme", "Write http:// or https:// before it"),
        ("localhost:5000", "'localhost:5000' has no scheme", "Write http://"),
        ("mlflow.example.org/mlflow", "'mlflow.example.org/mlflow' has no scheme", "Write http://"),
        ("http://ho st:5000", "'http://ho st:5000' has a blank in it", "an MLflow server"),
        ("http://host:port", "has a port that is not a number", "an MLflow server"),
        ("https://me:hunter2/x@host", "'https://host' has a port that is not a number", "as %2F %3F %23 %40"),
        ("mysql://me:hunter2@db/mlflow", "mysql:// needs the Python package pymysql", "Install it"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_with_its_fix(uri: str, problem: str, fix: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        usable_address(uri)

    assert caught.value.culprit == "MLFLOW_TRACKING_URI"
    assert problem in caught.value.problem
    assert fix in caught.value.fix
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_postgresql_address_gets_the_driver_that_is_installed(scheme: str) -> None:
    assert usable_address(f"{scheme}://me:pw@db/mlflow") == "postgresql+psycopg2://me:pw@db/mlflow"
    assert usable_address("postgresql+psycopg2://db/mlflow") == "postgresql+psycopg2://db/mlflow"


def test_a_folder_is_left_to_mlflow_where_its_own_variable_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")

    assert usable_address("./mlruns") == "./mlruns"


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database " * 100)

    refused = asked("postgresql://me:hunter2@127.0.0.1:1/mlflow")
    folder = asked(f"sqlite:///{tmp_path}")
    text = asked(f"sqlite:///{tmp_path / 'text.db'}")
    relative = asked("sqlite://mlflow.db")
    driver = asked("postgresql+nothing://me:hunter2@db/mlflow")

    assert isinstance(refused, SourceUnavailable)
    assert refused.problem.startswith("no database answers at postgresql+psycopg2://127.0.0.1:1/mlflow (connection")
    assert "hunter2" not in str(refused)
    assert folder is not None
    assert "unable to open database file" in folder.problem
    assert text is not None
    assert f"sqlite:///{tmp_path / 'text.db'} cannot be opened as a database" in text.problem
    assert relative is not None
    assert driver is not None
    assert "hunter2" not in str(driver)


def test_a_sqlite_database_in_a_new_folder_is_created(tmp_path: Path) -> None:
    assert asked(f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}") is None
    assert (tmp_path / "new").is_dir()


@pytest.mark.parametrize(
    ("code", "message", "problem"),
    [
        ("PERMISSION_DENIED", "Permission denied", "denies this user access"),
        ("INVALID_PARAMETER_VALUE", "got unsupported URI 'ftp://h'", "is not an address that MLflow knows"),
        ("INTERNAL_ERROR", "Detected out-of-date database schema", "was made by an older MLflow"),
        ("TEMPORARILY_UNAVAILABLE", "http://me:hunter2@host failed", "fails with TEMPORARILY_UNAVAILABLE"),
    ],
)
def test_what_mlflow_raises_is_one_sentence_without_its_own_text(code: str, message: str, problem: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import ErrorCode

    with pytest.raises(AirWatchError) as caught, mlflow_errors("http://me:hunter2@host"):
        raise MlflowException(message, error_code=ErrorCode.Value(code))

    assert problem in caught.value.problem
    assert "hunter2" not in str(caught.value)
