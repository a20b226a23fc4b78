"""The real Dagster webserver and the real MLflow with its login, behind the real proxy."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import mlflow
import pandas as pd
import pytest
import requests

from airwatch_dagster.fit.training import Registration, train_family
from airwatch_dagster.orchestration.registry.mlflow_client import describe_mlflow, set_champion_alias
from airwatch_dagster.orchestration.registry.model_loading import load_model
from airwatch_dagster_tests.deploy.proxies import (
    PASSWORD,
    ROOT,
    USER,
    Proxy,
    free_port,
    running_proxy,
    secrets_folder,
)
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.registry.conftest import examples  # noqa: F401 - a fixture
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import MONTH, as_stored, logged, run_with_mlflow

pytestmark = pytest.mark.slow

MLFLOW_PASSWORD = "of-the-stack"
"""Its header is that of the proxy's secret in these tests."""

DELETE = 'mutation { deletePipelineRun(runId: "%s") { __typename } }'


@dataclass(frozen=True)
class Stack:
    """Servers behind a proxy, and their own ports."""

    proxy: Proxy
    webserver: str
    mlflow: str
    instance: dg.DagsterInstance


@contextmanager
def server(command: list[str], url: str, log: Path, **environment: str) -> Iterator[None]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "DAGSTER_"))}
    with (
        log.open("w") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env={**inherited, **environment}) as process,
    ):
        try:
            deadline = time.monotonic() + 150
            while not answers(url):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
            yield
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    webserver, tracking = free_port(), free_port()
    settings = (ROOT / "deploy" / "mlflow-auth.ini").read_text()
    accounts = settings.replace("postgresql+psycopg2:///mlflow_auth", f"sqlite:///{folder / 'accounts.db'}")
    assert accounts != settings
    (folder / "auth.ini").write_text(accounts)
    bin_ = Path(sys.executable).parent
    dagster = [str(bin_ / "dagster-webserver"), "--host=127.0.0.1", f"--port={webserver}", "--empty-workspace"]
    mlflow_server = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--app-name=basic-auth", "--workers=1"]
    mlflow_server += ["--host=127.0.0.1", f"--port={tracking}", f"--allowed-hosts=127.0.0.1:{tracking}"]
    mlflow_server += [f"--backend-store-uri=sqlite:///{folder / 'mlflow.db'}"]
    mlflow_server += [f"--artifacts-destination={(folder / 'artifacts').as_uri()}"]
    with ExitStack() as running:
        instance = running.enter_context(dg.DagsterInstance.from_config(str(home)))
        running.enter_context(
            server(dagster, f"http://127.0.0.1:{webserver}/server_info", folder / "log", DAGSTER_HOME=str(home))
        )
        running.enter_context(
            server(
                mlflow_server,
                f"http://127.0.0.1:{tracking}/health",
                folder / "mlflow.log",
                MLFLOW_AUTH_CONFIG_PATH=str(folder / "auth.ini"),
                MLFLOW_AUTH_ADMIN_USERNAME=USER,
                MLFLOW_AUTH_ADMIN_PASSWORD=MLFLOW_PASSWORD,
                MLFLOW_FLASK_SERVER_SECRET_KEY="0123456789abcdef",
                MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
                MLFLOW_DISABLE_TELEMETRY="true",
            )
        )
        ports = {"UI": webserver, "MLFLOW": tracking, "SITE": webserver}
        proxy = running.enter_context(running_proxy(secrets_folder(folder / "secrets"), ports))
        yield Stack(proxy, f"http://127.0.0.1:{webserver}", f"http://127.0.0.1:{tracking}", instance)


def graphql(stack: Stack, query: str) -> Any:
    body = json.dumps({"query": query}).encode()
    own = {"Origin": stack.proxy.origin("UI"), "Content_Type": "application/json", "Sec_Fetch_Site": "same-origin"}
    answer = stack.proxy.ask("UI", "/graphql", "POST", body, **own)
    assert answer.status == 200
    return json.loads(answer.body)["data"]


def a_run(stack: Stack) -> str:
    return dg.materialize([dg.asset(lambda: None, name="something")], instance=stack.instance).run_id


def test_a_link_deletes_a_run_of_dagster_and_not_behind_the_proxy(stack: Stack) -> None:
    without, behind = a_run(stack), a_run(stack)

    requests.get(f"{stack.webserver}/graphql", params={"query": DELETE % without}, timeout=30)
    refused = stack.proxy.ask("UI", f"/graphql?query={requests.utils.quote(DELETE % behind)}")

    assert stack.instance.get_run_by_id(without) is None, "if Dagster itself refuses it now, the proxy need not"
    assert refused.status == 405
    assert stack.instance.get_run_by_id(behind) is not None


def test_the_ui_loads_asks_and_changes(stack: Stack) -> None:
    page = stack.proxy.ask("UI", "/runs", Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document")
    scripts = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', page.body.decode())
    run_id = a_run(stack)

    assert page.status == 200
    assert scripts
    assert {stack.proxy.ask("UI", one, Referer=stack.proxy.origin("UI") + "/").status for one in scripts} == {200}
    assert graphql(stack, "{ version }")["version"] == dg.__version__
    assert graphql(stack, DELETE % run_id)["deletePipelineRun"]["__typename"] == "DeletePipelineRunSuccess"
    assert stack.instance.get_run_by_id(run_id) is None
    assert stack.proxy.ask("UI", "/download_debug/1", Authorization=None).status == 401


def test_mlflow_itself_asks_for_a_login(stack: Stack) -> None:
    url = f"{stack.mlflow}/api/2.0/mlflow/experiments/search"

    assert requests.post(url, json={"max_results": 1}, timeout=30).status_code == 401
    for login in ((USER, "password1234"), ("admin", "password1234"), (USER, PASSWORD)):
        assert requests.post(url, json={"max_results": 1}, auth=login, timeout=30).status_code == 401
    assert requests.post(url, json={"max_results": 1}, auth=(USER, MLFLOW_PASSWORD), timeout=30).ok


@pytest.mark.parametrize("way", ["inside", "through the proxy"])
def test_models_are_logged_registered_and_loaded(
    way: str,
    stack: Stack,
    examples: pd.DataFrame,  # noqa: F811
    tmp_path: Path,
) -> None:
    uri, password = {
        "inside": (stack.mlflow, MLFLOW_PASSWORD),
        "through the proxy": (stack.proxy.origin("MLFLOW"), PASSWORD),
    }[way]
    login = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": password}
    own = Installation.at(tmp_path / "installation", MLFLOW_TRACKING_URI=uri, **login)
    model = train_family(examples, family="persistence", month=MONTH, seed=1)
    registrations: list[Registration] = []
    before = mlflow.get_tracking_uri()
    load_model.cache_clear()

    try:
        with own.activated():
            result = run_with_mlflow(lambda resource: registrations.append(logged(resource, model, examples)))
            assert result.success
            [registration] = registrations
            assert load_model(as_stored(registration)).family == "persistence"
            set_champion_alias(registration.model_version, month=MONTH)
            assert describe_mlflow() == f"{uri} responds"
    finally:
        load_model.cache_clear()
        mlflow.set_tracking_uri(before)
