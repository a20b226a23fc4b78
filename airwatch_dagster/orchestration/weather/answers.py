"""What a source of weather answers for the days of a run, what its days lack, and what is stored of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import joined_rejections
from airwatch_dagster.acquire.weather.source import WeatherOfDay, no_weather
from airwatch_dagster.errors import BadPayload, ContractViolation, SourceRefused, SourceUnavailable
from airwatch_dagster.orchestration.ingest.rejected_lines import rejected_metadata
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.orchestration.training.by_month import stacked
from airwatch_dagster.orchestration.weather.completeness import TABLE, lacking_horizons
from airwatch_dagster.orchestration.weather.resource import OpenedWeather
from airwatch_dagster.orchestration.weather.sites import published_by, weather_sites

WEATHER_CHECK: Final = {
    "weather_is_complete": Check(
        "The source of weather has each day's forecasts for every day ahead",
        follows="Forecasts of the day are made without this weather.",
        todo="Once the source has it, run `airwatch backfill DAY DAY`: it asks again for days that lack something. "
        "`airwatch doctor` says whether the source answers.",
    )
}

MAX_SILENT_DAYS: Final = 2
"""Days in a row without an answer after which the run asks for no more: each costs the waits of its retries."""

MAX_NOTES: Final = 3
"""Notes of a day that a check shows: the last ones, in which a source sums up."""


@dataclass
class Answers:
    """The answers for the days of a run."""

    weather: OpenedWeather | None
    """Who answered; None where weather is switched off."""
    until: Callable[[pd.Timestamp], pd.Timestamp] = published_by
    """Issue day → the time until which weather counts."""
    days: dict[str, WeatherOfDay] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    """Day → why there is no answer."""
    sites: dict[str, int] = field(default_factory=dict)
    """Day → sites asked for."""

    @property
    def rejected(self) -> pd.DataFrame:
        """Lines that could not be read, in REJECTED_COLUMNS, each with the first issue day that it was read for."""
        return joined_rejections(
            of_day.rejected.assign(date_local=pd.Timestamp(day)) for day, of_day in self.days.items()
        )

    def merged(self, stored: pd.DataFrame) -> AssetResult:
        """The answers with their numbers and checks; days without an answer keep what is ``stored`` of them."""
        unanswered = stored[~stored["issue_date"].dt.strftime("%Y-%m-%d").isin(list(self.days))]
        rows = stacked(TABLE, [unanswered, *(one.rows for one in self.days.values())])
        keys = rows["issue_date"].dt.strftime("%Y-%m-%d")
        numbers = {day: self._numbers(day, rows[keys == day]) for day in {**self.days, **self.failures}}
        source = {} if self.weather is None else {"source": self.weather.name, **rejected_metadata(self.rejected)}
        warnings = dict.fromkeys(WEATHER_CHECK, self._warnings(rows))
        return AssetResult(rows, metadata=source, partition_metadata=numbers, warnings=warnings)

    def _numbers(self, day: str, rows: pd.DataFrame) -> dict[str, Any]:
        """Sites with and without weather, the newest publication, its lag against the issue day's end, and notes."""
        with_weather = rows["site_id"].nunique()
        numbers: dict[str, Any] = {"sites with weather": int(with_weather)}
        if day in self.sites:
            numbers["sites without weather"] = max(0, self.sites[day] - int(with_weather))
        if len(rows):
            newest = rows["issued_at"].max()
            numbers["newest issued_at (UTC)"] = f"{newest:%Y-%m-%d %H:%M}"
            age = self.until(pd.Timestamp(day)) - newest
            numbers["age of the newest when used (hours)"] = round(age / pd.Timedelta(hours=1), 2)
            numbers["model"] = ", ".join(sorted(rows["weather_model"].unique()))
            numbers["with assumed issued_at"] = int(rows["is_issued_at_assumed"].fillna(False).sum())
        notes = self.days[day].notes if day in self.days else (self.failures[day],)
        return {**numbers, "notes": "; ".join(notes)} if notes else numbers

    def _warnings(self, rows: pd.DataFrame) -> dict[str, str]:
        """Day → what it lacks; none where weather is switched off."""
        if self.weather is None:
            return {}
        lacking = lacking_horizons(rows, list(self.days), horizons=self.weather.horizons)
        found = {day: self._lack(day, horizons) for day, horizons in lacking.items()}
        return dict(sorted({**found, **self.failures}.items()))

    def _lack(self, day: str, horizons: Sequence[int]) -> str:
        notes = self.days[day].notes[-MAX_NOTES:]
        why = f": {'; '.join(notes)}" if notes else ""
        if self.days[day].rows.empty:
            return f"no weather forecast of {day}{why}"
        ahead = ", ".join(map(str, horizons))
        return f"no weather forecast {ahead} {'days' if horizons != [1] else 'day'} ahead{why}"


def answers_of(
    weather: OpenedWeather | None,
    days: pd.DatetimeIndex,
    *,
    monitors: pd.DataFrame,
    until: Callable[[pd.Timestamp], pd.Timestamp] = published_by,
) -> Answers:
    """What ``weather`` has for each of the days, published ``until`` its time; nothing is asked where weather is
    switched off.

    A source that refuses, or sends what cannot be read or cannot be, costs the day; after MAX_SILENT_DAYS in a row
    without any answer the run's other days are not asked for. Raises ContractViolation for files of the user's,
    StorageError and ConfigurationError as the source does.
    """
    answers, silent = Answers(weather, until), 0
    if weather is None:
        return answers
    for day in days:
        key, sites = f"{day:%Y-%m-%d}", weather_sites(monitors, day)
        if silent >= MAX_SILENT_DAYS:
            answers.failures[key] = f"not asked, because the {silent} days before had no answer"
            continue
        answers.sites[key] = len(sites)
        try:
            answers.days[key] = _of_day(weather, day, sites, until(day))
            silent = 0
        except (SourceUnavailable, SourceRefused, BadPayload, ContractViolation) as error:
            if weather.name == "files" and isinstance(error, ContractViolation):
                raise
            answers.failures[key] = f"{error.culprit}: {error.problem}"
            silent += isinstance(error, SourceUnavailable)
    return answers


def _of_day(weather: OpenedWeather, day: pd.Timestamp, sites: pd.DataFrame, until: pd.Timestamp) -> WeatherOfDay:
    if sites.empty and weather.name != "files":
        return no_weather("no site is listed; build monitors first")
    return weather.source.forecasts(day.date(), sites, published_by=until)
