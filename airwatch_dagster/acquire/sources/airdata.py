"""AirData's bulk files as a source: every site of the area, and those around it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, Literal

import pandas as pd
from pandas.api.typing import NaTType

from airwatch_dagster.acquire.airdata.archive import MONITORS_FILE, AirDataArchive
from airwatch_dagster.acquire.airdata.files import DailyFile, read_daily, read_monitors
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import Pull, Scope, one_frame, sites_in_reach
from airwatch_dagster.acquire.readings import calendar_years, check_days
from airwatch_dagster.acquire.sources.base import SourceDefaults
from airwatch_dagster.errors import ConfigurationError, SourceRefused

BYTES_PER_SECOND: Final = 1e6
"""Speed of a download, for estimates only: a slow but common line."""

SECONDS_PER_FILE: Final = 8.0
"""Reading a nation-year out of its zip, for estimates only; measured 6 to 13 s on two cores."""

_PLACE: Final = ["latitude", "longitude"]


@dataclass(frozen=True)
class AirDataSource(SourceDefaults):
    """The bulk files: every site of the area, and those up to ``context_km`` around it."""

    archive: AirDataArchive
    area: Area
    context_km: float
    source_name: Literal["airdata", "practice"] = "airdata"
    airnow: AirNowArchive | None = None
    """Where agencies' forecasts are; None for a source without."""

    @property
    def kind(self) -> str:
        return self.source_name

    @cached_property
    def listed(self) -> pd.DataFrame:
        """Every monitor of the country, in the columns of monitors without is_context; read once."""
        return read_monitors(self.archive.fetch(MONITORS_FILE))

    @cached_property
    def known_places(self) -> pd.DataFrame:
        """Where the area's listed monitors stand: latitude and longitude, one row per monitor."""
        is_area = self.area.contains(self.listed["state_code"], self.listed["cbsa_code"])
        return self.listed.loc[is_area, _PLACE]

    def cut_day(self, year: int) -> pd.Timestamp | NaTType:
        """The day of which the year's downloaded file is, by the archive's list; NaT when it does not say."""
        known = self.archive.download(_daily_name(year))
        return pd.to_datetime(known.as_of or "" if known else "", errors="coerce")

    def pull(
        self,
        first: date,
        last: date,
        *,
        history: pd.DataFrame | None = None,
        again: bool = False,
        cached_after: pd.Timestamp | None = None,
    ) -> Pull:
        """As ``Source.pull``: the files as they are now, downloaded when they changed.

        Raises SourceRefused naming the years on offer when a year has no file, ConfigurationError when no monitor
        lies in the area.
        """
        check_days(first, last)
        years = {days[0].year: self._read_year(*days) for days in calendar_years(first, last)}
        area_sites = {year: _area_sites(self.area, daily.sites, self.known_places) for year, daily in years.items()}
        unknown = sum((Counter(daily.unknown_cbsa_names) for daily in years.values()), Counter())
        if not any(len(sites) for sites in area_sites.values()):
            raise self._nothing_here(list(unknown))
        rows = one_frame([daily.readings for daily in years.values()])
        scope = Scope(self.area, first, last, self.context_km, area_sites, rows)
        last_day = pd.Series([daily.last_day for daily in years.values()]).max()
        return Pull(rows, scope, dict(unknown), last_published_day=last_day, counts={"files": len(years)})

    def monitors(self) -> pd.DataFrame:
        """As ``Source.monitors``; is_context marks those outside the area.

        Raises ConfigurationError when no monitor lies in the area.
        """
        listed = self.listed
        is_area = self.area.contains(listed["state_code"], listed["cbsa_code"])
        if not is_area.any():
            raise self._nothing_here([])
        wanted = sites_in_reach(self.area, listed, None, self.context_km)
        return listed.assign(is_context=~is_area)[wanted].reset_index(drop=True)

    def file_list(self) -> pd.DataFrame:
        """The archive's own list."""
        return self.archive.file_list()

    def agency_forecasts(self, day: date) -> pd.DataFrame:
        """As ``Source.agency_forecasts``. Raises SourceRefused when AirNow has no file of the day."""
        return self.airnow.forecasts(day) if self.airnow else super().agency_forecasts(day)

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        """As ``Source.cost``: the year files, as the archive's own list describes them; their rows are the nation's."""
        if self.source_name == "practice":
            return Cost()
        names = [_daily_name(year) for year in range(first.year, last.year + 1)]
        listed = self._listed_files.reindex(names)
        new = listed[[self.archive.download(name) is None for name in names]]
        rows = None if listed["rows"].isna().any() else int(listed["rows"].sum())
        seconds = float(new["size_bytes"].fillna(0).sum()) / BYTES_PER_SECOND + SECONDS_PER_FILE * len(names)
        return Cost(len(new), rows, seconds, len(listed) - len(new))

    @cached_property
    def _listed_files(self) -> pd.DataFrame:
        """The archive's list by file name, asked once; no rows for a mirror without one."""
        try:
            return self.archive.file_list().set_index("filename")
        except SourceRefused:
            return pd.DataFrame(columns=["rows", "size_bytes"])

    def _read_year(self, first: date, last: date) -> DailyFile:
        def keep(sites: pd.DataFrame) -> pd.Series:
            return pd.Series(sites_in_reach(self.area, sites, self.known_places, self.context_km))

        return read_daily(self.archive.fetch_year(first.year), first, last, source=self.source_name, keep=keep)

    def _nothing_here(self, unknown_names: list[str]) -> ConfigurationError:
        problem = f"{self.archive!r} knows no PM2.5 monitor in {self.area}"
        if unknown_names:
            problem += f"; its files name areas unknown to AQS: {', '.join(sorted(unknown_names)[:5])}"
        return ConfigurationError("AIRWATCH_AREA", problem, fix="Choose a larger area, such as its state")


def _area_sites(area: Area, sites: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    inside = sites.loc[area.contains(sites["state_code"], sites["cbsa_code"]), _PLACE]
    return pd.concat([known, inside], ignore_index=True).drop_duplicates(ignore_index=True)


def _daily_name(year: int) -> str:
    return f"daily_88101_{year}.zip"
