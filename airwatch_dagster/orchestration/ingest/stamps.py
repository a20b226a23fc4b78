"""The times that versions of readings are stamped with: which are trusted, and which keep their days from updates."""

from collections.abc import Iterator
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.http.source_clock import last_answer
from airwatch_dagster.acquire.pulls import Pull, last_seen
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.storage.tables import TableStorage

CLOCK_TOLERANCE: Final = pd.Timedelta(minutes=1)
"""How far the clock that stamped a version may be ahead of this machine's. No pull can precede a stored one, so a stamp
in the future keeps its days from every update until then."""

MAX_AHEAD: Final = pd.Timedelta(minutes=15)
"""How far this machine's clock may be ahead of another's that it hears of. Source: AWS refuses requests whose time is
off by more."""


def refuse_clock_ahead(tables: TableStorage, now: pd.Timestamp) -> None:
    """Raises ConfigurationError when ``now`` (UTC) is ahead of the clock of the storage or of the source.

    A folder of this machine has no clock of its own, and a file no source's: then nothing is known but ``now``.
    """
    for whose, moment in _witnesses(tables):
        if now > moment + MAX_AHEAD:
            problem = f"shows {now:%Y-%m-%d %H:%M} UTC, but {whose} {moment:%Y-%m-%d %H:%M} UTC"
            fix = "Set the clock; versions stamped with this time would keep their days from every update until then"
            raise ConfigurationError("This machine's clock", problem, fix=fix)


def refuse_future_versions(history: pd.DataFrame, now: pd.Timestamp) -> None:
    """Raises ConfigurationError when ``history`` (columns of raw_readings) has a version of a time after ``now``."""
    latest = last_seen(history)
    if latest is None or latest <= now + CLOCK_TOLERANCE:
        return
    days = history.loc[(history["first_seen_at"] > now) | (history["superseded_at"] > now), "date_local"]
    problem = f"{days.min():%Y-%m-%d}…{days.max():%Y-%m-%d} has versions seen at {latest}; it is {now} UTC"
    fix = (
        "If this machine's clock is right, another one was wrong: `airwatch repair` lists what it stamped, and mends "
        f"it with --yes. `airwatch import --undo {latest.isoformat()}` removes a wrong import"
    )
    raise ConfigurationError("raw_readings", problem, fix=fix)


def stamp_of(pull: Pull, history: pd.DataFrame, *, is_given: bool) -> pd.Timestamp:
    """When the pull was seen, naive UTC: after every version of ``history``, if its clock was ahead by a moment.

    ``is_given``: a person gave the time, and it stays.
    """
    seen_at, latest = pull.seen_at or utc_now(), last_seen(history)
    if latest is None or is_given or pull.is_cached or not seen_at <= latest <= seen_at + CLOCK_TOLERANCE:
        return seen_at
    return latest + pd.Timedelta(microseconds=1)


def _witnesses(tables: TableStorage) -> Iterator[tuple[str, pd.Timestamp]]:
    """Whose clock shows what, naive UTC."""
    yield f"the storage {tables.place}", pd.Timestamp(tables.clock()).tz_convert(None)
    answer = last_answer()
    if answer is not None:
        yield "the source", pd.Timestamp(answer).tz_convert(None)
