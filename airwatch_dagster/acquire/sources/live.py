"""The source for forecasting today: AQS for what it has published, AirNow for the days after."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.airnow.readers import NothingYet
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.deadlines import first_day_not_due
from airwatch_dagster.acquire.equivalence import MONITOR_DAY, adds_information, equivalent_rows
from airwatch_dagster.acquire.pulls import (
    SITE_DAY,
    Pull,
    is_among,
    is_provisional,
    one_frame,
    sites_in_reach,
)
from airwatch_dagster.acquire.readings import READING_COLUMNS, check_days
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.acquire.sources.base import SourceDefaults
from airwatch_dagster.errors import SourceRefused, SourceUnavailable

RECENT_DAYS: Final = 7
"""Days before today whose AirNow file is read again daily: agencies still mend them for about a week."""

WAIT_DAYS: Final = 2
"""Days within which a missing AirNow file may still come; later ones never do."""

SECONDS_PER_DAY_FILE: Final = 1.0
"""An AirNow file, for estimates only: about 200 kB."""


@dataclass(frozen=True)
class LiveSource(SourceDefaults):
    """AirData's files, what AQS changed since they were cut, and AirNow where AQS has not published yet."""

    bulk: AirDataSource
    airnow: AirNowArchive
    today: date
    aqs: AqsSource | None = None
    """Told what changed each week; None without credentials."""

    @property
    def kind(self) -> str:
        return self.bulk.kind

    def pull(
        self,
        first: date,
        last: date,
        *,
        history: pd.DataFrame | None = None,
        again: bool = False,
        cached_after: pd.Timestamp | None = None,
    ) -> Pull:
        """As ``Source.pull``: AirData's rows, and AirNow's for the sites' days that AQS has not published.

        Raises SourceUnavailable when AirNow has nothing yet of a day of the last two, unless days are looked at again.
        """
        check_days(first, last)
        final = self._without_outdated(self._bulk(first, last, history), history)
        staying = final.rows[:0] if history is None else _staying_finals(history, final)
        days = self._days_of_airnow(first, last, final.last_published_day)
        files = {day: rows for day in days if (rows := self._airnow_day(day, may_be_late=again)) is not None}
        rows = one_frame(list(files.values()))
        is_published = is_among(rows, final.rows, SITE_DAY) | is_among(rows, staying, SITE_DAY)
        rows = rows[~is_published].reset_index(drop=True)
        return self._joined(final, rows, list(files))

    def changes(
        self,
        year: int,
        *,
        since: date,
        until: date,
        history: pd.DataFrame | None = None,
        cached_after: pd.Timestamp | None = None,
    ) -> Pull:
        """As ``Source.changes``, of the area alone."""
        if self.aqs is None:
            return super().changes(year, since=since, until=until)
        return self.aqs.changes(year, since=since, until=until, history=history, cached_after=cached_after)

    def supports_changes(self) -> bool:
        return self.aqs is not None

    def recent_days(self) -> int:
        return RECENT_DAYS

    def monitors(self) -> pd.DataFrame:
        """As ``Source.monitors``, from AirData."""
        return self.bulk.monitors()

    def file_list(self) -> pd.DataFrame:
        """AirData's list."""
        return self.bulk.file_list()

    def agency_forecasts(self, day: date) -> pd.DataFrame:
        """As ``Source.agency_forecasts``. Raises SourceRefused when AirNow has no file of the day."""
        return self.airnow.forecasts(day)

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        """As ``Source.cost``; a day of AirNow has at most a row a listed site."""
        days = len(self._days_of_airnow(first, last, None))
        rows = None if monitors is None else days * monitors["site_id"].nunique()
        return self.bulk.cost(first, last) + Cost(days, rows if days else 0, SECONDS_PER_DAY_FILE * days)

    def _bulk(self, first: date, last: date, history: pd.DataFrame | None) -> Pull:
        """AirData's rows; none for a year after the newest that has a file: AQS has published nothing of it yet."""
        try:
            return self.bulk.pull(first, last, history=history)
        except SourceRefused:
            newest = max(self.bulk.archive.years(), default=last.year)
            if last.year <= newest:
                raise
            before = date(newest, 12, 31)
            if first <= before:
                return self.bulk.pull(first, before, history=history)
            nothing = Pull(one_frame([]), lambda history: pd.Series(False, index=history.index))
            return replace(nothing, last_published_day=pd.Timestamp(before))

    def _without_outdated(self, pull: Pull, history: pd.DataFrame | None) -> Pull:
        """The bulk pull, except where AQS itself said otherwise after the file was cut, or says the same in full."""
        if history is None or not (history["source"] == "aqs").any():
            return pull
        own = history[history["superseded_at"].isna() & (history["source"] == "aqs")]
        newer = own[own["date_of_last_change"] >= self._cut_days(own)]
        outdated = equivalent_rows(pull.rows, newer[list(READING_COLUMNS)]).to_numpy()
        repeated = ~adds_information(pull.rows, own)

        def in_scope(rows: pd.DataFrame) -> pd.Series:
            is_newer = (rows["date_of_last_change"] >= self._cut_days(rows)).to_numpy()
            is_said = is_among(rows, pull.rows[repeated], MONITOR_DAY)
            return pull.in_scope(rows) & ~((rows["source"] == "aqs") & (is_newer | is_said))

        rows = pull.rows[~(outdated | repeated)].reset_index(drop=True)
        return replace(pull, rows=rows, in_scope=in_scope)

    def _cut_days(self, readings: pd.DataFrame) -> pd.Series:
        """Per row, the day on which the bulk file of its year was cut; the future where that is not known."""
        cuts = {year: self.bulk.cut_day(year) for year in readings["date_local"].dt.year.unique()}
        return readings["date_local"].dt.year.map(cuts).astype("datetime64[ns]").fillna(pd.Timestamp.max)

    def _days_of_airnow(self, first: date, last: date, published: pd.Timestamp | None) -> list[date]:
        """The days that are over and that AQS has not published, or still has time to publish more of."""
        since = first_day_not_due(pd.Timestamp(self.today)).date()
        if published is not None and pd.notna(published):
            since = min(since, published.date() + timedelta(days=1))
        over = min(last, self.today - timedelta(days=1))
        return [day.date() for day in pd.date_range(max(first, since), over)]

    def _airnow_day(self, day: date, *, may_be_late: bool) -> pd.DataFrame | None:
        """AirNow's rows of a day in reach; None for a day that it never published, or not yet where that may be."""
        places = self._places()
        try:
            rows = self.airnow.daily(day, places=places).readings
        except (SourceRefused, NothingYet) as refusal:
            if may_be_late or (self.today - day).days > WAIT_DAYS:
                return None
            fix = "Run the day again later; AirNow completes a day by noon of the next"
            raise SourceUnavailable(refusal.culprit, f"nothing of {day} yet", fix=fix) from refusal
        return rows[self._in_reach(rows)].reset_index(drop=True)

    def _places(self) -> pd.DataFrame:
        listed = self.bulk.listed
        newest = listed.sort_values("last_sample_date", na_position="first", kind="stable")
        return newest.drop_duplicates("site_id", keep="last")[["site_id", "latitude", "longitude", "cbsa_code"]]

    def _in_reach(self, rows: pd.DataFrame) -> np.ndarray:
        return sites_in_reach(self.bulk.area, rows, self.bulk.known_places, self.bulk.context_km)

    def _joined(self, final: Pull, rows: pd.DataFrame, days: list[date]) -> Pull:
        """Both pulls as one: AirNow speaks for the provisional rows of its days."""
        read = pd.DatetimeIndex(days)

        def in_scope(history: pd.DataFrame) -> pd.Series:
            provisional = is_provisional(history) & history["date_local"].isin(read).to_numpy()
            if provisional.any():
                provisional[provisional] = self._in_reach(history[provisional])
            return final.in_scope(history) | provisional

        counts = {**final.counts, "airnow_days": len(days), "airnow_rows": len(rows)}
        return replace(final, rows=one_frame([final.rows, rows]), in_scope=in_scope, counts=counts)


def _staying_finals(history: pd.DataFrame, pull: Pull) -> pd.DataFrame:
    """What AQS published of these days according to history, and the pull does not speak of."""
    stays = history["superseded_at"].isna() & ~is_provisional(history) & ~pull.in_scope(history)
    return history.loc[stays, list(READING_COLUMNS)].reset_index(drop=True)
