"""A live daemon tells of every kind of problem, on a chat and by e-mail: once when it opens and once when it ends.

What the daemon cannot tell, because it is gone, `airwatch status` says, and the monitor of heartbeats notices.
"""

import html
import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.alert_receivers import Received, heartbeat_monitor, mail_receiver, slack_receiver
from airwatch_dagster_tests.builders import SITE_DAY_ROW, filled, monitors, raw_readings
from airwatch_dagster_tests.end_to_end import hurried_location as hurried
from airwatch_dagster_tests.end_to_end.live_daemon import LiveDaemon, has_looked, live_daemon, wait
from airwatch_dagster_tests.installations import Installation, run_job
from airwatch_dagster_tests.orchestration.assets.test_verify import DECIDED, store
from airwatch_dagster_tests.tls_servers import Authority
from airwatch_dagster_tests.watch.test_sensor_flags import OWN, SITES, air, as_site_days, set_last

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]

YESTERDAY: Final = "2021-06-30"
DAY_BEFORE: Final = "2021-06-29"
DAYS: Final = pd.date_range("2021-04-15", YESTERDAY)
UI: Final = "https://airwatch.example.org"

Key = tuple[str, str, str]
"""Rule, table (or job, setting, sensor) and check of an incident."""

DISK: Final = ("disk_low", "AIRWATCH_STORAGE", "")
SENSOR: Final = ("tick_failed", "watcher", "")
STANDS: Final = ("run_stands", "work_that_stands", "")
STRANDED: Final = ("run_failed", "work_that_is_killed", "")
LAUNCH: Final = ("run_failed", "work_that_is_gone", "")
WARNED: Final = ("check_warned", "sensor_flags", "no_sensor_failed")
FAILED: Final = ("check_failed", "site_days", "no_day_unused")
DECAYED: Final = ("check_warned", "verification", "no_skill_lost")

KINDS: Final = (DISK, SENSOR, STANDS, STRANDED, LAUNCH, WARNED, FAILED, DECAYED)


@dataclass
class Told:
    """What the receivers got, and who sent it."""

    live: LiveDaemon
    slack: Received
    mail: Received
    pings: list[float] = field(default_factory=list)

    def posts(self, kind: str) -> dict[Key, list[dict[str, Any]]]:
        """The messages of a kind by incident."""
        found: dict[Key, list[dict[str, Any]]] = {}
        for post in self.slack.posts:
            if post["kind"] == kind:
                incident = post["incident"]
                found.setdefault((incident["rule"], incident["asset"], incident["scope"]), []).append(post)
        return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Everything went wrong at once, and was mended; the daemon still runs."""
    folder = tmp_path_factory.mktemp("alarms")
    authority, login = Authority(folder), ("air", "s3cret word")
    with (
        slack_receiver() as slack,
        mail_receiver(authority.certificate("trusted"), login) as mail,
        heartbeat_monitor() as (port, pings),
    ):
        settings = {
            "AIRWATCH_PRACTICE_TODAY": "2021-07-01",
            "AIRWATCH_FIRST_DAY": "2021-04-01",
            "AIRWATCH_CONTEXT_KM": "0",
            "AIRWATCH_RETRAIN": "false",
            "AIRWATCH_ALERT_WEBHOOK_URL": f"http://127.0.0.1:{slack.port}/services/T0/B0/secret-part",
            "AIRWATCH_ALERT_EMAIL_TO": "duty@example.org",
            "AIRWATCH_SMTP_HOST": "localhost",
            "AIRWATCH_SMTP_PORT": str(mail.port),
            "AIRWATCH_SMTP_USER": login[0],
            "AIRWATCH_SMTP_PASSWORD": login[1],
            "AIRWATCH_HEARTBEAT_URL": f"http://127.0.0.1:{port}/ping/secret-part",
            "AIRWATCH_UI_URL": UI,
            "SSL_CERT_FILE": str(authority.bundle),
        }
        installation = Installation.at(folder / "installation", **settings)
        (installation.folder / "home" / "switches").mkdir()
        store_healthy(installation.tables)
        with live_daemon(installation, folder, module=hurried.__name__) as live:
            told = Told(live, slack, mail, pings)
            wait(lambda: has_looked(installation), "the first look")
            break_everything(live)
            wait(lambda: len(mail.mails) > len(KINDS), "all openings and the champion are told", 180)
            mend_everything(live)
            wait(lambda: len(mail.mails) > 2 * len(KINDS), "all ends are told", 180)
            yield told


def store_healthy(tables: TableStorage) -> None:
    """Readings up to yesterday, and what is read of them."""
    tables.write("monitors", {None: monitors(*({"site_id": site, "site_number": site[-4:]} for site in SITES))})
    store_site_days(tables, air(DAYS))
    store_readings(tables, "24 HOUR")
    issued, target = pd.Timestamp(YESTERDAY), pd.Timestamp("2021-07-01")
    forecast = {"issue_date": issued, "target_date": target, "aqi_category": "Good", "horizon_days": 1}
    tables.write("predictions", {YESTERDAY: filled("predictions", site_id=OWN, model_family="ridge", **forecast)})


def store_site_days(tables: TableStorage, values: pd.DataFrame) -> None:
    rows = as_site_days(values)
    whole = pd.DataFrame({**SITE_DAY_ROW, **{name: rows[name] for name in rows}})[TABLES["site_days"].column_names]
    tables.write("site_days", {f"{day:%Y-%m-%d}": of_day for day, of_day in whole.groupby("date_local")})


def store_readings(tables: TableStorage, duration: str) -> None:
    """Those of the day before yesterday; the last site's have this duration."""
    day = {"date_local": pd.Timestamp(DAY_BEFORE)}
    rows = [{**day, "site_number": site[-4:]} for site in SITES]
    rows[-1]["sample_duration"] = duration
    tables.write("raw_readings", {DAY_BEFORE: raw_readings(*rows)})


def break_everything(live: LiveDaemon) -> None:
    installation = live.installation
    live.launch("work_that_stands", {"dagster/max_runtime": "8"})
    with installation.with_definitions() as (_, instance):
        for name in (hurried.DISK_IS_FULL, hurried.SENSOR_FAILS):
            hurried.switch(name).touch()
        for job in ("work_that_is_gone", "work_that_is_killed"):
            queue_like("work_that_stands", job, instance)
        killed = hurried.switch("work_that_is_killed.pid")
        wait(lambda: killed.exists() and killed.read_text(), "the run that is killed has begun")
        os.kill(int(killed.read_text()), signal.SIGKILL)
        installation.tables.write("champion_model", {"2021-06": filled("champion_model", **DECIDED, **REPLACED)})
        select_champion(instance)
    store_site_days(installation.tables, set_last(air(DAYS), *[4.0] * 6))
    installation.run("backfill", YESTERDAY, YESTERDAY, "--tables", "sensor_flags", "--refresh")
    store_readings(installation.tables, "7 HOUR")
    installation.airwatch("backfill", DAY_BEFORE, DAY_BEFORE, "--tables", "site_days", "--refresh")
    store(installation.tables, error=2.0)
    installation.run("backfill", "2021-06-01", YESTERDAY, "--tables", "verification", "--refresh")


def mend_everything(live: LiveDaemon) -> None:
    installation = live.installation
    with installation.with_definitions() as (_, instance):
        for name in (hurried.DISK_IS_FULL, hurried.SENSOR_FAILS):
            hurried.switch(name).unlink()
        hurried.switch(hurried.WORK_GOES_ON).touch()
        jobs = [hurried.work_that_stands, hurried.work_that_is_killed, work_that_is_gone]
        for job in jobs:
            assert run_job(dg.Definitions(jobs=jobs), job.name, instance=instance).success
    store_site_days(installation.tables, air(DAYS))
    installation.run("backfill", YESTERDAY, YESTERDAY, "--tables", "sensor_flags", "--refresh")
    store_readings(installation.tables, "24 HOUR")
    installation.run("backfill", DAY_BEFORE, DAY_BEFORE, "--tables", "site_days", "--refresh")
    store(installation.tables)
    installation.run("backfill", "2021-06-01", YESTERDAY, "--tables", "verification", "--refresh")


@dg.job
def work_that_is_gone() -> None:
    """A job that the code location has no longer."""


REPLACED: Final = {"previous_family": "blend", "serves_from": pd.Timestamp("2021-06-01")}


def queue_like(launched: str, job: str, instance: dg.DagsterInstance) -> None:
    """Queue a run of another job, as the one launched was; Dagster does not start it again."""
    [run] = instance.get_runs(dg.RunsFilter(job_name=launched))
    assert run.remote_job_origin is not None
    assert run.job_code_origin is not None
    repository, code = run.remote_job_origin.repository_origin, run.job_code_origin.repository_origin
    queued = dg.DagsterRun(
        job,
        status=dg.DagsterRunStatus.QUEUED,
        tags={**run.tags, "dagster/max_retries": "0", "dagster/max_runtime": "600"},
        remote_job_origin=type(run.remote_job_origin)(repository, job),
        job_code_origin=type(run.job_code_origin)(job, code),
    )
    instance.add_run(queued)


def select_champion(instance: dg.DagsterInstance) -> None:
    """A run of champion_model, whose decision is stored already."""

    @dg.asset
    def champion_model() -> None:
        """The decision."""

    key = dg.AssetKey("champion_model")
    job = dg.Definitions([champion_model]).resolve_implicit_job_def_def_for_assets([key])
    assert job is not None
    assert job.execute_in_process(instance=instance, asset_selection=[key]).success


def text_of(told: Told, key: Key, kind: str = "incident_opened") -> str:
    """The one message of this kind on an incident, as a person reads it in the chat and, the same, as e-mail."""
    [post] = told.posts(kind)[key]
    text = html.unescape(post["text"])
    subject, _, body = text.partition("\n")
    mails = [mail for mail in told.mail.mails if " ".join(str(mail["Subject"]).split()) == subject]
    [payload] = [mail.get_payload(decode=True) for mail in mails]
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n").strip() == text.strip()
    return f"{subject}\n{body}"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            DISK,
            (
                "AirWatch: AIRWATCH_STORAGE is short of room",
                "What: 100 MB are free on its disk, and the next month needs about ",
                "What follows: The next runs may fill the disk, and fail.",
                "What to do: Free some room, or name a folder on another disk; `airwatch doctor` says",
            ),
        ),
        (
            SENSOR,
            (
                "AirWatch: watcher failed",
                "What: the list of files has no header",
                "What follows: What it starts does not start by itself, until it works.",
                "What to do: Check settings and services with `airwatch doctor`, then see its ticks in Dagster's UI.",
            ),
        ),
        (
            STANDS,
            (
                "AirWatch: work_that_stands stands",
                "What: Canceling due to exceeding maximum runtime of 8 seconds.",
                "What follows: What it does is not done.",
                "What to do: Check settings and services with `airwatch doctor`; after the fix launch it again in",
            ),
        ),
        (STRANDED, ("AirWatch: work_that_is_killed failed", " was terminated by signal 9 (SIGKILL).")),
        (LAUNCH, ("AirWatch: work_that_is_gone failed", "What: Could not find job 'work_that_is_gone'")),
        (
            WARNED,
            (
                f"AirWatch: sensor_flags / no_sensor_failed warned, {YESTERDAY}",
                "What: 2021-06-30: Practice Lakefront: The last 5 readings are all 4.0 µg/m³.",
                "Probable cause: sensor",
                f"`airwatch inspect sensor_flags {YESTERDAY}`",
            ),
        ),
        (
            FAILED,
            (
                f"AirWatch: site_days / no_day_unused failed, {DAY_BEFORE}",
                f"What: {DAY_BEFORE}: none of 1 rows of 1 sites counts (170319007); durations 7 HOUR",
                "What follows: These sites count as not observed on the day, and their forecasts are not scored.",
                f"What to do: See the rows with `airwatch inspect raw_readings {DAY_BEFORE}`",
            ),
        ),
        (
            DECAYED,
            (
                "AirWatch: verification / no_skill_lost warned, 2021-06",
                "more squared error than damped persistence 1 day ahead",
                "ridge (version 7) was trained last on days up to 31 May 2021",
                "What follows: Readers would be served as well by a simpler rule.",
                "What to do: Unless AIRWATCH_RETRAIN is false, a retraining is requested by itself, once a month, and",
                "`airwatch models`",
            ),
        ),
    ],
)
def test_a_problem_is_told_once_with_what_where_since_when_what_follows_cause_and_command(
    told: Told, key: Key, said: Sequence[str]
) -> None:
    text = text_of(told, key)

    missing = [part for part in said if part not in text]
    assert not missing, text
    assert said[0] == text.splitlines()[0]
    names = [line.partition(":")[0] for line in text.splitlines()[1:6]]
    assert names == ["What", "Where", "Since", "What follows", "Probable cause"], text
    assert text.splitlines()[-2].startswith(UI), text
    assert_plain(text, told)


@pytest.mark.parametrize("key", KINDS)
def test_its_end_is_told_once(told: Told, key: Key) -> None:
    opened, closed = text_of(told, key).splitlines(), text_of(told, key, "incident_resolved")

    assert closed.startswith(f"AirWatch: resolved: {opened[0].removeprefix('AirWatch: ').partition(',')[0]}")
    assert_plain(closed, told)


def test_another_model_in_service_is_one_message_with_why_and_who_decided(told: Told) -> None:
    [post] = [post for post in told.slack.posts if post["kind"] == "champion_changed"]
    text = html.unescape(post["text"])

    assert text.startswith("AirWatch: ridge forecasts from 1 June 2021 on, instead of blend\nWhy: ridge stays")
    assert "Decided by: the evidence of past months" in text
    assert "`airwatch models rollback` goes back" in text
    assert f"{UI}/assets/champion_model" in text
    assert_plain(text, told)


def test_nothing_else_is_told(told: Told) -> None:
    """One message on each problem however often its sensor or a look has shown it, and one on each end."""
    assert set(told.posts("incident_opened")) == set(told.posts("incident_resolved")) == set(KINDS)
    assert len(told.slack.posts) == len(told.mail.mails) == 2 * len(KINDS) + 1


def assert_plain(text: str, told: Told) -> None:
    """No class of Python, no folder of the machine, no secret."""
    assert not re.search(r"\b[A-Za-z_.]*(Error|Exception|Interrupt)\b|airwatch_dagster|Traceback", text), text
    assert str(told.live.folder) not in text
    assert "secret" not in text


def test_a_code_location_in_error_stops_the_pings_and_status_says_why(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages can come no more: the sensor that sends them does not load."""
    live, broken = told.live, {"AIRWATCH_FIRST_DAY": "some day"}
    assert told.pings, "it pinged while everything worked"
    live.stop("dagster")
    live.start_code_server(**broken)
    assert live.processes["dagster"].wait(120) != 0, "the code server does not load either"
    stopped = len(told.pings)
    monkeypatch.setattr("airwatch_dagster.commands.status.automation.SENSOR_SILENT_S", 10.0)

    said = live.installation.with_settings(**broken)
    wait(lambda: NOBODY_LOOKS in said.airwatch("status").output, "status says that no sensor looks", every_s=3.0)

    result = said.airwatch("status")
    assert result.exit_code == 1
    second = result.output.splitlines()[1]
    assert f"{NOBODY_LOOKS}AIRWATCH_FIRST_DAY: 'some day' is not a valid day." in second
    assert len(told.pings) == stopped, "the monitor hears nothing"


NOBODY_LOOKS: Final = "nobody is told: code location in error: "


def test_a_daemon_that_is_gone_is_told_from_outside(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    live = told.live
    os.kill(live.processes["dagster-daemon"].pid, signal.SIGKILL)
    live.processes.pop("dagster-daemon").wait()
    stopped = len(told.pings)
    monkeypatch.setattr("airwatch_dagster.commands.status.automation.DAEMON_SILENT_S", 1.0)
    time.sleep(3)

    said = live.installation.airwatch("status")

    assert said.exit_code == 1
    assert re.match(
        r"Dagster's daemon last ran \d+ s ago, so no schedule runs and nobody is told: make dev",
        said.output.splitlines()[1],
    )
    assert len(told.pings) == stopped, "the monitor hears nothing"
