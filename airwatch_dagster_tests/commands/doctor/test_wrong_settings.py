"""What a setting can be wrong in: each problem is found where it is, and reported with its fix."""

import json
import os
from pathlib import Path

import pytest

from airwatch_dagster.commands.doctor.findings import Finding
from airwatch_dagster_tests.commands.doctor.installation_findings import ALWAYS
from airwatch_dagster_tests.installations import Installation

BROKEN: dict[str, tuple[dict[str, str], str, str, str]] = {
    "ca bundle": (
        {"REQUESTS_CA_BUNDLE": "/nonexistent/ca.pem", "AIRWATCH_SOURCE": "airdata"},
        *("certificates", "REQUESTS_CA_BUNDLE: /nonexistent/ca.pem does not exist", "Set it to a file of certificates"),
    ),
    "ca bundle of a source": (
        {"REQUESTS_CA_BUNDLE": "/nonexistent/ca.pem", "AIRWATCH_SOURCE": "airdata"},
        *("source", "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE: /nonexistent/ca.pem does not exist", "or unset it"),
    ),
    "curl's ca bundle": (
        {"CURL_CA_BUNDLE": "/nonexistent/ca.pem"},
        *("certificates", "CURL_CA_BUNDLE: /nonexistent/ca.pem does not exist", "or unset it"),
    ),
    "ca bundle without a certificate": (
        {"REQUESTS_CA_BUNDLE": "{folder}/text"},
        *("certificates", "REQUESTS_CA_BUNDLE: {folder}/text holds no certificate", "in PEM format"),
    ),
    "aws ca bundle": ({"AWS_CA_BUNDLE": "/nope"}, "certificates", "AWS_CA_BUNDLE: /nope does not exist", "or unset it"),
    "mlflow folder": (
        {"MLFLOW_TRACKING_URI": "./mlruns"},
        *("mlflow", "MLFLOW_TRACKING_URI: './mlruns' is a folder", "migrate-filestore"),
    ),
    "mlflow on databricks": (
        {"MLFLOW_TRACKING_URI": "databricks"},
        "mlflow",
        "databricks has a registry",
        "MLflow server",
    ),
    "mlflow in postgresql": (
        {"MLFLOW_TRACKING_URI": "postgresql://me:hunter2@127.0.0.1:1/mlflow"},
        *("mlflow", "no database answers at postgresql+psycopg2://127.0.0.1:1/mlflow", "Start the database"),
    ),
    "mlflow without a scheme": (
        {"MLFLOW_TRACKING_URI": "127.0.0.1:5000"},
        *("mlflow", "'127.0.0.1:5000' has no scheme", "Write http://"),
    ),
    "mlflow by ftp": (
        {"MLFLOW_TRACKING_URI": "ftp://host/x"},
        "mlflow",
        "'ftp://host/x' is not an address",
        "MLflow server",
    ),
    "mlflow with a blank": (
        {"MLFLOW_TRACKING_URI": "http://a b"},
        "mlflow",
        "'http://a b' has a blank",
        "MLflow server",
    ),
    "mlflow with a bad port": (
        {"MLFLOW_TRACKING_URI": "http://h:port"},
        "mlflow",
        "has a port that is not",
        "MLflow server",
    ),
    "mlflow with a slash in its password": (
        {"MLFLOW_TRACKING_URI": "http://me:hunter2/x@host"},
        *("mlflow", "'http://host' has a port that is not a number", "as %2F"),
    ),
    "relative home": ({"DAGSTER_HOME": "."}, "dagster", "DAGSTER_HOME: '.' is a relative path", "absolute path"),
    "missing home": ({"DAGSTER_HOME": "/nonexistent"}, "dagster", "'/nonexistent' is not a folder", "or unset it"),
    "broken dagster.yaml": (
        {"DAGSTER_HOME": "{folder}/broken"},
        "dagster",
        "cannot open its instance",
        "Correct dagster.yaml",
    ),
    "airdata without a scheme": (
        {"AIRWATCH_AIRDATA_URL": "aqs.epa.gov/airdata"},
        *("settings", "AIRWATCH_AIRDATA_URL: 'aqs.epa.gov/airdata' has no scheme", "Use an http, https or file"),
    ),
    "airnow with credentials": (
        {"AIRWATCH_AIRNOW_URL": "ftp://me:hunter2@host"},
        *("settings", "AIRWATCH_AIRNOW_URL: 'ftp://host' has the scheme ftp", "Use an http, https or file"),
    ),
    "aqs with a bad port": (
        {"AIRWATCH_AQS_URL": "http://h:99999"},
        "settings",
        "has a port that is not",
        "or leave it unset",
    ),
    "ui without a scheme": (
        {"AIRWATCH_UI_URL": "localhost:3000"},
        "settings",
        "'localhost:3000' has no scheme",
        "127.0.0.1",
    ),
    "webhook": (
        {"AIRWATCH_ALERT_WEBHOOK_URL": "hooks.example/hunter2"},
        *("settings", "AIRWATCH_ALERT_WEBHOOK_URL: its value has no scheme", "Use an http or https address"),
    ),
    "state folder": (
        {"AIRWATCH_STATE": "{folder}/text/state"},
        *("state", "AIRWATCH_STATE: {folder}/text/state cannot be written", "Set it to a folder"),
    ),
    "profile": ({"AWS_PROFILE": "nobody"}, "storage", "AWS_PROFILE: the profile does not exist", "Correct AWS_PROFILE"),
    "credentials file": (
        {"AWS_SHARED_CREDENTIALS_FILE": "{folder}/text"},
        *(
            "storage",
            "AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE: the AWS client cannot read",
            "Correct the files",
        ),
    ),
    "missing credentials file": (
        {"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/aws"},
        *("aws", "AWS_SHARED_CREDENTIALS_FILE: /nonexistent/aws does not exist", "this user may read"),
    ),
    "folder as configuration": (
        {"AWS_CONFIG_FILE": "{folder}"},
        "aws",
        "AWS_CONFIG_FILE: {folder} is a folder",
        "may read",
    ),
    "region": ({"AWS_DEFAULT_REGION": "nowhere"}, "aws", "AWS_DEFAULT_REGION: 'nowhere' is no region", "us-east-1"),
    "spelling of a region": (
        {"AWS_DEFAULT_REGION": "us_east!1"},
        "storage",
        "is not a valid name of a region",
        "us-east-1",
    ),
    "endpoint without a scheme": (
        {"AWS_ENDPOINT_URL": "minio:9000"},
        "storage",
        "AWS_ENDPOINT_URL: is not a valid",
        "http://",
    ),
    "endpoint with a bad port": (
        {"AWS_ENDPOINT_URL": "http://h:port"},
        "storage",
        "AWS_ENDPOINT_URL: is not a valid",
        "a port",
    ),
    "checksums": (
        {"AWS_REQUEST_CHECKSUM_CALCULATION": "maybe"},
        *("storage", "the AWS client rejects one of its settings (InvalidChecksumConfigError)", "Correct the variable"),
    ),
    "unreachable storage": (
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        "storage",
        "does not respond",
        "Start the server",
    ),
    "storage below a file": (
        {"AIRWATCH_STORAGE": "{folder}/text/x"},
        "storage",
        "a file is in the place",
        "AIRWATCH_STORAGE",
    ),
}
"""Situation → settings, the finding that names it, its beginning or part of it, and its fix."""


@pytest.fixture
def plain_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS settings that fail fast, whatever the developer's own are."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    given = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    given |= {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_EC2_METADATA_DISABLED": "true"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.parametrize("situation", BROKEN)
def test_what_is_broken_is_named_with_its_fix_and_hides_nothing(
    tmp_path: Path, plain_aws: None, situation: str
) -> None:
    settings, what, says, fix = BROKEN[situation]
    folder = tmp_path / "files"
    (folder / "broken").mkdir(parents=True)
    (folder / "text").write_text("not what is expected here: hunter2\n[[[")
    (folder / "broken" / "dagster.yaml").write_text("run_storage: {module: hunter2.nowhere, class: [")
    given = {name: value.format(folder=folder) for name, value in settings.items()}
    if any(name.startswith("AWS_") for name in given):
        given = {"AIRWATCH_STORAGE": "s3://bucket/tables", **given}

    result = Installation.at(tmp_path / "installation", **given).airwatch("doctor", "--json")

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    found = [Finding(**one) for one in json.loads(result.output)]
    assert {one.what for one in found} >= ALWAYS
    errors = [one.says for one in found if one.what == what and one.level == "error"]
    named = [one for one in errors if says.format(folder=folder) in one]
    assert len(named) == 1, result.output
    assert fix in named[0]
    assert "hunter2" not in result.output
    assert "Traceback" not in result.output


def test_everything_broken_at_once_is_named_at_once(tmp_path: Path, plain_aws: None) -> None:
    installation = Installation.at(
        tmp_path / "installation",
        AIRWATCH_AREA="state:99",
        AIRWATCH_CONTEXT_KM="far",
        AIRWATCH_SMTP_PORT="mail",
        AIRWATCH_STORAGE="gs://bucket",
        AIRWATCH_WEATHER="gs://bucket",
        AIRWATCH_OTHER_FORECASTS="gs://bucket",
        MLFLOW_TRACKING_URI="databricks",
        DAGSTER_HOME="home",
        CURL_CA_BUNDLE="/nope",
    )

    result = installation.airwatch("doctor")

    failed = [line.split(":")[0].removeprefix("FAIL  ") for line in result.output.splitlines() if line[:4] == "FAIL"]
    assert failed[:5] == ["settings", "settings", "certificates", "area", "memory"]
    expected = {
        "source",
        "storage",
        "writers",
        "tables",
        "readings",
        "stamps",
        "sites",
        "weather",
        "other_forecasts",
        "mlflow",
        "alerts",
    }
    assert set(failed[5:]) == {*expected, "dagster", "dagster schema", "daemon", "runs", "queue"}
    assert all(line.startswith(("ok    ", "WARN  ", "FAIL  ")) for line in result.output.splitlines())


def test_every_wrong_line_of_the_env_file_is_named_and_what_the_environment_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = Installation.at(tmp_path)
    monkeypatch.setattr("airwatch_dagster.orchestration.configuration.environment.installation", lambda: tmp_path)
    monkeypatch.setenv("SOME_PASSWORD", "kept, so that the test leaves it as it was")
    (tmp_path / ".env").write_text("AIRWATCH_AREA=us\nSOME_PASSWORD=pa$hunter2\nA: hunter2\n")

    result = installation.airwatch("doctor")

    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith(f"FAIL  .env: {tmp_path / '.env'}, line 2 (SOME_PASSWORD): has a $ that only compose")
    assert lines[1].startswith(f"FAIL  .env: {tmp_path / '.env'}, line 3: is not NAME=value. Write NAME=value")
    assert lines[2].endswith("; the environment wins over .env for AIRWATCH_AREA, SOME_PASSWORD")
    assert {line.split(":")[0][6:] for line in lines[2:] if not line.startswith("FAIL")} == ALWAYS
    assert "hunter2" not in result.output
