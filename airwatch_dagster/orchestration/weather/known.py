"""Stored weather forecasts that were known when the day's forecasts were issued, and which sites had any."""

import pandas as pd

from airwatch_dagster.enrich.weather import TABLE
from airwatch_dagster.orchestration.issue_times import issue_instant
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.schemas import TABLES


def known_at_issue(weather: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``weather_forecasts`` that were available at the time of issue of their issue date.

    A stored row may have become available later, when AIRWATCH_ISSUE_TIME was set to an earlier time since.
    """
    return weather[weather["issued_at"] <= issue_instant(weather["issue_date"])]


def weather_metadata(predictions: pd.DataFrame, weather: pd.DataFrame) -> PartitionMetadata:
    """Issue day → number of forecast sites that have weather; empty where there is none at all."""
    if weather.empty or predictions.empty:
        return {}
    sites = predictions[["issue_date", "site_id"]].drop_duplicates()
    known = pd.MultiIndex.from_frame(weather[["issue_date", "site_id"]])
    has_weather = pd.Series(pd.MultiIndex.from_frame(sites).isin(known))
    counts = has_weather.groupby(TABLES[TABLE].partition_keys_of(sites).to_numpy()).sum()
    return {str(day): {"sites with weather": int(count)} for day, count in counts.items()}
