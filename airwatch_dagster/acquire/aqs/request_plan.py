"""The fewest legal requests for what is wanted, and what they will cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.aqs.geographies import ByCbsa, ByState, Geography
from airwatch_dagster.acquire.aqs.rate_limiter import AQS_INTERVAL_S, AQS_PAUSE_S
from airwatch_dagster.acquire.area import Area, cbsa_states, state_names
from airwatch_dagster.acquire.readings import PM25_PARAMETER, calendar_years

MAX_ROWS: Final = 1_000_000
"""Rows that one request may ask for. Source: AQS API documentation, limits."""

ROWS_PER_MONITOR_DAY: Final = 10
"""Rows of a continuous monitor's day: a block average for each form of four standards, and its hours with and without
events. Filters have fewer. Source: recorded answer for Wake County, 2016."""

ROWS_PER_SECOND: Final = 125.0
"""Rows that the API delivers in a second, for estimates only: 750 rows took 6 s; it has been twenty times slower."""


@dataclass(frozen=True)
class DailyRequest:
    """One request for dailyData: days of one calendar year, of one place."""

    geography: Geography
    first: date
    last: date
    parameters: tuple[str, ...] = (PM25_PARAMETER,)
    changed: tuple[date, date] | None = None
    """Only rows whose date_of_last_change lies in this window, both days included; None for all."""
    expected_rows: int | None = None
    """At most so many rows; None when no monitor list told."""

    @property
    def service(self) -> str:
        return f"dailyData/{self.geography.service}"

    @property
    def params(self) -> dict[str, str]:
        """All parameters but the credentials."""
        days = {"bdate": f"{self.first:%Y%m%d}", "edate": f"{self.last:%Y%m%d}"}
        window = dict(zip(("cbdate", "cedate"), (f"{day:%Y%m%d}" for day in self.changed or ()), strict=False))
        return {"param": ",".join(self.parameters), **days, **window, **self.geography.params}


@dataclass(frozen=True)
class Cost:
    """What a pull will take, before it is made."""

    calls: int = 0
    """Requests to EPA that have not been answered yet."""
    rows: int | None = 0
    """Rows that come with them, at most; None when nothing tells."""
    seconds: float = 0.0
    """A guess: services of this kind are of no constant speed."""
    kept_calls: int = 0
    """Requests whose answers are kept from an attempt that did not finish."""

    def __add__(self, other: "Cost") -> "Cost":
        rows = None if self.rows is None or other.rows is None else self.rows + other.rows
        both = (self.calls + other.calls, rows, self.seconds + other.seconds)
        return Cost(*both, kept_calls=self.kept_calls + other.kept_calls)


def geographies_of(area: Area) -> tuple[Geography, ...]:
    """The fewest places to ask for an area: states whole; two or more statistical areas within one state as that state.

    A statistical area whose states are asked anyway is not asked again. Rows outside the area may come with a state.
    """
    numeric = [code for code in state_names() if code.isdigit()]
    states = set(numeric if area.is_everywhere else area.state_codes)
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
    most_rows: int = MAX_ROWS,
) -> list[DailyRequest]:
    """The fewest legal requests for all days of all places: at most a calendar year and ``most_rows`` rows each.

    ``rows_per_day`` says how many rows a day of each place may have (``rows_per_day_of``); without it every request
    spans as much of its year as asked for.
    """
    return [
        DailyRequest(geography, *days, parameters, None, _rows(days, per_day))
        for geography in geographies
        for per_day in [rows_per_day.get(geography, 0) * len(parameters) if rows_per_day is not None else None]
        for year in calendar_years(first, last)
        for days in _pieces(*year, longest_days=366 if not per_day else max(1, most_rows // per_day))
    ]


def rows_per_day_of(
    monitors: pd.DataFrame, geographies: Sequence[Geography], first: date, last: date
) -> dict[Geography, int]:
    """Rows that a day of each place has at most, by the monitors (columns of monitors) that ran between two days."""
    opened = monitors["open_date"].isna() | (monitors["open_date"] <= pd.Timestamp(last))
    not_closed = monitors["last_sample_date"].isna() | (monitors["last_sample_date"] >= pd.Timestamp(first))
    running = monitors[opened & not_closed]
    return {place: ROWS_PER_MONITOR_DAY * int(_lies_in(place, running).sum()) for place in geographies}


def cost_of(requests: Sequence[DailyRequest], *, kept: Sequence[DailyRequest] = ()) -> Cost:
    """What these requests will take; those ``kept`` are answered already."""
    asked = [request for request in requests if request not in kept]
    counts = [request.expected_rows for request in asked]
    known = [count for count in counts if count is not None]
    seconds = sum(max(AQS_INTERVAL_S, AQS_PAUSE_S + (count or 0) / ROWS_PER_SECOND) for count in counts)
    return Cost(len(asked), sum(known) if len(known) == len(counts) else None, seconds, len(requests) - len(asked))


def _lies_in(place: Geography, monitors: pd.DataFrame) -> pd.Series:
    names = {"state": "state_code", "county": "county_code", "site": "site_number", "cbsa": "cbsa_code"}
    inside = pd.Series(True, index=monitors.index)
    for name, code in place.params.items():
        inside &= monitors[names[name]] == code
    return inside


def _rows(days: tuple[date, date], per_day: int | None) -> int | None:
    return None if per_day is None else per_day * ((days[1] - days[0]).days + 1)


def _pieces(first: date, last: date, *, longest_days: int) -> Iterator[tuple[date, date]]:
    """The days between two days in the fewest pieces of at most ``longest_days``, of nearly equal length."""
    total = (last - first).days + 1
    count = -(-total // longest_days)
    ends = [total * (piece + 1) // count for piece in range(count)]
    for begin, end in zip([0, *ends], ends, strict=False):
        yield first + timedelta(days=begin), first + timedelta(days=end - 1)
