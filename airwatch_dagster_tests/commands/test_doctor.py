"""Pre-flight checks: each problem is found where it is, and reported with its fix."""

import shutil
from pathlib import Path

import pytest

from airwatch_dagster.commands.doctor import Finding, examine
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.s3_servers import S3Server

ORDER = ["settings", "area", "source", "storage", "weather", "mlflow", "dagster"]


def findings(installation: Installation) -> dict[str, Finding]:
    with installation.activated():
        found = examine()
    assert [finding.what for finding in found] == ORDER
    return {finding.what: finding for finding in found}


def test_a_fresh_installation_on_practice_air_is_healthy(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path)
    shutil.rmtree(tmp_path / "state")

    found = findings(installation)

    assert {what: finding.is_ok for what, finding in found.items()} == dict.fromkeys(ORDER, True)
    assert found["source"].says.endswith("files available")
    assert found["storage"].says == f"{tmp_path / 'tables'} can be read and written"
    assert found["weather"].says == "off; AIRWATCH_WEATHER is not set"
    assert found["dagster"].says == f"instance at {tmp_path / 'state'}, 0 runs"


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
    assert "Retrying " in found[what].says


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


def test_an_error_nobody_foresaw_keeps_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> list[Finding]:
        raise ZeroDivisionError

    monkeypatch.setattr("airwatch_dagster.commands.doctor._area", broken)

    with pytest.raises(ZeroDivisionError), Installation.at(tmp_path).activated():
        examine()
