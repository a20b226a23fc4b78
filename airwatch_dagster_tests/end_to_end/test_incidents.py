"""A live daemon tells of a command's run and of its own: one message when they fail, one when they are mended."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.orchestration.freshness.policies import POLICIES
from airwatch_dagster.orchestration.incidents.cursor import Cursor
from airwatch_dagster.orchestration.incidents.stored import stored_incidents
from airwatch_dagster_tests.alert_receivers import Received, mail_receiver, slack_receiver, webhook_receiver
from airwatch_dagster_tests.builders import filled
from airwatch_dagster_tests.end_to_end.live_daemon import has_looked, live_daemon, wait
from airwatch_dagster_tests.installations import AirDataMirror, Installation
from airwatch_dagster_tests.tls_servers import Authority, https_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DAY = "2021-05-28"


@pytest.fixture
def webhook() -> Iterator[Received]:
    with webhook_receiver() as received:
        yield received


def test_a_failed_command_a_source_that_is_away_and_a_failed_run_of_the_daemon_send_a_message_each_and_one_when_mended(
    tmp_path: Path, webhook: Received
) -> None:
    mirror = AirDataMirror(tmp_path / "mirror")
    installation = Installation.at(
        tmp_path / "installation",
        AIRWATCH_SOURCE="airdata",
        AIRWATCH_PARAMETERS="88101",
        AIRWATCH_PRACTICE_TODAY="",
        AIRWATCH_CONTEXT_KM="0",
        AIRWATCH_AIRDATA_URL=mirror.url,
        AIRWATCH_ALERT_WEBHOOK_URL=f"http://127.0.0.1:{webhook.port}/hooks/T0-secret-part",
        AIRWATCH_FIRST_DAY="2021-05-01",
    )
    nowhere = {"AIRWATCH_AIRDATA_URL": "http://127.0.0.1:1", "AIRWATCH_AQS_URL": "http://127.0.0.1:1"}
    away = installation.with_settings(**nowhere, AIRWATCH_AQS_INTERVAL_S="0.001")
    backfill = ("backfill", DAY, DAY, "--tables", "raw_readings", "--refresh")
    installation.run(*backfill)
    kept = {name: (mirror.folder / name).read_bytes() for name in (AirDataMirror.DAILY, "aqs_monitors.zip")}

    with live_daemon(installation, tmp_path) as live:
        wait(lambda: has_looked(installation), "the first look")
        mirror.daily.unlink()
        assert installation.airwatch(*backfill).exit_code == 1
        (mirror.folder / "aqs_monitors.zip").unlink()
        live.launch("refresh_monitors")
        assert away.airwatch(*backfill).exit_code == 1
        wait(lambda: len(webhook.posts) == 3, "three problems are told")

        for name, content in kept.items():
            (mirror.folder / name).write_bytes(content)
        installation.run(*backfill)
        live.launch("refresh_monitors")
        wait(lambda: len(webhook.posts) == 6, "three ends are told")

    opened, resolved = webhook.posts[:3], webhook.posts[3:]
    assert {post["kind"] for post in opened} == {"incident_opened"}
    assert {post["kind"] for post in resolved} == {"incident_resolved"}
    texts = {(post["incident"]["rule"], post["incident"]["asset"]): post["text"] for post in opened}
    assert set(texts) == {(post["incident"]["rule"], post["incident"]["asset"]) for post in resolved}
    assert f"Where: raw_readings, {DAY}" in texts["run_failed", "raw_readings"]
    assert "`airwatch backfill yesterday yesterday --tables monitors --refresh`" in texts["run_failed", "monitors"]
    lines = texts["source_down", "monitors"].splitlines()
    assert lines[0] == "AirWatch: source of monitors down or late"
    assert "no complete response" in lines[1]
    assert " It last served monitors, on 20" in lines[1]
    for text in texts.values():
        assert str(tmp_path) not in text
        assert "airwatch_dagster." not in text
        assert "T0-secret-part" not in text
    assert [one.is_open for one in stored_incidents(installation.tables)] == [False, False, False]
    assert installation.run("incidents").startswith("No incident is open.")


RULES = """
[[rule]]
name = "Schools"
category = "Unhealthy for Sensitive Groups"
chance_pct = 50
channel = "e-mail"
to = ["ada@example.org"]
"""


def test_a_live_daemon_tells_of_stale_data_and_of_the_air_on_both_channels_and_pings_a_monitor(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "air.toml").write_text(RULES, encoding="utf-8")
    with (
        slack_receiver() as slack,
        mail_receiver(authority.certificate("trusted"), ("air", "s3cret word")) as mail,
        https_server(authority.certificate("trusted")) as monitor,
    ):
        installation = Installation.at(
            tmp_path / "installation",
            AIRWATCH_FIRST_DAY="2021-05-01",
            AIRWATCH_CONTEXT_KM="0",
            AIRWATCH_ALERT_WEBHOOK_URL=f"http://127.0.0.1:{slack.port}/services/T0/B0/secret-part",
            AIRWATCH_ALERT_EMAIL_TO="duty@example.org",
            AIRWATCH_SMTP_HOST="localhost",
            AIRWATCH_SMTP_PORT=str(mail.port),
            AIRWATCH_SMTP_USER="air",
            AIRWATCH_SMTP_PASSWORD="s3cret word",
            AIRWATCH_HEARTBEAT_URL=f"{monitor}/ping/secret-part",
            AIRWATCH_AIR_RULES=str(tmp_path / "air.toml"),
            SSL_CERT_FILE=str(authority.bundle),
            REQUESTS_CA_BUNDLE=str(authority.bundle),
        )
        readings = ("--tables", "monitors,raw_readings,site_days")
        installation.run("backfill", "2021-05-28", "2021-05-28", *readings)
        site = str(installation.tables.read("monitors").query("not is_context")["site_id"].iloc[0])
        chances = {"probability_above_35_4": 0.8, "aqi_category": "Good", "model_family": "ridge", "horizon_days": 1}
        issued, target = pd.Timestamp("2021-05-31"), pd.Timestamp("2021-06-01")
        forecast = filled("predictions", site_id=site, issue_date=issued, target_date=target, **chances)
        installation.tables.write("predictions", {"2021-05-31": forecast})

        with live_daemon(installation, tmp_path):
            wait(lambda: len(slack.posts) == 1 and len(mail.mails) == 2, "stale data and the air are told")
            installation.run("backfill", "2018-06-01", "2018-06-01", *readings)
            assert states(installation)["raw_readings"] == "FAIL", "a backfill of an old day makes nothing fresh"
            installation.run("backfill", "2021-05-29", "2021-05-31", *readings)
            wait(lambda: len(slack.posts) == 2 and len(mail.mails) == 3, "the end is told")

        missing = "should be there by now (source practice)"
        stale, fresh = (post["text"].splitlines() for post in slack.posts)
        assert stale[:2] == [
            "AirWatch: raw_readings is stale",
            f"What: The newest readings are of 28 May 2021, and those of 31 May 2021 {missing}",
        ]
        assert fresh[0] == "AirWatch: resolved: raw_readings is stale"
        assert states(installation)["raw_readings"] == "PASS"
        assert sorted((str(one["To"]), str(one["Subject"]).partition(" for ")[0]) for one in mail.mails) == [
            ("ada@example.org", "AirWatch: Schools: a site at 50 % or more"),
            ("duty@example.org", "AirWatch: raw_readings is stale"),
            ("duty@example.org", "AirWatch: resolved: raw_readings is stale"),
        ]
        with installation.with_definitions() as (_, instance):
            data = {one.instigator_name: one for one in instance.all_instigator_state()}["incidents"]
            cursor = Cursor.read(data.sensor_instigator_data.cursor)
        assert cursor is not None
        assert cursor.pinged_at > 0
        assert "heartbeat" not in (tmp_path / "dagster-daemon.log").read_text(), "every ping was taken"


def states(installation: Installation) -> dict[str, str]:
    """Table → its state of freshness, as Dagster's UI shows it."""
    with installation.with_definitions() as (_, instance):
        found = instance.get_freshness_state_records([dg.AssetKey(table) for table in POLICIES])
        return {key.to_user_string(): one.freshness_state.value for key, one in found.items()}
