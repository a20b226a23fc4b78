"""Rules for tables that a user supplies: what was issued when, and errors that show the rows that break a rule."""

from datetime import timedelta
from typing import Final, TypeVar

import pandas as pd

from airwatch_dagster.errors import ContractViolation

AVAILABILITY_CUTOFF: Final = pd.Timedelta(hours=24)
"""Latest availability of another's forecast, after 0:00 UTC of the issue date. From the Atlantic to Samoa the local
issue date ends at 4:00 UTC of the next day or later, which leaves hours to fetch it."""

AVAILABILITY_CUTOFF_BY_STATE: Final = {"66": pd.Timedelta(hours=14), "69": pd.Timedelta(hours=14)}
"""Earlier cutoffs by state code: in Guam (66) and the Northern Mariana Islands (69), at UTC+10, the issue date ends at
14:00 UTC."""

Dates = TypeVar("Dates", pd.Timestamp, pd.Series, pd.DatetimeIndex)

MAX_ROWS_SHOWN: Final = 3
"""Refused rows that an error message shows."""


def instant_of_issue(issue_date: Dates, *, issue_time: timedelta) -> Dates:
    """When forecasts of an issue date are issued (naive UTC): ``issue_time`` after 00:00 UTC of the next day.

    What became available at this instant counts as known, what came later does not.
    """
    return issue_date + (pd.Timedelta(days=1) + issue_time)


def availability_cutoff(rows: pd.DataFrame) -> pd.Series:
    """The latest time (UTC) at which another's forecast of each row, with site_id and issue_date, may have become
    available; ``issued_at`` may equal it.

    It does not move with the issue time: a comparison with forecasters who know hours more or less than before would
    say less about them than about these hours.
    """
    by_state = rows["site_id"].str[:2].map(AVAILABILITY_CUTOFF_BY_STATE).astype("timedelta64[ns]")
    return rows["issue_date"] + by_state.fillna(AVAILABILITY_CUTOFF)


def refuse_other_target_dates(table: str, rows: pd.DataFrame, shown: pd.DataFrame) -> None:
    """Raises ContractViolation for a target date other than the issue date plus the horizon; ``shown`` has the columns
    of ``rows`` that identify them in the message."""
    target = rows["issue_date"] + pd.to_timedelta(rows["horizon_days"], unit="D")
    refuse(
        table,
        shown.assign(target_date=rows["target_date"], expected=target)[rows["target_date"] != target],
        "inconsistent, as target_date must be issue_date plus horizon_days",
        fix="Set target_date to horizon_days after issue_date",
    )


def refuse_late(table: str, rows: pd.DataFrame, shown: pd.DataFrame, *, latest: pd.Series, earlier: str) -> None:
    """Raises ContractViolation for rows that became available after ``latest`` (naive UTC, by row); ``earlier`` names
    what to supply instead."""
    refuse(
        table,
        shown.assign(issued_at=rows["issued_at"], latest_allowed=latest)[rows["issued_at"] > latest],
        "not known when the day's forecasts are issued",
        fix=f"Supply {earlier}, with issued_at (UTC) not after latest_allowed",
    )


def refuse(table: str, rows: pd.DataFrame, what: str, *, fix: str) -> None:
    """Raises ContractViolation that shows the first of ``rows``, which are ``what``; does nothing without rows."""
    if rows.empty:
        return
    first = rows.head(MAX_ROWS_SHOWN).to_dict("records")
    shown = "; ".join(" ".join(f"{name}={value}" for name, value in row.items()) for row in first)
    more = f"; and {len(rows) - MAX_ROWS_SHOWN:,} more" if len(rows) > MAX_ROWS_SHOWN else ""
    count = f"{len(rows):,} row{'s are' if len(rows) > 1 else ' is'}"
    raise ContractViolation(table, f"{count} {what}: {shown}{more}", fix=f"{fix}; none of the supplied rows was used")
