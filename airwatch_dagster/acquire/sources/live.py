"""The source for today's forecast: AQS for published days, AirNow for the days after them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.airnow.historical.client import HistoricalForecasts
from airwatch_dagster.acquire.airnow.historical.days import PastForecasts
from airwatch_dagster.acquire.airnow.parameters import with_parameters
from airwatch_dagster.acquire.airnow.readers import AgencyForecastsOfDay, AirNowDay, NotYetPublished
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.deadlines import first_day_not_due
from airwatch_dagster.acquire.equivalence import MONITOR_DAY, adds_information, equivalent_rows, replaced_rows
from airwatch_dagster.acquire.parsing.rejections import joined_rejections
from airwatch_dagster.acquire.pulls import (
    Pull,
    PullRequest,
    concat_readings,
    has_final_rows,
    is_among,
    is_provisional,
    sites_in_reach,
)
from airwatch_dagster.acquire.readings import READING_COLUMNS, SITE_COLUMNS, MonitorList, check_days
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable

RECENT_DAYS: Final = 7
"""Days before today whose AirNow file is re-read daily: agencies correct them for about a week."""

WAIT_DAYS: Final = 2
"""Days within which a missing AirNow file can still appear; older files never do."""

SECONDS_PER_DAY_FILE: Final = 1.0
"""Seconds per AirNow file of about 200 kB, for estimates only."""


@dataclass(frozen=True)
class LiveSource(Source):
    """AirData's files, later changes from AQS, and AirNow for site-days that AQS has not published yet."""

    bulk: AirDataSource
    airnow: AirNowArchive
    today: date
    aqs: AqsSource | None = None
    """For changes since the files were cut; None without credentials."""
    accept_lost_lines: bool = False
    """Whether a day is read although the line of one of the area's sites cannot be."""
    historical: HistoricalForecasts | None = None
    """For the agencies' forecasts of days whose file is gone; None without a key."""

    @property
    def kind(self) -> str:
        """As ``Source.kind``, of AirData's files."""
        return self.bulk.kind

    def pull(self, request: PullRequest) -> Pull:
        """As ``Source.pull``: AirData's rows, and AirNow's for the site-days that AQS has not published.

        Raises SourceUnavailable when AirNow has no data yet for one of the last two days, except in a recheck.
        """
        check_days(request.first, request.last)
        history = request.history
        final = self._without_outdated(self._final_pull(request), history)
        unaffected = final.rows[:0]
        if history is not None:
            is_final = history["superseded_at"].isna() & ~is_provisional(history)
            unaffected = history[is_final & ~replaced_rows(history, final)]
        days = self._airnow_days(request.first, request.last, final.last_published_day)
        found = {day: self._airnow_day(day, may_be_late=request.is_recheck) for day in days}
        files = {day: read for day, read in found.items() if read is not None}
        rows = concat_readings([read.readings for read in files.values()])
        is_published = has_final_rows(rows, final.rows) | has_final_rows(rows, unaffected)
        return self._with_airnow(final, rows[~is_published].reset_index(drop=True), files)

    def changes(self, request: PullRequest, *, since: date, until: date) -> Pull:
        """As ``Source.changes``, of the area alone."""
        if self.aqs is None:
            return super().changes(request, since=since, until=until)
        return self.aqs.changes(request, since=since, until=until)

    def supports_changes(self) -> bool:
        """As ``Source.supports_changes``: with AQS credentials."""
        return self.aqs is not None

    def recent_days(self) -> int:
        """As ``Source.recent_days``: RECENT_DAYS."""
        return RECENT_DAYS

    def monitors(self) -> MonitorList:
        """As ``Source.monitors``, from AirData."""
        return self.bulk.monitors()

    def file_list(self) -> pd.DataFrame:
        """As ``Source.file_list``, from AirData."""
        return self.bulk.file_list()

    def agency_forecasts(self, day: date) -> AgencyForecastsOfDay:
        """As ``Source.agency_forecasts``: AirNow's file, or what ``historical`` has where the file is gone.

        Without ``historical``, and for a day whose file can still appear, raises SourceRefused when there is no file.
        """
        try:
            return self.airnow.forecasts(day)
        except SourceRefused as refusal:
            if self._may_still_appear(day):
                raise
            if self._past_forecasts is None:
                fix = "Set AIRNOW_API_KEY to ask AirNow's service instead; or choose a day that is archived"
                raise SourceRefused(
                    refusal.culprit, refusal.problem, fix=f"{fix}, or check AIRWATCH_AIRNOW_URL"
                ) from None
        return self._past_forecasts.of_day(day)

    def agency_cost(self, first: date, last: date) -> Cost:
        """As ``Source.agency_cost``."""
        until = min(last, self.today - timedelta(days=WAIT_DAYS + 1))
        return self._past_forecasts.cost(first, until) if self._past_forecasts and first <= until else Cost()

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        """As ``Source.cost``; a day of AirNow has at most one row per listed site."""
        days = len(self._airnow_days(first, last, None))
        rows = None if monitors is None else days * monitors["site_id"].nunique()
        return self.bulk.cost(first, last) + Cost(days, rows if days else 0, SECONDS_PER_DAY_FILE * days)

    @cached_property
    def _past_forecasts(self) -> PastForecasts | None:
        if self.historical is None:
            return None
        return PastForecasts(self.historical, self.airnow.reporting_areas, lambda: self.bulk.area_locations, self.today)

    def _may_still_appear(self, day: date) -> bool:
        return (self.today - day).days <= WAIT_DAYS

    def _final_pull(self, request: PullRequest) -> Pull:
        """AirData's rows; none for a year after the newest file, because AQS has published nothing of it yet."""
        try:
            return self.bulk.pull(request)
        except SourceRefused:
            newest = max(self.bulk.archive.years(), default=request.last.year)
            if request.last.year <= newest:
                raise
            last_day = date(newest, 12, 31)
            if request.first <= last_day:
                return self.bulk.pull(replace(request, last=last_day))
            nothing = Pull(concat_readings([]), lambda history: pd.Series(False, index=history.index))
            return replace(nothing, last_published_day=pd.Timestamp(last_day))

    def _without_outdated(self, pull: Pull, history: pd.DataFrame | None) -> Pull:
        """The bulk pull without rows that AQS itself changed after the file was cut, or that only repeat AQS's."""
        if history is None or not (history["source"] == "aqs").any():
            return pull
        own = history[history["superseded_at"].isna() & (history["source"] == "aqs")]
        newer = own[own["date_of_last_change"] >= self._cut_days(own)]
        is_outdated = equivalent_rows(pull.rows, newer[list(READING_COLUMNS)]).to_numpy()
        is_repeated = ~adds_information(pull.rows, own)

        def in_scope(rows: pd.DataFrame) -> pd.Series:
            is_newer = (rows["date_of_last_change"] >= self._cut_days(rows)).to_numpy()
            is_confirmed = is_among(rows, pull.rows[is_repeated], MONITOR_DAY)
            return pull.in_scope(rows) & ~((rows["source"] == "aqs") & (is_newer | is_confirmed))

        rows = pull.rows[~(is_outdated | is_repeated)].reset_index(drop=True)
        return replace(pull, rows=rows, in_scope=in_scope)

    def _cut_days(self, readings: pd.DataFrame) -> pd.Series:
        """Per row, the as-of day of its year's bulk file; the largest timestamp when unknown."""
        years = pd.DataFrame({"year": readings["date_local"].dt.year, "parameter": readings["parameter_code"]})
        cuts = years.drop_duplicates().copy()
        cuts["cut"] = [self.bulk.cut_day(year, parameter) for year, parameter in cuts.itertuples(index=False)]
        found = years.merge(cuts, on=["year", "parameter"], how="left")["cut"].astype("datetime64[ns]")
        return found.fillna(pd.Timestamp.max).set_axis(readings.index)

    def _airnow_days(self, first: date, last: date, published: pd.Timestamp | None) -> list[date]:
        """The past days that AQS has not published completely: after the last published day, or not due yet."""
        since = first_day_not_due(pd.Timestamp(self.today)).date()
        if published is not None and pd.notna(published):
            since = min(since, published.date() + timedelta(days=1))
        over = min(last, self.today - timedelta(days=1))
        return [day.date() for day in pd.date_range(max(first, since), over)]

    def _airnow_day(self, day: date, *, may_be_late: bool) -> AirNowDay | None:
        """AirNow's day with the rows in reach; None for a day that it never published, or may still publish.

        Raises BadPayload when the line of an area's site is lost,
        unless ``accept_lost_lines``.
        """
        try:
            read = self.airnow.daily(day, site_locations=self.bulk.known_positions)
        except (SourceRefused, NotYetPublished) as refusal:
            if may_be_late or not self._may_still_appear(day):
                return None
            fix = "Try the day again later; AirNow has usually published a day by noon of the next"
            raise SourceUnavailable(refusal.culprit, f"has no data of {day} yet", fix=fix) from refusal
        if not self.accept_lost_lines:
            self._refuse_lost_sites(read)
        rows = with_parameters(read.readings[self._is_in_reach(read.readings)], self.bulk.listed_of_both)
        return replace(read, readings=rows[rows["parameter_code"].isin(self.bulk.parameters)].reset_index(drop=True))

    def _refuse_lost_sites(self, read: AirNowDay) -> None:
        listed = self.bulk.national_monitors
        area = listed.loc[self.bulk.area.contains(listed["state_code"], listed["cbsa_code"]), "site_id"]
        lines = read.rejected[~read.rejected["is_repaired"].astype(bool) & read.rejected["site_id"].isin(area)]
        found = read.readings[SITE_COLUMNS[0]] + read.readings[SITE_COLUMNS[1]] + read.readings[SITE_COLUMNS[2]]
        for line in lines[~lines["site_id"].isin(found)].head(1).itertuples():
            problem = f"line {line.line_number}, of the area's site {line.site_id}, cannot be read: {line.reason}"
            fix = (
                "Read the day again after AirNow corrected it, or set AIRWATCH_ACCEPT_LOST_LINES=true to go on without"
            )
            raise BadPayload(str(line.file), f"{problem}; it is {line.value!r}", fix=fix, retry_helps=True)

    def _is_in_reach(self, rows: pd.DataFrame) -> np.ndarray:
        return sites_in_reach(self.bulk.area, rows, self.bulk.area_locations, self.bulk.context_km)

    def _with_airnow(self, final: Pull, rows: pd.DataFrame, files: Mapping[date, AirNowDay]) -> Pull:
        """The bulk pull plus AirNow's ``rows``; the provisional rows of the days of ``files`` in reach are in scope."""
        read_days = pd.DatetimeIndex(list(files))

        def in_scope(history: pd.DataFrame) -> pd.Series:
            provisional = is_provisional(history) & history["date_local"].isin(read_days).to_numpy()
            if provisional.any():
                provisional[provisional] = self._is_in_reach(history[provisional])
            return final.in_scope(history) | provisional

        left_out = {
            f"airnow_{name}": sorted({site for read in files.values() for site in getattr(read, name)})
            for name in ("tribal_sites", "mobile_sites")
        }
        counts = {
            **final.counts,
            "airnow_days": len(files),
            "airnow_rows": len(rows),
            "airnow_lines": sum(read.lines for read in files.values()),
            "airnow_repaired_positions": sum(read.repaired_positions for read in files.values()),
            "airnow_sites_without_location": max((read.sites_without_location for read in files.values()), default=0),
            "airnow_foreign_sites": max((read.foreign_sites for read in files.values()), default=0),
            **{name: ", ".join(sites) for name, sites in left_out.items() if sites},
        }
        rejected = joined_rejections([final.rejected, *(read.rejected for read in files.values())])
        rows = concat_readings([final.rows, rows])
        return replace(final, rows=rows, in_scope=in_scope, rejected=rejected, counts=counts)
