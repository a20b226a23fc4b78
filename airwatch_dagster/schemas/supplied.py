"""Rules for tables that a user supplies: what was issued when, and errors that show the rows that break a rule."""

from typing import Final

import pandas as pd

from airwatch_dagster.errors import ContractViolation

AVAILABILITY_CUTOFF: Final = pd.Timedelta(hours=24)
"""Latest availability of a supplied forecast, after 0:00 UTC of the issue date. From the Atlantic to Samoa the local
issue date ends at 4:00 UTC of the next day or later, which leaves hours to fetch it."""

AVAILABILITY_CUTOFF_BY_STATE: Final = {"66": pd.Timedelta(hours=14), "69": pd.Timedelta(hours=14)}
"""Earlier cutoffs by state code: in Guam (66) and the Northern Mariana Islands (69), at UTC+10, the issue date ends at
14:00 UTC."""

MAX_ROWS_SHOWN: Final = 3
"""Refused rows that an error message shows."""


def availability_cutoff(rows: pd.DataFrame) -> pd.Series:
    """The latest time (UTC) at which each row, with site_id and issue_date, may have become available; ``issued_at``
    may equal it."""
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


def refuse_late(table: str, rows: pd.DataFrame, shown: pd.DataFrame, *, earlier: str) -> None:
    """Raises ContractViolation for rows that became available after ``availability_cutoff``; ``earlier`` names what to
    supply instead."""
    latest = availability_cutoff(rows)
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
