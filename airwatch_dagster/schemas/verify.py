"""Tables of the verify stage: forecasts compared with observed values."""

from typing import Any, Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table
from airwatch_dagster.schemas.forecast import Forecast


@table(grain="day", key=("site_id", "issue_date", "horizon_days"), partition_column="target_date")
class ForecastScores(Forecast):
    """A forecast and the observed value of its target day; rescored when that value is revised."""

    pm25_observed_ugm3: float = c.pm25("Observed 24-hour mean PM2.5")
    error_ugm3: float = c.field("Forecast minus observed, µg/m³")
    abs_error_ugm3: float = c.field("Absolute error, µg/m³", ge=0.0)
    is_covered: bool = c.field("Whether the 90 % interval contains the observed value; a negative value counts as 0")
    days_since_observed: int = c.days_since_observed()
    model_family: str = c.model_family()
    model_version: str = c.model_version()
    scored_at: pd.Timestamp = c.field("Time the score was computed, UTC")


VERIFICATION_GROUP_KINDS: Final = ("all", "reading", "region", "category")
"""All forecasts of the lead; whether the site was observed on the issue day; EPA region of the site; AQI category of
the observed value."""


def _pod(limit_ugm3: float) -> Any:
    return _share(f"Probability of detection: share of observed exceedances of {limit_ugm3} µg/m³ that were forecast")


def _far(limit_ugm3: float) -> Any:
    return _share(f"False alarm ratio: share of forecast exceedances of {limit_ugm3} µg/m³ that were not observed")


def _csi(limit_ugm3: float) -> Any:
    return _share(f"Critical success index: hits / (hits + misses + false alarms), exceedances of {limit_ugm3} µg/m³")


def _share(what: str) -> Any:
    return c.field(f"{what}; null without such exceedances", nullable=True, ge=0.0, le=1.0)


def _brier(limit_ugm3: float) -> Any:
    what = f"Brier score: mean squared error of the probability of more than {limit_ugm3} µg/m³; 0 is perfect"
    return c.field(what, ge=0.0, le=1.0)


@table(grain="month", key=("month", "horizon_days", "group_kind", "group_name"), partition_column="month")
class Verification(Table):
    """Accuracy of one group of a month's served forecasts."""

    month: pd.Timestamp = c.field("First day of the month that has the target days")
    horizon_days: int = c.horizon_days()
    group_kind: str = c.field("Property that defines the group", isin=VERIFICATION_GROUP_KINDS)
    group_name: str = c.field("Name of the group, such as all, region 5 or Moderate")
    forecasts: int = c.field("Served forecasts with an observed value", ge=1)
    sites: int = c.field("Sites with these forecasts", ge=1)
    rmse_ugm3: float = c.field("Root mean squared error, µg/m³", ge=0.0)
    mae_ugm3: float = c.field("Mean absolute error, µg/m³", ge=0.0)
    bias_ugm3: float = c.field("Mean of forecast minus observed, µg/m³")
    normalised_mean_bias: float = c.field(
        "Sum of errors divided by the sum of observed values; null unless that sum is above 0", nullable=True
    )
    index_of_agreement: float = c.field(
        "Willmott's index of agreement d; null when no value varies", nullable=True, ge=0.0, le=1.0
    )
    compared_forecasts: int = c.field("Forecasts that damped persistence has a score for, too", ge=0)
    skill_over_damped: float = c.field(
        "Share of damped persistence's mean squared error saved, over compared_forecasts; null without such forecasts, "
        "or when damped persistence has no error",
        nullable=True,
        le=1.0,
    )
    coverage: float = c.field("Share of observed values inside the 90 % interval", ge=0.0, le=1.0)
    mean_width_ugm3: float = c.field("Mean width of the 90 % interval, µg/m³", ge=0.0)
    pinball_ugm3: float = c.field("Mean pinball loss of the two ends of the interval, µg/m³", ge=0.0)
    pod_9_0: float = _pod(c.GOOD_TOP_UGM3)
    far_9_0: float = _far(c.GOOD_TOP_UGM3)
    csi_9_0: float = _csi(c.GOOD_TOP_UGM3)
    pod_35_4: float = _pod(c.MODERATE_TOP_UGM3)
    far_35_4: float = _far(c.MODERATE_TOP_UGM3)
    csi_35_4: float = _csi(c.MODERATE_TOP_UGM3)
    brier_9_0: float = _brier(c.GOOD_TOP_UGM3)
    brier_35_4: float = _brier(c.MODERATE_TOP_UGM3)
