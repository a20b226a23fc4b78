"""Email and key of the AQS API appear in no output, log, table, cached file or MLflow run."""

import gzip
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from airwatch_dagster.practice.faults.faults import FaultKind, ScriptedFaults
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.installations import REPOSITORY, TODAY, Installation

pytestmark = pytest.mark.slow

EMAIL, KEY = "ada.lovelace@analytical-engine.example", "bernoulli-8-numbers"
SECRETS = ("lovelace", "analytical-engine", "bernoulli-8")
DAYS = ("2021-05-28", "2021-05-31")

PASSING: tuple[FaultKind, ...] = ("server_error", "maintenance_page", "throttled", "cut_connection")
GARBLED: tuple[FaultKind, ...] = ("truncated_json", "wrong_envelope", "html_page", "hang")
FINAL: tuple[FaultKind, ...] = ("expired_key", "renamed_column", "missing_column")


@dataclass(frozen=True)
class Aftermath:
    """What is left of runs that failed in every way, and of one that succeeded in the end."""

    folder: Path
    failed: tuple[Result, ...]
    succeeded: Result
    log: str


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """Logged at DEBUG: eight faults outlast the client twice, three are refused, then every table is filled."""
    folder = tmp_path_factory.mktemp("secrets")
    script = ScriptedFaults(
        (*PASSING, *GARBLED, *FINAL), path_prefix="/data/api/dailyData", hang_seconds=0.05, retry_after_seconds=0
    )
    log = folder / "log" / "debug.log"
    log.parent.mkdir()
    handler, root = logging.FileHandler(log), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    # The Kubernetes client, which other tests load, raises the level of urllib3.
    requests_log = logging.getLogger("urllib3.connectionpool")
    requests_log.setLevel(logging.DEBUG)
    try:
        with PracticeServer(today=TODAY, key=KEY, faults=script) as server:
            installation = Installation.at(
                folder / "installation",
                AIRWATCH_SOURCE="aqs",
                AIRWATCH_AQS_URL=server.aqs_url,
                AIRWATCH_AQS_INTERVAL_S="0.01",
                EPA_AQS_EMAIL=EMAIL,
                EPA_AQS_API_KEY=KEY,
            )
            # The output of steps is captured here, as it is outside of tests.
            shutil.copy(REPOSITORY / "dagster.yaml", installation.folder / "home")
            failed = tuple(installation.airwatch("backfill", *DAYS) for _ in range(2 + len(FINAL)))
            succeeded = installation.airwatch("backfill", *DAYS)
            installation.airwatch("doctor")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        requests_log.setLevel(logging.NOTSET)
        handler.close()
    return Aftermath(folder, failed, succeeded, log.read_text(encoding="utf-8"))


def test_the_runs_failed_as_they_should_and_the_last_one_filled_every_table(aftermath: Aftermath) -> None:
    assert [result.exit_code for result in aftermath.failed] == [1] * 5
    assert ["Retrying may help" in result.output for result in aftermath.failed] == [True, True, False, False, False]
    assert "The email or the key is not valid" in aftermath.failed[2].output
    assert aftermath.succeeded.exit_code == 0, aftermath.succeeded.output


def test_no_output_and_no_log_line_holds_email_or_key(aftermath: Aftermath) -> None:
    output = "".join(result.output + repr(result.exception) for result in (*aftermath.failed, aftermath.succeeded))

    assert "GET /data/api/dailyData/byCBSA?(hidden)" in aftermath.log
    assert [secret for secret in SECRETS if secret in (output + aftermath.log).lower()] == []


def test_no_file_holds_email_or_key(aftermath: Aftermath) -> None:
    files = [path for path in aftermath.folder.rglob("*") if path.is_file()]
    kinds = {"mlflow.db", "index.db", "runs.db", ".jsonl.gz", ".parquet"}

    assert {kind for kind in kinds if any(path.name.endswith(kind) for path in files)} == kinds
    assert [(path.name, secret) for path in files for secret in SECRETS if secret.encode() in _content(path)] == []


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).lower()
