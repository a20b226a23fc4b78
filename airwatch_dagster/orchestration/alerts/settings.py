"""Settings of the alert channels."""

from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.setting_fields import SettingsGroup, setting


class WebhookSettings(SettingsGroup):
    """The address that gets alerts as JSON."""

    alert_webhook_url: SecretStr | None = setting(
        "AIRWATCH_ALERT_WEBHOOK_URL",
        'Webhook that gets each alert as JSON with a "text" field',
        allowed="an http or https address",
    )


class HeartbeatSettings(SettingsGroup):
    """The address that is asked for while everything that tells of problems works."""

    heartbeat_url: SecretStr | None = setting(
        "AIRWATCH_HEARTBEAT_URL",
        "Address of a monitor of heartbeats, asked for every five minutes while the sensor incidents ticks",
        allowed="an http or https address",
    )


class AirRulesSettings(SettingsGroup):
    """Who is told of the air itself."""

    air_rules: Path | None = setting(
        "AIRWATCH_AIR_RULES",
        "File of rules (TOML) that say who is told when the air is forecast to exceed a limit",
        allowed="a file",
    )


class AlertSettings(WebhookSettings, HeartbeatSettings, AirRulesSettings):
    """Where messages about incidents are sent; with neither webhook nor e-mail they are only logged."""

    alert_email_to: str | None = setting(
        "AIRWATCH_ALERT_EMAIL_TO", "Recipients of alerts by e-mail", allowed="addresses, separated by commas"
    )
    smtp_host: str | None = setting("AIRWATCH_SMTP_HOST", "Mail server", allowed="a host name")
    smtp_port: int = setting(
        "AIRWATCH_SMTP_PORT",
        "Port of the mail server",
        587,
        allowed="a number from 1 to 65535, usually 587 or 25",
        noun="port number",
        ge=1,
        le=65_535,
    )
    smtp_user: str | None = setting("AIRWATCH_SMTP_USER", "User name at the mail server", allowed="text")
    smtp_password: SecretStr | None = setting("AIRWATCH_SMTP_PASSWORD", "Password at the mail server", allowed="text")
    smtp_from: str = setting(
        "AIRWATCH_SMTP_FROM", "Sender of alerts", "airwatch@localhost", allowed="an e-mail address"
    )
    smtp_starttls: bool = setting(
        "AIRWATCH_SMTP_STARTTLS",
        "Encrypt the connection to the mail server with STARTTLS",
        True,
        allowed="true or false",
        default_text="true",
        noun="choice",
    )

    @model_validator(mode="after")
    def _mail_needs_a_server(self) -> Self:
        if self.alert_email_to and not self.smtp_host:
            raise ConfigurationError(
                "AIRWATCH_ALERT_EMAIL_TO", "is set without a mail server", fix="Set AIRWATCH_SMTP_HOST too"
            )
        return self
