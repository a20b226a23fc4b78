"""A source of weather that answers as told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.acquire.weather.source import WeatherOfDay, no_weather
from airwatch_dagster.orchestration.weather.resource import OpenedWeather
from airwatch_dagster_tests import builders


@dataclass
class FakeWeather:
    """Answers each day with ``answers``, raises what is an error, and without either has no weather."""

    answers: Mapping[str, WeatherOfDay | Exception] = field(default_factory=dict)
    asked: list[tuple[str, list[str], pd.Timestamp]] = field(default_factory=list)
    """Day, sites and time of publication of each question."""

    def forecasts(self, issue_day: date, sites: pd.DataFrame, *, published_by: pd.Timestamp) -> WeatherOfDay:
        self.asked.append((f"{issue_day}", list(sites["site_id"]), published_by))
        answer = self.answers.get(f"{issue_day}", no_weather("no bulletin"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def opened(self) -> OpenedWeather:
        return OpenedWeather("nbm", self, "http://weather")


def weather_of(day: str, *horizons: int, notes: tuple[str, ...] = ()) -> WeatherOfDay:
    """The standard forecast for these days ahead of a day, published at 17:00 UTC of it."""
    issue_date = pd.Timestamp(day)
    rows = builders.weather_forecasts(
        *(
            {
                "issue_date": issue_date,
                "horizon_days": horizon,
                "target_date": issue_date + pd.Timedelta(days=horizon),
                "issued_at": issue_date + pd.Timedelta(hours=17),
            }
            for horizon in horizons
        )
    )
    return WeatherOfDay(rows, no_rejected_lines(), notes)
