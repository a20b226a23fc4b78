"""Tables of the fit stage: examples to learn from, the models of a month, and which of them serves it."""

from typing import Any, Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table
from airwatch_dagster.schemas.enrich import Features

DECIDED_BY: Final = ("shadow_scores", "holdout", "no_history", "person")
"""What decided who serves: genuine out-of-sample scores of the trailing months; the models' time-ordered holdouts;
nothing, because there is no history yet; a person's order."""


@table(grain="month", key=("site_id", "issue_date", "horizon_days"), partition_column="target_date")
class TrainingExamples(Features):
    """Features of an issue day joined to the truth of a later day."""

    target_date: pd.Timestamp = c.target_date()
    horizon_days: int = c.horizon_days()
    pm25_observed_ugm3: float = c.pm25("24-hour mean PM2.5 that came true")
    is_context: bool = c.field("Of a site around the area: learned from, never forecast nor scored")


@table(grain="month", key=("month", "model_family"), partition_column="month")
class Hyperparameters(Table):
    """What a search on target days before the month chose for a model family; serves its month and those after it."""

    month: pd.Timestamp = c.month()
    model_family: str = c.model_family()
    params: str = c.field("Parameters to use, JSON")
    is_default: bool = c.field("They are the defaults")
    loss: float = c.field(
        "Their share of damped persistence's mean squared error left, horizons weighted, mean of the folds; null "
        "untested",
        nullable=True,
        ge=0.0,
    )
    default_loss: float = c.field("The same with the defaults; null untested", nullable=True, ge=0.0)
    candidates: int = c.field("Candidates tried, the defaults among them; 0 without a search", ge=0)
    candidates_pruned: int = c.field("Candidates that were behind and not tried on every fold", ge=0)
    is_out_of_time: bool = c.field("The budget ended the search before all candidates were tried")
    folds: int = c.field("Time-ordered parts of the window that candidates were tested on", ge=0)
    budget_minutes: float = c.field("Time all families of the month had together, minutes; 0 asks for none", ge=0.0)
    seconds: float = c.field("Time the family took, s", unit="s", ge=0.0)
    mlflow_run_id: str = c.field("MLflow run that holds every candidate; null without any", nullable=True)
    reason: str = c.field("What is used, and why")


def _holdout(quantity: str, horizon_days: int) -> Any:
    return c.field(
        f"{quantity} {horizon_days} day{'s' if horizon_days > 1 else ''} ahead on the window's last part, held out",
        nullable=True,
    )


@table(grain="month", key=("month", "model_family"), partition_column="month")
class TrainedModels(Table):
    """One model family of a month, trained on target days before it."""

    month: pd.Timestamp = c.month()
    model_family: str = c.model_family()
    is_fitted: bool = c.field("There was enough history to fit the family")
    reason: str = c.field("What was fitted, or why nothing was")
    training_rows: "pd.Int64Dtype" = c.field("Examples the final model was fitted on", ge=0)
    first_target_date: pd.Timestamp = c.field("First target day among the examples; null without any", nullable=True)
    last_target_date: pd.Timestamp = c.field(
        "Last target day among the examples, before the month; null without any", nullable=True
    )
    holdout_rows: int = c.field("Examples of the holdout; 0 without one", ge=0)
    holdout_rmse_1d_ugm3: float = _holdout("RMSE, µg/m³,", 1)
    holdout_rmse_2d_ugm3: float = _holdout("RMSE, µg/m³,", 2)
    holdout_rmse_3d_ugm3: float = _holdout("RMSE, µg/m³,", 3)
    holdout_mae_1d_ugm3: float = _holdout("Mean absolute error, µg/m³,", 1)
    holdout_mae_2d_ugm3: float = _holdout("Mean absolute error, µg/m³,", 2)
    holdout_mae_3d_ugm3: float = _holdout("Mean absolute error, µg/m³,", 3)
    holdout_bias_1d_ugm3: float = _holdout("Mean of forecast minus observed, µg/m³,", 1)
    holdout_bias_2d_ugm3: float = _holdout("Mean of forecast minus observed, µg/m³,", 2)
    holdout_bias_3d_ugm3: float = _holdout("Mean of forecast minus observed, µg/m³,", 3)
    holdout_skill_1d: float = _holdout("Share of damped persistence's mean squared error saved", 1)
    holdout_skill_2d: float = _holdout("Share of damped persistence's mean squared error saved", 2)
    holdout_skill_3d: float = _holdout("Share of damped persistence's mean squared error saved", 3)
    holdout_evidence: str = c.field(
        "Sample of holdout forecasts and their truth, JSON; calibrates intervals early on", nullable=True
    )
    mlflow_run_id: str = c.field("MLflow run that holds the model", nullable=True)
    model_uri: str = c.field("Where MLflow loads the model from", nullable=True)
    model_version: str = c.model_version(nullable=True)


@table(grain="month", key=("model_family", "site_id", "issue_date", "horizon_days"), partition_column="target_date")
class CandidateScores(Table):
    """How a model did in the month it was trained for: genuine out-of-sample evidence for the next choice."""

    model_family: str = c.model_family()
    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    target_date: pd.Timestamp = c.target_date()
    horizon_days: int = c.horizon_days()
    pm25_ugm3: float = c.forecast_pm25()
    pm25_observed_ugm3: float = c.pm25("24-hour mean PM2.5 that came true")
    days_since_observed: int = c.days_since_observed()
    model_version: str = c.model_version(nullable=True)


@table(grain="month", key=("month", "decided_at"), partition_column="month")
class ChampionModel(Table):
    """The model that serves a month, and why: the choice by evidence and every order of a person, the newest first."""

    month: pd.Timestamp = c.month()
    is_serving: bool = c.field("Some model serves the month")
    model_family: str = c.field("Family that serves; null when none does", nullable=True, isin=c.FAMILIES)
    model_version: str = c.model_version(nullable=True)
    model_uri: str = c.field("Where MLflow loads the model from", nullable=True)
    mlflow_run_id: str = c.field("MLflow run that holds the model", nullable=True)
    trained_for: pd.Timestamp = c.field("Month the version was trained for, never a later one", nullable=True)
    training_rows: "pd.Int64Dtype" = c.field("Examples the model was fitted on", nullable=True, ge=0)
    first_target_date: pd.Timestamp = c.field("First target day among the examples", nullable=True)
    last_target_date: pd.Timestamp = c.field("Last target day among the examples", nullable=True)
    serves_from: pd.Timestamp = c.field(
        "First issue day it serves; it serves until the month ends, or a later order's first day", nullable=True
    )
    previous_family: str = c.field("Family that served before; null when none did", nullable=True)
    previous_version: str = c.field(
        "Version that this one replaced: last month's, or the one a person took out of service", nullable=True
    )
    decided_by: str = c.field(
        "What decided: shadow scores, holdouts, a person, or nothing for want of history", isin=DECIDED_BY
    )
    decided_at: pd.Timestamp = c.field("When it was decided, UTC", nullable=True)
    decided_by_person: str = c.field("Who ordered it; null when evidence decided", nullable=True)
    order_kind: str = c.field(
        "The person's command; null when evidence decided", nullable=True, isin=("promote", "rollback")
    )
    reason: str = c.field("Why this family serves, in one sentence")
    compared_rows: int = c.field("Site-days and horizons on which all families were compared", ge=0)
    compared_days: int = c.field("Target days on which all families were compared", ge=0)
    skill_over_damped: float = c.field(
        "Share of damped persistence's mean squared error saved, all horizons", nullable=True
    )
    skill_over_damped_lower: float = c.field("5th percentile of the skill over blocks of days", nullable=True)
    skill_over_climatology: float = c.field(
        "Share of climatology's mean squared error saved, all horizons", nullable=True
    )
    chance_better_than_previous: float = c.field(
        "Share of resampled blocks of days on which the family beats last month's", nullable=True, ge=0.0, le=1.0
    )
    comparison: str = c.field(
        "Every family's skill, range, chance and verdict, and their skill by lead, season, EPA region and on days "
        "Unhealthy for Sensitive Groups, JSON; null when a person decided",
        nullable=True,
    )
    interval_calibration: str = c.field("Calibration of the 90 % intervals, JSON; null when none serves", nullable=True)
