"""The weather that a user gives below AIRWATCH_WEATHER, beside the rows that are learned from, scored and forecast."""

from datetime import date
from functools import partial
from typing import Final

import pandas as pd

from airwatch_dagster.enrich.weather import KEY, TABLE, checked_weather, join_weather
from airwatch_dagster.errors import ConfigurationError, ContractViolation
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.weather import COVARIATES
from airwatch_dagster.storage.tables import TableStorage, in_threads

SETTING: Final = "AIRWATCH_WEATHER"

CHECKED_DAYS: Final = 64
"""Files that are checked at a time. Three years of 1,000 sites take 80 s one by one, 31 s so, on a core; all at once
would need most memory."""

KEPT: Final = [*KEY, "issued_at", *COVARIATES]
"""Columns of use once a row is known to be a forecast of its target day."""


def issued_weather(issue_dates: pd.Series | pd.DatetimeIndex, *, by: pd.Timestamp | None = None) -> pd.DataFrame | None:
    """The weather given for these issue days, ``by`` leaving out what became available after an instant (naive UTC).

    None while the weather is switched off, and then nothing is read. A day or a site may lack. Raises
    ContractViolation when a value was not known at the end of its issue day.
    """
    root = Settings.from_environment().weather
    if root is None:
        return None
    storage = TableStorage.open(root, setting=SETTING)
    wanted = {f"{day:%Y-%m-%d}" for day in pd.DatetimeIndex(issue_dates).unique()}
    days = [day for day in given_days(storage) if day in wanted]
    parts = [_known(storage, days[first : first + CHECKED_DAYS]) for first in range(0, len(days), CHECKED_DAYS)]
    weather = pd.concat(parts, ignore_index=True) if parts else CONTRACTS[TABLE].empty()[KEPT]
    return weather if by is None else weather[weather["issued_at"] <= by]


def with_weather(rows: pd.DataFrame, *, by: pd.Timestamp | None = None) -> pd.DataFrame:
    """Examples with the weather issued for them; the very same frame while the weather is switched off."""
    weather = issued_weather(rows["issue_date"], by=by)
    return rows if weather is None else join_weather(rows, weather)


def given_days(storage: TableStorage) -> list[str]:
    """Issue days for which a file is there, in order. Raises ConfigurationError where there is none, or one of another
    name."""
    days = list(storage.stored_partitions(TABLE))
    odd = [day for day in days if not _is_day(day)]
    if days and not odd:
        return days
    place = storage.uri(TABLE, odd[0] if odd else "YYYY-MM-DD")
    problem = f"{place} is named after no issue day" if odd else f"there is no {place}"
    fix = "Name the files by the issue day they hold" if odd else "Put the forecasts there, or unset it"
    raise ConfigurationError(SETTING, problem, fix=fix)


def weather_figures(predictions: pd.DataFrame, weather: pd.DataFrame | None) -> PartitionMetadata:
    """Per issue day: for how many of the sites forecast the weather was given; nothing while it is switched off."""
    if weather is None or predictions.empty:
        return {}
    sites = predictions[["issue_date", "site_id"]].drop_duplicates()
    given = pd.MultiIndex.from_frame(weather[["issue_date", "site_id"]])
    has_weather = pd.Series(pd.MultiIndex.from_frame(sites).isin(given))
    counts = has_weather.groupby(CONTRACTS[TABLE].partition_keys_of(sites).to_numpy()).sum()
    return {str(day): {"sites_with_weather": int(count)} for day, count in counts.items()}


def weather_given() -> str:
    """In words: off, or where it lies and how far it reaches; the newest day is read and checked."""
    root = Settings.from_environment().weather
    if root is None:
        return f"off; {SETTING} names no place"
    days = given_days(TableStorage.open(root, setting=SETTING))
    newest = issued_weather(pd.DatetimeIndex(days[-1:]))
    sites = 0 if newest is None else newest["site_id"].nunique()
    return f"{len(days):,} issue days in {root}, the newest {days[-1]} with {sites:,} sites"


def _known(storage: TableStorage, days: list[str]) -> pd.DataFrame:
    """What the files of these days say of the weather, once it is sure that all of it may be used."""
    return checked_weather(pd.concat(in_threads(partial(_of_day, storage), days), ignore_index=True))[KEPT]


def _of_day(storage: TableStorage, day: str) -> pd.DataFrame:
    """The rows of one file, all of its day."""
    frame = storage.read(TABLE, [day])
    others = frame.loc[frame["issue_date"] != pd.Timestamp(day)]
    if len(others):
        other = f"{others['site_id'].iloc[0]} of issue_date {others['issue_date'].iloc[0]}"
        problem = f"of {len(frame):,} rows {len(others):,} are of another issue day, such as {other}"
        raise ContractViolation(storage.uri(TABLE, day), problem, fix="Put each row into the file of its issue_date")
    return frame


def _is_day(name: str) -> bool:
    try:
        return date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False
