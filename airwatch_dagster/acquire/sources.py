"""Where readings come from: a pull of some days, what it speaks for, and the monitors behind it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, Protocol

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airdata import FILE_LIST_COLUMNS, MONITORS_FILE, AirDataArchive
from airwatch_dagster.acquire.aqs import AqsClient
from airwatch_dagster.acquire.area import Area, state_names
from airwatch_dagster.acquire.bulk_files import DailyFile, read_daily, read_monitors
from airwatch_dagster.acquire.geographies import ByCbsa, ByState, Geography
from airwatch_dagster.acquire.readings import (
    MONITOR_COLUMNS,
    SITE_COLUMNS,
    calendar_years,
    check_days,
    key_codes,
    one_row_per_key,
)
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.schemas import TABLES

FIRST_PM25_DAY: Final = date(1997, 1, 1)
"""No 88101 monitor is older: the first PM2.5 standard is of 1997. Source: 62 FR 38652."""

_PLACE: Final = ["latitude", "longitude"]


@dataclass(frozen=True)
class Scope:
    """The rows a pull speaks for: of its days, and of the sites in the area or near enough to it."""

    area: Area
    first: date
    last: date
    context_km: float = 0.0
    area_sites: Mapping[int, pd.DataFrame] = field(default_factory=dict)
    """Per year, where the area's sites stood (latitude, longitude) when the pull was made."""

    def __call__(self, history: pd.DataFrame) -> pd.Series:
        """Which rows of ``history`` (columns of raw_readings) would be in the pull if they were still published."""
        of_days = history["date_local"].between(pd.Timestamp(self.first), pd.Timestamp(self.last)).to_numpy()
        years = history["date_local"].dt.year.to_numpy()
        result = np.zeros(len(history), dtype=bool)
        for year in range(self.first.year, self.last.year + 1):
            rows = np.flatnonzero(of_days & (years == year))
            if len(rows):
                result[rows] = self._reaches(history.iloc[rows], year)
        return pd.Series(result, index=history.index)

    def _reaches(self, rows: pd.DataFrame, year: int) -> np.ndarray:
        columns = [*SITE_COLUMNS, *_PLACE, "cbsa_code"]
        _, first_rows, site_of_row = np.unique(key_codes(rows, columns), return_index=True, return_inverse=True)
        sites = rows.iloc[first_rows][columns]
        return sites_in_reach(self.area, sites, self.area_sites.get(year), self.context_km)[site_of_row]


@dataclass(frozen=True)
class Pull:
    """What a source publishes now about some days."""

    rows: pd.DataFrame
    """Columns of raw_readings without first_seen_at and superseded_at, one row per key, sorted."""
    in_scope: Scope
    """For the merge: which rows of history this pull speaks for."""
    unknown_cbsa_names: Mapping[str, int] = field(default_factory=dict)
    """Rows per statistical area whose name AQS does not list; they carry no cbsa_code."""


class Source(Protocol):
    """A place that publishes readings of an area and of the sites around it."""

    @property
    def kind(self) -> str:
        """Whose data these are: the ``source`` of its rows."""

    def pull(self, first: date, last: date) -> Pull:
        """Everything published now from ``first`` to ``last``; nothing published is no rows, a failure is an error."""

    def monitors(self) -> pd.DataFrame:
        """The monitors of the area and around it, in the columns of monitors."""

    def file_list(self) -> pd.DataFrame:
        """What is on offer and of when, to notice changes: filename, rows, size_bytes, as_of; no rows without files."""


@dataclass(frozen=True)
class AirDataSource:
    """The bulk files: every site of the area, and those up to ``context_km`` around it."""

    archive: AirDataArchive
    area: Area
    context_km: float
    source_name: Literal["airdata", "practice"] = "airdata"

    @property
    def kind(self) -> str:
        return self.source_name

    def pull(self, first: date, last: date) -> Pull:
        """As ``Source.pull``.

        Raises SourceRefused naming the years on offer when a year has no file, ConfigurationError when no monitor
        lies in the area.
        """
        check_days(first, last)
        listed = read_monitors(self.archive.fetch(MONITORS_FILE))
        known = listed.loc[self.area.contains(listed["state_code"], listed["cbsa_code"]), _PLACE]
        years = {days[0].year: self._read_year(*days, known) for days in calendar_years(first, last)}
        area_sites = {year: _area_sites(self.area, daily.sites, known) for year, daily in years.items()}
        unknown = sum((Counter(daily.unknown_cbsa_names) for daily in years.values()), Counter())
        if not any(len(sites) for sites in area_sites.values()):
            raise self._nothing_here(list(unknown))
        rows = _one_frame([daily.readings for daily in years.values()])
        return Pull(rows, Scope(self.area, first, last, self.context_km, area_sites), dict(unknown))

    def monitors(self) -> pd.DataFrame:
        """As ``Source.monitors``; is_context marks those outside the area.

        Raises ConfigurationError when no monitor lies in the area.
        """
        listed = read_monitors(self.archive.fetch(MONITORS_FILE))
        is_area = self.area.contains(listed["state_code"], listed["cbsa_code"])
        if not is_area.any():
            raise self._nothing_here([])
        wanted = sites_in_reach(self.area, listed, None, self.context_km)
        return listed.assign(is_context=~is_area)[wanted].reset_index(drop=True)

    def file_list(self) -> pd.DataFrame:
        """The archive's own list."""
        return self.archive.file_list()

    def _read_year(self, first: date, last: date, known: pd.DataFrame) -> DailyFile:
        def keep(sites: pd.DataFrame) -> pd.Series:
            return pd.Series(sites_in_reach(self.area, sites, known, self.context_km))

        return read_daily(self.archive.fetch_year(first.year), first, last, source=self.source_name, keep=keep)

    def _nothing_here(self, unknown_names: list[str]) -> ConfigurationError:
        problem = f"{self.archive!r} knows no PM2.5 monitor in {self.area}"
        if unknown_names:
            problem += f"; its files name areas unknown to AQS: {', '.join(sorted(unknown_names)[:5])}"
        return ConfigurationError("AIRWATCH_AREA", problem, fix="Choose a larger area, such as its state")


@dataclass(frozen=True)
class AqsSource:
    """The AQS API: the area alone, because each call is dear; one call per statistical area or state and year."""

    client: AqsClient
    area: Area
    today: date
    """Last day for which monitors are asked."""

    @property
    def kind(self) -> str:
        return self.client.source

    def pull(self, first: date, last: date) -> Pull:
        """As ``Source.pull``."""
        check_days(first, last)
        parts = [self.client.daily_data(geography, first, last) for geography in self._geographies()]
        return Pull(_one_frame(parts), Scope(self.area, first, last))

    def monitors(self) -> pd.DataFrame:
        """As ``Source.monitors``; none is context."""
        parts = [self.client.monitors(geography, FIRST_PM25_DAY, self.today) for geography in self._geographies()]
        rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        key = list(TABLES["monitors"].key)
        rows = rows.drop_duplicates(key).sort_values(key, kind="stable")[list(MONITOR_COLUMNS)]
        return rows.assign(is_context=False).reset_index(drop=True)

    def file_list(self) -> pd.DataFrame:
        """No files."""
        return pd.DataFrame(columns=list(FILE_LIST_COLUMNS))

    def _geographies(self) -> list[Geography]:
        states = [code for code in state_names() if code.isdigit()]
        states = states if self.area.is_everywhere else list(self.area.state_codes)
        return [*(ByCbsa(code) for code in self.area.cbsa_codes), *(ByState(code) for code in states)]


def sites_in_reach(area: Area, sites: pd.DataFrame, known: pd.DataFrame | None, context_km: float) -> np.ndarray:
    """Which ``sites`` (state_code, cbsa_code, latitude, longitude) lie in the area or up to ``context_km`` around it.

    The area's sites are those among ``sites`` and the places (latitude, longitude) ``known`` besides.
    """
    places = sites[_PLACE].assign(is_area=area.contains(sites["state_code"], sites["cbsa_code"]).to_numpy())
    if known is not None and len(known):
        places = pd.concat([places, known[_PLACE].assign(is_area=True)], ignore_index=True)
    reached = places["is_area"] | area.context_mask(places, context_km)
    return reached.to_numpy()[: len(sites)]


def _one_frame(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """All readings, one row per key, sorted; empty parts do not bend the dtypes."""
    filled = [part for part in parts if len(part)]
    if len(filled) <= 1:
        return (filled or parts)[0]
    return one_row_per_key(pd.concat(filled, ignore_index=True), culprit="Pull")


def _area_sites(area: Area, sites: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    inside = sites.loc[area.contains(sites["state_code"], sites["cbsa_code"]), _PLACE]
    return pd.concat([known, inside], ignore_index=True).drop_duplicates(ignore_index=True)
