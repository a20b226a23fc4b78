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


@table(grain="day", key=("site_id", "issue_date", "horizon_days"), partition_column="target_date")
class EarlyScores(ForecastScores):
    """A forecast of the early issue and the observed value of its target day, to compare with `forecast_scores`."""


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


def _target_month() -> Any:
    return c.field("First day of the month that has the target days")


@table(grain="month", key=("month", "horizon_days", "group_kind", "group_name"), partition_column="month")
class Verification(Table):
    """Accuracy of one group of a month's served forecasts."""

    month: pd.Timestamp = _target_month()
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


EVENT_LIMITS_UGM3: Final = tuple(float(limit) for limit in range(5, 70, 5))
"""Limits of scoreboard_events: 5 to 65 µg/m³ in steps of 5, as in NOAA's operational verification of PM2.5."""

SCOREBOARD_GROUP_KINDS: Final = ("all", "region")
"""All cases of the lead; EPA region of the site, or of the area's first site."""


def _comparison() -> Any:
    return c.field(
        "Forecasters that share their cases: `baselines`, `early_issue`, `agencies`, or the name of a supplied "
        "forecaster (each of the last three against AirWatch alone)"
    )


def _forecaster() -> Any:
    return c.field(
        "`airwatch` (as served), a baseline's family, `nearest_site` (the reading of the nearest other site observed "
        "on the issue date), `early_issue` (AirWatch's own), `agencies`, or the name of a supplied forecaster"
    )


def _group_kind() -> Any:
    return c.field("Property that defines the group", isin=SCOREBOARD_GROUP_KINDS)


def _group_name() -> Any:
    return c.field("Name of the group, such as all or region 5")


def _fraction(what: str, null_when: str = "") -> Any:
    text = f"{what}; null {null_when}" if null_when else what
    return c.field(text, nullable=bool(null_when), ge=0.0, le=1.0)


def _error(what: str, **rules: Any) -> Any:
    return c.field(f"{what} of the cases with a concentration, µg/m³; null without any", nullable=True, **rules)


def _airwatch_skill(what: str, null_when: str) -> Any:
    return c.field(f"{what}; null for AirWatch itself{null_when}", nullable=True, le=1.0)


_COMPARED: Final = ("month", "comparison", "forecaster", "horizon_days", "group_kind", "group_name")

_NO_PROBABILITIES: Final = "for a forecaster without probabilities"


@table(grain="month", key=_COMPARED, partition_column="month")
class Scoreboard(Table):
    """Accuracy of one forecaster over a month's cases, the same for all forecasters of a comparison. A case is a site
    and target day, or with the agencies a reporting area and target day."""

    month: pd.Timestamp = _target_month()
    comparison: str = _comparison()
    forecaster: str = _forecaster()
    horizon_days: int = c.horizon_days()
    group_kind: str = _group_kind()
    group_name: str = _group_name()
    cases: int = c.field("Cases that all forecasters of the comparison forecast and that were observed", ge=1)
    places: int = c.field("Sites, or reporting areas with the agencies, that have these cases", ge=1)
    weeks: int = c.field("Calendar weeks that have these cases", ge=1)
    cases_with_value: int = c.field(
        "Cases for which all forecasters gave a concentration; the agencies often give only a category", ge=0
    )
    rmse_ugm3: float = _error("Root mean squared error", ge=0.0)
    mae_ugm3: float = _error("Mean absolute error", ge=0.0)
    bias_ugm3: float = _error("Mean of forecast minus observed")
    category_accuracy: float = _fraction("Share of cases whose AQI category was forecast")
    hits: int = c.field("Cases forecast and observed above an AQI of 100: staying in was advised, rightly", ge=0)
    misses: int = c.field("Cases observed above an AQI of 100 but not forecast so", ge=0)
    false_alarms: int = c.field("Cases forecast above an AQI of 100 but not observed so", ge=0)
    miss_weighted_cost: float = c.field("Mean cost of a case: 1 for a false alarm, 5 for a miss, else 0", ge=0.0)
    cost_by_probability: float = c.field(
        "The same cost if staying in is advised from a probability of 1/6 of more than 35.4 µg/m³ on, where it pays; "
        "null for a forecaster without probabilities",
        nullable=True,
        ge=0.0,
    )
    mean_probability_9_0: float = _fraction("Mean probability of more than 9.0 µg/m³", _NO_PROBABILITIES)
    observed_frequency_9_0: float = _fraction("Share of cases observed above 9.0 µg/m³")
    brier_9_0: float = _fraction(
        "Brier score of the probability of more than 9.0 µg/m³; 0 is perfect", _NO_PROBABILITIES
    )
    reliability_9_0: float = _fraction(
        "Reliability term of that Brier score: mean squared distance of a probability bin from its observed frequency; "
        "0 is perfect",
        _NO_PROBABILITIES,
    )
    mean_probability_35_4: float = _fraction("Mean probability of more than 35.4 µg/m³", _NO_PROBABILITIES)
    observed_frequency_35_4: float = _fraction("Share of cases observed above 35.4 µg/m³")
    brier_35_4: float = _fraction(
        "Brier score of the probability of more than 35.4 µg/m³; 0 is perfect", _NO_PROBABILITIES
    )
    reliability_35_4: float = _fraction("Reliability term of that Brier score", _NO_PROBABILITIES)
    coverage: float = _fraction(
        "Share of observed values inside the 90 % interval", "for a forecaster without intervals"
    )
    airwatch_skill: float = _airwatch_skill(
        "Share of this forecaster's mean squared error that AirWatch saves; negative when AirWatch is worse",
        ", and for a forecaster without error or concentrations",
    )
    airwatch_skill_lower: float = _airwatch_skill(
        "Lower end of its 90 % interval over bootstrap samples of weeks", ", and with cases in fewer than 4 weeks"
    )
    airwatch_skill_upper: float = _airwatch_skill(
        "Upper end of that interval", ", and with cases in fewer than 4 weeks"
    )


def _rate(what: str, null_when: str) -> Any:
    return _fraction(what, f"without {null_when}")


@table(grain="month", key=(*_COMPARED, "limit_ugm3"), partition_column="month")
class ScoreboardEvents(Table):
    """Exceedances of one limit, forecast and observed, over the cases of a row of `scoreboard` with a concentration."""

    month: pd.Timestamp = _target_month()
    comparison: str = _comparison()
    forecaster: str = _forecaster()
    horizon_days: int = c.horizon_days()
    group_kind: str = _group_kind()
    group_name: str = _group_name()
    limit_ugm3: float = c.field("Limit that is exceeded, µg/m³", isin=EVENT_LIMITS_UGM3)
    hits: int = c.field("Exceedances forecast and observed", ge=0)
    misses: int = c.field("Exceedances observed but not forecast", ge=0)
    false_alarms: int = c.field("Exceedances forecast but not observed", ge=0)
    correct_negatives: int = c.field("Cases without an exceedance, forecast or observed", ge=0)
    pod: float = _rate("Probability of detection: hits / (hits + misses)", "observed exceedances")
    far: float = _rate("False alarm ratio: false alarms / (hits + false alarms)", "forecast exceedances")
    csi: float = _rate("Critical success index: hits / (hits + misses + false alarms)", "exceedances")
    peirce: float = c.field(
        "Peirce (Hanssen-Kuipers) skill score: POD minus false alarms / (false alarms + correct negatives); 0 is no "
        "skill, 1 is perfect; null unless some cases exceed the limit and others do not",
        nullable=True,
        ge=-1.0,
        le=1.0,
    )
