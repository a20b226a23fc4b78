"""Weather forecasts of the user's own, as a source."""

from datetime import date

import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.acquire.weather.source import WeatherOfDay, no_weather
from airwatch_dagster.orchestration.supplied.supplied_weather import WEATHER


class OwnFiles:
    """A WeatherSource: the files below AIRWATCH_WEATHER, which may have other sites than those asked for."""

    def forecasts(self, issue_day: date, sites: pd.DataFrame, *, published_by: pd.Timestamp) -> WeatherOfDay:
        """The rows of the day's file; none without a file.

        Raises ContractViolation for a file with a row that breaks a rule or was not known in time, StorageError and
        ConfigurationError for a place or file that cannot be read.
        """
        day = pd.Timestamp(issue_day)
        storage = WEATHER.storage()
        if storage is None or not storage.exists(WEATHER.table, f"{day:%Y-%m-%d}"):
            place = "AIRWATCH_WEATHER" if storage is None else storage.uri(WEATHER.table, f"{day:%Y-%m-%d}")
            return no_weather(f"there is no file {place}")
        rows = WEATHER.issued(pd.DatetimeIndex([day]))
        assert rows is not None
        return WeatherOfDay(rows, no_rejected_lines(), ())
