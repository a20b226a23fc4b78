"""Tables of the monitor stage: forecasts against truth, and inputs against their season."""

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table


@table(grain="day", key=("site_id", "issue_date", "horizon_days"), partition_column="target_date")
class ForecastScores(Table):
    """A forecast met its truth; rescored when the truth is revised."""

    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    target_date: pd.Timestamp = c.target_date()
    horizon_days: int = c.horizon_days()
    pm25_ugm3: float = c.forecast_pm25()
    pm25_observed_ugm3: float = c.pm25("24-hour mean PM2.5 that came true")
    error_ugm3: float = c.field("Forecast minus observed, µg/m³")
    abs_error_ugm3: float = c.field("Size of the error, µg/m³", ge=0.0)
    is_covered: bool = c.field("The 90 % interval holds the observed value")
    days_since_observed: int = c.days_since_observed()
    model_family: str = c.model_family()
    model_version: str = c.model_version()
    scored_at: pd.Timestamp = c.field("When the score was computed, UTC")


@table(grain="month", key=("month", "feature"), partition_column="month")
class DriftReport(Table):
    """One feature of a month against the same season of earlier years."""

    month: pd.Timestamp = c.month()
    feature: str = c.field("Column of features, or forecast_error_ugm3")
    method: str = c.field("Drift measure Evidently used")
    statistic: float = c.field("Drift measure; its scale depends on the method", nullable=True)
    threshold: float = c.field("Drift is found beyond this statistic", nullable=True)
    is_drifted: bool = c.field("The feature left its seasonal range")
    current_mean: float = c.field("Mean in the month, in the feature's unit", nullable=True)
    reference_mean: float = c.field("Mean in the same season of earlier years, in the feature's unit", nullable=True)
    current_rows: int = c.field("Values behind current_mean", ge=0)
    reference_rows: int = c.field("Values behind reference_mean", ge=0)
    report_uri: str = c.field("Where the HTML report lies", nullable=True)
