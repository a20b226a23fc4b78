"""Weather as it was forecast when AirWatch issues its own forecasts; what was not known by then is refused.

A model must learn from the weather it will meet: forecasts. One that learned from reanalyses would lean on a certainty
that nobody has the day before.
"""

from typing import Final

import pandas as pd

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.schemas.weather import COVARIATES

TABLE: Final = "weather_forecasts"

KEY: Final = ["site_id", "issue_date", "horizon_days"]

WEATHER_COLUMNS: Final = {name: f"weather_{name}" for name in COVARIATES}
"""Covariate → its column beside features and examples."""

AVAILABILITY_CUTOFF: Final = pd.Timedelta(hours=24)
"""After 0:00 UTC of the issue day: the latest that weather may have become available. From the Atlantic to Samoa the
local issue day ends at 4:00 UTC of the next day or later, so that hours are left to fetch it."""

AVAILABILITY_CUTOFF_BY_STATE: Final = {"66": pd.Timedelta(hours=14), "69": pd.Timedelta(hours=14)}
"""The same for Guam and the Northern Mariana Islands by state code: at UTC+10 their day ends at 14:00 UTC."""

SHOWN: Final = 3
"""Offending rows that an error shows."""


def checked_weather(weather: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``weather_forecasts`` that were known when the forecasts of their issue day are made, all of them.

    Raises ContractViolation, and takes none, when one row breaks the contract, is no forecast, tells of another day
    than its horizon's, or became available after the end of the issue day.
    """
    rows = validated(TABLE, weather)
    shown = rows[KEY]
    _refuse(
        shown.assign(kind=rows["kind"])[rows["kind"] != "forecast"],
        "no forecast of the weather, and so not known when the day's forecasts are issued",
        fix="Give the weather as it was forecast, with kind 'forecast'; never a reanalysis or an observation",
    )
    target = rows["issue_date"] + pd.to_timedelta(rows["horizon_days"], unit="D")
    _refuse(
        shown.assign(target_date=rows["target_date"], expected=target)[rows["target_date"] != target],
        "of another target day than issue_date and horizon_days say",
        fix="Give each target_date its horizon_days: 1, 2 or 3 days after issue_date",
    )
    latest = availability_cutoff(rows)
    _refuse(
        shown.assign(issued_at=rows["issued_at"], latest_allowed=latest)[rows["issued_at"] > latest],
        "not known when the day's forecasts are issued",
        fix="Give an earlier run of the weather model, whose issued_at (UTC) is not after the latest allowed",
    )
    return rows


def availability_cutoff(rows: pd.DataFrame) -> pd.Series:
    """The last moment (UTC) at which weather for a row's forecast may have become available."""
    after = rows["site_id"].str[:2].map(AVAILABILITY_CUTOFF_BY_STATE).astype("timedelta64[ns]")
    return rows["issue_date"] + after.fillna(AVAILABILITY_CUTOFF)


def join_weather(rows: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """``rows`` (with site_id, issue_date, horizon_days) and the known weather beside them, in ``WEATHER_COLUMNS``.

    Rows, order and index stay; the weather of a row for which none is given is null.
    """
    chosen = weather[[*KEY, *COVARIATES]].rename(columns=WEATHER_COLUMNS)
    found = rows[KEY].merge(chosen, on=KEY, how="left", validate="many_to_one")
    return pd.concat([rows, found[list(WEATHER_COLUMNS.values())].set_axis(rows.index)], axis=1)


def _refuse(rows: pd.DataFrame, what: str, *, fix: str) -> None:
    if rows.empty:
        return
    told = [" ".join(f"{name}={value}" for name, value in row.items()) for row in rows.head(SHOWN).to_dict("records")]
    more = f"; and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    count = f"{len(rows):,} row{'s are' if len(rows) > 1 else ' is'}"
    raise ContractViolation(TABLE, f"{count} {what}: {'; '.join(told)}{more}", fix=f"{fix}; nothing of it was used")
