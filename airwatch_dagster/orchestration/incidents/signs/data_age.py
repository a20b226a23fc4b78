"""How old the data are, by the days they speak of: a backfill of old days makes nothing fresh."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.freshness.expected import Moment
from airwatch_dagster.orchestration.freshness.policies import POLICIES
from airwatch_dagster.orchestration.incidents.state import OF_RUNS, OF_TICKS, Failure, Incident, Recovery, Rule, Sign
from airwatch_dagster.orchestration.incidents.wording.advice import BEFORE_FORECAST
from airwatch_dagster.orchestration.incidents.wording.causes import PIPELINE
from airwatch_dagster.storage.tables import TableStorage

RULE: Final[tuple[Rule, ...]] = ("data_stale",)

LOOKED_BACK: Final = timedelta(days=400)
"""Days that are read for the newest with a reading, where the data are old."""

WINDOW: Final = timedelta(days=13)
"""Days before the end of a quarter in which a reading shows that it is published: samplers work on every sixth day."""

DAILY_RUN: Final = ("daily_forecast", "forecast_day")
"""The schedule that brings new days, and its job."""


@dataclass(frozen=True)
class DataAge:
    """What is stored, against what could be."""

    source: str
    due: date
    """The day that readings should reach, and forecasts be issued on."""
    newest_readings: str
    """Where they are old, the newest day with a valid reading; empty for none of the last LOOKED_BACK."""
    newest_forecast: str
    """Newest issue day; empty without one."""
    has_readings: bool
    has_forecast: bool
    """Whether they are as new as they should be."""
    is_fresh: Mapping[str, bool]
    """By table with a freshness policy: whether its newest day or month is there, and has readings in it."""


def data_age(tables: TableStorage, moment: Moment) -> DataAge | None:
    """By a listing of each table with a policy and one to fourteen days of readings; None while nothing is stored.

    Raises StorageError.
    """
    newest = {table: max(tables.stored_partitions(table), default="") for table in POLICIES}
    if not newest["raw_readings"]:
        return None
    due, expected = moment.oldest_fresh_day(), moment.newest_partitions(newest["raw_readings"])
    since = due - WINDOW if moment.follows_source else due
    has_readings = moment.is_of_mirror or bool(_newest_with_readings(tables, since=since))
    is_fresh = {table: last >= expected[table] for table, last in newest.items() if last and table in expected}
    for table in {"raw_readings", "site_days"} & set(is_fresh):
        is_fresh[table] &= has_readings
    return DataAge(
        source=moment.source,
        due=due,
        newest_readings="" if has_readings else _newest_with_readings(tables, since=due - LOOKED_BACK),
        newest_forecast=newest["predictions"],
        has_readings=has_readings,
        has_forecast=moment.follows_source or newest["predictions"] >= f"{due:%Y-%m-%d}",
        is_fresh=is_fresh,
    )


def _newest_with_readings(tables: TableStorage, *, since: date) -> str:
    """The newest stored day from ``since`` on that has a valid reading; empty for none."""
    stored = [day for day in tables.stored_partitions("site_days") if day >= f"{since:%Y-%m-%d}"]
    rows = tables.read("site_days", stored, allow_missing=True, columns=["date_local", "is_valid"])
    days = rows.loc[rows["is_valid"], "date_local"]
    return "" if days.empty else f"{days.max():%Y-%m-%d}"


def age_signs(age: DataAge, incidents: Sequence[Incident], *, now: pd.Timestamp) -> list[Sign]:
    """Whether readings and forecasts are stale.

    One incident tells of a problem: nothing new is said while another one, of the run or the schedule that should have
    brought the data, is open; nor of forecasts while readings are stale.
    """
    return [*_signs(age, now, is_explained=any(one.is_open and _explains(one) for one in incidents))]


def _signs(age: DataAge, now: pd.Timestamp, *, is_explained: bool) -> Iterator[Sign]:
    if age.has_readings:
        yield Recovery(now, "raw_readings", rules=RULE)
    elif not is_explained:
        none = f"There are no readings of the last {LOOKED_BACK.days} days"
        newest = f"The newest readings are of {_day(age.newest_readings)}" if age.newest_readings else none
        error = f"{newest}, and those of {_day(f'{age.due}')} should be there by now (source {age.source})"
        yield Failure(now, "raw_readings", rule="data_stale", error=error, cause=PIPELINE)
    if age.has_forecast:
        yield Recovery(now, "predictions", rules=RULE)
    elif age.has_readings and not is_explained:
        newest = f"was issued on {_day(age.newest_forecast)}" if age.newest_forecast else "does not exist"
        error = f"The newest forecast {newest}, and that of {_day(f'{age.due}')} should be there by now"
        yield Failure(now, "predictions", rule="data_stale", error=error, cause=PIPELINE)


def _explains(incident: Incident) -> bool:
    is_of_run = incident.rule in (*OF_RUNS, "check_failed") and incident.asset in (*BEFORE_FORECAST, *DAILY_RUN)
    return is_of_run or (incident.rule in OF_TICKS and incident.asset in DAILY_RUN)


def _day(text: str) -> str:
    return f"{pd.Timestamp(text):%-d %B %Y}"
