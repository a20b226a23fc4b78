"""Weather forecasts that a user may supply, by the date on which AirWatch issues its own forecasts."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

COVARIATES: Final = (
    "temperature_c",
    "relative_humidity_pct",
    "wind_east_ms",
    "wind_north_ms",
    "precipitation_mm",
    "boundary_layer_height_m",
)
"""Weather variables of a target day; all are optional."""


@table(
    grain="day",
    key=("site_id", "issue_date", "horizon_days"),
    partition_column="issue_date",
    is_given=True,
)
class WeatherForecasts(Table):
    """Weather of a target day at a site, as forecast by the end of the issue date. The user supplies it in the folder
    `AIRWATCH_WEATHER`; no asset builds it."""

    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    horizon_days: int = c.horizon_days()
    target_date: pd.Timestamp = c.target_date()
    issued_at: pd.Timestamp = c.field("Time the weather model run became available, UTC; not its start")
    weather_model: str = c.field("Name of the weather model", str_length={"min_value": 1})
    kind: str = c.field(
        "Kind of the values: `forecast`. Analyses, reanalyses and observations were not known at the end of the issue "
        "date and are refused"
    )
    temperature_c: np.float32 = c.field(
        "Mean temperature 2 m above ground, °C; null when not supplied", nullable=True, ge=-90.0, le=60.0
    )
    relative_humidity_pct: np.float32 = c.field(
        "Mean relative humidity 2 m above ground, %; null when not supplied", nullable=True, ge=0.0, le=100.0
    )
    wind_east_ms: np.float32 = c.field(
        "Mean wind towards the east 10 m above ground, m/s; null when not supplied", nullable=True, ge=-120.0, le=120.0
    )
    wind_north_ms: np.float32 = c.field(
        "Mean wind towards the north 10 m above ground, m/s; null when not supplied", nullable=True, ge=-120.0, le=120.0
    )
    precipitation_mm: np.float32 = c.field(
        "Precipitation of the whole day, mm; null when not supplied", nullable=True, ge=0.0, le=2000.0
    )
    boundary_layer_height_m: np.float32 = c.field(
        "Mean height of the boundary layer, m; null when not supplied", nullable=True, ge=0.0, le=10_000.0
    )
