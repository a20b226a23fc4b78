"""The agencies' forecasts by day of issue, for the reporting areas of some sites."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.airnow.areas import AREA_RADIUS_KM, ReportingArea, ReportingAreas, nearest_areas
from airwatch_dagster.acquire.airnow.historical.client import AIRNOW_INTERVAL_S, HistoricalForecasts
from airwatch_dagster.acquire.airnow.historical.records import HistoricalRecords
from airwatch_dagster.acquire.airnow.readers import AgencyForecastsOfDay
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.parsing.rejections import joined_rejections, rejections_of_days
from airwatch_dagster.errors import SourceRefused
from airwatch_dagster.schemas import TABLES

LONGEST_LEAD_DAYS: Final = 6
"""Days ahead of its issue up to which a forecast is looked for: AirNow's file of 8 June 2023 has up to five, and the
scoreboard uses two."""

MONTHS_REMEMBERED: Final = 2
"""Months of forecasts in memory: those issued on one day are about two at most."""


@dataclass(frozen=True)
class PastForecasts:
    """What agencies forecast on past days, from the service, for the areas of ``sites``.

    A request is about one area and one calendar month of target days, without days that are not over: ranges of two
    days were tried, longer ones than a month are not, because how long one may be is not published. So the days of a
    backfill share their requests.
    """

    client: HistoricalForecasts
    all_areas: Callable[[], ReportingAreas]
    """Reads AirNow's list of reporting areas; called once."""
    sites: Callable[[], pd.DataFrame]
    """Locations of the sites whose areas are requested: latitude and longitude; called once."""
    today: date
    _months: dict[tuple[date, date], HistoricalRecords] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _area_list(self) -> ReportingAreas:
        return self.all_areas()

    @cached_property
    def areas(self) -> tuple[ReportingArea, ...]:
        """The areas that are requested: the nearest of each site within ``AREA_RADIUS_KM``."""
        listed = self._area_list.areas
        nearest = nearest_areas(self.sites(), listed)
        found = listed.iloc[sorted(set(nearest[nearest >= 0]))]
        places = zip(found["area_code"], found["latitude"], found["longitude"], strict=True)
        return tuple(ReportingArea(*place) for place in places)

    def of_day(self, day: date) -> AgencyForecastsOfDay:
        """The forecasts that the areas' agencies issued on ``day``, which is their archived_on.

        They are for it and those of the next ``LONGEST_LEAD_DAYS`` that are over.

        Raises SourceRefused when there is no area, and errors as ``HistoricalForecasts.forecasts``.
        """
        if not self.areas:
            problem = f"has no reporting area within {AREA_RADIUS_KM:g} km of a site of AIRWATCH_AREA"
            raise SourceRefused("AirNow", problem, fix="Choose another area, or do without agencies' forecasts there")
        months = [self._month(*month) for month in self._target_months(day, day)]
        issued = [month.records[month.records["archived_on"] == pd.Timestamp(day)] for month in months]
        records = _sorted([records for records in issued if len(records)]).reset_index(drop=True)
        rejected = joined_rejections([self._area_list.rejected, *(month.rejected for month in months)])
        of_day = rejections_of_days(rejected, day, day).assign(date_local=pd.Timestamp(day))
        return AgencyForecastsOfDay(records, of_day, is_from_service=True)

    def cost(self, first: date, last: date) -> Cost:
        """The requests for the days ``first``…``last`` if the files of all of them are gone."""
        ranges = [(area.code, *month) for month in self._target_months(first, last) for area in self.areas]
        pending = sum(not self.client.is_cached(*one) for one in ranges)
        return Cost(pending, None, pending * AIRNOW_INTERVAL_S, len(ranges) - pending)

    def _target_months(self, first: date, last: date) -> list[tuple[date, date]]:
        """First and last day of the months of target days that forecasts of these days of issue are about."""
        yesterday = pd.Timestamp(self.today) - pd.Timedelta(days=1)
        ahead = min(pd.Timestamp(last + timedelta(days=LONGEST_LEAD_DAYS)), yesterday)
        months = pd.period_range(pd.Timestamp(first), ahead, freq="M")
        return [(m.start_time.date(), min(m.end_time.normalize(), yesterday).date()) for m in months]

    def _month(self, first: date, last: date) -> HistoricalRecords:
        """The forecasts of all areas for a month of target days; requested where they are not cached."""
        if (first, last) not in self._months:
            read = [self.client.forecasts(area, first, last) for area in self.areas]
            records = _sorted([one.records for one in read if len(one.records)])
            while len(self._months) >= MONTHS_REMEMBERED:
                self._months.pop(next(iter(self._months)))
            self._months[first, last] = HistoricalRecords(records, joined_rejections(one.rejected for one in read))
        return self._months[first, last]


def _sorted(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The records of all parts, sorted by key as each of them is; no rows in the same columns if there are none."""
    if len(parts) < 2:
        return parts[0] if parts else TABLES["agency_forecasts"].empty()
    return pd.concat(parts, ignore_index=True).sort_values(list(TABLES["agency_forecasts"].key), ignore_index=True)
