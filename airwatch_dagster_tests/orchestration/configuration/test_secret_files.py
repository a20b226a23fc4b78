"""A secret may be in a file that NAME_FILE names, for AirWatch and for the clients that it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from airwatch_dagster.commands.doctor.examination import examine
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.configuration import environment
from airwatch_dagster.orchestration.configuration.environment import (
    MASKED_SETTINGS,
    USERS,
    overridden,
    prepare_environment,
    secret_values,
)
from airwatch_dagster.orchestration.configuration.settings import Settings, settings_reference
from airwatch_dagster_tests.installations import REPOSITORY

SECRETS = [*(one.name for one in settings_reference() if one.is_secret), *MASKED_SETTINGS, *USERS]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An installation's folder, which is the current one; no secret is set."""
    for name in ("AIRWATCH_STATE", "AIRWATCH_STORAGE", "DAGSTER_HOME", *SECRETS, *(f"{one}_FILE" for one in SECRETS)):
        monkeypatch.setenv(name, "")  # so that what the process sets is removed again
        monkeypatch.delenv(name)
    monkeypatch.setattr(environment, "installation", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def smtp_password() -> str:
    password = AlertSettings.from_environment().smtp_password
    assert password is not None
    return password.get_secret_value()


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_be_in_a_file(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "secret").write_text("from-a-file\n")
    monkeypatch.setenv(f"{name}_FILE", str(home / "secret"))

    prepare_environment()

    assert os.environ[name] == "from-a-file"
    assert f"{name}_FILE" not in os.environ, "a program that is started has one value, not two"
    assert ("from-a-file" in secret_values()) == (name not in USERS)


def test_a_process_that_nothing_prepared_reads_the_file_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "secret").write_text("from-a-file\r\n")
    monkeypatch.setenv("AIRWATCH_SMTP_PASSWORD_FILE", "secret")
    monkeypatch.setenv("AIRWATCH_SMTP_PASSWORD", " ")

    assert smtp_password() == "from-a-file"
    assert "from-a-file" in secret_values()
    assert "from-a-file" not in repr(AlertSettings.from_environment())


def test_an_empty_file_is_an_optional_secret_that_nobody_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "secret").write_text("\n")
    for name in SECRETS:
        monkeypatch.setenv(f"{name}_FILE", str(home / "secret"))

    prepare_environment()

    assert Settings.from_environment().smtp_password is None
    assert secret_values() == []


def test_a_file_that_env_names_starts_at_its_folder_and_the_environment_wins(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".env").write_text("AIRWATCH_SMTP_PASSWORD_FILE=secret\nEPA_AQS_API_KEY_FILE=key\nPGPASSWORD=of-the-file\n")
    (home / "secret").write_text("from-a-file")
    (home / "pg").write_text("of-the-environment")
    (home / "elsewhere").mkdir()
    monkeypatch.chdir(home / "elsewhere")
    monkeypatch.setenv("EPA_AQS_API_KEY", "of-the-environment")
    monkeypatch.setenv("PGPASSWORD_FILE", "../pg")

    prepare_environment()

    assert smtp_password() == "from-a-file"
    assert os.environ["EPA_AQS_API_KEY"] == "of-the-environment"
    assert os.environ["PGPASSWORD"] == "of-the-environment"
    assert "AIRWATCH_SMTP_PASSWORD_FILE" not in overridden()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist"),
        (b"one\ntwo", "holds more than one line"),
        (b"one\0two", "or control characters"),
        (b"\xff\xfeo\0n\0e\0", "is not text in UTF-8"),
        (b"x" * 16_385, "is larger than 16384 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_is_named_and_its_content_is_not_shown(
    content: bytes | None, says: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (home / "secret").write_bytes(content)
    monkeypatch.setenv("AIRWATCH_SMTP_PASSWORD_FILE", str(home / "secret"))

    for read in (prepare_environment, AlertSettings.from_environment):
        with pytest.raises(ConfigurationError) as caught:
            read()
        assert str(caught.value).startswith(f"AIRWATCH_SMTP_PASSWORD_FILE: {home / 'secret'} ")
        assert says in caught.value.problem
        assert "Set it to a file that holds the secret alone" in caught.value.fix
        assert "two" not in str(caught.value)


def test_a_secret_that_is_given_twice_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "secret").write_text("from-a-file")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "of-the-environment")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD_FILE", str(home / "secret"))

    with pytest.raises(ConfigurationError, match="is set beside MLFLOW_TRACKING_PASSWORD, and only one") as caught:
        prepare_environment()

    assert "from-a-file" not in str(caught.value)


@pytest.mark.slow
def test_doctor_names_each_file_once_beside_other_problems(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SMTP_PASSWORD_FILE", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY_FILE", "none either")
    monkeypatch.setenv("AIRWATCH_SOURCE", "epa")

    found = [finding.says for finding in examine() if finding.level == "error"]

    assert [says.partition(":")[0] for says in found[:2]] == [
        "AIRWATCH_SMTP_PASSWORD_FILE",
        "AWS_SECRET_ACCESS_KEY_FILE",
    ]
    assert sum("AIRWATCH_SMTP_PASSWORD_FILE" in says for says in found) == 1
    assert any(says.startswith("AIRWATCH_SOURCE: 'epa'") for says in found)


def test_a_program_of_dagster_gets_the_secret_as_the_variable_it_reads(home: Path) -> None:
    (home / "secret").write_text("from-a-file\n")
    given = {"AIRWATCH_STATE": str(home / "state"), "DAGSTER_PG_PASSWORD_FILE": str(home / "secret")}
    show = "import json, os; print(json.dumps({n: v for n, v in os.environ.items() if n.startswith('DAGSTER_PG')}))"
    command = [sys.executable, "-m", "airwatch_dagster.commands.with_settings", "python", "-c", show]

    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(REPOSITORY), **given}, capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == {"DAGSTER_PG_PASSWORD": "from-a-file"}


@pytest.mark.parametrize("document", [".env.example", "docs/how-to/team.md"])
def test_documents_name_every_secret_that_may_be_in_a_file(document: str) -> None:
    text = (REPOSITORY / document).read_text()

    of_servers = {"POSTGRES_PASSWORD", "S3_SECRET_KEY", "MLFLOW_FLASK_SERVER_SECRET_KEY", "MLFLOW_AUTH_ADMIN_PASSWORD"}
    assert [name for name in SECRETS if name not in text and name not in of_servers] == []
