"""The ways an alert leaves: a webhook, e-mail, or Dagster's log when neither is set."""

import smtplib
import ssl
from email.message import EmailMessage
from typing import Final

import dagster as dg

from airwatch_dagster.certificates import certificate_problem
from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.orchestration.alerts.messages import Alert
from airwatch_dagster.orchestration.alerts.settings import AlertSettings, WebhookSettings
from airwatch_dagster.orchestration.configuration.addresses import address_problem
from airwatch_dagster.orchestration.configuration.redaction import redacted

CHANNEL_TIMEOUT_S: Final = 20
"""Seconds; a channel that takes longer counts as failed, well before the sensor tick's own limit of 60."""

CHANNEL_RETRIES: Final = 2
"""Repetitions for a webhook that is busy or breaks the connection: Dagster evaluates a run's sensor only once."""


def send(alert: Alert, *, settings: AlertSettings, context: dg.RunStatusSensorContext) -> None:
    """Send to every channel, or to the log when there is none; a channel that fails does not stop the other.

    Raises AirWatchError that names each channel that failed, after all were tried.
    """
    channels = [(settings.alert_webhook_url, post_to_webhook), (settings.alert_email_to, send_email)]
    failures = []
    for address, deliver in channels:
        try:
            if address:
                deliver(alert, settings=settings)
        except AirWatchError as failure:
            failures.append(failure)
    if failures or not any(address for address, _ in channels):
        context.log.warning(alert.text)
    if failures:
        raise AirWatchError(
            "alert",
            "; ".join(f"{failure.culprit} {failure.problem}" for failure in failures),
            fix="; ".join(failure.fix for failure in failures),
            retry_helps=True,
        )


def webhook_problems() -> list[ConfigurationError]:
    """What is wrong with the address of the webhook, which is not shown; empty when nothing is or none is set."""
    webhook = WebhookSettings.from_environment().alert_webhook_url
    problem = address_problem(webhook.get_secret_value(), ("https", "http")) if webhook else None
    fix = "Use an http or https address"
    return [ConfigurationError("AIRWATCH_ALERT_WEBHOOK_URL", f"its value {problem}", fix=fix)] if problem else []


def post_to_webhook(alert: Alert, *, settings: AlertSettings) -> None:
    """POST the alert as JSON, and repeat it while the webhook is busy. The address is a secret and never shown."""
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
            posted = session.post(address, json=alert.payload, timeout=CHANNEL_TIMEOUT_S, allow_redirects=False)
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


def send_email(alert: Alert, *, settings: AlertSettings) -> None:
    """Send the alert as plain text to every recipient; STARTTLS checks the certificate unless it is switched off."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = alert.subject, settings.smtp_from, settings.alert_email_to
    message.set_content(alert.text)
    assert settings.smtp_host is not None
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=CHANNEL_TIMEOUT_S) as server:
            if settings.smtp_starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                password = settings.smtp_password
                server.login(settings.smtp_user, password.get_secret_value() if password else "")
            server.send_message(message)
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
