"""The fewest legal API requests for given days and places, and their cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.aqs.geographies import ByCbsa, ByState, Geography
from airwatch_dagster.acquire.aqs.rate_limiter import AQS_INTERVAL_S, AQS_PAUSE_S
from airwatch_dagster.acquire.aqs_codes import FOREIGN_STATES, cbsa_states, state_names
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.readings import calendar_years
from airwatch_dagster.parameters import PM25_PARAMETER

MAX_ROWS: Final = 1_000_000
"""Rows that one request may return. Source: AQS API documentation, limits."""

ROWS_PER_MONITOR_DAY: Final = 10
"""Rows of a continuous monitor's day: a block average for each form of four standards, and its hours with and without
events. Filters have fewer. Source: recorded response for Wake County, 2016."""

ROWS_PER_SECOND: Final = 125.0
"""Rows that the API sends per second, for estimates only: 750 rows took 6 s; it has been twenty times slower."""


@dataclass(frozen=True)
class DailyRequest:
    """One request for dailyData: days of one calendar year in one geography."""

    geography: Geography
    first: date
    last: date
    parameters: tuple[str, ...] = (PM25_PARAMETER,)
    changed: tuple[date, date] | None = None
    """Only rows whose date_of_last_change lies in this window, both days included; None for all."""
    expected_rows: int | None = None
    """Upper bound of the rows; None without a monitor list."""

    @property
    def service(self) -> str:
        """The service's path below the API's address."""
        return f"dailyData/{self.geography.service}"

    @property
    def params(self) -> dict[str, str]:
        """All query parameters except the credentials."""
        days = {"bdate": f"{self.first:%Y%m%d}", "edate": f"{self.last:%Y%m%d}"}
        window = dict(zip(("cbdate", "cedate"), (f"{day:%Y%m%d}" for day in self.changed or ()), strict=False))
        return {"param": ",".join(self.parameters), **days, **window, **self.geography.params}


@dataclass(frozen=True)
class Cost:
    """Estimated cost of a pull."""

    calls: int = 0
    """Requests that still have to be made."""
    rows: int | None = 0
    """Upper bound of their rows; None when unknown."""
    seconds: float = 0.0
    """A rough estimate: the speed of these services varies."""
    cached_calls: int = 0
    """Requests whose responses are cached from an interrupted attempt."""
    missing_files: tuple[str, ...] = ()
    """Files that the source does not list and the pull goes without."""

    def __add__(self, other: "Cost") -> "Cost":
        rows = None if self.rows is None or other.rows is None else self.rows + other.rows
        both = (self.calls + other.calls, rows, self.seconds + other.seconds)
        missing = tuple(dict.fromkeys((*self.missing_files, *other.missing_files)))
        return Cost(*both, cached_calls=self.cached_calls + other.cached_calls, missing_files=missing)


def geographies_of(area: Area) -> tuple[Geography, ...]:
    """The fewest geographies that cover an area: whole states, and statistical areas.

    Two or more statistical areas within one state become that state; one whose states are requested anyway is left
    out. A state can return rows outside the area.
    """
    own = [code for code in state_names() if code not in FOREIGN_STATES]
    states = set(own if area.is_everywhere else area.state_codes)
    alone = [code for code in area.cbsa_codes if not set(cbsa_states(code)) <= states]
    for state in {cbsa_states(code)[0] for code in alone if len(cbsa_states(code)) == 1}:
        within = [code for code in alone if cbsa_states(code) == (state,)]
        if len(within) > 1:
            states.add(state)
    alone = [code for code in alone if not set(cbsa_states(code)) <= states]
    return (*(ByCbsa(code) for code in alone), *(ByState(code) for code in sorted(states)))


def plan_daily(
    geographies: Sequence[Geography],
    first: date,
    last: date,
    *,
    rows_per_day: Mapping[Geography, int] | None = None,
    parameters: tuple[str, ...] = (PM25_PARAMETER,),
    max_rows: int = MAX_ROWS,
) -> list[DailyRequest]:
    """The fewest legal requests for all days and geographies: at most a calendar year and ``max_rows`` rows each.

    ``rows_per_day`` is the upper bound of rows per day of each geography, all ``parameters`` together
    (``rows_per_day_of``); without it the year is the only limit.
    """
    requests = []
    for geography in geographies:
        per_day = None if rows_per_day is None else rows_per_day.get(geography, 0)
        max_days = max(1, max_rows // per_day) if per_day else 366
        for year in calendar_years(first, last):
            for begin, end in _pieces(*year, max_days=max_days):
                rows = None if per_day is None else per_day * ((end - begin).days + 1)
                requests.append(DailyRequest(geography, begin, end, parameters, expected_rows=rows))
    return requests


def rows_per_day_of(
    monitors: pd.DataFrame,
    geographies: Sequence[Geography],
    first: date,
    last: date,
    *,
    parameters: tuple[str, ...] = (PM25_PARAMETER,),
) -> dict[Geography, int]:
    """Upper bound of rows per day of each geography, from the ``monitors`` of ``parameters`` that ran between two days.

    A parameter that the list leaves out, as one stored before it was read, counts as much as those listed.
    """
    opened = monitors["open_date"].isna() | (monitors["open_date"] <= pd.Timestamp(last))
    not_closed = monitors["last_sample_date"].isna() | (monitors["last_sample_date"] >= pd.Timestamp(first))
    listed = [code for code in parameters if (monitors["parameter_code"] == code).any()]
    running = monitors[opened & not_closed & monitors["parameter_code"].isin(parameters)]
    share = len(parameters) / len(listed) if listed else 1.0
    return {one: ROWS_PER_MONITOR_DAY * ceil(share * int(_lies_in(one, running).sum())) for one in geographies}


def cost_of(requests: Sequence[DailyRequest], *, cached: Sequence[DailyRequest] = ()) -> Cost:
    """Cost of ``requests``; those in ``cached`` need no request."""
    pending = [request for request in requests if request not in cached]
    counts = [request.expected_rows for request in pending]
    known = [count for count in counts if count is not None]
    seconds = sum(max(AQS_INTERVAL_S, AQS_PAUSE_S + (count or 0) / ROWS_PER_SECOND) for count in counts)
    rows = sum(known) if len(known) == len(counts) else None
    return Cost(len(pending), rows, seconds, len(requests) - len(pending))


def _lies_in(geography: Geography, monitors: pd.DataFrame) -> pd.Series:
    names = {"state": "state_code", "county": "county_code", "site": "site_number", "cbsa": "cbsa_code"}
    inside = pd.Series(True, index=monitors.index)
    for name, code in geography.params.items():
        inside &= monitors[names[name]] == code
    return inside


def _pieces(first: date, last: date, *, max_days: int) -> Iterator[tuple[date, date]]:
    """The days from ``first`` to ``last`` in the fewest pieces of at most ``max_days``, of nearly equal length."""
    total = (last - first).days + 1
    count = -(-total // max_days)
    ends = [total * (piece + 1) // count for piece in range(count)]
    for begin, end in zip([0, *ends], ends, strict=False):
        yield first + timedelta(days=begin), first + timedelta(days=end - 1)
