"""Tables of the forecast stage."""

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table


@table(grain="day", key=("site_id", "issue_date", "horizon_days"), partition_column="issue_date")
class Predictions(Table):
    """One forecast: site × horizon, with its 90 % interval, AQI, category and the model that made it."""

    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    target_date: pd.Timestamp = c.target_date()
    horizon_days: int = c.horizon_days()
    pm25_ugm3: float = c.forecast_pm25()
    pm25_lower_ugm3: float = c.forecast_pm25("Lower end of the 90 % interval")
    pm25_upper_ugm3: float = c.forecast_pm25("Upper end of the 90 % interval")
    aqi: int = c.aqi()
    aqi_category: str = c.aqi_category()
    days_since_observed: int = c.days_since_observed()
    model_family: str = c.model_family()
    model_version: str = c.model_version()
