"""Settings of tables that a user supplies, and of the moment at which they have to be known."""

import re
from datetime import timedelta
from typing import Final

from pydantic import field_validator

from airwatch_dagster.orchestration.configuration.setting_fields import SettingsGroup, not_allowed, setting

_TIME_OF_DAY: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class IssueSettings(SettingsGroup):
    """When forecasts are issued."""

    issue_time_text: str = setting(
        "AIRWATCH_ISSUE_TIME",
        "Time of issue (UTC) on the day after the issue day; weather that became available later is not used",
        "18:30",
        allowed="HH:MM in UTC, from 00:00 (the strictest rule) to 23:59",
        noun="time of day",
    )

    @field_validator("issue_time_text")
    @classmethod
    def _time_of_day(cls, text: str) -> str:
        if not _TIME_OF_DAY.fullmatch(text):
            raise not_allowed("is not a time of day such as 18:30")
        return text

    @property
    def issue_time(self) -> timedelta:
        """Time from 00:00 UTC of the day after the issue day to the issue."""
        hours, minutes = self.issue_time_text.split(":")
        return timedelta(hours=int(hours), minutes=int(minutes))


class WeatherSettings(SettingsGroup):
    """Weather that a user supplies."""

    weather: str | None = setting(
        "AIRWATCH_WEATHER",
        "Where archived weather forecasts are stored, as weather_forecasts/YYYY-MM-DD.parquet by issue day",
        allowed="a folder, or s3://bucket/prefix",
        default_text="none; weather is not used",
    )


class OtherForecastsSettings(SettingsGroup):
    """Forecasts of others that a user supplies."""

    other_forecasts: str | None = setting(
        "AIRWATCH_OTHER_FORECASTS",
        "Where forecasts of others are stored, for comparison, as other_forecasts/YYYY-MM-DD.parquet by issue day",
        allowed="a folder, or s3://bucket/prefix",
        default_text="none; nothing is compared with them",
    )


class SuppliedSettings(WeatherSettings, IssueSettings, OtherForecastsSettings):
    """What a user supplies, and when it has to be known."""
