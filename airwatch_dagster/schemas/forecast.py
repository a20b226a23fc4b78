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
    pm25_ugm3: float = c.field("Forecast 24-hour mean PM2.5, µg/m³", ge=0.0, le=c.HIGHEST_PM25_UGM3)
    pm25_lower_ugm3: float = c.field("Lower end of the 90 % interval, µg/m³", ge=0.0, le=c.HIGHEST_PM25_UGM3)
    pm25_upper_ugm3: float = c.field("Upper end of the 90 % interval, µg/m³", ge=0.0, le=c.HIGHEST_PM25_UGM3)
    aqi: int = c.aqi()
    aqi_category: str = c.aqi_category()
    days_since_observed: int = c.field("Days from the site's last valid reading to the issue day; 0 when observed on it", ge=0)
    model_family: str = c.model_family()
    model_version: str = c.field("Version in the model registry")
