"""Weather of the National Blend of Models at sites."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import joined_rejections
from airwatch_dagster.acquire.weather.nbm.archive import Cycle, CycleSearch, NbmArchive
from airwatch_dagster.acquire.weather.nbm.bulletin import read_nbs
from airwatch_dagster.acquire.weather.site_weather import (
    RADIUS_KM,
    hours_at_sites,
    joined_columns,
    neighbours,
    standard_offsets,
    stations_within_reach,
)
from airwatch_dagster.acquire.weather.source import WeatherOfDay, no_weather, weather_rows
from airwatch_dagster.acquire.weather.station_hours import StationHours
from airwatch_dagster.schemas.weather import WEATHER_HORIZONS_DAYS

LATEST_RUN: Final = pd.Timedelta(hours=-2)
"""Latest start of a run that may forecast a day, against the day's first midnight at a site (local standard time): the
run's first values are 4 to 6 hours later, so that at most one of the day's eight 3-hourly values is missing. A newer
run would know only the end of the day."""

BULLETINS_KEPT: Final = 3
"""Bulletins whose hours stay in memory: a day's first is the second of the day before."""


@dataclass(frozen=True)
class NbmWeather:
    """A WeatherSource: NBS bulletins of an archive."""

    archive: NbmArchive
    _read: dict[tuple[Cycle, frozenset[str]], StationHours] = field(default_factory=dict, init=False, repr=False)
    """The bulletins read last: the next day needs one of them again."""

    def forecasts(self, issue_day: date, sites: pd.DataFrame, *, published_by: pd.Timestamp) -> WeatherOfDay:
        """As ``WeatherSource.forecasts``. Each day is forecast by the newest run that was published in time and
        began by LATEST_RUN of it: two or three bulletins of 29 MB, and as many for sites west of the date line, whose
        days begin half a day before those of the others."""
        day = pd.Timestamp(issue_day)
        stations = stations_within_reach(sites)
        if stations.empty:
            return no_weather(f"no weather station is within {RADIUS_KM:.0f} km of a site")
        offsets = standard_offsets(neighbours(sites, stations), stations, day)
        parts = [
            self._of_group(sites[chosen], stations, day, float(offsets[chosen].max()), published_by)
            for chosen in (offsets <= 0, offsets > 0)
            if chosen.any()
        ]
        return WeatherOfDay(
            pd.concat([part.rows for part in parts]).sort_values(["site_id", "horizon_days"], ignore_index=True),
            joined_rejections(part.rejected for part in parts),
            tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        )

    def _of_group(
        self,
        sites: pd.DataFrame,
        stations: pd.DataFrame,
        day: pd.Timestamp,
        offset_hours: float,
        published_by: pd.Timestamp,
    ) -> WeatherOfDay:
        """The weather of sites whose days begin ``offset_hours`` before 00:00 UTC or somewhat later."""
        midnight = day - pd.Timedelta(hours=offset_hours)
        cycles: dict[pd.Timestamp, tuple[Cycle, list[int]]] = {}
        searches: dict[pd.Timestamp, CycleSearch] = {}
        notes: list[str] = []
        for horizon in WEATHER_HORIZONS_DAYS:
            run_by = min(published_by, midnight + pd.Timedelta(days=horizon) + LATEST_RUN)
            if run_by not in searches:
                searches[run_by] = self.archive.newest(published_by=published_by, run_by=run_by)
                notes += searches[run_by].notes
            search = searches[run_by]
            if search.cycle is None:
                notes.append(
                    f"no forecast {horizon} days ahead: no bulletin of the 24 hours to {run_by:%Y-%m-%d %H} UTC"
                )
            else:
                cycles.setdefault(search.cycle.run_at, (search.cycle, []))[1].append(horizon)
        wanted = frozenset(stations["station_id"])
        read = [(cycle, horizons, self._hours_of(cycle, wanted)) for cycle, horizons in cycles.values()]
        parts = [_rows(bulletin, cycle, sites, day, horizons) for cycle, horizons, bulletin in read]
        notes += [_described(cycle, bulletin) for cycle, _, bulletin in read]
        rejected = joined_rejections(bulletin.rejected for _, _, bulletin in read)
        filled = [part for part in parts if part]
        rows = weather_rows(joined_columns(filled), issue_day=day) if filled else no_weather().rows
        return WeatherOfDay(rows, rejected, tuple(notes))

    def _hours_of(self, cycle: Cycle, stations: frozenset[str]) -> StationHours:
        key = cycle, stations
        if key not in self._read:
            issued_at, culprit = cycle.publication.issued_at, cycle.culprit
            read = read_nbs(cycle.path, issued_at=issued_at, culprit=culprit, stations=stations, run_at=cycle.run_at)
            self._read[key] = read
            while len(self._read) > BULLETINS_KEPT:
                del self._read[next(iter(self._read))]
        return self._read[key]


def _rows(
    bulletin: StationHours, cycle: Cycle, sites: pd.DataFrame, day: pd.Timestamp, horizons: list[int]
) -> dict[str, np.ndarray]:
    """Columns of weather_forecasts by name; none where no site has a station of the bulletin."""
    rows = hours_at_sites(bulletin.hours, sites, issue_date=day, horizons=horizons)
    if rows:
        count, model = len(rows["site_id"]), f"NBM V{bulletin.version}" if bulletin.version else "NBM"
        rows["is_issued_at_assumed"] = np.full(count, cycle.publication.is_assumed)
        rows["weather_model"] = np.full(count, model, dtype=object)
    return rows


def _described(cycle: Cycle, bulletin: StationHours) -> str:
    used = bulletin.hours["station_id"].nunique()
    when = f"{'assumed ' if cycle.publication.is_assumed else ''}{cycle.publication.issued_at:%Y-%m-%d %H:%M} UTC"
    return (
        f"run of {cycle.run_at:%Y-%m-%d %H} UTC, published {when}: {used:,} of its {bulletin.stations_in_file:,} "
        "stations were read; the others are out of reach or have no known position"
    )
