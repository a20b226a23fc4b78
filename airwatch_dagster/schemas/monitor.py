"""Tables of the monitor stage: forecasts against truth, and inputs against their season."""

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
    pod_9_0: float = _pod(9.0)
    far_9_0: float = _far(9.0)
    csi_9_0: float = _csi(9.0)
    pod_35_4: float = _pod(35.4)
    far_35_4: float = _far(35.4)
    csi_35_4: float = _csi(35.4)
    brier_9_0: float = _brier(9.0)
    brier_35_4: float = _brier(35.4)


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


REVISION_KINDS: Final = ("changed", "deleted", "appeared_late", "moved_parameter", "provisional_to_final")
"""What happened to a published monitor-day: another value; gone; there for the first time although its day was read
before; now under another parameter code; AQS's reading in place of AirNow's, with the same value or another."""


@table(
    grain="noticed",
    key=("site_id", "parameter_code", "poc", "date_local", "noticed_at"),
    partition_column="noticed_on",
)
class Revisions(Table):
    """A published monitor-day that a later pull showed otherwise."""

    noticed_on: pd.Timestamp = c.field("Day on which the change was noticed, UTC")
    noticed_at: pd.Timestamp = c.field("When the pull that showed it was made, UTC")
    site_id: str = c.site_id()
    date_local: pd.Timestamp = c.date_local()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    kind: str = c.field("What happened", isin=REVISION_KINDS)
    old_pm25_ugm3: float = c.pm25("24-hour mean before; null when there was none", nullable=True)
    new_pm25_ugm3: float = c.pm25("24-hour mean after; null when there is none", nullable=True)
    size_ugm3: float = c.field("Size of the change, µg/m³; null when either value is missing", nullable=True, ge=0.0)
    old_source: str = c.field("Source of the value before; null when there was none", nullable=True)
    new_source: str = c.field("Source of the value after; null when there is none", nullable=True)


COVERAGE_STATUSES: Final = ("observed", "invalid", "not_scheduled", "late", "missing")
"""A site's day: a valid reading; a reading that is no truth; no sampler due; due, not published yet and still within
EPA's deadline; not published though the deadline has passed."""

SCHEDULES: Final = ("daily", "1-in-3", "1-in-6", "unknown")


@table(grain="month", key=("site_id", "date_local"), partition_column="date_local")
class Coverage(Table):
    """What was published about a site's day, against what its samplers were to measure and when that is due."""

    site_id: str = c.site_id()
    date_local: pd.Timestamp = c.date_local()
    status: str = c.field("What is known about the day", isin=COVERAGE_STATUSES)
    schedule: str = c.field(
        "Schedule of the site's samplers together, from its last quarter of readings; unknown makes nothing due",
        isin=SCHEDULES,
    )
    expected_by: pd.Timestamp = c.field(
        "Day by which it should be published: 90 days after its quarter by EPA's deadline; 2 days after the day from "
        "the site's first reading by AirNow on"
    )
    is_provisional: bool = c.field("The reading is AirNow's; AQS has not published the day yet")
    is_context: bool = c.field("Outside the area; read only as a predictor for it")
    cbsa_code: str = c.cbsa_code()
    state_code: str = c.state_code()


MONITOR_CHANGE_KINDS: Final = ("instrument", "restated_pair", "relocation", "primary", "opened", "closed")
"""Another method; the same instrument published twice, original and corrected; another place; another designation as
the site's primary monitor; first and last reading of a site. Moves, openings, closings: POC 0."""


@table(grain="none", key=("site_id", "parameter_code", "poc", "changed_on", "kind"))
class MonitorChanges(Table):
    """Something about a monitor changed that is not the air."""

    site_id: str = c.site_id()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    changed_on: pd.Timestamp = c.field(
        "First local day of the new state; for closed the day after the last reading, for primary the day of notice"
    )
    kind: str = c.field("What changed", isin=MONITOR_CHANGE_KINDS)
    before: str = c.field("State before; null when there was none", nullable=True)
    after: str = c.field("State after; null when there is none", nullable=True)
    description: str = c.field("The change in one sentence")
    is_context: bool = c.field("Outside the area; read only as a predictor for it")
