"""Forecasts of the National Weather Service for selected cities, at sites."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.weather.nws.archive import PARTS, SelectedCitiesArchive
from airwatch_dagster.acquire.weather.nws.cities import station_of_city, unknown_words
from airwatch_dagster.acquire.weather.nws.days import CITY_DAY_VALUES, city_days
from airwatch_dagster.acquire.weather.site_weather import days_at_sites, neighbours
from airwatch_dagster.acquire.weather.source import WeatherOfDay, no_weather, weather_rows
from airwatch_dagster.acquire.weather.stations import known_stations

MODEL: Final = "NWS FPUS20"
"""Their name in weather_model."""


@dataclass(frozen=True)
class NwsWeather:
    """A WeatherSource: bulletins of selected cities (FPUS20). They have no wind, humidity or amount of rain."""

    archive: SelectedCitiesArchive

    def forecasts(self, issue_day: date, sites: pd.DataFrame, *, published_by: pd.Timestamp) -> WeatherOfDay:
        """As ``WeatherSource.forecasts``, from all bulletins issued since 00:00 UTC of the issue day, the evening's of
        the day before among them; see ``city_days``."""
        day = pd.Timestamp(issue_day)
        read = self.archive.issued(day, published_by)
        if read.rows.empty:
            why = "of its bulletins none can be used" if read.bulletins else "no bulletin"
            span = f"from {day:%Y-%m-%d %H:%M} to {published_by:%Y-%m-%d %H:%M} UTC"
            return WeatherOfDay(no_weather().rows, read.rejected, (f"{why} {span}",))
        days = city_days(read.rows, issue_date=day, published_by=published_by)
        stations = known_stations(days["station_id"].unique())
        at_sites = days_at_sites(days, stations, sites, neighbours(sites, stations), values=CITY_DAY_VALUES)
        rows = weather_rows(at_sites.assign(weather_model=MODEL, is_issued_at_assumed=False), issue_day=day)
        return WeatherOfDay(rows, read.rejected, tuple(_notes(read.rows)))


def _notes(rows: pd.DataFrame) -> list[str]:
    """The bulletins used and parts that are missing, unknown words, cities without a known station."""
    notes = []
    for issued_at, of_issue in rows.groupby("issued_at"):
        parts = sorted(of_issue["part"].unique())
        count = (
            f"{len(of_issue)} cities" if len(parts) == PARTS else f"only parts {', '.join(map(str, parts))} of {PARTS}"
        )
        notes.append(f"bulletin of {issued_at:%Y-%m-%d %H:%M} UTC: {count}")
    words = unknown_words(pd.concat([rows["target1_word"], rows["target2_word"]]))
    if words:
        notes.append("words without a class: " + ", ".join(f"{word} ({count})" for word, count in words.items()))
    unknown = sorted(rows.loc[station_of_city(rows["city"]).isna(), "city"].unique())
    return [*notes, f"cities without a known station: {', '.join(unknown)}"] if unknown else notes
