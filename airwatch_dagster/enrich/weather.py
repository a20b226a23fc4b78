"""Supplied weather forecasts, checked for availability at the time AirWatch issues its own forecasts.

Models are trained on weather forecasts because they are served with weather forecasts. Trained on reanalyses, they
would rely on a certainty that does not exist the day before.
"""

from typing import Final

import pandas as pd

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.schemas.weather import COVARIATES

TABLE: Final = "weather_forecasts"

KEY: Final = ["site_id", "issue_date", "horizon_days"]

WEATHER_COLUMNS: Final = {name: f"weather_{name}" for name in COVARIATES}
"""Covariate → its column in features and examples."""

AVAILABILITY_CUTOFF: Final = pd.Timedelta(hours=24)
"""Latest availability of a weather forecast, after 0:00 UTC of the issue date. From the Atlantic to Samoa the local
issue date ends at 4:00 UTC of the next day or later, which leaves hours to fetch it."""

AVAILABILITY_CUTOFF_BY_STATE: Final = {"66": pd.Timedelta(hours=14), "69": pd.Timedelta(hours=14)}
"""Earlier cutoffs by state code: in Guam (66) and the Northern Mariana Islands (69), at UTC+10, the issue date ends at
14:00 UTC."""

MAX_ROWS_SHOWN: Final = 3
"""Refused rows that an error message shows."""


def checked_weather(weather: pd.DataFrame) -> pd.DataFrame:
    """``weather`` in the columns and types of ``weather_forecasts``, all known when the day's forecasts are issued.

    Raises ContractViolation for the whole table when a row breaks the contract, is not a forecast, has a target date
    other than its issue date plus its horizon, or became available after ``availability_cutoff``.
    """
    rows = validated(TABLE, weather)
    shown = rows[KEY]
    _refuse(
        shown.assign(kind=rows["kind"])[rows["kind"] != "forecast"],
        "not a weather forecast, and so not known when the day's forecasts are issued",
        fix="Supply weather as it was forecast, with kind 'forecast'; never a reanalysis or an observation",
    )
    target = rows["issue_date"] + pd.to_timedelta(rows["horizon_days"], unit="D")
    _refuse(
        shown.assign(target_date=rows["target_date"], expected=target)[rows["target_date"] != target],
        "inconsistent, as target_date must be issue_date plus horizon_days",
        fix="Set target_date to horizon_days (1, 2 or 3) after issue_date",
    )
    latest = availability_cutoff(rows)
    _refuse(
        shown.assign(issued_at=rows["issued_at"], latest_allowed=latest)[rows["issued_at"] > latest],
        "not known when the day's forecasts are issued",
        fix="Supply an earlier run of the weather model, with issued_at (UTC) not after latest_allowed",
    )
    return rows


def availability_cutoff(rows: pd.DataFrame) -> pd.Series:
    """The latest time (UTC) at which the weather of each row may have become available; ``issued_at`` may equal it."""
    by_state = rows["site_id"].str[:2].map(AVAILABILITY_CUTOFF_BY_STATE).astype("timedelta64[ns]")
    return rows["issue_date"] + by_state.fillna(AVAILABILITY_CUTOFF)


def join_weather(rows: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """``rows`` (with site_id, issue_date, horizon_days) with the columns ``WEATHER_COLUMNS`` of ``weather`` added.

    Rows, order and index stay; the weather is null where none was supplied. Raises pandas' MergeError when ``weather``
    has two rows of one site, issue date and horizon.
    """
    chosen = weather[[*KEY, *COVARIATES]].rename(columns=WEATHER_COLUMNS)
    found = rows[KEY].merge(chosen, on=KEY, how="left", validate="many_to_one")
    return pd.concat([rows, found[list(WEATHER_COLUMNS.values())].set_axis(rows.index)], axis=1)


def _refuse(rows: pd.DataFrame, what: str, *, fix: str) -> None:
    if rows.empty:
        return
    first = rows.head(MAX_ROWS_SHOWN).to_dict("records")
    shown = "; ".join(" ".join(f"{name}={value}" for name, value in row.items()) for row in first)
    more = f"; and {len(rows) - MAX_ROWS_SHOWN:,} more" if len(rows) > MAX_ROWS_SHOWN else ""
    count = f"{len(rows):,} row{'s are' if len(rows) > 1 else ' is'}"
    raise ContractViolation(TABLE, f"{count} {what}: {shown}{more}", fix=f"{fix}; none of the supplied rows was used")
