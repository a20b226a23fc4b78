"""Table of the publish stage: what each bulletin said."""

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table
from airwatch_dagster.schemas.forecast import probability_above


@table(grain="day", key=("issue_date", "horizon_days"), partition_column="issue_date")
class Bulletin(Table):
    """What the bulletin of an issue day said of one target day, and where its page is."""

    issue_date: pd.Timestamp = c.issue_date()
    horizon_days: int = c.horizon_days()
    target_date: pd.Timestamp = c.target_date()
    sites: int = c.field("Sites with a forecast of the target day", ge=1)
    worst_site_id: str = c.site_id()
    worst_site_name: str = c.field("Name for people of the site with the highest AQI")
    pm25_ugm3: float = c.forecast_pm25("24-hour mean PM2.5 of that site, cut to 0.1 as for the AQI")
    aqi: int = c.aqi()
    aqi_category: str = c.aqi_category()
    probability_above_35_4: float = probability_above(c.MODERATE_TOP_UGM3, "Moderate, at the site where it is highest")
    headline: str = c.field("The bulletin's first sentence, in English")
    page_uri: str = c.field("Address of the bulletin's page")
    is_early: bool = c.field("Whether the forecasts were those of the early issue", before=False)
