"""AirData's bulk files as a source."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import pandas as pd
from pandas.api.typing import NaTType

from airwatch_dagster.acquire.airdata.archive import (
    MONITORS_FILE,
    SITES_FILE,
    AirDataArchive,
    daily_file,
    daily_years,
)
from airwatch_dagster.acquire.airdata.files import DailyFile, read_daily, read_monitors
from airwatch_dagster.acquire.airdata.kept import KeptReads
from airwatch_dagster.acquire.airdata.kept_days import KeptFile
from airwatch_dagster.acquire.airdata.kept_monitors import kept_monitors, sha256_of
from airwatch_dagster.acquire.airdata.unlisted import monitors_in_daily_files, read_sites
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.airnow.readers import AgencyForecastsOfDay
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.parsing.rejections import joined_rejections, no_rejected_lines
from airwatch_dagster.acquire.positions import site_positions
from airwatch_dagster.acquire.pulls import Pull, PullRequest, Scope, concat_readings, either, sites_in_reach
from airwatch_dagster.acquire.readings import LOCATION_COLUMNS, MonitorList, calendar_years, check_days
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.errors import ConfigurationError, SourceRefused
from airwatch_dagster.parameters import PARAMETERS, PM25_PARAMETER
from airwatch_dagster.schemas import TABLES

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
    parameters: tuple[str, ...] = (PM25_PARAMETER,)
    """Parameters to read. A mirror without the files of another one than 88101 is read without it."""
    kept: KeptReads | None = None
    """What was read of files before; None for files that change daily."""

    @property
    def kind(self) -> str:
        """As ``Source.kind``: ``source_name``."""
        return self.source_name

    @cached_property
    def listed_of_both(self) -> pd.DataFrame:
        """The country's monitors of both parameters, whichever are read, in the columns of monitors without
        is_context."""
        if self.parameters == PARAMETERS:
            return self.national_monitors
        return self._listed(PARAMETERS).monitors

    @cached_property
    def _monitor_list(self) -> MonitorList:
        """The archive's list, and the monitors of the files of a parameter that it leaves out as a whole."""
        listed = self._listed(self.parameters)
        unlisted = [one for one in self.parameters if not (listed.monitors["parameter_code"] == one).any()]
        found = [self._monitors_in_files(one) for one in unlisted]
        parts = [part for part in (listed.monitors, *found) if len(part)]
        if len(parts) < 2:
            return replace(listed, monitors=parts[0]) if parts else listed
        key = list(TABLES["monitors"].key)
        monitors = pd.concat(parts, ignore_index=True).sort_values(key, kind="stable", ignore_index=True)
        return replace(listed, monitors=monitors)

    def _listed(self, parameters: tuple[str, ...]) -> MonitorList:
        path = self.archive.fetch(MONITORS_FILE)
        return self._kept("monitors", [path], lambda: read_monitors(path, parameters), parameters)

    def _monitors_in_files(self, parameter: str) -> pd.DataFrame:
        years = daily_years(self._published_files.index, parameter)
        paths = [self.archive.fetch_year(year, parameter) for year in years]
        try:
            listed = [self.archive.fetch(SITES_FILE)] if years else []
        except SourceRefused:
            listed = []

        def read() -> MonitorList:
            sites = read_sites(listed[0]) if listed else None
            return MonitorList(monitors_in_daily_files(paths, parameter, sites=sites), no_rejected_lines())

        return self._kept("monitors_in_files", [*listed, *paths], read, (parameter,)).monitors

    def _kept(
        self, name: str, paths: Sequence[Path], read: Callable[[], MonitorList], parameters: Sequence[str]
    ) -> MonitorList:
        return kept_monitors(name, paths, read, parameters=parameters, archive=self.archive, kept=self.kept)

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

    def cut_day(self, year: int, parameter: str = PM25_PARAMETER) -> pd.Timestamp | NaTType:
        """The as-of day of the year's cached file, from the archive's list; NaT when unknown."""
        download = self.archive.download(daily_file(year, parameter))
        return pd.to_datetime((download.as_of if download else None) or "", errors="coerce")

    def pull(self, request: PullRequest) -> Pull:
        """As ``Source.pull``: the files as published now, re-downloaded when they changed.

        Raises SourceRefused naming the available years when a year has no file, ConfigurationError when no monitor
        lies in the area.
        """
        first, last = request.first, request.last
        check_days(first, last)
        missing = self._missing(request)
        files = {
            (parameter, days[0].year): self._read_year(*days, parameter)
            for days in calendar_years(first, last)
            for parameter in self.parameters
            if daily_file(days[0].year, parameter) not in missing
        }
        area_sites = {year: self._area_sites(files, year) for year in range(first.year, last.year + 1)}
        unknown = sum((Counter(daily.unknown_cbsa_names) for daily in files.values()), Counter())
        if not any(len(sites) for sites in area_sites.values()):
            raise self._no_monitor(list(unknown))
        rows = concat_readings([daily.readings for daily in files.values()])
        counts: dict[str, int | str] = {
            "files": len(files),
            "repaired_positions": sum(daily.repaired_positions for daily in files.values()),
            "left_out_foreign_rows": sum(daily.foreign_rows for daily in files.values()),
            **({"missing_files": ", ".join(missing)} if missing else {}),
        }
        return Pull(
            rows,
            either([self._scope(request, *file, area_sites, rows) for file in files]),
            dict(unknown),
            joined_rejections(daily.rejected for daily in files.values()),
            last_published_day=pd.Series([daily.last_day for daily in files.values()]).max(),
            counts=counts,
            files=tuple(daily_file(year, parameter) for parameter, year in files),
            missing_files=missing,
        )

    def _scope(
        self,
        request: PullRequest,
        parameter: str,
        year: int,
        area_sites: Mapping[int, pd.DataFrame],
        rows: pd.DataFrame,
    ) -> Scope:
        """Scope of the requested days in one file."""
        first, last = max(request.first, date(year, 1, 1)), min(request.last, date(year, 12, 31))
        return Scope(self.area, first, last, self.context_km, area_sites, rows, (parameter,))

    def _missing(self, request: PullRequest) -> dict[str, int]:
        """Files of another parameter than 88101 that the archive lacks and never had, with their years.

        One that it lists, that was downloaded from it before, or whose rows are stored, is not among them: reading it
        raises SourceRefused.
        """
        history = request.history
        missing = {}
        for year in range(request.first.year, request.last.year + 1):
            for parameter in self.parameters:
                if parameter == PM25_PARAMETER:
                    continue
                name = daily_file(year, parameter)
                try:
                    self.archive.fetch(name)
                except SourceRefused:
                    is_known = name in self._published_files.index or self.archive.download(name) is not None
                    if not is_known and not self._is_stored(history, parameter, year):
                        missing[name] = year
        return missing

    def _is_stored(self, history: pd.DataFrame | None, parameter: str, year: int) -> bool:
        if history is None:
            return False
        is_own = (history["parameter_code"] == parameter) & (history["source"] == self.source_name)
        return bool((is_own & history["superseded_at"].isna() & (history["date_local"].dt.year == year)).any())

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
        years = range(first.year, last.year + 1)
        names = [daily_file(year, parameter) for year in years for parameter in self.parameters]
        listed = self._published_files
        lacking = [
            name
            for name in names
            if len(listed) and name not in listed.index and not name.startswith(f"daily_{PM25_PARAMETER}_")
        ]
        names = [name for name in names if name not in lacking]
        files = listed.reindex(names)
        new = files[[self.archive.download(name) is None for name in names]]
        rows = None if files["rows"].isna().any() else int(files["rows"].sum())
        seconds = float(new["size_bytes"].fillna(0).sum()) / BYTES_PER_SECOND + SECONDS_PER_FILE * len(names)
        return Cost(len(new), rows, seconds, len(files) - len(new), missing_files=tuple(lacking))

    @cached_property
    def _published_files(self) -> pd.DataFrame:
        """The archive's list by file name, requested once; no rows for a mirror without one.

        A folder may have EPA's list and only some of the files: those of another parameter than 88101 that it lacks
        are left out.
        """
        try:
            listed = self.archive.file_list().set_index("filename")
        except SourceRefused:
            return pd.DataFrame(columns=["rows", "size_bytes"])
        others = [one for one in self.parameters if one != PM25_PARAMETER]
        names = {daily_file(year, one) for one in others for year in daily_years(listed.index, one)}
        return listed.drop(index=[name for name in sorted(names) if self.archive.is_folder_without(name)])

    def _read_year(self, first: date, last: date, parameter: str) -> DailyFile:
        def keep(sites: pd.DataFrame) -> pd.Series:
            return pd.Series(sites_in_reach(self.area, sites, self.area_locations, self.context_km))

        path, known = self.archive.fetch_year(first.year, parameter), self.known_positions
        if self.kept is None:
            return read_daily(path, first, last, source=self.source_name, parameter=parameter, keep=keep, known=known)
        of = KeptFile(self.kept, path, sha256_of(self.archive, path), parameter, known)
        return of.read_days(first, last, source=self.source_name, keep=keep)

    def _area_sites(self, files: Mapping[tuple[str, int], DailyFile], year: int) -> pd.DataFrame:
        """Locations of the area's sites: the listed ones and those of the year's files."""
        of_year = [daily.sites for (_, file_year), daily in files.items() if file_year == year]
        inside = [
            sites.loc[self.area.contains(sites["state_code"], sites["cbsa_code"]), LOCATION_COLUMNS]
            for sites in of_year
        ]
        return pd.concat([self.area_locations, *inside], ignore_index=True).drop_duplicates(ignore_index=True)

    def _no_monitor(self, unknown_names: list[str]) -> ConfigurationError:
        problem = f"{self.archive!r} has no PM2.5 monitor in {self.area}"
        if unknown_names:
            problem += f"; its files name areas unknown to AQS: {', '.join(sorted(unknown_names)[:5])}"
        return ConfigurationError("AIRWATCH_AREA", problem, fix="Choose a larger area, such as its state")
