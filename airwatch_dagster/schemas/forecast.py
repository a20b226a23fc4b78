"""Tables of the forecast stage, and the columns they share with ``forecast_scores``."""

from typing import Any, Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

PROBABILITY_COLUMNS: Final = {
    c.GOOD_TOP_UGM3: "probability_above_9_0",
    c.MODERATE_TOP_UGM3: "probability_above_35_4",
    55.4: "probability_above_55_4",
    125.4: "probability_above_125_4",
    225.4: "probability_above_225_4",
}
"""Highest 24-hour PM2.5 (µg/m³) of each AQI category but the last, and the column with the probability of exceeding it.
Source: 40 CFR 58 App. G, Table 2, effective 6 May 2024."""


def probability_above(limit_ugm3: float, category: str) -> Any:
    """A column of probabilities, 0 to 1, that a target day exceeds the highest value of an AQI category."""
    what = f"Probability that the 24-hour mean PM2.5 exceeds {limit_ugm3} µg/m³, the highest value of {category}"
    return c.field(what, ge=0.0, le=1.0)


class Forecast(Table):
    """Forecast of a site's day: value, 90 % interval and exceedance probabilities."""

    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    target_date: pd.Timestamp = c.target_date()
    horizon_days: int = c.horizon_days()
    pm25_ugm3: float = c.forecast_pm25()
    pm25_lower_ugm3: float = c.forecast_pm25("Lower end of the 90 % interval")
    pm25_upper_ugm3: float = c.forecast_pm25("Upper end of the 90 % interval")
    probability_above_9_0: float = probability_above(c.GOOD_TOP_UGM3, "Good")
    probability_above_35_4: float = probability_above(c.MODERATE_TOP_UGM3, "Moderate")
    probability_above_55_4: float = probability_above(55.4, "Unhealthy for Sensitive Groups")
    probability_above_125_4: float = probability_above(125.4, "Unhealthy")
    probability_above_225_4: float = probability_above(225.4, "Very Unhealthy")


@table(grain="day", key=("site_id", "issue_date", "horizon_days"), partition_column="issue_date")
class Predictions(Forecast):
    """One forecast per site and horizon, with 90 % interval, probabilities of exceeding the AQI's limits, AQI, category
    and model."""

    aqi: int = c.aqi()
    aqi_category: str = c.aqi_category()
    days_since_observed: int = c.days_since_observed()
    model_family: str = c.model_family()
    model_version: str = c.model_version()
    issued_at: pd.Timestamp = c.field(
        "Time of issue, UTC: what became available later was not used; null for forecasts from before the column",
        nullable=True,
    )


@table(grain="day", key=("site_id", "issue_date", "horizon_days"), partition_column="issue_date")
class EarlyPredictions(Predictions):
    """The forecasts of the early issue, from the readings that were there at 12:00 UTC; kept when those of
    `predictions`, which readers get from then on, are issued."""
