"""`make secrets`: passwords that nobody chose, each in a file, and never a second time."""

import base64
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from airwatch_dagster_tests.deploy.proxies import ROOT, SITES, caddy, login, running_proxy, upstream

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "deploy" / "make_secrets.py"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
YOURS = {
    *("epa_aqs_email", "epa_aqs_api_key", "airnow_api_key", "open_meteo_key"),
    *("alert_webhook_url", "heartbeat_url", "smtp_password"),
}


def made(folder: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """The script without packages, as Python of an operating system runs it; ``path``: where it finds programs."""
    command = [sys.executable, "-I", str(SCRIPT), "--folder", str(folder), *arguments]
    environment = {**os.environ, "PATH": path or f"{Path(caddy()).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def shown_password(done: subprocess.CompletedProcess[str]) -> str:
    [password] = re.findall(r"^  password  (\S+)$", done.stdout, flags=re.MULTILINE)
    return str(password)


def test_every_secret_of_the_compose_file_is_made_and_none_is_alike(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        assert made(folder).returncode == 0

    assert contents(first).keys() == {*COMPOSE["secrets"], "made-by-make-secrets.env"}
    assert {name for name, text in contents(first).items() if not text} == {*YOURS, "made-by-make-secrets.env"}
    alike = {name for name, text in contents(first).items() if text == contents(second)[name]}
    assert alike == {*YOURS, "made-by-make-secrets.env"}
    assert len(contents(first)["postgres_password"]) == 32


def test_nobody_else_enters_the_folder_and_containers_read_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    made(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}


def test_what_exists_stays_and_what_is_missing_comes_back(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "smtp_password").write_text("mine")
    before = contents(tmp_path)
    (tmp_path / "s3_accounts.json").unlink()
    (tmp_path / "mlflow_authorization").unlink()

    again = made(tmp_path)

    assert contents(tmp_path) == before, "files that are made of others are the same again"
    assert "s3_accounts.json, mlflow_authorization" in again.stdout
    assert "Login" not in again.stdout


def test_the_account_of_each_service_is_the_one_its_clients_use(tmp_path: Path) -> None:
    made(tmp_path)
    found = contents(tmp_path)

    [account] = json.loads(found["s3_accounts.json"])["identities"]
    assert account["credentials"] == [{"accessKey": found["s3_access_key"], "secretKey": found["s3_secret_key"]}]
    header = base64.b64decode(found["mlflow_authorization"].removeprefix("Basic ")).decode()
    assert header == f"airwatch:{found['mlflow_password']}"


def test_the_login_is_shown_once_and_stored_as_a_hash(tmp_path: Path) -> None:
    done = made(tmp_path)

    password = shown_password(done)
    assert re.fullmatch(r"airwatch \$2[aby]\$10\$\S{53}\n", (tmp_path / "web_users").read_text())
    assert [name for name, text in contents(tmp_path).items() if password in text] == []


def test_each_person_enters_with_the_own_password(tmp_path: Path) -> None:
    first = shown_password(made(tmp_path))
    second = shown_password(made(tmp_path, "--login", "ana"))

    with upstream() as behind, running_proxy(tmp_path, dict.fromkeys(SITES, behind.port)) as proxy:
        assert proxy.ask("UI", "/", **login("airwatch", first)).status == 200
        assert proxy.ask("UI", "/", **login("ana", second)).status == 200
        assert proxy.ask("UI", "/", **login("ana", first)).status == 401


@pytest.mark.parametrize(("name", "problem"), [("airwatch", "has a login"), ("a b", "is not a name"), ("", "")])
def test_a_login_that_exists_or_is_no_name_is_refused(name: str, problem: str, tmp_path: Path) -> None:
    made(tmp_path)
    before = contents(tmp_path)

    done = made(tmp_path, "--login", name)

    assert problem in done.stderr
    assert contents(tmp_path) == before


def test_without_caddy_the_image_of_the_proxy_hashes_the_password(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    hashed = "$2a$10$" + "x" * 53
    (programs / "docker").write_text(
        f"#!/bin/sh\ncat > {tmp_path}/asked\necho \"$@\" >> {tmp_path}/asked\necho '{hashed}'\n"
    )
    (programs / "docker").chmod(0o755)
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    command = [str(python), "-I", str(SCRIPT), "--folder", str(tmp_path / "secrets")]

    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"},
    )

    image = COMPOSE["services"]["proxy"]["image"]
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith(
        f"{shown_password(done)}\nrun --rm --interactive --network=none {image} caddy hash-password"
    )
    assert (tmp_path / "secrets" / "web_users").read_text() == f"airwatch {hashed}\n"


def test_without_docker_and_caddy_it_says_so(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(sys.executable)

    done = subprocess.run(
        [str(python), "-I", str(SCRIPT), "--folder", str(tmp_path / "secrets")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )

    assert done.returncode
    assert "neither docker nor caddy" in done.stderr
    assert not (tmp_path / "secrets" / "made-by-make-secrets.env").exists(), "the stack does not start"
