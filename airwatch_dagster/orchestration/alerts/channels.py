"""The ways a message leaves: a webhook, e-mail, or Dagster's log when neither is set."""

import logging
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final

from airwatch_dagster.certificates import certificate_problem
from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.orchestration.alerts.messages import Message
from airwatch_dagster.orchestration.alerts.settings import AlertSettings, WebhookSettings
from airwatch_dagster.orchestration.configuration.addresses import address_problem
from airwatch_dagster.orchestration.configuration.redaction import redacted

CHANNEL_TIMEOUT_S: Final = 20
"""Seconds; a channel that takes longer counts as failed, well before the sensor tick's own limit of 60."""

CHANNEL_RETRIES: Final = 2
"""Repetitions for a webhook that is busy or breaks the connection; the next tick of the sensor tries again."""


@dataclass(frozen=True)
class Sent:
    """What became of a message."""

    has_arrived: bool
    """Whether a channel took it, or it is logged because there is no channel."""
    failures: tuple[AirWatchError, ...] = ()
    """Of each channel that did not take it."""


def send(message: Message, *, settings: AlertSettings, log: logging.Logger) -> Sent:
    """Send to every channel, or to the log when there is none; a channel that fails does not stop the other."""
    channels = [(settings.alert_webhook_url, post_to_webhook), (settings.alert_email_to, send_email)]
    used = [deliver for address, deliver in channels if address]
    failures = []
    for deliver in used:
        try:
            deliver(message, settings=settings)
        except AirWatchError as failure:
            failures.append(failure)
    if failures or not used:
        log.warning(message.text)
    return Sent(not used or len(failures) < len(used), tuple(failures))


def undelivered(failures: Sequence[AirWatchError]) -> AirWatchError:
    """One error that names each channel that failed."""
    return AirWatchError(
        "alert",
        "; ".join(dict.fromkeys(f"{failure.culprit} {failure.problem}" for failure in failures)),
        fix="; ".join(dict.fromkeys(failure.fix for failure in failures)),
        retry_helps=True,
    )


def webhook_problems() -> list[ConfigurationError]:
    """What is wrong with the address of the webhook, which is not shown; empty when nothing is or none is set."""
    webhook = WebhookSettings.from_environment().alert_webhook_url
    problem = address_problem(webhook.get_secret_value(), ("https", "http")) if webhook else None
    fix = "Use an http or https address"
    return [ConfigurationError("AIRWATCH_ALERT_WEBHOOK_URL", f"its value {problem}", fix=fix)] if problem else []


def post_to_webhook(message: Message, *, settings: AlertSettings) -> None:
    """POST the message as JSON, and repeat it while the webhook is busy. The address is a secret and never shown."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry

    assert settings.alert_webhook_url is not None
    address = settings.alert_webhook_url.get_secret_value()
    retries = Retry(
        total=CHANNEL_RETRIES, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), allowed_methods=None
    )
    try:
        with requests.Session() as session:
            session.mount(address, HTTPAdapter(max_retries=retries))
            posted = session.post(address, json=message.payload, timeout=CHANNEL_TIMEOUT_S, allow_redirects=False)
            posted.raise_for_status()
    except OSError as error:  # a RequestException, or a missing file of certificates
        if refused := certificate_problem(error, setting="REQUESTS_CA_BUNDLE"):
            raise AirWatchError("alert webhook", f"its certificate {refused.problem}", fix=refused.fix) from None
        answer = getattr(error, "response", None)
        response = f"response {answer.status_code}" if answer is not None else type(error).__name__
        raise AirWatchError(
            "alert webhook", f"refused the alert ({response})", fix="Check AIRWATCH_ALERT_WEBHOOK_URL", retry_helps=True
        ) from None
    if posted.is_redirect:
        problem = f"redirects (response {posted.status_code}), which would hand the alert and the secret address on"
        raise ConfigurationError("AIRWATCH_ALERT_WEBHOOK_URL", problem, fix="Set it to the address it redirects to")


def send_email(message: Message, *, settings: AlertSettings) -> None:
    """Send the message as plain text to every recipient; STARTTLS checks the certificate unless it is switched off."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = message.subject, settings.smtp_from, settings.alert_email_to
    mail.set_content(message.text)
    assert settings.smtp_host is not None
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=CHANNEL_TIMEOUT_S) as server:
            if settings.smtp_starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                password = settings.smtp_password
                server.login(settings.smtp_user, password.get_secret_value() if password else "")
            server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        if refused := certificate_problem(error, setting="SSL_CERT_FILE"):
            culprit = f"mail server {settings.smtp_host}:{settings.smtp_port}"
            raise AirWatchError(culprit, f"its certificate {refused.problem}", fix=refused.fix) from None
        raise AirWatchError(
            f"mail server {settings.smtp_host}:{settings.smtp_port}",
            f"did not take the alert ({redacted(str(error))})",
            fix="Check AIRWATCH_SMTP_* and AIRWATCH_ALERT_EMAIL_TO",
            retry_helps=True,
        ) from None
