"""What every source of readings offers."""

from datetime import date
from typing import Protocol

import pandas as pd

from airwatch_dagster.acquire.airdata.archive import FILE_LIST_COLUMNS
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.pulls import Pull
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.schemas import TABLES


class Source(Protocol):
    """A place that publishes readings of an area and of the sites around it."""

    @property
    def kind(self) -> str:
        """Whose data these are: the ``source`` of its rows."""

    def pull(
        self,
        first: date,
        last: date,
        *,
        history: pd.DataFrame | None = None,
        again: bool = False,
        cached_after: pd.Timestamp | None = None,
    ) -> Pull:
        """Everything published now from ``first`` to ``last``; nothing published is no rows, a failure is an error.

        ``history`` is what is stored of these days, all versions: an answer kept from before its last change is not
        used. ``again`` says that the days are looked at again: records that moved to another parameter are to be
        recognised, and an answer kept from that look is the answer, if it came after ``asked_after`` (UTC).
        """

    def changes(
        self,
        year: int,
        *,
        since: date,
        until: date,
        history: pd.DataFrame | None = None,
        cached_after: pd.Timestamp | None = None,
    ) -> Pull:
        """The year's rows that changed from ``since`` to ``until``; it speaks for no other row. Errors as ``pull``."""

    def supports_changes(self) -> bool:
        """Whether it can be asked for ``changes``."""

    def recent_days(self) -> int:
        """Days before today that are provisional and to be read again daily; 0 for a source without such days."""

    def monitors(self) -> pd.DataFrame:
        """The monitors of the area and around it, in the columns of monitors."""

    def file_list(self) -> pd.DataFrame:
        """What is on offer and of when, to notice changes: filename, rows, size_bytes, as_of; no rows without files."""

    def agency_forecasts(self, day: date) -> pd.DataFrame:
        """What agencies published in the file of a day, in the columns of agency_forecasts; no rows without AirNow."""

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        """What ``pull`` of these days will take; nothing for simulated air. ``monitors`` is the stored list, if any."""


class SourceDefaults:
    """What a source without changes, recent days, files or agencies' forecasts answers."""

    def changes(
        self,
        year: int,
        *,
        since: date,
        until: date,
        history: pd.DataFrame | None = None,
        cached_after: pd.Timestamp | None = None,
    ) -> Pull:
        fix = "Use AIRWATCH_SOURCE=aqs, or live with EPA_AQS_EMAIL and EPA_AQS_API_KEY"
        raise ConfigurationError("AIRWATCH_SOURCE", "this source does not tell what changed since a day", fix=fix)

    def supports_changes(self) -> bool:
        return False

    def recent_days(self) -> int:
        return 0

    def file_list(self) -> pd.DataFrame:
        return pd.DataFrame(columns=list(FILE_LIST_COLUMNS))

    def agency_forecasts(self, day: date) -> pd.DataFrame:
        return TABLES["agency_forecasts"].empty()

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        return Cost()
