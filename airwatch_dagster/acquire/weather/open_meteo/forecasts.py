"""Open-Meteo's forecasts at sites, of previous runs and of single ones."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.acquire.weather.open_meteo.client import ATTRIBUTION, Answer, OpenMeteoClient
from airwatch_dagster.acquire.weather.open_meteo.knowable import lead_days, published_at, runs_by
from airwatch_dagster.acquire.weather.open_meteo.models import DEFAULT_MODEL, MODELS, OF_SINGLE_RUNS, Model
from airwatch_dagster.acquire.weather.open_meteo.request_plan import (
    SINGLE_RUN_DAYS,
    Cost,
    HourlyRequest,
    cost_of,
    hours_needed,
    places_of_sites,
    spans_of,
)
from airwatch_dagster.acquire.weather.open_meteo.responses import RunUnavailable
from airwatch_dagster.acquire.weather.open_meteo.site_days import EVENING, SiteHours, days_of
from airwatch_dagster.acquire.weather.site_weather import site_offset_hours
from airwatch_dagster.acquire.weather.source import WeatherOfDay, no_weather, weather_rows
from airwatch_dagster.schemas.weather import WEATHER_HORIZONS_DAYS

LATEST_RUN: Final = pd.Timedelta(hours=EVENING - 24)
"""Latest start of a single run that may forecast a day, against the day's first midnight at a site (local standard
time): it knows the whole night whose lowest temperature is the day's."""


@dataclass(frozen=True)
class PreviousRunsWeather:
    """A WeatherSource: each hour as the newest run forecast it that was published in time, by whole days before."""

    client: OpenMeteoClient
    model: Model = field(default_factory=lambda: MODELS[DEFAULT_MODEL])

    def forecasts(self, issue_day: date, sites: pd.DataFrame, *, published_by: pd.Timestamp) -> WeatherOfDay:
        """As ``WeatherSource.forecasts``; see ``lead_days`` for what counts as published, and ``days_of``.

        A request that was answered at ``published_by`` or later is not made again.
        """
        valid_at = hours_needed(issue_day)
        leads = lead_days(valid_at, published_by=published_by, model=self.model)
        hours = SiteHours(valid_at, published_at(valid_at, leads, self.model), len(sites))
        requests = self._requests(issue_day, sites, published_by)
        answers = [self.client.answer(request, not_before=published_by) for request in requests]
        for answer in answers:
            self._take(answer, hours, leads)
        return _weather(hours, sites, issue_day, self.model, _asked(answers))

    def cost(
        self, issue_days: Iterable[date], sites: pd.DataFrame, *, published_by: Callable[[date], pd.Timestamp]
    ) -> Cost:
        """What ``forecasts`` of these days would cost; a fortnight's answer serves all of its days."""
        wanted: dict[HourlyRequest, pd.Timestamp] = {}
        for day in issue_days:
            for request in self._requests(day, sites, published_by(day)):
                for alone in request.alone():
                    wanted[alone] = max(published_by(day), wanted.get(alone, published_by(day)))
        return _cost(self.client, wanted)

    def _requests(self, issue_day: date, sites: pd.DataFrame, published_by: pd.Timestamp) -> list[HourlyRequest]:
        valid_at = hours_needed(issue_day)
        leads = lead_days(valid_at, published_by=published_by, model=self.model)
        hourly = tuple(f"{name}_previous_day{n}" for n in np.unique(leads[leads > 0]) for name in self.model.kept)
        if not hourly:
            return []
        spans = spans_of(valid_at[0].date(), valid_at[-1].date(), today=self.client.now().date())
        return [HourlyRequest(self.model.name, places_of_sites(sites), hourly, *span) for span in spans]

    def _take(self, answer: Answer, hours: SiteHours, leads: np.ndarray) -> None:
        for site, place in enumerate(answer.places):
            if place is None:
                continue
            at = hours.valid_at.get_indexer(place.valid_at)
            lead = np.where(at >= 0, leads[at], 0)
            for n in np.unique(lead[lead > 0]):
                used = lead == n
                for name in self.model.kept:
                    hours.put(name, site, at[used], place.values[f"{name}_previous_day{n}"][used])


@dataclass(frozen=True)
class SingleRunsWeather:
    """A WeatherSource: each day by the newest run that was published in time and began by LATEST_RUN of the day."""

    client: OpenMeteoClient
    model: Model = field(default_factory=lambda: MODELS[DEFAULT_MODEL])

    def forecasts(self, issue_day: date, sites: pd.DataFrame, *, published_by: pd.Timestamp) -> WeatherOfDay:
        """As ``WeatherSource.forecasts``. A run counts as published its model's delay after its start; one that
        Open-Meteo does not have is passed over, with a note."""
        notes: list[str] = []
        answers: list[Answer] = []
        parts = []
        for offset, of_zone in _by_zone(sites, issue_day):
            found: dict[pd.Timestamp, Answer | None] = {}
            for horizon, runs in self._runs(issue_day, offset, published_by):
                for run in runs:
                    if run not in found:
                        found[run] = self._answer(run, of_zone, notes)
                    of_run = found[run]
                    if of_run is not None:
                        hours = self._of_run(run, of_run)
                        days = days_of(hours, of_zone, issue_date=pd.Timestamp(issue_day))
                        parts.append(days[days["horizon_days"] == horizon])
                        break
                else:
                    notes.append(f"no forecast {horizon} days ahead: no run that began by {runs[0]:%Y-%m-%d %H} UTC")
            answers += [of_run for of_run in found.values() if of_run is not None]
        return _weather_of_days(parts, sites, issue_day, self.model, [*notes, *_asked(answers)])

    def cost(
        self, issue_days: Iterable[date], sites: pd.DataFrame, *, published_by: Callable[[date], pd.Timestamp]
    ) -> Cost:
        """What ``forecasts`` of these days would cost if Open-Meteo has every run."""
        wanted: dict[HourlyRequest, pd.Timestamp] = {}
        for day in issue_days:
            for offset, of_zone in _by_zone(sites, day):
                for _, (run, *_older) in self._runs(day, offset, published_by(day)):
                    wanted |= dict.fromkeys(self._request(run, of_zone).alone(), run + self.model.delay)
        return _cost(self.client, wanted)

    def _runs(
        self, issue_day: date, offset_hours: float, published_by: pd.Timestamp
    ) -> Iterator[tuple[int, list[pd.Timestamp]]]:
        """Each horizon with the runs that may forecast its day, the newest first."""
        midnight = pd.Timestamp(issue_day) - pd.Timedelta(hours=offset_hours)
        for horizon in WEATHER_HORIZONS_DAYS:
            run_by = midnight + pd.Timedelta(days=horizon) + LATEST_RUN
            yield horizon, runs_by(published_by, run_by=run_by, model=self.model)

    def _request(self, run: pd.Timestamp, sites: pd.DataFrame) -> HourlyRequest:
        last = (run + pd.Timedelta(days=SINGLE_RUN_DAYS - 1)).date()
        return HourlyRequest(self.model.name, places_of_sites(sites), OF_SINGLE_RUNS, run.date(), last, run)

    def _answer(self, run: pd.Timestamp, sites: pd.DataFrame, notes: list[str]) -> Answer | None:
        """The run's answer; None, and a note, where Open-Meteo does not have it."""
        try:
            return self.client.answer(self._request(run, sites), not_before=run + self.model.delay)
        except RunUnavailable as missing:
            notes.append(f"no run of {run:%Y-%m-%d %H} UTC ({missing.problem})")
            return None

    def _of_run(self, run: pd.Timestamp, answer: Answer) -> SiteHours:
        start = run.floor("D")
        end = start + pd.Timedelta(days=SINGLE_RUN_DAYS)
        valid_at = pd.date_range(start, end, freq="h", inclusive="left").as_unit("ns")
        issued = np.full(len(valid_at), (run + self.model.delay).to_datetime64(), dtype="datetime64[ns]")
        hours = SiteHours(valid_at, issued, len(answer.places))
        for site, place in enumerate(answer.places):
            if place is None:
                continue
            at = valid_at.get_indexer(place.valid_at)
            for name, numbers in place.values.items():
                hours.put(name, site, at[at >= 0], numbers[at >= 0])
        return hours


def _by_zone(sites: pd.DataFrame, issue_day: date) -> Iterator[tuple[float, pd.DataFrame]]:
    """The sites by the hours that their standard time is ahead of UTC."""
    offsets = site_offset_hours(sites, pd.Timestamp(issue_day))
    for offset in np.unique(offsets):
        yield float(offset), sites[offsets == offset].reset_index(drop=True)


def _cost(client: OpenMeteoClient, wanted: dict[HourlyRequest, pd.Timestamp]) -> Cost:
    pending = [alone for alone, time in wanted.items() if not client.is_kept(alone, not_before=time)]
    return cost_of(pending, cached=len(wanted) - len(pending))


def _asked(answers: list[Answer]) -> list[str]:
    made = sum(answer.requests for answer in answers)
    return [f"requests made: {made}; what had been answered before was not asked again"]


def _weather(hours: SiteHours, sites: pd.DataFrame, issue_day: date, model: Model, notes: list[str]) -> WeatherOfDay:
    return _weather_of_days([days_of(hours, sites, issue_date=pd.Timestamp(issue_day))], sites, issue_day, model, notes)


def _weather_of_days(
    parts: list[pd.DataFrame], sites: pd.DataFrame, issue_day: date, model: Model, notes: list[str]
) -> WeatherOfDay:
    filled = [part for part in parts if len(part)]
    without = len(sites) - (pd.concat(filled)["site_id"].nunique() if filled else 0)
    if without:
        notes = [*notes, f"{without} of {len(sites)} sites have no value of {model.name}"]
    told = tuple(dict.fromkeys([ATTRIBUTION, *notes]))
    if not filled:
        return WeatherOfDay(no_weather().rows, no_rejected_lines(), told)
    rows = pd.concat(filled, ignore_index=True).assign(
        weather_model=f"open-meteo {model.name}", is_issued_at_assumed=True
    )
    return WeatherOfDay(weather_rows(rows, issue_day=pd.Timestamp(issue_day)), no_rejected_lines(), told)
