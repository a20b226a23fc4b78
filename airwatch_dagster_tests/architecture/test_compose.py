"""The compose file: pinned images, local ports, health checks, and every setting that the code reads."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTING = re.compile(r"\b(?:AIRWATCH|EPA|DAGSTER|MLFLOW|POSTGRES|S3)_[A-Z0-9_]*[A-Z0-9]\b")
READ_BY_OTHERS = {
    "MLFLOW_S3_ENDPOINT_URL",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_DB",
    "S3_BUCKET",
}
"""Settings of the images and of MLflow's server."""

each_service = pytest.mark.parametrize("service", SERVICES)


def settings_in(*paths: Path) -> set[str]:
    return {name for path in paths for name in SETTING.findall(path.read_text())}


@each_service
def test_every_image_is_pinned_to_a_version(service: str) -> None:
    tag = SERVICES[service]["image"].partition(":")[2]

    assert re.match(r"\d+\.\d+", tag), f"{service} uses {SERVICES[service]['image']}"


def test_the_base_image_is_pinned_to_a_patch_release() -> None:
    [base] = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)

    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base)


@each_service
def test_every_port_is_open_to_this_machine_only(service: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", []))


@each_service
def test_every_service_has_a_health_check(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


@each_service
def test_every_service_waits_until_its_dependencies_are_healthy(service: str) -> None:
    dependencies = SERVICES[service].get("depends_on", {})

    assert all(one["condition"] == "service_healthy" for one in dependencies.values())
    assert set(dependencies) <= set(SERVICES)


def test_a_password_in_the_file_is_only_a_local_default() -> None:
    written = [
        f"{service}: {name}"
        for service, declared in SERVICES.items()
        for name, value in declared.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|ACCESS_KEY|API_KEY", name) and not str(value).startswith("${")
    ]

    assert written == []


def test_every_setting_of_the_code_container_is_read_by_something() -> None:
    read = settings_in(*(ROOT / "airwatch_dagster").rglob("*.py"), *(ROOT / "deploy").glob("*.yaml"))
    given = {name for declared in SERVICES.values() for name in declared.get("environment", {})}

    assert {name for name in given if SETTING.fullmatch(name)} - read - READ_BY_OTHERS == set()


def test_every_setting_the_code_reads_reaches_the_code_container() -> None:
    read = settings_in(*(ROOT / "airwatch_dagster").rglob("*.py"))
    given = {*SERVICES["code"]["environment"], "AIRWATCH_STATE", "DAGSTER_HOME"}

    assert {name for name in read if name.startswith(("AIRWATCH_", "EPA_"))} - given == set()


def test_every_setting_is_in_the_example_file() -> None:
    read = settings_in(*(ROOT / "airwatch_dagster").rglob("*.py"))
    substituted = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))

    expected = {name for name in read | substituted if name.startswith(("AIRWATCH_", "EPA_", "POSTGRES_", "S3_"))}
    assert expected - settings_in(ROOT / ".env.example") == set()


def test_every_line_of_the_example_file_is_a_comment() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.parametrize("name", ["dagster.yaml", "workspace.yaml"])
def test_the_image_has_the_files_that_the_containers_use(name: str) -> None:
    assert (ROOT / "deploy" / name).is_file()
    assert "!deploy" in (ROOT / ".dockerignore").read_text().splitlines()
