"""One thing is broken at a time: it is found by its own line with the command that mends it, and hides no other."""

import errno
import json
import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from airwatch_dagster.commands.doctor.findings import Level
from airwatch_dagster.commands.doctor.machine import disk, memory, packages, ports
from airwatch_dagster.orchestration.configuration.environment import CERTIFICATES
from airwatch_dagster.orchestration.instance.run_locks import FOLDER, HOST
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.commands.doctor.installation_findings import ALWAYS, findings_of
from airwatch_dagster_tests.installations import REPOSITORY, Installation
from airwatch_dagster_tests.s3_servers import S3Server
from airwatch_dagster_tests.stub_servers import Answer, answering, silent

pytestmark = pytest.mark.slow

ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("airwatch"), "defs"), "forecast_day")
"""Where a queued run comes from; nothing reads it here."""

COMPARED = packages.compared

Break = Callable[[Installation, pytest.MonkeyPatch], "Mapping[str, str] | AbstractContextManager[Mapping[str, str]]"]
"""Breaks one thing of a healthy installation, for as long as the context lasts; gives the settings that it takes."""


@dataclass(frozen=True)
class Found:
    """What doctor must say."""

    what: str
    says: str
    run: str
    level: Level = "error"
    also: frozenset[str] = field(default_factory=frozenset)
    """Other findings that cannot be made then, or are wrong too."""


def settings(**values: str) -> Break:
    return lambda _, __: values


def instance_of(installation: Installation) -> dg.DagsterInstance:
    with installation.activated():
        return dg.DagsterInstance.get()


def a_run(installation: Installation, status: dg.DagsterRunStatus, **tags: str) -> None:
    run = dg.DagsterRun(
        job_name="forecast_day",
        run_id="1a2b3c4d-0000-4000-8000-000000000000",
        status=status,
        tags=tags,
        remote_job_origin=ORIGIN,
    )
    with instance_of(installation) as instance:
        instance.add_run(run)


def a_file_for_the_storage(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    (installation.folder / "text").write_text("not a folder")
    return {"AIRWATCH_STORAGE": str(installation.folder / "text")}


def other_readings(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    installation.tables.assert_data_kind("epa")
    return {}


def no_monitors(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    installation.tables.write("monitors", {None: builders.monitors()})
    return {"AIRWATCH_AREA": "cbsa:41180"}


def a_copied_partition(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    installation.tables.write("site_days", {"2021-07-04": builders.site_days()})
    folder = Path(installation.tables.uri("site_days", "2021-07-04")).parent
    (folder / "2021-07-04 (1).parquet").write_bytes(b"whatever")
    return {}


def a_damaged_partition(table: str) -> Break:
    def damage(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
        day = {"2021-07-04": builders.raw_readings() if table == "raw_readings" else builders.site_days()}
        installation.tables.write(table, day)
        path = Path(installation.tables.uri(table, "2021-07-04"))
        path.write_bytes(path.read_bytes().replace(b"PAR1", b"PAR2"))
        return {}

    return damage


def a_damaged_mark(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    (Path(installation.environment["AIRWATCH_STORAGE"])).mkdir(exist_ok=True)
    (Path(installation.environment["AIRWATCH_STORAGE"]) / "airwatch.json").write_text("hm")
    return {}


def an_emptied_database(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    (installation.folder / "state" / "runs.db").write_bytes(b"")
    return {}


def a_newer_schema_of(database: str) -> Break:
    def upgrade(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
        with closing(sqlite3.connect(installation.folder / "state" / database)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        return {}

    return upgrade


def a_pipe_for_a_secret(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    os.mkfifo(installation.folder / "pipe")
    return {"AIRWATCH_SMTP_PASSWORD_FILE": str(installation.folder / "pipe")}


def a_folder_of_another_user(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    installation.tables.write("site_days", {"2021-07-04": builders.site_days()})
    folder = Path(installation.tables.uri("site_days", "2021-07-04")).parent
    scan = os.scandir

    def refused(path: Any) -> Any:
        if str(path) == str(folder):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    return {}


def a_full_disk(_: Installation, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    monkeypatch.setattr(disk, "free_mb", lambda folder: 40.0)
    return {}


def a_small_container(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    limit, used = installation.folder / "memory.max", installation.folder / "memory.current"
    limit.write_text("2147483648\n")
    used.write_text("1073741824\n")
    monkeypatch.setattr(memory, "CGROUPS", ((limit, used),))
    return {"AIRWATCH_AREA": "us"}


def another_package(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    lock = "click==0.0.1 \\\n    --hash=sha256:0\npandas==0.0.2 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"
    (installation.folder / "requirements.txt").write_text(lock)
    monkeypatch.setattr(packages, "installation", lambda: installation.folder)
    monkeypatch.setattr(packages, "compared", COMPARED)
    return {}


@contextmanager
def a_taken_port(_: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    with answering(lambda path: (200, b"another program", {})) as address:
        number = int(address.rpartition(":")[2])
        port = ports.Port(number, "the Dagster UI", "PORT", "dev", "/server_info", "dagster_version")
        monkeypatch.setattr(ports, "PORTS", (port,))
        yield {}


@contextmanager
def a_locked_database(installation: Installation, _: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    with closing(sqlite3.connect(installation.folder / "state" / "mlflow.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield {}


def a_damaged_database(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    (installation.folder / "state" / "mlflow.db").write_bytes(b"not a database, but long enough for a header" * 50)
    return {}


def an_old_schema_of_dagster(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    instance_of(installation).dispose()
    with closing(sqlite3.connect(installation.folder / "state" / "runs.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '7e2f3204cf8e'")
    return {}


def an_old_schema_of_mlflow(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    with closing(sqlite3.connect(installation.folder / "state" / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    return {}


def a_stranded_run(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    a_run(installation, dg.DagsterRunStatus.STARTED, **{HOST: socket.gethostname()})
    return {}


def a_run_of_a_lost_code_server(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    gone = json.dumps({"host": "127.0.0.1", "port": 9})
    a_run(installation, dg.DagsterRunStatus.STARTED, **{".dagster/grpc_info": gone})
    return {}


def a_run_that_waits(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    a_run(installation, dg.DagsterRunStatus.QUEUED)
    with closing(sqlite3.connect(installation.folder / "state" / "runs.db")) as connection, connection:
        connection.execute("UPDATE runs SET create_timestamp = datetime('now', '-5 hours')")
    return {}


def a_stale_lock(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    (installation.folder / "state" / FOLDER).mkdir()
    (installation.folder / "state" / FOLDER / "1a2b3c4d").touch()
    return {}


def a_stale_lock_of_a_table(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    folder = Path(installation.environment["AIRWATCH_STORAGE"]) / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "raw_readings%2F2021-07-04.parquet.lock").write_text("1a2b process 7 on elsewhere")
    os.utime(folder / "raw_readings%2F2021-07-04.parquet.lock", (0, 0))
    return {}


def readings_of_the_future(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    installation.tables.write("raw_readings", {"2021-07-04": builders.raw_readings()})
    in_2099 = datetime(2099, 1, 1, tzinfo=UTC).timestamp()
    os.utime(installation.tables.uri("raw_readings", "2021-07-04"), (in_2099, in_2099))
    return {}


def a_daemon_that_ended(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    from dagster._daemon.types import DaemonHeartbeat

    with instance_of(installation) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - 7200, "SENSOR", None, []))
    return {}


def a_broken_dagster_yaml(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    (installation.folder / "home" / "dagster.yaml").write_text("run_storage: {module: nowhere, class: [")
    return {}


def postgres_down(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    text = (REPOSITORY / "deploy" / "dagster.yaml").read_text()
    (installation.folder / "home" / "dagster.yaml").write_text(text)
    where = {"HOST": "127.0.0.1", "PORT": "9", "USER": "me", "PASSWORD": "hunter2", "DB": "dagster"}
    return {f"DAGSTER_PG_{name}": value for name, value in where.items()}


def dated(off: timedelta) -> Break:
    """An MLflow server whose clock is off; it answers as MLflow does where nothing is stored."""

    def answer(path: str) -> Answer:
        body = json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}).encode()
        return 404, body, {"Date": format_datetime(datetime.now(UTC) + off, usegmt=True)}

    @contextmanager
    def server(_: Installation, __: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
        with answering(answer) as address:
            yield {"MLFLOW_TRACKING_URI": address}

    return server


def served(status: int, setting: str, **others: str) -> Break:
    """A server that answers everything with ``status``."""

    @contextmanager
    def server(_: Installation, __: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
        with answering(lambda path: (status, b"{}", {})) as address:
            yield {setting: address, **others}

    return server


def says_nothing(setting: str, **others: str) -> Break:
    @contextmanager
    def server(_: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        with silent() as address:
            yield {setting: address, **others}

    return server


def missing_models(installation: Installation, _: pytest.MonkeyPatch) -> Mapping[str, str]:
    with closing(sqlite3.connect(installation.folder / "state" / "mlflow.db")) as connection, connection:
        connection.execute(
            "INSERT INTO model_versions (name, version, storage_location) VALUES ('airwatch_pm25', 1, 'file:///gone')"
        )
    return {}


def a_check_with_a_bug(_: Installation, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    def broken(_: float) -> float:
        raise ZeroDivisionError("of hunter2-key")

    monkeypatch.setattr(disk, "tables_year_mb", broken)
    return {"EPA_AQS_API_KEY": "hunter2-key"}


INSTANCE = frozenset({"dagster", "dagster schema", "daemon", "runs", "queue"})
AIRDATA = {"AIRWATCH_SOURCE": "airdata", "AIRWATCH_AIRDATA_URL": "http://127.0.0.1:9"}
WEBHOOK = {"AIRWATCH_ALERT_WEBHOOK_URL": "http://127.0.0.1:9/hunter2"}
MAIL = {"AIRWATCH_ALERT_EMAIL_TO": "ada@example.org", "AIRWATCH_SMTP_HOST": "127.0.0.1", "AIRWATCH_SMTP_PORT": "9"}
S3 = {"AIRWATCH_STORAGE": "s3://bucket/tables", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "hunter2"}
ALERTS = frozenset({"settings", "alerts"})
STORAGE = frozenset({"tables", "models", "writers", "readings", "stamps", "sites", "disk"})

BREAKAGES: dict[str, tuple[Break, Found]] = {
    "a setting": (
        settings(AIRWATCH_CONTEXT_KM="far"),
        Found(
            "settings",
            "AIRWATCH_CONTEXT_KM: 'far' is not a valid distance",
            "export AIRWATCH_CONTEXT_KM=",
            also=frozenset({"source", "readings", "weather"}),
        ),
    ),
    "a second setting": (
        settings(AIRWATCH_SMTP_PORT="mail"),
        Found(
            "settings",
            "AIRWATCH_SMTP_PORT: 'mail' is not a valid port",
            "export AIRWATCH_SMTP_PORT=587",
            also=frozenset({"alerts"}),
        ),
    ),
    "the area by name": (
        settings(AIRWATCH_AREA="St. Louis"),
        Found(
            "area",
            "Did you mean cbsa:41180 (St. Louis, MO-IL)?",
            "export AIRWATCH_AREA=cbsa:41180",
            also=frozenset({"memory", "source", "sites", "disk"}),
        ),
    ),
    "an area without monitors": (
        no_monitors,
        Found("sites", "the stored monitor list has no monitor of St. Louis", "--tables monitors --refresh"),
    ),
    "a file for the storage": (
        a_file_for_the_storage,
        Found("storage", "a file is in the place of a folder", "export AIRWATCH_STORAGE=./data", also=STORAGE),
    ),
    "a place that is none": (
        settings(AIRWATCH_STORAGE="gs://bucket"),
        Found("storage", "'gs://bucket' is not a valid place", "export AIRWATCH_STORAGE=./data", also=STORAGE),
    ),
    "copies among partitions": (
        a_copied_partition,
        Found("storage", "site_days/2021-07-04 (1).parquet (a copy of 2021-07-04)", "mv FILE"),
    ),
    "readings of the other kind": (
        other_readings,
        Found("readings", "but the source has 'simulated' readings", "export AIRWATCH_STORAGE=./other"),
    ),
    "a damaged partition": (
        a_damaged_partition("site_days"),
        Found("tables", "does not hold rows of site_days", "airwatch backfill 2021-07-04 2021-07-04 --tables site"),
    ),
    "damaged readings, whose versions are nowhere else": (
        a_damaged_partition("raw_readings"),
        Found("tables", "which loses values that EPA has", "cp BACKUP/tables/raw_readings/2021-07-04.parquet "),
    ),
    "a mark that says neither kind": (
        a_damaged_mark,
        Found("readings", "says 'hm' and not whose readings", """echo '{"readings": "KIND"}' > """),
    ),
    "a folder of another user": (
        a_folder_of_another_user,
        Found("storage", "cannot be listed: permission denied", 'sudo chown -R "$(id -un)" ', also=STORAGE),
    ),
    "a name that is no setting": (
        settings(AIRWATCH_AERA="us"),
        Found("settings", "Did you mean AIRWATCH_AREA?", 'export AIRWATCH_AREA="$AIRWATCH_AERA"', "warning"),
    ),
    "a pipe for a secret": (
        a_pipe_for_a_secret,
        Found("secrets", "is a pipe or device and not a file", "unset AIRWATCH_SMTP_PASSWORD_FILE", also=ALERTS),
    ),
    "an emptied database": (
        an_emptied_database,
        Found("databases", "runs.db has no bytes", "cp BACKUP/state/runs.db "),
    ),
    "a newer schema of Dagster's": (
        a_newer_schema_of("runs.db"),
        Found("dagster schema", "made by a newer Dagster than the installed one", "airwatch restore BACKUP"),
    ),
    "a newer schema of MLflow's": (
        a_newer_schema_of("mlflow.db"),
        Found("mlflow", "made by a newer MLflow than the installed one", "airwatch restore BACKUP"),
    ),
    "a proxy that is gone": (
        settings(AIRWATCH_SOURCE="airdata", AIRWATCH_AIRDATA_URL="http://192.0.2.1", HTTP_PROXY="http://127.0.0.1:9"),
        Found("source", "the proxy of this machine's settings", "unset HTTP_PROXY http_proxy"),
    ),
    "a full disk": (a_full_disk, Found("disk", "tables in ", "du -xh ", also=frozenset({"disk"}))),
    "too little memory": (
        a_small_container,
        Found("memory", "takes up to 7.5 GB; this machine or container has 2.1 GB", "airwatch areas WORD"),
    ),
    "a package of another version": (
        another_package,
        Found("packages", "1 of 1 packages differ from requirements.txt: click ", "make setup", "warning"),
    ),
    "a taken port": (
        a_taken_port,
        Found("port", "for the Dagster UI, is taken by another program", "make dev PORT=", "warning"),
    ),
    "a damaged database": (
        a_damaged_database,
        Found(
            "databases",
            "mlflow.db is damaged (file is not a database)",
            "cp BACKUP/state/mlflow.db ",
            also=frozenset({"mlflow"}),
        ),
    ),
    "an old schema of Dagster's": (
        an_old_schema_of_dagster,
        Found("dagster schema", "the tables of runs at 7e2f3204cf8e and not", "dagster instance migrate"),
    ),
    "an old schema of MLflow's": (
        an_old_schema_of_mlflow,
        Found("mlflow", "was made by an older MLflow", "mlflow db upgrade sqlite:///"),
    ),
    "a stranded run": (
        a_stranded_run,
        Found(
            "runs",
            "run 1a2b3c4d of forecast_day is under way without a process: the command that executed it",
            "make dev",
        ),
    ),
    "a run of a code server that is gone": (
        a_run_of_a_lost_code_server,
        Found("runs", "without a process: The code server at 127.0.0.1:9 is gone", "make dev"),
    ),
    "a run that waits": (
        a_run_that_waits,
        Found("queue", "run 1a2b3c4d of forecast_day for 5 h 0 min; nothing is under way", "make dev", "warning"),
    ),
    "a stale lock": (
        a_stale_lock,
        Found("locks", "1 file of locks without a holder, such as ", "rm ", "warning"),
    ),
    "a stale lock of a table": (
        a_stale_lock_of_a_table,
        Found("locks", ".locks/raw_readings%2F2021-07-04.parquet.lock: its process was killed", "rm ", "warning"),
    ),
    "readings of the future": (
        readings_of_the_future,
        Found("stamps", "raw_readings of 1 day, 2021-07-04, were written by a clock", "airwatch repair", "warning"),
    ),
    "a daemon that never ran": (
        settings(),
        Found("daemon", "Dagster's daemon has never run here", "make dev", "warning"),
    ),
    "a daemon that ended": (
        a_daemon_that_ended,
        Found("daemon", "Dagster's daemon last ran 2 h 0 min ago", "make dev", "warning"),
    ),
    "a home that is no folder": (
        settings(DAGSTER_HOME="/nonexistent"),
        Found("dagster", "DAGSTER_HOME: '/nonexistent' is not a folder", "unset DAGSTER_HOME", also=INSTANCE),
    ),
    "a broken dagster.yaml": (
        a_broken_dagster_yaml,
        Found("dagster", "Dagster cannot open its instance", "home/dagster.yaml", also=INSTANCE),
    ),
    "files of models that are gone": (
        missing_models,
        Found("mlflow", "the files of 1 registered models are not at file:///gone", "export MLFLOW_TRACKING_URI="),
    ),
    "MLflow down": (
        settings(MLFLOW_TRACKING_URI="http://127.0.0.1:9"),
        Found("mlflow", "no MLflow server responds at http://127.0.0.1:9", "export MLFLOW_TRACKING_URI="),
    ),
    "MLflow wants a login": (
        served(401, "MLFLOW_TRACKING_URI"),
        Found("mlflow", "asks for a login (status 401)", "export MLFLOW_TRACKING_USERNAME="),
    ),
    "a clock ten minutes behind": (
        dated(timedelta(minutes=10)),
        Found(
            "clock",
            "is 10 min behind that of MLflow",
            "sudo timedatectl set-ntp true",
            "warning",
            frozenset({"mlflow"}),
        ),
    ),
    "a clock two hours ahead": (
        dated(timedelta(hours=-2)),
        Found("clock", "is 2 h 0 min ahead of that of MLflow", "sudo timedatectl", also=frozenset({"mlflow"})),
    ),
    "AirData without its files": (
        settings(AIRWATCH_SOURCE="airdata", AIRWATCH_AIRDATA_URL="file:///nowhere"),
        Found("source", "file:///nowhere/file_list.csv: there is no such file", "export AIRWATCH_AIRDATA_URL=https"),
    ),
    "AirNow out of order": (
        served(503, "AIRWATCH_AIRNOW_URL", **{**AIRDATA, "AIRWATCH_SOURCE": "live"}),
        Found("airnow", "503", "export AIRWATCH_AIRNOW_URL=https", also=frozenset({"source"})),
    ),
    "AQS without a key": (
        settings(AIRWATCH_SOURCE="aqs"),
        Found("source", "the AQS API needs credentials", "export EPA_AQS_EMAIL=YOU@HOST EPA_AQS_API_KEY=KEY"),
    ),
    "a webhook that is not there": (
        served(404, "AIRWATCH_ALERT_WEBHOOK_URL"),
        Found("alert test", "alert webhook: refused the alert (response 404)", "export AIRWATCH_ALERT_WEBHOOK_URL="),
    ),
    "a mail server that refuses": (
        settings(**MAIL),
        Found("alert test", "mail server 127.0.0.1:9: did not take the alert", "export AIRWATCH_SMTP_HOST="),
    ),
    "an error nobody foresaw": (
        a_check_with_a_bug,
        Found("disk", "ZeroDivisionError at test_breakages.py:", "df -h"),
    ),
}

SLOW: dict[str, tuple[Break, Found]] = {
    "a locked database": (
        a_locked_database,
        Found("databases", "mlflow.db is locked by another process", "fuser -v ", also=frozenset({"mlflow"})),
    ),
    "PostgreSQL down": (
        postgres_down,
        Found("dagster", "Dagster cannot open its instance", "docker compose up -d --wait postgres", also=INSTANCE),
    ),
    "S3 down": (
        settings(AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_DEFAULT_REGION="us-east-1", **S3),
        Found("storage", "the S3 server does not respond", "export AWS_ENDPOINT_URL=", also=STORAGE),
    ),
    "S3 silent": (
        says_nothing("AWS_ENDPOINT_URL", AWS_DEFAULT_REGION="us-east-1", **S3),
        Found("storage", "no answer within", "export AWS_ENDPOINT_URL=", also=STORAGE),
    ),
    "MLflow silent": (
        says_nothing("MLFLOW_TRACKING_URI"),
        Found("mlflow", "no MLflow server responds at http://127.0.0.1:", "export MLFLOW_TRACKING_URI="),
    ),
    "AirData silent": (
        says_nothing("AIRWATCH_AIRDATA_URL", AIRWATCH_SOURCE="airdata"),
        Found("source", "no ", "export AIRWATCH_AIRDATA_URL=https"),
    ),
}
"""Those that wait for a server."""


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports of these tests' own, no login and no certificates, whatever is on the developer's machine."""
    monkeypatch.setattr(packages, "compared", lambda lock: (0, []))
    monkeypatch.setattr(ports, "PORTS", (ports.Port(0, "any", "PORT", "dev", "/", "none"),))
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", *CERTIFICATES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """With all its databases, which take long to make; each test breaks a copy."""
    installation = Installation.at(tmp_path_factory.mktemp("healthy") / "installation")
    found = findings_of(installation)
    assert not [one.line for one in found if one.level == "error"]
    return installation


def found_broken(
    original: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Break, expected: Found
) -> None:
    healthy = Installation(Path(shutil.copytree(original.folder, tmp_path / "installation")))
    change: Any = broken(healthy, monkeypatch)
    with change if hasattr(change, "__enter__") else contextmanager(lambda: iter([change]))() as given:
        found = findings_of(healthy.with_settings(**given), alert_test=True)

    named = [one for one in found if one.what == expected.what and expected.says in one.says]
    assert len(named) == 1, "\n".join(one.line for one in found)
    assert named[0].level == expected.level
    assert expected.run in (named[0].run or "")
    assert named[0].line.endswith(f"Run: {named[0].run}")
    assert {one.what for one in found} >= ALWAYS
    errors = {one.what for one in found if one.level == "error"}
    assert errors <= {*expected.also, *([expected.what] if expected.level == "error" else [])}
    text = "\n".join(one.line for one in found)
    assert "Traceback" not in text
    assert "hunter2" not in text
    assert len(text.splitlines()) == len(found)


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_what_is_broken_is_found_with_its_fix_and_hides_nothing(
    healthy: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breakage: str
) -> None:
    found_broken(healthy, tmp_path, monkeypatch, *BREAKAGES[breakage])


@pytest.mark.parametrize("breakage", SLOW)
def test_a_server_that_does_not_answer_costs_at_most_its_share(
    healthy: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breakage: str
) -> None:
    began = time.monotonic()
    found_broken(healthy, tmp_path, monkeypatch, *SLOW[breakage])
    assert time.monotonic() - began < 30


def test_a_wrong_key_and_a_missing_bucket_of_s3_are_found(
    tmp_path: Path, rclone_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    rclone_server.use(monkeypatch, secret="hunter2")
    wrong = findings_of(Installation.at(tmp_path / "a", AIRWATCH_STORAGE=f"s3://{rclone_server.bucket}/x"))
    rclone_server.use(monkeypatch)
    missing = findings_of(Installation.at(tmp_path / "b", AIRWATCH_STORAGE="s3://no-such-bucket/x"))

    assert [one.run for one in wrong if one.what == "storage"] == [
        "export AWS_ACCESS_KEY_ID=KEY AWS_SECRET_ACCESS_KEY=SECRET"
    ]
    assert [one.run for one in missing if one.what == "storage"] == ["aws s3 mb s3://no-such-bucket"]
    assert "hunter2" not in "".join(one.line for one in wrong)
