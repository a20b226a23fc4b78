"""Weather forecasts that a user supplies below AIRWATCH_WEATHER, joined to the rows that are trained on or forecast."""

from typing import Final

import pandas as pd

from airwatch_dagster.enrich.weather import KEY, TABLE, USED, checked_weather
from airwatch_dagster.orchestration.configuration.supplied_settings import IssueSettings, WeatherSettings
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.supplied.supplied_tables import SuppliedTable
from airwatch_dagster.schemas import CONTRACTS


def _place() -> str | None:
    return WeatherSettings.from_environment().weather


def _known(weather: pd.DataFrame) -> pd.DataFrame:
    return checked_weather(weather, issue_time=IssueSettings.from_environment().issue_time)


WEATHER: Final = SuppliedTable(TABLE, "AIRWATCH_WEATHER", _place, _known)

USED_COLUMNS: Final = [*KEY, "issued_at", *USED]
"""Columns needed once a row is known to be a forecast of its target day."""


def issued_weather(issue_dates: pd.Series | pd.DatetimeIndex, *, by: pd.Timestamp | None = None) -> pd.DataFrame | None:
    """The weather supplied for these issue days; ``by`` leaves out what became available after an instant (naive UTC).

    None while weather is switched off, and then nothing is read. Days and sites may be missing. Raises
    ContractViolation when a value was not known when the day's forecasts are issued (AIRWATCH_ISSUE_TIME).
    """
    return WEATHER.issued(issue_dates, by=by, columns=USED_COLUMNS)


def weather_metadata(predictions: pd.DataFrame, weather: pd.DataFrame | None) -> PartitionMetadata:
    """Issue day → number of forecast sites that have weather; empty while weather is switched off."""
    if weather is None or predictions.empty:
        return {}
    sites = predictions[["issue_date", "site_id"]].drop_duplicates()
    supplied = pd.MultiIndex.from_frame(weather[["issue_date", "site_id"]])
    has_weather = pd.Series(pd.MultiIndex.from_frame(sites).isin(supplied))
    counts = has_weather.groupby(CONTRACTS[TABLE].partition_keys_of(sites).to_numpy()).sum()
    return {str(day): {"sites with weather": int(count)} for day, count in counts.items()}


def describe_weather() -> str:
    """Off, or the place, the number of issue days and the newest one, which is read and checked."""
    return WEATHER.describe()
