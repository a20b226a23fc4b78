"""The AQS API as a source: the area alone, in the fewest legal requests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.aqs.client import Answer, AqsClient
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
from airwatch_dagster.acquire.pulls import InScope, Pull, Scope, last_seen, one_frame
from airwatch_dagster.acquire.readings import (
    MONITOR_COLUMNS,
    PM25_PARAMETER,
    READING_KEY,
    check_days,
    one_row_per_key,
)
from airwatch_dagster.acquire.sources.base import SourceDefaults
from airwatch_dagster.schemas import TABLES

FIRST_PM25_DAY: Final = date(1997, 1, 1)
"""No 88101 monitor is older: the first PM2.5 standard is of 1997. Source: 62 FR 38652."""

NOT_COMPARABLE_PARAMETER: Final = "88502"
"""Acceptable PM2.5: agencies have moved whole records between it and 88101, which only shows when both are asked."""

_BOTH: Final = (PM25_PARAMETER, NOT_COMPARABLE_PARAMETER)


@dataclass(frozen=True)
class AqsSource(SourceDefaults):
    """The AQS API: the area alone, because each call is dear."""

    client: AqsClient
    area: Area
    today: date
    """Last day for which monitors are asked."""
    listed: pd.DataFrame | None = None
    """The monitor list as far as known: it tells when a request would ask for too many rows."""
    most_rows: int = MAX_ROWS

    @property
    def kind(self) -> str:
        return self.client.source

    def pull(
        self,
        first: date,
        last: date,
        *,
        history: pd.DataFrame | None = None,
        again: bool = False,
        cached_after: pd.Timestamp | None = None,
    ) -> Pull:
        """As ``Source.pull``; one request per place, calendar year and million rows.

        Days that are looked at again are taken from whole years, so that all of a look's days share its answers, and
        are asked for both parameters: a record that moved is told from one that vanished.
        """
        parameters = _BOTH if again else (PM25_PARAMETER,)
        days = (date(first.year, 1, 1), date(last.year, 12, 31)) if again else (first, last)
        answers = self._answers(
            self._plan(*days, self.listed, parameters),
            not_before=_later(last_seen(history), cached_after),
            also_finished=again,
        )
        rows = self._of_area(answers)
        rows = rows[rows["date_local"].between(pd.Timestamp(first), pd.Timestamp(last))].reset_index(drop=True)
        if history is not None:
            rows = drop_other_parameters(rows, history, parameter=PM25_PARAMETER)
        return self._pull(answers, rows, Scope(self.area, first, last, rows=rows, parameters=parameters))

    def changes(
        self,
        year: int,
        *,
        since: date,
        until: date,
        history: pd.DataFrame | None = None,
        cached_after: pd.Timestamp | None = None,
    ) -> Pull:
        """As ``Source.changes``; the rows supersede what other sources said otherwise of the same."""
        whole = (date(year, 1, 1), date(year, 12, 31))
        requests = [
            replace(request, changed=(since, until), expected_rows=None) for request in self._plan(*whole, self.listed)
        ]
        not_before = _later(last_seen(history), cached_after)
        answers = self._answers(requests, not_before=not_before, also_finished=True)
        rows = self._of_area(answers)
        if history is not None:
            rows = rows[adds_information(rows, history)].reset_index(drop=True)
        return self._pull(answers, rows, lambda history: equivalent_rows(history, rows))

    def supports_changes(self) -> bool:
        return True

    def monitors(self) -> pd.DataFrame:
        """As ``Source.monitors``; none is context."""
        asked = geographies_of(self.area)
        parts = [self.client.monitors(geography, FIRST_PM25_DAY, self.today) for geography in asked]
        rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        rows = rows[self.area.contains(rows["state_code"], rows["cbsa_code"])]
        key = list(TABLES["monitors"].key)
        rows = rows.drop_duplicates(key).sort_values(key, kind="stable")[list(MONITOR_COLUMNS)]
        return rows.assign(is_context=False).reset_index(drop=True)

    def cost(self, first: date, last: date, *, monitors: pd.DataFrame | None = None) -> Cost:
        """As ``Source.cost``; rows are at most so many, and unknown without a monitor list."""
        requests = self._plan(first, last, self.listed if monitors is None else monitors)
        return cost_of(requests, kept=[request for request in requests if self.client.kept(request) is not None])

    def _plan(
        self, first: date, last: date, monitors: pd.DataFrame | None, parameters: tuple[str, ...] = (PM25_PARAMETER,)
    ) -> list[DailyRequest]:
        check_days(first, last)
        asked = geographies_of(self.area)
        per_day = rows_per_day_of(monitors, asked, first, last) if monitors is not None else None
        return plan_daily(asked, first, last, rows_per_day=per_day, parameters=parameters, most_rows=self.most_rows)

    def _answers(
        self, requests: Sequence[DailyRequest], *, not_before: pd.Timestamp | None, also_finished: bool
    ) -> list[Answer]:
        return [self.client.daily(request, not_before=not_before, also_finished=also_finished) for request in requests]

    def _pull(self, answers: Sequence[Answer], rows: pd.DataFrame, in_scope: InScope) -> Pull:
        """One pull of all answers; repeated after an interruption, it is the same pull to the microsecond."""
        seen_at = max(answer.asked_at for answer in answers)
        payloads = [answer.payload for answer in answers if answer.payload is not None]
        archive = self.client.payloads
        if archive is None:
            return Pull(rows, in_scope, seen_at=seen_at, counts={"requests": len(answers)})
        archive.complete(payloads, seen_at=seen_at)
        return Pull(
            rows,
            in_scope,
            seen_at=seen_at,
            is_kept=any(answer.is_kept for answer in answers),
            stored=lambda: archive.finish(payloads),
            counts={"requests": len(answers)},
        )

    def _of_area(self, answers: Sequence[Answer]) -> pd.DataFrame:
        """The area's rows; of one that two answers hold the later's counts, because it may have changed in between."""
        parts = [answer.readings for answer in answers if len(answer.readings)]
        if not parts:
            return one_frame([])
        latest = pd.concat(parts, ignore_index=True).drop_duplicates(list(READING_KEY), keep="last")
        rows = one_row_per_key(latest, culprit="AQS dailyData")
        return rows[self.area.contains(rows["state_code"], rows["cbsa_code"])].reset_index(drop=True)


def _later(one: pd.Timestamp | None, other: pd.Timestamp | None) -> pd.Timestamp | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
