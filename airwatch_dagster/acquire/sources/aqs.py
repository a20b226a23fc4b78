"""The AQS API as a source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.aqs.client import AqsClient, DailyResponse
from airwatch_dagster.acquire.aqs.request_plan import (
    MAX_ROWS,
    Cost,
    DailyRequest,
    cost_of,
    geographies_of,
    plan_daily,
    rows_per_day_of,
)
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.equivalence import adds_information, drop_other_parameters, equivalent_rows
from airwatch_dagster.acquire.parsing.rejections import joined_rejections
from airwatch_dagster.acquire.positions import site_positions
from airwatch_dagster.acquire.pulls import InScope, Pull, PullRequest, Scope, concat_readings, last_seen
from airwatch_dagster.acquire.readings import (
    MONITOR_COLUMNS,
    READING_KEY,
    MonitorList,
    check_days,
    one_row_per_key,
)
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.parameters import PARAMETERS, PM25_PARAMETER
from airwatch_dagster.schemas import TABLES

FIRST_PM25_DAY: Final = date(1997, 1, 1)
"""No PM2.5 monitor that counts is older: the first PM2.5 standard is of 1997. Source: 62 FR 38652."""


@dataclass(frozen=True)
class AqsSource(Source):
    """The AQS API for the area alone, in the fewest legal requests, because each request is slow."""

    client: AqsClient
    area: Area
    today: date
    """Last day of the monitors to request."""
    known_monitors: pd.DataFrame | None = None
    """The stored monitor list; it bounds the rows of a request and knows where sites are. None before it is stored."""
    max_rows: int = MAX_ROWS
    parameters: tuple[str, ...] = (PM25_PARAMETER,)
    """Parameters to read, in one request."""

    @property
    def kind(self) -> str:
        """As ``Source.kind``: the client's ``source``."""
        return self.client.source

    def pull(self, request: PullRequest) -> Pull:
        """As ``Source.pull``; one request per geography, calendar year and million rows.

        A recheck requests whole years, so that all its days share their responses, and both parameters: this
        distinguishes a record that moved from one that vanished: agencies have moved whole records between them.
        """
        first, last, history = request.first, request.last, request.history
        is_recheck = request.is_recheck
        parameters = PARAMETERS if is_recheck else self.parameters
        days = (date(first.year, 1, 1), date(last.year, 12, 31)) if is_recheck else (first, last)
        responses = self._responses(
            self._plan(*days, self.known_monitors, parameters), request, include_stored=is_recheck
        )
        rows = self._rows_in_area(responses)
        rows = rows[rows["date_local"].between(pd.Timestamp(first), pd.Timestamp(last))].reset_index(drop=True)
        if history is not None and self.parameters != PARAMETERS:
            rows = drop_other_parameters(rows, history, parameter=PM25_PARAMETER)
        return self._pull(responses, rows, Scope(self.area, first, last, rows=rows, parameters=parameters))

    def changes(self, request: PullRequest, *, since: date, until: date) -> Pull:
        """As ``Source.changes``; the rows supersede equivalent rows of other sources that have other values."""
        plan = self._plan(request.first, request.last, self.known_monitors, self.parameters)
        requests = [replace(one, changed=(since, until), expected_rows=None) for one in plan]
        responses = self._responses(requests, request, include_stored=True)
        rows = self._rows_in_area(responses)
        if request.history is not None:
            rows = rows[adds_information(rows, request.history)].reset_index(drop=True)
        return self._pull(responses, rows, lambda history: equivalent_rows(history, rows))

    def supports_changes(self) -> bool:
        """As ``Source.supports_changes``: AQS searches by date_of_last_change."""
        return True

    def monitors(self) -> MonitorList:
        """As ``Source.monitors``; none is context."""
        geographies = geographies_of(self.area)
        parts = [
            self.client.monitors(geography, FIRST_PM25_DAY, self.today, self.parameters) for geography in geographies
        ]
        lists = [part.monitors for part in parts]
        rows = pd.concat([rows for rows in lists if len(rows)] or lists[:1], ignore_index=True)
        rows = rows[self.area.contains(rows["state_code"], rows["cbsa_code"])]
        key = list(TABLES["monitors"].key)
        rows = rows.drop_duplicates(key).sort_values(key, kind="stable")[list(MONITOR_COLUMNS)]
        rows = rows.assign(is_context=False).reset_index(drop=True)
        return MonitorList(rows, joined_rejections(part.rejected for part in parts))

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        """As ``Source.cost``; the rows are an upper bound, and unknown without a monitor list."""
        requests = self._plan(first, last, self.known_monitors if monitors is None else monitors, self.parameters)
        return cost_of(requests, cached=[request for request in requests if self.client.cached(request) is not None])

    def _plan(
        self, first: date, last: date, monitors: pd.DataFrame | None, parameters: tuple[str, ...]
    ) -> list[DailyRequest]:
        check_days(first, last)
        geographies = geographies_of(self.area)
        per_day = None
        if monitors is not None:
            per_day = rows_per_day_of(monitors, geographies, first, last, parameters=parameters)
        return plan_daily(geographies, first, last, rows_per_day=per_day, parameters=parameters, max_rows=self.max_rows)

    def _responses(
        self, plan: Sequence[DailyRequest], request: PullRequest, *, include_stored: bool
    ) -> list[DailyResponse]:
        """Responses to ``plan``; cached ones only if newer than the last change of the history and ``cached_after``."""
        moments = (last_seen(request.history), request.cached_after)
        not_before = max((moment for moment in moments if moment is not None), default=None)
        known = None if self.known_monitors is None else site_positions(self.known_monitors)
        return [
            self.client.daily(one, not_before=not_before, include_stored=include_stored, known=known) for one in plan
        ]

    def _pull(self, responses: Sequence[DailyResponse], rows: pd.DataFrame, in_scope: InScope) -> Pull:
        """One pull of all responses; repeated after an interruption, it is identical to the microsecond."""
        pull = Pull(
            rows,
            in_scope,
            rejected=joined_rejections(response.rejected for response in responses),
            seen_at=max(response.received_at for response in responses),
            is_cached=any(response.is_cached for response in responses),
            counts={
                "requests": len(responses),
                "repaired_positions": sum(response.repaired_positions for response in responses),
            },
            files=tuple(response.name for response in responses),
        )
        cache = self.client.cache
        if cache is None or pull.seen_at is None:
            return pull
        cached = [response.cached for response in responses if response.cached is not None]
        cache.mark_complete(cached, seen_at=pull.seen_at)
        return replace(pull, mark_stored=lambda: cache.mark_stored(cached))

    def _rows_in_area(self, responses: Sequence[DailyResponse]) -> pd.DataFrame:
        """The area's rows; of a row in two responses, which may differ, the later response counts."""
        parts = [response.readings for response in responses if len(response.readings)]
        if not parts:
            return concat_readings([])
        latest = pd.concat(parts, ignore_index=True).drop_duplicates(list(READING_KEY), keep="last")
        rows = one_row_per_key(latest, culprit="AQS dailyData")
        return rows[self.area.contains(rows["state_code"], rows["cbsa_code"])].reset_index(drop=True)
