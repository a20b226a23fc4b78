"""The interface of every source of readings."""

from abc import ABC, abstractmethod
from datetime import date

import pandas as pd

from airwatch_dagster.acquire.airdata.archive import FILE_LIST_COLUMNS
from airwatch_dagster.acquire.airnow.readers import AgencyForecastsOfDay
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.readings import MonitorList
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.schemas import TABLES


class Source(ABC):
    """A publisher of readings for an area and the sites around it.

    The defaults are those of a source without a change query, provisional days, file list, agency forecasts and costs.
    """

    @property
    @abstractmethod
    def kind(self) -> str:
        """The ``source`` of its rows: airdata, aqs or practice."""

    @abstractmethod
    def pull(self, request: PullRequest) -> Pull:
        """Everything published now for the requested days; no rows when nothing is published.

        Raises SourceRefused or SourceUnavailable when the source fails, BadPayload for malformed data.
        """

    @abstractmethod
    def monitors(self) -> MonitorList:
        """The monitors of the area and around it, in the columns of monitors."""

    def changes(self, request: PullRequest, *, since: date, until: date) -> Pull:
        """The requested days' rows that changed from ``since`` to ``until``; no other row is in scope.

        Errors as ``pull``; ConfigurationError for a source without a change query.
        """
        fix = "Use AIRWATCH_SOURCE=aqs, or live with EPA_AQS_EMAIL and EPA_AQS_API_KEY"
        raise ConfigurationError("AIRWATCH_SOURCE", "this source cannot list changes since a day", fix=fix)

    def supports_changes(self) -> bool:
        """Whether ``changes`` works."""
        return False

    def recent_days(self) -> int:
        """Days before today that are provisional and re-read daily; 0 for a source without such days."""
        return 0

    def file_list(self) -> pd.DataFrame:
        """Published files, to detect changes: filename, rows, size_bytes, as_of; no rows for a source without files."""
        return pd.DataFrame(columns=list(FILE_LIST_COLUMNS))

    def agency_forecasts(self, day: date) -> AgencyForecastsOfDay:
        """The agencies' records in the file of a day, or issued on it; none without AirNow."""
        return AgencyForecastsOfDay(TABLES["agency_forecasts"].empty(), no_rejected_lines())

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        """Estimated cost of pulling these days; zero for simulated air. ``monitors`` is the stored list, if any."""
        return Cost()

    def agency_cost(self, first: date, last: date) -> Cost:
        """Upper bound of the requests for the agencies' forecasts of these days, besides one file a day."""
        return Cost()
