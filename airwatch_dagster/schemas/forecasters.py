"""Names of the forecasters that are compared, and the forecasts of others that a user may supply."""

from typing import Any, Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

AIRWATCH: Final = "airwatch"
"""The forecasts as served."""

NEAREST_SITE: Final = "nearest_site"
"""Nearest-neighbour persistence: the reading of the nearest other site observed on the issue date."""

AGENCIES: Final = "agencies"
"""The agencies' own forecasts of reporting areas."""

EARLY_ISSUE: Final = "early_issue"
"""AirWatch's own forecasts of the early issue."""

BASELINES_COMPARISON: Final = "baselines"
"""The comparison of AirWatch with the baselines and the nearest site."""

RESERVED_NAMES: Final = (AIRWATCH, NEAREST_SITE, AGENCIES, EARLY_ISSUE, BASELINES_COMPARISON, *c.FAMILIES)
"""Names that a supplied forecaster cannot have."""

FORECASTER_PATTERN: Final = r"^[a-z][a-z0-9_]*$"


def _supplied_pm25(what: str) -> Any:
    return c.field(f"{what}, µg/m³; null when not supplied", nullable=True, ge=0.0, le=c.HIGHEST_PM25_UGM3)


def _supplied_probability(limit_ugm3: float) -> Any:
    what = f"Probability that the 24-hour mean PM2.5 exceeds {limit_ugm3} µg/m³; null when not supplied"
    return c.field(what, nullable=True, ge=0.0, le=1.0)


@table(
    grain="day",
    key=("forecaster", "site_id", "issue_date", "horizon_days"),
    partition_column="issue_date",
    is_given=True,
)
class OtherForecasts(Table):
    """A forecast by someone else, compared with AirWatch's in `scoreboard`. The user supplies it in the folder
    `AIRWATCH_OTHER_FORECASTS`; no asset builds it."""

    forecaster: str = c.field(
        "Name of the forecaster in small letters, such as noaa_bias_corrected; not one of AirWatch's own",
        str_matches=FORECASTER_PATTERN,
        notin=RESERVED_NAMES,
    )
    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    horizon_days: int = c.horizon_days()
    target_date: pd.Timestamp = c.target_date()
    issued_at: pd.Timestamp = c.field("Time the forecast became available, UTC; not the start of its model run")
    pm25_ugm3: float = c.forecast_pm25()
    pm25_lower_ugm3: float = _supplied_pm25("Lower end of the 90 % interval")
    pm25_upper_ugm3: float = _supplied_pm25("Upper end of the 90 % interval")
    probability_above_9_0: float = _supplied_probability(c.GOOD_TOP_UGM3)
    probability_above_35_4: float = _supplied_probability(c.MODERATE_TOP_UGM3)
