"""The weather a user may give: forecasts as they were issued, by the day on which AirWatch issues its own."""

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
"""What a forecast of the weather may tell of a target day."""


@table(
    grain="day",
    key=("site_id", "issue_date", "horizon_days"),
    partition_column="issue_date",
    is_given=True,
)
class WeatherForecasts(Table):
    """The weather of a target day at a site, as it was forecast before the end of the issue day. Given by the user
    below `AIRWATCH_WEATHER`; no asset makes it."""

    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    horizon_days: int = c.horizon_days()
    target_date: pd.Timestamp = c.target_date()
    issued_at: pd.Timestamp = c.field("When the run of the weather model became available, UTC; not its start")
    weather_model: str = c.field("Name of the weather model", str_length={"min_value": 1})
    kind: str = c.field(
        "What the values are: `forecast`. Analyses, reanalyses and observations were not known at the end of the "
        "issue day and are refused"
    )
    temperature_c: np.float32 = c.field("Mean temperature 2 m above ground, °C", nullable=True, ge=-90.0, le=60.0)
    relative_humidity_pct: np.float32 = c.field(
        "Mean relative humidity 2 m above ground, %", nullable=True, ge=0.0, le=100.0
    )
    wind_east_ms: np.float32 = c.field(
        "Mean wind towards the east 10 m above ground, m/s", nullable=True, ge=-120.0, le=120.0
    )
    wind_north_ms: np.float32 = c.field(
        "Mean wind towards the north 10 m above ground, m/s", nullable=True, ge=-120.0, le=120.0
    )
    precipitation_mm: np.float32 = c.field("Precipitation of the whole day, mm", nullable=True, ge=0.0, le=2000.0)
    boundary_layer_height_m: np.float32 = c.field(
        "Mean height of the boundary layer, m", nullable=True, ge=0.0, le=10_000.0
    )
