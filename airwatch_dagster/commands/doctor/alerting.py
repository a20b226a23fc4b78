"""Where alerts go; with ``--alert-test``, whether one arrives there."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, ok, warning
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.errors import AirWatchError

TEST_MAX_S: Final = 22.0
"""Seconds that a channel may take: a little more than it gives its server."""

SET_UP: Final = "export AIRWATCH_ALERT_WEBHOOK_URL=https://HOST/PATH"


SET_UP_MAIL: Final = "export AIRWATCH_SMTP_HOST=HOST AIRWATCH_SMTP_PORT=PORT"
SET_UP_HEARTBEAT: Final = "export AIRWATCH_HEARTBEAT_URL=https://HOST/PATH"


def checks(*, is_test: bool) -> Sequence[Check]:
    """Where alerts go and the rules of the air; with ``is_test`` one check more for each channel, heartbeat and list
    of recipients, which sends a test alert."""
    from airwatch_dagster.orchestration.alerts.settings import AlertSettings

    described = Check("alerts", _alerts, SET_UP)
    try:
        settings = AlertSettings.from_environment()
    except AirWatchError:  # the check without a test says what is wrong
        return (described,)
    rules = [Check("air rules", _air_rules, "airwatch doctor")] if settings.air_rules else []
    if not is_test:
        return (described, *rules)
    channels = [("webhook", settings.alert_webhook_url), ("e-mail", settings.alert_email_to)]
    run = {"webhook": SET_UP, "e-mail": SET_UP_MAIL}
    tests = [Check("alert test", partial(_test, name), run[name], TEST_MAX_S) for name, address in channels if address]
    tests += [Check("alert test", _ping, SET_UP_HEARTBEAT, TEST_MAX_S)] if settings.heartbeat_url else []
    tests += [Check("alert test", partial(_test, "e-mail", to), SET_UP_MAIL, TEST_MAX_S) for to in _recipients()]
    return (described, *rules, *tests)


def _recipients() -> list[str]:
    """Those that only rules of the air name; none where the file cannot be used, as another check says."""
    from airwatch_dagster.orchestration.alerts.air_rules import air_rules

    try:
        return list(dict.fromkeys(rule.to for rule in air_rules() if rule.to))
    except AirWatchError:
        return []


def _air_rules() -> Iterator[Finding]:
    """Each rule with the number of its sites; one that no forecast is about never tells anybody."""
    from airwatch_dagster.orchestration.alerts.air_rules import SETTING, air_rules, percent
    from airwatch_dagster.orchestration.configuration.settings import storage_root
    from airwatch_dagster.orchestration.resources import opened_storage

    rules, monitors = air_rules(), opened_storage(storage_root()).read_or_empty("monitors")
    sites = monitors[~monitors["is_context"]].drop_duplicates("site_id")
    for rule in rules:
        of = rule.concerned(sites)
        says = f"{rule.name}: {percent(rule.chance)} or more {rule.limit}"
        if len(sites) and (missing := sorted(set(rule.sites) - of) or not of):
            named = f"no site {', '.join(missing)}" if isinstance(missing, list) else "no site of the rule"
            fix = f"Correct the rule in the file of {SETTING}."
            yield warning("air rules", f"{says}; the area has {named} with a forecast. {fix}", run="airwatch areas")
        else:
            yield ok("air rules", f"{says}; {counted(len(of), 'site')}, by {' and '.join(rule.channels)}")


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


def _test(channel: str, to: str | None = None) -> Iterator[Finding]:
    from airwatch_dagster.orchestration.alerts.channels import post_to_webhook, send_email
    from airwatch_dagster.orchestration.alerts.messages import Message
    from airwatch_dagster.orchestration.alerts.settings import AlertSettings

    alert = Message(
        subject="AirWatch: test of the alerts",
        lines=("Nothing is wrong: `airwatch doctor --alert-test` sent this.",),
        data={"kind": "test"},
    )
    deliver = {"webhook": post_to_webhook, "e-mail": send_email}[channel]
    settings = AlertSettings.from_environment()
    deliver(alert, settings=settings.model_copy(update={"alert_email_to": to}) if to else settings)
    yield ok("alert test", f"the {channel} took the test alert{f' to {to}' if to else ''}")
