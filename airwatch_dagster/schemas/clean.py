"""Tables of the clean stage: one validated value per site and day."""

from typing import Final

import pandas as pd

from airwatch_dagster.parameters import PM25_PARAMETER
from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

CHOSEN_BY: Final = (
    "primary_monitor",
    "sole_monitor",
    "collocated_average",
    "undesignated_average",
    "acceptable_monitor",
    "acceptable_average",
    "airnow_site",
)
"""Rules that give a site-day its value, in order: the designated primary monitor; the only monitor of a site without a
primary; the mean of the collocated monitors (one or more) on a day without a usable primary; the mean of several
monitors at a site without a primary, all of these of parameter 88101; without a valid one of 88101, the only continuous
monitor of 88502, or the mean of several; AirNow's value of the whole site."""


@table(grain="day", key=("site_id", "date_local"), partition_column="date_local")
class SiteDays(Table):
    """One validated 24-hour PM2.5 value per site and day, with the rule that chose it."""

    site_id: str = c.site_id()
    date_local: pd.Timestamp = c.date_local()
    pm25_ugm3: float = c.pm25("24-hour mean PM2.5")
    is_valid: bool = c.field("Counts as truth: validity indicator not N and at least 75 % of observations")
    is_provisional: bool = c.field("Value from AirNow; AQS has not published the day yet")
    chosen_by: str = c.field("Rule that chose the value (40 CFR 50 App. N)", isin=CHOSEN_BY)
    parameter_code: str = c.parameter_code(before=PM25_PARAMETER)
    monitor_count: int = c.field("Number of monitors averaged into the value", ge=1)
    is_restated: bool = c.field("The value comes from a corrected T640 row (POC k+20) instead of the original")
    method_code: str = c.method_code()
    aqi: int = c.aqi()
    latitude: float = c.latitude()
    longitude: float = c.longitude()
    cbsa_code: str = c.cbsa_code()
    state_code: str = c.state_code()
