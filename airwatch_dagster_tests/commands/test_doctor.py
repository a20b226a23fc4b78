"""Pre-flight checks: each problem is found where it is, and reported with its fix."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from airwatch_dagster.commands.doctor import Finding, examine
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.s3_servers import S3Server

ORDER = ["settings", "area", "source", "storage", "weather", "other_forecasts", "mlflow", "dagster", "alerts"]


def findings(installation: Installation) -> dict[str, Finding]:
    with installation.activated():
        found = list(examine())
    assert [finding.what for finding in found] == ORDER
    return {finding.what: finding for finding in found}


def test_a_fresh_installation_on_practice_air_is_healthy(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path)
    shutil.rmtree(tmp_path / "state")

    found = findings(installation)

    assert {what: finding.is_ok for what, finding in found.items()} == dict.fromkeys(ORDER, True)
    assert re.fullmatch(r"daily values of 20\d\d to 20\d\d in \d+ files available", found["source"].says)
    assert found["alerts"].says.startswith("only logged")
    assert found["storage"].says == f"{tmp_path / 'tables'} can be read and written"
    assert found["weather"].says == "off; AIRWATCH_WEATHER is not set"
    assert found["dagster"].says == f"instance at {tmp_path / 'state'}, 0 runs"


def test_findings_come_one_by_one(tmp_path: Path) -> None:
    with Installation.at(tmp_path).activated():
        found = examine()
        first = next(found)
        rest = [finding.what for finding in found]

    assert (first.what, first.is_ok) == ("settings", True)
    assert first.says.startswith("source practice, area cbsa:16980, storage ")
    assert rest == ORDER[1:]


def test_the_area_has_its_name_and_the_stored_monitors(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path)
    assert findings(installation)["area"].says == "Chicago-Naperville-Elgin, IL-IN-WI (cbsa:16980)"

    two = builders.monitors({"poc": 1}, {"poc": 2}, {"site_id": "171430037", "is_context": True})
    installation.tables.write("monitors", {None: two})

    assert findings(installation)["area"].says.endswith("(cbsa:16980): 1 site with 2 monitors; 1 site around it")


def test_alerts_name_their_channels_and_no_secret(tmp_path: Path) -> None:
    channels = {"AIRWATCH_ALERT_WEBHOOK_URL": "https://hooks.example/hunter2", "AIRWATCH_SMTP_HOST": "mail.example"}
    found = findings(Installation.at(tmp_path, AIRWATCH_ALERT_EMAIL_TO="ada@example.org", **channels))

    assert found["alerts"].says == "by webhook and e-mail to ada@example.org"


def test_of_one_problem_the_later_checks_only_say_where_it_was_named(tmp_path: Path) -> None:
    found = findings(Installation.at(tmp_path, AIRWATCH_AREA="St. Louis"))

    assert "Did you mean cbsa:41180 (St. Louis, MO-IL)?" in found["area"].says
    assert not found["source"].is_ok
    assert found["source"].says == "not checked: needs what is wrong with area"


def test_a_setting_that_is_not_valid_fails_the_checks_that_need_it_and_no_other(tmp_path: Path) -> None:
    found = findings(Installation.at(tmp_path, AIRWATCH_CONTEXT_KM="far"))

    assert not found["settings"].is_ok
    assert found["settings"].says.startswith("AIRWATCH_CONTEXT_KM: 'far' is not a valid distance in km. Use a number")
    assert found["dagster"].is_ok


@pytest.mark.parametrize(
    ("settings", "what", "says"),
    [
        ({"AIRWATCH_AREA": "state:99"}, "area", "AIRWATCH_AREA: '99' is not a valid state code"),
        (
            {"AIRWATCH_SOURCE": "airdata", "AIRWATCH_AIRDATA_URL": "file:///nowhere"},
            "source",
            "file:///nowhere/file_list.csv: there is no such file",
        ),
        ({"AIRWATCH_SOURCE": "aqs"}, "source", "EPA_AQS_EMAIL and EPA_AQS_API_KEY: "),
        (
            {"AIRWATCH_STORAGE": "gs://bucket"},
            "storage",
            "AIRWATCH_STORAGE: 'gs://bucket' is not a valid place",
        ),
        (
            {"AIRWATCH_WEATHER": "gs://bucket"},
            "weather",
            "AIRWATCH_WEATHER: 'gs://bucket' is not a valid place",
        ),
        ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}, "mlflow", "MLFLOW_TRACKING_URI: no MLflow server responds"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_problem_is_found_by_its_own_check(tmp_path: Path, settings: dict[str, str], what: str, says: str) -> None:
    found = findings(Installation.at(tmp_path, **settings))

    assert not found[what].is_ok
    assert found[what].says.startswith(says)


def test_a_missing_bucket_is_found(tmp_path: Path, moto_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    moto_server.use(monkeypatch)
    missing = findings(Installation.at(tmp_path / "a", AIRWATCH_STORAGE="s3://no-such-bucket/x"))
    present = findings(Installation.at(tmp_path / "b", AIRWATCH_STORAGE=f"s3://{moto_server.bucket}/doctor"))

    assert not missing["storage"].is_ok
    assert "no-such-bucket" in missing["storage"].says
    assert present["storage"].is_ok


def test_copies_among_the_partitions_are_found(tmp_path: Path) -> None:
    copy = tmp_path / "tables" / "site_days" / "2021-07-04 (conflicted copy).parquet"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"whatever")

    found = findings(Installation.at(tmp_path))

    assert not found["storage"].is_ok
    assert f"site_days/{copy.name} (a copy of 2021-07-04). Move them elsewhere" in found["storage"].says


def test_an_error_nobody_foresaw_is_a_finding_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise ZeroDivisionError("of hunter2-key at http://me:hunter2@host")

    monkeypatch.setattr("airwatch_dagster.commands.doctor._area", broken)
    found = findings(Installation.at(tmp_path, EPA_AQS_API_KEY="hunter2-key", AIRWATCH_STORAGE="gs://bucket"))

    assert [what for what in ORDER if not found[what].is_ok] == ["area", "storage"]
    assert found["area"].says.startswith("the check failed with ZeroDivisionError at test_doctor.py:")
    assert "of *** at http://***@host" in found["area"].says


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
    assert {one.what for one in found} >= set(ORDER)
    named = [one.says for one in found if one.what == what and not one.is_ok and says.format(folder=folder) in one.says]
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

    failed = [line.split(":")[0].split()[1] for line in result.output.splitlines() if line.startswith("FAIL")]
    expected = [
        "settings",
        "settings",
        "certificates",
        "area",
        "source",
        "storage",
        "weather",
        "other_forecasts",
        "mlflow",
        "dagster",
        "alerts",
    ]
    assert failed == expected
    assert all(line.startswith(("ok    ", "FAIL  ")) for line in result.output.splitlines())


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
    assert [line.split(":")[0].split()[1] for line in lines[2:] if line.startswith("ok ")] == ORDER
    assert "hunter2" not in result.output
