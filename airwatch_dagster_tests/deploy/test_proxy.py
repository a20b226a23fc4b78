"""The proxy refuses who must not enter, and lets everything through that the web pages themselves ask for."""

import base64
import gzip
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from airwatch_dagster_tests.deploy.proxies import (
    MLFLOW_AUTHORIZATION,
    SCRIPT,
    SITES,
    Proxy,
    Upstream,
    login,
    running_proxy,
    secrets_folder,
    upstream,
    with_certificate,
)

JSON = {"Content_Type": "application/json"}
LINK = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
FOREIGN = "https://elsewhere.example"

each_site = pytest.mark.parametrize("site", SITES)


@dataclass(frozen=True)
class Door:
    """The proxy and the server behind all of its sites."""

    proxy: Proxy
    behind: Upstream


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return secrets_folder(tmp_path_factory.mktemp("secrets"))


@pytest.fixture(scope="module")
def shared_door(secrets: Path) -> Iterator[Door]:
    with upstream() as behind, running_proxy(secrets, dict.fromkeys(SITES, behind.port)) as proxy:
        yield Door(proxy, behind)


@pytest.fixture
def door(shared_door: Door) -> Door:
    shared_door.behind.reached.clear()
    return shared_door


def test_scripts_of_the_ui_are_compressed_and_data_are_not(door: Door) -> None:
    script = door.proxy.ask("UI", "/_next/static/chunks/main.js", Accept_Encoding="gzip")
    assert script.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(script.body) == SCRIPT

    for path, accepted in (("/logs/main.js", "gzip"), ("/_next/static/chunks/main.js", None)):
        plain = door.proxy.ask("UI", path, Accept_Encoding=accepted)
        assert (plain.body, "Content-Encoding" in plain.headers) == (SCRIPT, False)


@each_site
def test_a_login_is_needed_and_stays_at_the_door(site: str, door: Door) -> None:
    assert door.proxy.ask(site, "/", Authorization=None).status == 401
    assert door.proxy.ask(site, "/", **login(password="airwatch-local")).status == 401
    assert door.behind.reached == []

    assert door.proxy.ask(site, "/").status == 200
    [(_, _, headers)] = door.behind.reached
    assert headers.get("Authorization") == (MLFLOW_AUTHORIZATION if site == "MLFLOW" else None)


@pytest.mark.slow  # Caddy takes a second for a name that it does not know, as for one that it knows
def test_a_name_that_is_not_known_is_refused(door: Door) -> None:
    assert door.proxy.ask("UI", "/", **login(user="root")).status == 401


@each_site
@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "169.254.1.1", ""])
def test_a_host_name_that_is_not_ours_is_refused(site: str, host: str, door: Door) -> None:
    assert door.proxy.ask(site, "/", Host=host).status in (400, 421)
    assert door.behind.reached == []


@each_site
def test_a_page_of_another_site_reaches_nothing(site: str, door: Door) -> None:
    own_port, other_port = door.proxy.origin(site), door.proxy.origin("MLFLOW" if site == "UI" else "UI")
    foreign = [
        {"Origin": FOREIGN},
        {"Origin": "null"},
        {"Origin": other_port},
        *([{"Sec_Fetch_Site": "same-site"}] if site != "SITE" else []),
        {"Origin": f"{own_port}.elsewhere.example"},
        {"Referer": f"{FOREIGN}/page"},
        {"Referer": f"{own_port}0/page"},
        {"Sec_Fetch_Site": "cross-site"},
        {**LINK, "Sec_Fetch_Dest": "iframe"},
        {**LINK, "Origin": FOREIGN},
    ]

    answers = [door.proxy.ask(site, "/runs", **headers).status for headers in foreign]
    answers += [door.proxy.ask(site, "/runs", "POST", **headers).status for headers in [*foreign, LINK]]
    assert answers == [403] * (2 * len(foreign) + 1)
    assert door.behind.reached == []


@each_site
def test_a_link_from_elsewhere_opens_a_page(site: str, door: Door) -> None:
    answer = door.proxy.ask(site, "/runs/1", Referer=f"{FOREIGN}/inbox", **LINK)

    assert answer.status == 200


@pytest.mark.parametrize(
    ("site", "path"),
    [
        ("UI", "/graphql?query=mutation{deleteRun}"),
        ("UI", "/%67raphql?query=mutation{deleteRun}"),
        ("UI", "/report_asset_materialization/site_days"),
        ("UI", "/logs/run/compute_logs/step/err"),
        ("MLFLOW", "/graphql?query={}"),
        ("MLFLOW", "/ajax-api/2.0/mlflow/runs/get?run_id=1"),
        ("MLFLOW", "/api/2.0/mlflow/runs/get?run_id=1"),
        ("MLFLOW", "/get-artifact?path=a"),
    ],
)
def test_a_link_from_elsewhere_opens_nothing_that_acts_or_returns_data(site: str, path: str, door: Door) -> None:
    assert door.proxy.ask(site, path, **LINK).status == 403
    assert door.behind.reached == []


@pytest.mark.parametrize("site", ["UI", "MLFLOW"])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/%67raphql", "/GraphQL", "//graphql"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_graphql_is_answered_by_post_only(site: str, path: str, method: str, door: Door) -> None:
    query = f"{path}?query=mutation%7BdeletePipelineRun(runId:%221%22)%7B__typename%7D%7D"

    assert door.proxy.ask(site, query, method).status == 405
    assert door.proxy.ask(site, query, method, Sec_Fetch_Site="same-origin").status == 405
    assert door.behind.reached == []


@pytest.mark.parametrize(
    ("site", "method", "path"),
    [
        ("UI", "POST", "/graphql"),
        ("MLFLOW", "POST", "/graphql"),
        ("MLFLOW", "POST", "/ajax-api/2.0/mlflow/runs/delete"),
        ("MLFLOW", "PATCH", "/api/2.0/mlflow/registered-models/update"),
    ],
)
@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_cannot_change_anything(site: str, method: str, path: str, kind: str | None, door: Door) -> None:
    assert door.proxy.ask(site, path, method, b"{}", Content_Type=kind).status == 415
    assert door.behind.reached == []
    assert door.proxy.ask(site, path, method, b"{}", Content_Type="application/json; charset=utf-8").status == 200


@pytest.mark.parametrize(
    ("site", "method", "path", "kind"),
    [
        ("UI", "POST", "/graphql?op=RunsQuery", "application/json"),
        ("UI", "GET", "/logs/1/compute_logs/step/err", None),
        ("UI", "GET", "/download_debug/1", None),
        ("UI", "GET", "/assets/main.js", None),
        ("UI", "POST", "/report_asset_materialization/site_days", "application/json"),
        ("MLFLOW", "POST", "/ajax-api/2.0/mlflow/runs/search", "application/json"),
        ("MLFLOW", "DELETE", "/ajax-api/2.0/mlflow/model-versions/delete", "application/json"),
        ("MLFLOW", "POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=1", "image/png"),
        ("MLFLOW", "GET", "/get-artifact?path=plot.png&run_uuid=1", None),
        ("MLFLOW", "GET", "/static-files/static/js/main.js", None),
        ("SITE", "GET", "/latest.html", None),
    ],
)
def test_what_the_pages_themselves_ask_for_passes(
    site: str, method: str, path: str, kind: str | None, door: Door
) -> None:
    own = door.proxy.origin(site)
    headers = {"Referer": f"{own}/runs", "Sec_Fetch_Site": "same-origin", "Content_Type": kind}
    if method != "GET":
        headers["Origin"] = own

    assert door.proxy.ask(site, path, method, **headers).status == 200
    assert door.behind.reached[0][:2] == (method, path)


def test_plots_of_the_pages_are_shown_in_the_ui(door: Door) -> None:
    image = {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}

    assert door.proxy.ask("SITE", "/figures/champion.svg", **image).status == 200


def test_a_program_needs_the_login_and_no_more(door: Door) -> None:
    assert door.proxy.ask("UI", "/graphql", "POST", b"{}", **JSON).status == 200
    assert door.proxy.ask("MLFLOW", "/api/2.0/mlflow/runs/create", "POST", b"{}", **JSON).status == 200
    artifact = door.proxy.ask("MLFLOW", "/api/2.0/mlflow-artifacts/artifacts/1/a", "PUT", b"bytes")
    assert artifact.status == 200


def test_mlflow_is_asked_under_its_own_name_and_without_the_origin(door: Door) -> None:
    own = {"Origin": door.proxy.origin("MLFLOW")}
    door.proxy.ask("MLFLOW", "/ajax-api/2.0/mlflow/runs/search", "POST", b"{}", **own, **JSON)

    [(_, _, headers)] = door.behind.reached
    assert (headers["Host"], headers.get("Origin")) == (f"127.0.0.1:{door.behind.port}", None)


def websocket(door: Door, *, origin: str | None, path: str = "/graphql", authorized: bool = True) -> bytes:
    """What comes back of a handshake and of the words sent after it."""
    port = door.proxy.ports["UI"]
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: keep-alive, Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
    lines += ["Sec-WebSocket-Protocol: graphql-ws"]
    lines += [f"Origin: {origin}"] if origin else []
    lines += [f"Authorization: {login()['Authorization']}"] if authorized else []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = connection.recv(4000)
        if b" 101 " in answer.partition(b"\r\n")[0]:
            connection.sendall(b"subscribe")
            while not answer.endswith(b"subscribe") and (more := connection.recv(4000)):
                answer += more
        return answer


def test_websockets_work_for_our_own_pages(door: Door) -> None:
    answer = websocket(door, origin=door.proxy.origin("UI"))

    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"subscribe")


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://127.0.0.1:1"])
def test_websockets_of_a_foreign_page_are_refused(origin: str, door: Door) -> None:
    assert websocket(door, origin=origin).startswith(b"HTTP/1.1 403 ")
    assert door.behind.reached == []


def test_websockets_need_the_login(door: Door) -> None:
    answer = websocket(door, origin=door.proxy.origin("UI"), authorized=False)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert door.behind.reached == []


@each_site
def test_every_answer_says_how_a_browser_must_treat_it(site: str, door: Door) -> None:
    for answer in (door.proxy.ask(site, "/"), door.proxy.ask(site, "/", Authorization=None)):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers


def test_the_policy_of_a_page_itself_stays(door: Door) -> None:
    assert "default-src 'self'" in door.proxy.ask("UI", "/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_pages_are_read_only(method: str, door: Door) -> None:
    assert door.proxy.ask("SITE", "/latest.html", method).status == 405
    assert door.behind.reached == []


def test_the_bulletin_can_be_public_and_nothing_else_becomes_so(secrets: Path) -> None:
    with upstream() as behind, running_proxy(secrets, dict.fromkeys(SITES, behind.port), WEB_PAGES="public") as proxy:
        assert proxy.ask("SITE", "/latest.html", Authorization=None, Sec_Fetch_Site="cross-site").status == 200
        assert proxy.ask("SITE", "/latest.html", "POST", Authorization=None).status == 405
        assert [proxy.ask(site, "/", Authorization=None).status for site in ("UI", "MLFLOW")] == [401, 401]


def test_with_a_certificate_the_pages_are_https_only(tmp_path: Path) -> None:
    secrets = with_certificate(secrets_folder(tmp_path))

    with upstream() as behind, running_proxy(secrets, dict.fromkeys(SITES, behind.port), WEB_SCHEME="https") as proxy:
        answers = {site: proxy.ask(site, "/", Referer=f"{proxy.origin(site)}/runs") for site in SITES}
        plain = replace(proxy, scheme="http")

        assert {answer.status for answer in answers.values()} == {200}
        assert {answer.headers["Strict-Transport-Security"] for answer in answers.values()} == {"max-age=31536000"}
        other = {"Origin": plain.origin("UI")}
        assert proxy.ask("UI", "/graphql", "POST", b"{}", **JSON, **other).status == 403
        behind.reached.clear()
        assert {plain.ask(site, "/").status for site in SITES} == {400}
        assert behind.reached == []


def test_without_its_certificate_https_does_not_start(tmp_path: Path) -> None:
    ports = dict.fromkeys(SITES, 1)

    with (
        pytest.raises(pytest.fail.Exception, match="web_certificate"),
        running_proxy(secrets_folder(tmp_path), ports, WEB_SCHEME="https"),
    ):
        pytest.fail("started")
