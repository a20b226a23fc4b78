"""AirData's bulk files as a source."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final, Literal

import pandas as pd
from pandas.api.typing import NaTType

from airwatch_dagster.acquire.airdata.archive import MONITORS_FILE, AirDataArchive, daily_file
from airwatch_dagster.acquire.airdata.files import DailyFile, read_daily, read_monitors
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.airnow.readers import AgencyForecastsOfDay
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.parsing.rejections import joined_rejections
from airwatch_dagster.acquire.positions import site_positions
from airwatch_dagster.acquire.pulls import Pull, PullRequest, Scope, concat_readings, sites_in_reach
from airwatch_dagster.acquire.readings import LOCATION_COLUMNS, MonitorList, calendar_years, check_days
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.errors import ConfigurationError, SourceRefused

BYTES_PER_SECOND: Final = 1e6
"""Download speed, for estimates only: a slow but common connection."""

SECONDS_PER_FILE: Final = 8.0
"""Seconds to read the country's year out of its zip, for estimates only; measured 6 to 13 s on two cores."""


@dataclass(frozen=True)
class AirDataSource(Source):
    """The bulk files: every site of the area, and every site within ``context_km`` of one."""

    archive: AirDataArchive
    area: Area
    context_km: float
    source_name: Literal["airdata", "practice"] = "airdata"
    airnow: AirNowArchive | None = None
    """For the agencies' forecasts; None for a source without them."""

    @property
    def kind(self) -> str:
        """As ``Source.kind``: ``source_name``."""
        return self.source_name

    @cached_property
    def _monitor_list(self) -> MonitorList:
        return read_monitors(self.archive.fetch(MONITORS_FILE))

    @property
    def national_monitors(self) -> pd.DataFrame:
        """Every monitor of the country, in the columns of monitors without is_context; read once."""
        return self._monitor_list.monitors

    @cached_property
    def known_positions(self) -> pd.DataFrame:
        """``site_positions`` of the country's monitors."""
        return site_positions(self.national_monitors)

    @cached_property
    def area_locations(self) -> pd.DataFrame:
        """Locations of the area's listed monitors: latitude and longitude, one row per monitor."""
        monitors = self.national_monitors
        return monitors.loc[self.area.contains(monitors["state_code"], monitors["cbsa_code"]), LOCATION_COLUMNS]

    def cut_day(self, year: int) -> pd.Timestamp | NaTType:
        """The as-of day of the year's cached file, from the archive's list; NaT when unknown."""
        download = self.archive.download(daily_file(year))
        return pd.to_datetime((download.as_of if download else None) or "", errors="coerce")

    def pull(self, request: PullRequest) -> Pull:
        """As ``Source.pull``: the files as published now, re-downloaded when they changed.

        Raises SourceRefused naming the available years when a year has no file, ConfigurationError when no monitor
        lies in the area.
        """
        first, last = request.first, request.last
        check_days(first, last)
        years = {days[0].year: self._read_year(*days) for days in calendar_years(first, last)}
        area_sites = {year: self._area_sites(daily.sites) for year, daily in years.items()}
        unknown = sum((Counter(daily.unknown_cbsa_names) for daily in years.values()), Counter())
        if not any(len(sites) for sites in area_sites.values()):
            raise self._no_monitor(list(unknown))
        rows = concat_readings([daily.readings for daily in years.values()])
        scope = Scope(self.area, first, last, self.context_km, area_sites, rows)
        last_day = pd.Series([daily.last_day for daily in years.values()]).max()
        rejected = joined_rejections(daily.rejected for daily in years.values())
        files = tuple(daily_file(year) for year in years)
        counts = {
            "files": len(years),
            "repaired_positions": sum(daily.repaired_positions for daily in years.values()),
            "left_out_foreign_rows": sum(daily.foreign_rows for daily in years.values()),
        }
        return Pull(rows, scope, dict(unknown), rejected, last_published_day=last_day, counts=counts, files=files)

    def monitors(self) -> MonitorList:
        """As ``Source.monitors``; is_context marks monitors outside the area.

        Raises ConfigurationError when no monitor lies in the area.
        """
        monitors = self.national_monitors
        is_area = self.area.contains(monitors["state_code"], monitors["cbsa_code"])
        if not is_area.any():
            raise self._no_monitor([])
        is_in_reach = sites_in_reach(self.area, monitors, None, self.context_km)
        listed = monitors.assign(is_context=~is_area)[is_in_reach].reset_index(drop=True)
        return replace(self._monitor_list, monitors=listed)

    def file_list(self) -> pd.DataFrame:
        """The archive's own list."""
        return self.archive.file_list()

    def agency_forecasts(self, day: date) -> AgencyForecastsOfDay:
        """As ``Source.agency_forecasts``. Raises SourceRefused when AirNow has no file of the day."""
        return self.airnow.forecasts(day) if self.airnow else super().agency_forecasts(day)

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        """As ``Source.cost``: the year files as the archive lists them; their rows are those of the whole country."""
        if self.source_name == "practice":
            return Cost()
        names = [daily_file(year) for year in range(first.year, last.year + 1)]
        files = self._published_files.reindex(names)
        new = files[[self.archive.download(name) is None for name in names]]
        rows = None if files["rows"].isna().any() else int(files["rows"].sum())
        seconds = float(new["size_bytes"].fillna(0).sum()) / BYTES_PER_SECOND + SECONDS_PER_FILE * len(names)
        return Cost(len(new), rows, seconds, len(files) - len(new))

    @cached_property
    def _published_files(self) -> pd.DataFrame:
        """The archive's list by file name, requested once; no rows for a mirror without one."""
        try:
            return self.archive.file_list().set_index("filename")
        except SourceRefused:
            return pd.DataFrame(columns=["rows", "size_bytes"])

    def _read_year(self, first: date, last: date) -> DailyFile:
        def keep(sites: pd.DataFrame) -> pd.Series:
            return pd.Series(sites_in_reach(self.area, sites, self.area_locations, self.context_km))

        path, known = self.archive.fetch_year(first.year), self.known_positions
        return read_daily(path, first, last, source=self.source_name, keep=keep, known=known)

    def _area_sites(self, sites: pd.DataFrame) -> pd.DataFrame:
        """Locations of the area's sites: the listed ones and those among ``sites``."""
        inside = sites.loc[self.area.contains(sites["state_code"], sites["cbsa_code"]), LOCATION_COLUMNS]
        return pd.concat([self.area_locations, inside], ignore_index=True).drop_duplicates(ignore_index=True)

    def _no_monitor(self, unknown_names: list[str]) -> ConfigurationError:
        problem = f"{self.archive!r} has no PM2.5 monitor in {self.area}"
        if unknown_names:
            problem += f"; its files name areas unknown to AQS: {', '.join(sorted(unknown_names)[:5])}"
        return ConfigurationError("AIRWATCH_AREA", problem, fix="Choose a larger area, such as its state")
