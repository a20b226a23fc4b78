"""Weather forecasts that a user supplies below AIRWATCH_WEATHER."""

from typing import Final

import pandas as pd

from airwatch_dagster.enrich.weather import TABLE, checked_weather
from airwatch_dagster.orchestration.configuration.supplied_settings import IssueSettings, WeatherSettings
from airwatch_dagster.orchestration.supplied.supplied_tables import SuppliedTable


def _place() -> str | None:
    return WeatherSettings.from_environment().weather


def _known(weather: pd.DataFrame) -> pd.DataFrame:
    return checked_weather(weather, issue_time=IssueSettings.from_environment().issue_time)


WEATHER: Final = SuppliedTable(TABLE, "AIRWATCH_WEATHER", _place, _known)


def describe_weather() -> str:
    """Off, or the place, the number of issue days and the newest one, which is read and checked."""
    return WEATHER.describe()
