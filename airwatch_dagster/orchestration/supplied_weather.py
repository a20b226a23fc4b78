"""Weather forecasts that a user supplies below AIRWATCH_WEATHER, joined to the rows that are trained on or forecast."""

from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.enrich.weather import KEY, TABLE, checked_weather, join_weather
from airwatch_dagster.errors import ConfigurationError, ContractViolation
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.settings import WeatherSettings
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.weather import COVARIATES
from airwatch_dagster.storage.partition_files import ignored_text
from airwatch_dagster.storage.tables import TableStorage, in_threads

SETTING: Final = "AIRWATCH_WEATHER"

CHECKED_DAYS: Final = 64
"""Files checked at a time. Three years of 1,000 sites take 80 s one by one and 31 s this way, on one core; all at once
would need the most memory."""

USED_COLUMNS: Final = [*KEY, "issued_at", *COVARIATES]
"""Columns needed once a row is known to be a forecast of its target day."""


def issued_weather(issue_dates: pd.Series | pd.DatetimeIndex, *, by: pd.Timestamp | None = None) -> pd.DataFrame | None:
    """The weather supplied for these issue days; ``by`` leaves out what became available after an instant (naive UTC).

    None while weather is switched off, and then nothing is read. Days and sites may be missing. Raises
    ContractViolation when a value was not known at the end of its issue day.
    """
    storage = _weather_storage()
    if storage is None:
        return None
    wanted = {f"{day:%Y-%m-%d}" for day in pd.DatetimeIndex(issue_dates).unique()}
    days = [day for day in supplied_days(storage) if day in wanted]
    parts = [_known(storage, days[first : first + CHECKED_DAYS]) for first in range(0, len(days), CHECKED_DAYS)]
    weather = pd.concat(parts, ignore_index=True) if parts else CONTRACTS[TABLE].empty()[USED_COLUMNS]
    return weather if by is None else weather[weather["issued_at"] <= by]


def with_weather(rows: pd.DataFrame, *, by: pd.Timestamp | None = None) -> pd.DataFrame:
    """Examples with the weather issued for them; the same frame object while weather is switched off."""
    weather = issued_weather(rows["issue_date"], by=by)
    return rows if weather is None else join_weather(rows, weather)


def supplied_days(storage: TableStorage) -> list[str]:
    """Issue days that have a file, in order; copies of such files are ignored.

    Raises ConfigurationError when there is none, and for a Parquet file whose name holds no day, or that has no bytes.
    """
    listing = storage.listing(TABLE)
    damaged = [file for file in listing.ignored if file.is_damaged]
    if listing.partitions and not damaged:
        return list(listing.partitions)
    place = storage.uri(TABLE, Path(damaged[0].name).stem if damaged else "YYYY-MM-DD")
    problem = f"{place} cannot be read: {damaged[0].reason}" if damaged else f"{place} does not exist"
    renamed = "Store the rows of each issue day as YYYY-MM-DD.parquet, and remove this file"
    fix = renamed if damaged else f"Store forecasts there, or unset {SETTING}"
    raise ConfigurationError(SETTING, problem, fix=fix)


def weather_metadata(predictions: pd.DataFrame, weather: pd.DataFrame | None) -> PartitionMetadata:
    """Issue day → number of forecast sites that have weather; empty while weather is switched off."""
    if weather is None or predictions.empty:
        return {}
    sites = predictions[["issue_date", "site_id"]].drop_duplicates()
    supplied = pd.MultiIndex.from_frame(weather[["issue_date", "site_id"]])
    has_weather = pd.Series(pd.MultiIndex.from_frame(sites).isin(supplied))
    counts = has_weather.groupby(CONTRACTS[TABLE].partition_keys_of(sites).to_numpy()).sum()
    return {str(day): {"sites_with_weather": int(count)} for day, count in counts.items()}


def describe_weather() -> str:
    """Off, or the place, the number of issue days and the newest one, which is read and checked."""
    storage = _weather_storage()
    if storage is None:
        return f"off; {SETTING} is not set"
    days = supplied_days(storage)
    newest = issued_weather(pd.DatetimeIndex(days[-1:]))
    sites = 0 if newest is None else newest["site_id"].nunique()
    root = WeatherSettings.from_environment().weather
    ignored = storage.listing(TABLE).ignored
    note = f"; ignored: {ignored_text(ignored)}" if ignored else ""
    return f"{len(days):,} issue days in {root}, the newest {days[-1]} with {sites:,} sites{note}"


def _weather_storage() -> TableStorage | None:
    root = WeatherSettings.from_environment().weather
    return None if root is None else TableStorage.open(root, setting=SETTING)


def _known(storage: TableStorage, days: list[str]) -> pd.DataFrame:
    """The weather of these days' files, once it is certain that all of it was known on its issue day."""
    return checked_weather(pd.concat(in_threads(partial(_of_day, storage), days), ignore_index=True))[USED_COLUMNS]


def _of_day(storage: TableStorage, day: str) -> pd.DataFrame:
    """The rows of one file. Raises ContractViolation for rows of another day."""
    frame = storage.read(TABLE, [day])
    others = frame.loc[frame["issue_date"] != pd.Timestamp(day)]
    if len(others):
        other = f"{others['site_id'].iloc[0]} of issue_date {others['issue_date'].iloc[0]}"
        problem = f"{len(others):,} of {len(frame):,} rows are of another issue day, such as {other}"
        raise ContractViolation(storage.uri(TABLE, day), problem, fix="Put each row into the file of its issue_date")
    return frame
