"""The ways a message leaves: a webhook, e-mail, or Dagster's log when neither is set."""

import logging
import smtplib
import ssl
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final

from airwatch_dagster.certificates import certificate_problem
from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.orchestration.alerts.messages import Message
from airwatch_dagster.orchestration.alerts.settings import AlertSettings, WebhookSettings
from airwatch_dagster.orchestration.configuration.addresses import address_problem
from airwatch_dagster.orchestration.configuration.redaction import redacted

CHANNEL_TIMEOUT_S: Final = 10
"""Seconds; a channel that takes longer counts as failed, well before the sensor tick's own limit of 60."""

CHANNEL_RETRIES: Final = 2
"""Repetitions for a webhook that says it is busy. One that does not answer is tried again at a later tick: repeating
it here would take the minute that the tick has, and what the other channel took would be forgotten."""


WEBHOOK: Final = "webhook"
EMAIL: Final = "e-mail"
LOG: Final = "log"
"""Names of the channels; the log is one where there is no other."""


@dataclass(frozen=True)
class Sent:
    """What became of a message."""

    taken_by: tuple[str, ...]
    """Channels that took it."""
    failures: Mapping[str, AirWatchError] = field(default_factory=dict)
    """Channel that did not take it → why."""

    @property
    def has_arrived(self) -> bool:
        """Whether anybody can have read it."""
        return bool(self.taken_by)


def channels_of(settings: AlertSettings) -> tuple[str, ...]:
    """The channels that are set up; the log where none is."""
    addresses = {WEBHOOK: settings.alert_webhook_url, EMAIL: settings.alert_email_to}
    return tuple(name for name, address in addresses.items() if address) or (LOG,)


def send(message: Message, *, settings: AlertSettings, log: logging.Logger, to: Collection[str] | None = None) -> Sent:
    """Send to every channel, or to those named in ``to``; one that fails does not stop the other.

    What a channel does not take is logged too.
    """
    deliver = {WEBHOOK: post_to_webhook, EMAIL: send_email}
    taken, failures = list[str](), dict[str, AirWatchError]()
    for name in channels_of(settings) if to is None else to:
        try:
            if name in deliver:
                deliver[name](message, settings=settings)
            taken.append(name)
        except AirWatchError as failure:
            failures[name] = failure
    if failures or LOG in taken:
        log.warning(message.text)
    return Sent(tuple(taken), failures)


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
    """POST the message as JSON, and repeat it twice if the webhook says it is busy.

    The address is a secret and never shown.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry

    assert settings.alert_webhook_url is not None
    address = settings.alert_webhook_url.get_secret_value()
    retries = Retry(
        connect=0,
        read=0,
        other=0,
        status=CHANNEL_RETRIES,
        backoff_factor=0.5,
        status_forcelist=(429, 502, 503, 504),
        allowed_methods=None,
        respect_retry_after_header=False,
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
