"""Forecasts that a user supplies for comparison, accepted only as they were known on the issue date."""

from typing import Final

import pandas as pd

from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.supplied import availability_cutoff, refuse, refuse_late, refuse_other_target_dates
from airwatch_dagster.schemas.validation import validated

TABLE: Final = "other_forecasts"


def checked_forecasts(forecasts: pd.DataFrame) -> pd.DataFrame:
    """``forecasts`` in the columns and types of ``other_forecasts``, all known when the day's forecasts are issued.

    Raises ContractViolation for the whole table when a row breaks the contract, has a target date other than its issue
    date plus its horizon, the ends of its interval in the wrong order or one of them alone, or became available after
    ``availability_cutoff``, which is stricter than the rule of AirWatch's own issue time.
    """
    rows = validated(TABLE, forecasts)
    shown = rows[list(CONTRACTS[TABLE].key)]
    refuse_other_target_dates(TABLE, rows, shown)
    lower, upper = rows["pm25_lower_ugm3"], rows["pm25_upper_ugm3"]
    refuse(
        TABLE,
        shown.assign(pm25_lower_ugm3=lower, pm25_upper_ugm3=upper)[(lower.isna() != upper.isna()) | (lower > upper)],
        "without a proper interval",
        fix="Supply both ends of the 90 % interval, the lower one first, or neither",
    )
    latest = availability_cutoff(rows)
    refuse_late(TABLE, rows, shown, latest=latest, earlier="the forecast as it was known then")
    return rows
