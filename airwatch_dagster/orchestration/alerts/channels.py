"""The ways an alert leaves: a webhook, e-mail, or Dagster's log when neither is set."""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final

import dagster as dg

from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.orchestration.alerts.messages import Alert, redacted

CHANNEL_TIMEOUT_S: Final = 20
"""Seconds; a channel that takes longer counts as failed, well before the sensor tick's own limit of 60."""

CHANNEL_RETRIES: Final = 2
"""Further tries of a webhook that is busy or breaks the connection: Dagster does not evaluate a run's sensor twice."""


@dataclass(frozen=True)
class Channels:
    """Where alerts go; nothing set means Dagster's log only."""

    webhook_url: str = field(default="", repr=False)
    email_to: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    email_from: str = "airwatch@localhost"
    is_starttls: bool = True

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Channels":
        """The configured channels; an empty variable counts as not set.

        Errors: ConfigurationError when mail has a recipient but no server, or the port is no number.
        """

        def setting(name: str, default: str = "") -> str:
            return env.get(name, "").strip() or default

        port = setting("AIRWATCH_SMTP_PORT", str(cls.smtp_port))
        if not port.isdecimal():
            raise ConfigurationError("AIRWATCH_SMTP_PORT", f"{port!r} is no port number", fix="Set it to 587 or 25")
        if setting("AIRWATCH_ALERT_EMAIL_TO") and not setting("AIRWATCH_SMTP_HOST"):
            raise ConfigurationError(
                "AIRWATCH_ALERT_EMAIL_TO", "is set without a mail server", fix="Set AIRWATCH_SMTP_HOST too"
            )
        return cls(
            webhook_url=setting("AIRWATCH_ALERT_WEBHOOK_URL"),
            email_to=setting("AIRWATCH_ALERT_EMAIL_TO"),
            smtp_host=setting("AIRWATCH_SMTP_HOST"),
            smtp_port=int(port),
            smtp_user=setting("AIRWATCH_SMTP_USER"),
            smtp_password=setting("AIRWATCH_SMTP_PASSWORD"),
            email_from=setting("AIRWATCH_SMTP_FROM", cls.email_from),
            is_starttls=setting("AIRWATCH_SMTP_STARTTLS", "true").lower() not in ("0", "false", "no"),
        )


def send(alert: Alert, *, channels: Channels, context: dg.RunStatusSensorContext) -> None:
    """Deliver to every channel, or to the log when there is none; channels do not stop one another."""
    failures = []
    for address, deliver in ((channels.webhook_url, post_to_webhook), (channels.email_to, send_email)):
        try:
            if address:
                deliver(alert, channels=channels)
        except AirWatchError as failure:
            failures.append(failure)
    if failures or not (channels.webhook_url or channels.email_to):
        context.log.warning(alert.text)
    if failures:
        raise AirWatchError(
            "alert",
            "; ".join(f"{failure.culprit} {failure.problem}" for failure in failures),
            fix="; ".join(failure.fix for failure in failures),
            retry_helps=True,
        )


def post_to_webhook(alert: Alert, *, channels: Channels) -> None:
    """POST the alert as JSON; a busy or broken connection is tried again. The address is a secret: never shown."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry

    patience = Retry(
        total=CHANNEL_RETRIES, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), allowed_methods=None
    )
    try:
        with requests.Session() as session:
            session.mount(channels.webhook_url, HTTPAdapter(max_retries=patience))
            session.post(channels.webhook_url, json=alert.payload, timeout=CHANNEL_TIMEOUT_S).raise_for_status()
    except requests.RequestException as error:
        answer = f"answered {error.response.status_code}" if error.response is not None else type(error).__name__
        raise AirWatchError(
            "alert webhook", f"refused the alert ({answer})", fix="Check AIRWATCH_ALERT_WEBHOOK_URL", retry_helps=True
        ) from None


def send_email(alert: Alert, *, channels: Channels) -> None:
    """Send the alert as plain text to every recipient; STARTTLS is verified unless it is switched off."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = alert.subject, channels.email_from, channels.email_to
    message.set_content(alert.text)
    try:
        with smtplib.SMTP(channels.smtp_host, channels.smtp_port, timeout=CHANNEL_TIMEOUT_S) as server:
            if channels.is_starttls:
                server.starttls(context=ssl.create_default_context())
            if channels.smtp_user:
                server.login(channels.smtp_user, channels.smtp_password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise AirWatchError(
            f"mail server {channels.smtp_host}:{channels.smtp_port}",
            f"did not take the alert ({redacted(str(error))})",
            fix="Check AIRWATCH_SMTP_* and AIRWATCH_ALERT_EMAIL_TO",
            retry_helps=True,
        ) from None
