"""Every setting of AirWatch: its environment variable, meaning, default and allowed values.

Settings are read here and nowhere else, when a run or a command needs them; importing a module reads none. AWS
settings are the exception: the AWS client reads them itself. How a process starts stands in ``environment``.
"""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote, unquote

from pydantic import SecretStr, ValidationInfo, field_validator

from airwatch_dagster.acquire.addresses import AIRDATA_URL, AIRNOW_API_URL, AIRNOW_URL, AQS_URL
from airwatch_dagster.acquire.aqs.rate_limiter import AQS_INTERVAL_S
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.configuration.parameter_settings import ParameterSettings
from airwatch_dagster.orchestration.configuration.setting_fields import (
    SettingReference,
    SettingsGroup,
    address,
    not_allowed,
    setting,
)
from airwatch_dagster.orchestration.configuration.source_name import SourceNameSettings
from airwatch_dagster.orchestration.configuration.supplied_settings import SuppliedSettings
from airwatch_dagster.orchestration.configuration.training_settings import TrainingSettings
from airwatch_dagster.orchestration.configuration.weather_settings import WeatherSourceSettings

DEFAULT_CONTEXT_KM: Final = 800.0
"""Monitors up to this many km around the area carry most of the next-day signal (Chicago: skill +0.06 without,
+0.20 with)."""

SQLITE: Final = "sqlite:///"
"""What precedes the path of a database of SQLite."""


class StorageSettings(SettingsGroup):
    """Where tables are stored."""

    storage: str = setting(
        "AIRWATCH_STORAGE", "Where tables are stored", "./data", allowed="a folder, or s3://bucket/prefix"
    )


class LinkSettings(SettingsGroup):
    """Addresses that a browser uses, for links."""

    ui_url: Annotated[str | None, address("http", "https")] = setting(
        "AIRWATCH_UI_URL",
        "Address of the Dagster UI, for links in alerts and in MLflow",
        allowed="an address such as http://127.0.0.1:3000",
        instead="DAGSTER_WEBSERVER_URL",
    )
    mlflow_ui_url: Annotated[str | None, address("http", "https")] = setting(
        "AIRWATCH_MLFLOW_UI_URL",
        "Address of the MLflow UI, for links in Dagster",
        allowed="an address such as http://127.0.0.1:5000",
        default_text="MLFLOW_TRACKING_URI, if that is a server",
    )


DEV_SITE_URL: Final = "http://127.0.0.1:3001"
"""Where `make dev` serves the folder ``site`` of a storage that is a folder: one port above the Dagster UI."""


class SiteSettings(StorageSettings):
    """Where pages and plots of the storage can be opened."""

    site_url: Annotated[str | None, address("http", "https")] = setting(
        "AIRWATCH_SITE_URL",
        "Address at which a browser reaches the folder site of the storage, for plots and pages in the Dagster UI",
        default_factory=lambda settings: None if "://" in settings.get("storage", "") else DEV_SITE_URL,
        default_text=f"{DEV_SITE_URL}, none with S3",
        allowed=f"an address such as {DEV_SITE_URL}",
        instead="DEV_SITE_URL",
    )


class FirstDaySettings(StorageSettings):
    """Which days the Dagster UI lists."""

    first_day: date | None = setting(
        "AIRWATCH_FIRST_DAY",
        "First day that the Dagster UI lists; with S3 not later than the first stored day",
        allowed="YYYY-MM-DD",
        default_text="the first stored day with a folder, 2009-01-01 with S3",
        noun="day",
    )

    @field_validator("first_day", mode="before")
    @classmethod
    def _iso_first_day(cls, value: Any) -> Any:
        return date.fromisoformat(value) if isinstance(value, str) else value


def _default_rate_limit_dir() -> Path:
    """In the state home, which all processes of a user share. Source: XDG Base Directory Specification."""
    state_home = Path(os.environ.get("XDG_STATE_HOME") or "")
    return (state_home if state_home.is_absolute() else Path("~/.local/state")) / "airwatch"


class StateSettings(SettingsGroup):
    """Where everything but tables is stored."""

    state: Path = setting(
        "AIRWATCH_STATE",
        "Folder of Dagster's and MLflow's databases and of downloads",
        default_factory=lambda: Path(".airwatch"),
        default_text="./.airwatch",
        allowed="a folder",
        validate_default=True,
    )

    @field_validator("state")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.absolute()


def _sqlite_address(file: Path) -> str:
    """SQLAlchemy decodes ``%XX`` in an address and cuts it at ``?``."""
    path = str(file)
    return f"{SQLITE}{path if '?' not in path and unquote(path) == path else quote(path)}"


class RegistrySettings(StateSettings):
    """Where models are registered."""

    mlflow_tracking_uri: str = setting(
        "MLFLOW_TRACKING_URI",
        "MLflow's tracking server or database",
        default_factory=lambda settings: _sqlite_address(settings["state"] / "mlflow.db"),
        default_text="SQLite database in AIRWATCH_STATE",
        allowed="an address such as http://127.0.0.1:5000, or of a database",
    )


class AreaSettings(SettingsGroup):
    """What is forecast."""

    area: str = setting(
        "AIRWATCH_AREA",
        "Area that forecasts are made for",
        "cbsa:16980",
        allowed="cbsa:CODE, state:CODE, several of them separated by commas, or us",
    )


class SourceSettings(SourceNameSettings, ParameterSettings, AreaSettings, StateSettings, StorageSettings):
    """Where readings come from."""

    context_km: float = setting(
        "AIRWATCH_CONTEXT_KM",
        "Distance around the area within which monitors are read as predictors, km",
        default_factory=lambda settings: 0.0 if settings.get("source") == "aqs" else DEFAULT_CONTEXT_KM,
        default_text="800, or 0 with AIRWATCH_SOURCE=aqs",
        allowed="a number from 0 to 20000",
        noun="distance in km",
        ge=0.0,
        le=20_000.0,
    )
    practice_today: date | None = setting(
        "AIRWATCH_PRACTICE_TODAY",
        "Simulated current date of the practice server, and of AirWatch when it reads from one",
        allowed="YYYY-MM-DD",
        default_text="the real date",
        noun="day",
    )
    aqs_email: SecretStr | None = setting(
        "EPA_AQS_EMAIL",
        "E-mail address registered for EPA's AQS API; needed with AIRWATCH_SOURCE=aqs, useful with live",
        allowed="an e-mail address",
    )
    aqs_key: SecretStr | None = setting("EPA_AQS_API_KEY", "Key of that registration", allowed="text")
    airnow_key: SecretStr | None = setting(
        "AIRNOW_API_KEY",
        "Key of AirNow's API, for agencies' forecasts of days whose file is gone; used with AIRWATCH_SOURCE=live",
        allowed="text",
    )
    airdata_url: Annotated[str, address("https", "http", "file")] = setting(
        "AIRWATCH_AIRDATA_URL",
        "Address of AirData's files, or of a mirror",
        AIRDATA_URL,
        allowed="an http, https or file address",
    )
    airnow_url: Annotated[str, address("https", "http", "file")] = setting(
        "AIRWATCH_AIRNOW_URL",
        "Address of AirNow's files, or of a mirror",
        AIRNOW_URL,
        allowed="an http, https or file address",
    )
    airnow_api_url: Annotated[str, address("https", "http")] = setting(
        "AIRWATCH_AIRNOW_API_URL",
        "Address of AirNow's API, or of a mirror",
        AIRNOW_API_URL,
        allowed="an http or https address",
    )
    accept_lost_lines: bool = setting(
        "AIRWATCH_ACCEPT_LOST_LINES",
        "Read a day of AirNow although the line of one of the area's sites in it cannot be read",
        False,
        allowed="true or false",
        default_text="false",
        noun="answer",
    )
    aqs_url: Annotated[str, address("https", "http")] = setting(
        "AIRWATCH_AQS_URL", "Address of the AQS API, or of a mirror", AQS_URL, allowed="an http or https address"
    )
    aqs_interval_s: float = setting(
        "AIRWATCH_AQS_INTERVAL_S",
        "Seconds between the starts of two AQS API requests",
        AQS_INTERVAL_S,
        allowed=f"a number from {AQS_INTERVAL_S:g} to 3600, or from 0 at another address than EPA's",
        default_text=f"{AQS_INTERVAL_S:g}",
        noun="interval in seconds",
        ge=0.0,
        le=3600.0,
    )
    rate_limit_dir: Path = setting(
        "AIRWATCH_RATE_LIMIT_DIR",
        "Folder of the files that space API requests; processes that use one key must share it",
        default_factory=_default_rate_limit_dir,
        default_text="$XDG_STATE_HOME/airwatch, or ~/.local/state/airwatch",
        allowed="a folder",
    )

    @property
    def is_rehearsal(self) -> bool:
        """Whether nothing is requested from EPA: simulated air, or other addresses throughout."""
        addresses = {self.airdata_url, self.airnow_url, self.aqs_url}
        addresses |= {self.airnow_api_url} if self.airnow_key else set()
        return self.source == "practice" or not addresses & {AIRDATA_URL, AIRNOW_URL, AQS_URL, AIRNOW_API_URL}

    @property
    def has_aqs_credentials(self) -> bool:
        """Whether the AQS API can be used."""
        return bool(self.aqs_email and self.aqs_key)

    @field_validator("practice_today", mode="before")
    @classmethod
    def _iso_day(cls, value: Any) -> Any:
        return date.fromisoformat(value) if isinstance(value, str) else value

    @field_validator("aqs_interval_s")
    @classmethod
    def _epa_allows(cls, interval_s: float, info: ValidationInfo) -> float:
        """EPA's own API is never called faster than EPA allows; another address may be."""
        if interval_s < AQS_INTERVAL_S and info.data.get("aqs_url", AQS_URL).rstrip("/") == AQS_URL:
            raise not_allowed(f"is not an interval EPA allows (at least {AQS_INTERVAL_S:g} s)")
        return interval_s


class WeatherAccessSettings(WeatherSourceSettings, SourceSettings):
    """All that asking the source of weather takes."""


class Settings(
    TrainingSettings,
    AlertSettings,
    LinkSettings,
    SiteSettings,
    FirstDaySettings,
    SuppliedSettings,
    RegistrySettings,
    WeatherAccessSettings,
):
    """All settings of AirWatch."""

    def __repr__(self) -> str:
        return f"Settings(source={self.source!r}, area={self.area!r}, storage={self.storage!r})"

    __str__ = __repr__


def settings_reference() -> list[SettingReference]:
    """Every setting: tables, sources, state and MLflow first, then links and alerts."""
    late = {one.name for group in (LinkSettings, AlertSettings) for one in group.reference()} | {"AIRWATCH_SITE_URL"}
    return sorted(Settings.reference(), key=lambda one: one.name in late)


def storage_root() -> str:
    """Where tables are stored: AIRWATCH_STORAGE, a folder or ``s3://bucket/prefix``."""
    return StorageSettings.from_environment().storage
