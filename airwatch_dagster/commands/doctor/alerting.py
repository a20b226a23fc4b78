"""Where alerts go; with ``--alert-test``, whether one arrives there."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, ok
from airwatch_dagster.errors import AirWatchError

TEST_MAX_S: Final = 22.0
"""Seconds that a channel may take: a little more than it gives its server."""

SET_UP: Final = "export AIRWATCH_ALERT_WEBHOOK_URL=https://HOST/PATH"


def checks(*, is_test: bool) -> Sequence[Check]:
    """Where alerts go; with ``is_test`` one check more for each channel, which sends a test alert."""
    described = Check("alerts", _alerts, SET_UP)
    if not is_test:
        return (described,)
    from airwatch_dagster.orchestration.alerts.settings import AlertSettings

    try:
        settings = AlertSettings.from_environment()
    except AirWatchError:  # the check without a test says what is wrong
        return (described,)
    channels = [("webhook", settings.alert_webhook_url), ("e-mail", settings.alert_email_to)]
    run = {"webhook": SET_UP, "e-mail": "export AIRWATCH_SMTP_HOST=HOST AIRWATCH_SMTP_PORT=PORT"}
    tests = [Check("alert test", partial(_test, name), run[name], TEST_MAX_S) for name, address in channels if address]
    pinged = [Check("alert test", _ping, "export AIRWATCH_HEARTBEAT_URL=https://HOST/PATH", TEST_MAX_S)]
    return (described, *tests, *(pinged if settings.heartbeat_url else []))


def _alerts() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.alerts.settings import AlertSettings

    one = AlertSettings.from_environment()
    channels = {"webhook": one.alert_webhook_url, f"e-mail to {one.alert_email_to}": one.alert_email_to}
    used = [channel for channel, value in channels.items() if value]
    says = f"by {' and '.join(used)}; --alert-test sends one" if used else ""
    beats = "; a monitor is pinged every five minutes" if one.heartbeat_url else ""
    yield ok("alerts", (says or "only logged; AIRWATCH_ALERT_WEBHOOK_URL and …_EMAIL_TO are not set") + beats)


def _ping() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.alerts.heartbeat import ping_once
    from airwatch_dagster.orchestration.alerts.settings import HeartbeatSettings

    ping_once(HeartbeatSettings.from_environment())
    yield ok("alert test", "the monitor of heartbeats took a ping")


def _test(channel: str) -> Iterator[Finding]:
    from airwatch_dagster.orchestration.alerts.channels import post_to_webhook, send_email
    from airwatch_dagster.orchestration.alerts.messages import Message
    from airwatch_dagster.orchestration.alerts.settings import AlertSettings

    alert = Message(
        subject="AirWatch: test of the alerts",
        lines=("Nothing is wrong: `airwatch doctor --alert-test` sent this.",),
        data={"kind": "test"},
    )
    deliver = {"webhook": post_to_webhook, "e-mail": send_email}[channel]
    deliver(alert, settings=AlertSettings.from_environment())
    yield ok("alert test", f"the {channel} took the test alert")
