"""Tables of the verify stage: forecasts compared with observed values."""

from typing import Any, Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table
from airwatch_dagster.schemas.forecast import Forecast


@table(grain="day", key=("site_id", "issue_date", "horizon_days"), partition_column="target_date")
class ForecastScores(Forecast):
    """A forecast met its truth; rescored when the truth is revised."""

    pm25_observed_ugm3: float = c.pm25("24-hour mean PM2.5 that came true")
    error_ugm3: float = c.field("Forecast minus observed, µg/m³")
    abs_error_ugm3: float = c.field("Size of the error, µg/m³", ge=0.0)
    is_covered: bool = c.field("The 90 % interval holds the observed value")
    days_since_observed: int = c.days_since_observed()
    model_family: str = c.model_family()
    model_version: str = c.model_version()
    scored_at: pd.Timestamp = c.field("When the score was computed, UTC")


VERIFICATION_GROUP_KINDS: Final = ("all", "reading", "region", "category")
"""All forecasts of the lead; those of sites observed on the issue day, and the others; EPA region of the site; AQI
category of what came true."""


def _pod(limit_ugm3: float) -> Any:
    return _share(f"Of values observed above {limit_ugm3} µg/m³, the share that was forecast above it")


def _far(limit_ugm3: float) -> Any:
    return _share(f"Of forecasts above {limit_ugm3} µg/m³, the share that did not come true")


def _csi(limit_ugm3: float) -> Any:
    return _share(f"Of days forecast or observed above {limit_ugm3} µg/m³, the share that was both")


def _share(what: str) -> Any:
    return c.field(f"{what}; null without any", nullable=True, ge=0.0, le=1.0)


def _brier(limit_ugm3: float) -> Any:
    what = f"Brier score: mean squared gap between the chance of more than {limit_ugm3} µg/m³ and what came true"
    return c.field(what, ge=0.0, le=1.0)


@table(grain="month", key=("month", "horizon_days", "group_kind", "group_name"), partition_column="month")
class Verification(Table):
    """How good one group of a month's forecasts was, as they were served."""

    month: pd.Timestamp = c.field("First day of the month of the target days")
    horizon_days: int = c.horizon_days()
    group_kind: str = c.field("What the group is told apart by", isin=VERIFICATION_GROUP_KINDS)
    group_name: str = c.field("The group, such as all, region 5 or Moderate")
    forecasts: int = c.field("Served forecasts that met their truth", ge=1)
    sites: int = c.field("Sites they are of", ge=1)
    rmse_ugm3: float = c.field("Root mean squared error, µg/m³", ge=0.0)
    mae_ugm3: float = c.field("Mean absolute error, µg/m³", ge=0.0)
    bias_ugm3: float = c.field("Mean of forecast minus observed, µg/m³")
    normalised_mean_bias: float = c.field(
        "Sum of forecast minus observed over the sum observed; null when that is not above 0", nullable=True
    )
    index_of_agreement: float = c.field("Willmott's d; null when nothing varies", nullable=True, ge=0.0, le=1.0)
    compared_forecasts: int = c.field("Forecasts that damped persistence was scored on too", ge=0)
    skill_over_damped: float = c.field(
        "Share of damped persistence's mean squared error saved on compared_forecasts; null without them, or when it "
        "made no error",
        nullable=True,
        le=1.0,
    )
    coverage: float = c.field("Share of observed values within the 90 % interval", ge=0.0, le=1.0)
    mean_width_ugm3: float = c.field("Mean width of the 90 % interval, µg/m³", ge=0.0)
    pinball_ugm3: float = c.field("Mean pinball loss of the interval's two ends, µg/m³", ge=0.0)
    pod_9_0: float = _pod(c.GOOD_TOP_UGM3)
    far_9_0: float = _far(c.GOOD_TOP_UGM3)
    csi_9_0: float = _csi(c.GOOD_TOP_UGM3)
    pod_35_4: float = _pod(c.MODERATE_TOP_UGM3)
    far_35_4: float = _far(c.MODERATE_TOP_UGM3)
    csi_35_4: float = _csi(c.MODERATE_TOP_UGM3)
    brier_9_0: float = _brier(c.GOOD_TOP_UGM3)
    brier_35_4: float = _brier(c.MODERATE_TOP_UGM3)
