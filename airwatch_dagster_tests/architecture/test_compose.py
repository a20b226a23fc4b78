"""The compose file: pinned, closed to the outside, checked for health, and in step with what the code reads."""

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
"""Settings of the images and of MLflow's server themselves."""

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
def test_every_service_tells_whether_it_is_well(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


@each_service
def test_every_service_waits_until_what_it_needs_is_well(service: str) -> None:
    needs = SERVICES[service].get("depends_on", {})

    assert all(need["condition"] == "service_healthy" for need in needs.values())
    assert set(needs) <= set(SERVICES)


def test_no_password_is_written_down_except_as_a_local_default() -> None:
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


def test_every_setting_is_explained_in_the_example() -> None:
    read = settings_in(*(ROOT / "airwatch_dagster").rglob("*.py"))
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))

    expected = {name for name in read | asked if name.startswith(("AIRWATCH_", "EPA_", "POSTGRES_", "S3_"))}
    assert expected - settings_in(ROOT / ".env.example") == set()


def test_the_example_changes_nothing_until_a_line_is_uncommented() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.parametrize("name", ["dagster.yaml", "workspace.yaml"])
def test_the_image_holds_the_files_that_the_containers_name(name: str) -> None:
    assert (ROOT / "deploy" / name).is_file()
    assert "!deploy" in (ROOT / ".dockerignore").read_text().splitlines()
