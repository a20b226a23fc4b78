"""Tables of the fit stage: training examples, hyperparameters, a month's models, their scores, and the champion."""

from typing import Any, Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table
from airwatch_dagster.schemas.enrich import Features
from airwatch_dagster.schemas.weather import weather_of_examples

DECIDED_BY: Final = ("shadow_scores", "holdout", "no_history", "person")
"""Evidence of a champion: out-of-sample scores of the months before; the models' time-ordered holdouts; none, without
history; a manual override."""


class _Examples(Features):
    target_date: pd.Timestamp = c.target_date()
    horizon_days: int = c.horizon_days()
    pm25_observed_ugm3: float = c.pm25("Observed 24-hour mean PM2.5")
    is_context: bool = c.field("The site is outside the area: used for training, never forecast or scored")


@table(grain="month", key=("site_id", "issue_date", "horizon_days"), partition_column="target_date")
class TrainingExamples(weather_of_examples(), _Examples):  # type: ignore[misc]
    """Features of an issue day, and the weather forecast then, joined to the observation of a later day."""


@table(grain="month", key=("month", "model_family"), partition_column="month")
class Hyperparameters(Table):
    """Outcome of a model family's search on target days before the month, used in its month and the 12 after it."""

    month: pd.Timestamp = c.month()
    model_family: str = c.model_family()
    params: str = c.field("Chosen parameters, JSON")
    is_default: bool = c.field("The chosen parameters are the defaults")
    loss: float = c.field(
        "Loss of the chosen parameters: share of damped persistence's mean squared error left, horizons weighted, mean "
        "of the folds; null when not tested",
        nullable=True,
        ge=0.0,
    )
    default_loss: float = c.field("Loss of the defaults; null when not tested", nullable=True, ge=0.0)
    candidates: int = c.field("Candidates tried, including the defaults; 0 without a search", ge=0)
    candidates_pruned: int = c.field("Candidates pruned: behind the defaults, so not tried on every fold", ge=0)
    is_out_of_time: bool = c.field("Time ran out before all candidates were tried")
    folds: int = c.field("Time-ordered folds that candidates were tested on", ge=0)
    budget_minutes: float = c.field(
        "Time limit of all families of the month together, minutes; 0 for no search", ge=0.0
    )
    seconds: float = c.field("Time the family's search took, s", unit="s", ge=0.0)
    mlflow_run_id: str = c.field("MLflow run with every candidate; null without any", nullable=True)
    reason: str = c.field("Which parameters are used, and why")


def _holdout(quantity: str, horizon_days: int) -> Any:
    return c.field(
        f"{quantity} {horizon_days} day{'s' if horizon_days > 1 else ''} ahead on the holdout; null without one",
        nullable=True,
    )


@table(grain="month", key=("month", "model_family"), partition_column="month")
class TrainedModels(Table):
    """One model family of a month, trained on target days before it."""

    month: pd.Timestamp = c.month()
    model_family: str = c.model_family()
    is_fitted: bool = c.field("The family was fitted: there was enough history")
    reason: str = c.field("What was fitted, or why the family was not")
    training_rows: "pd.Int64Dtype" = c.field("Examples of the area that the model was fitted on", ge=0)
    first_target_date: pd.Timestamp = c.field("First target day among the examples; null without any", nullable=True)
    last_target_date: pd.Timestamp = c.field(
        "Last target day among the examples, before the month; null without any", nullable=True
    )
    holdout_rows: int = c.field("Examples of the holdout, the last part of the window; 0 without one", ge=0)
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
    holdout_weather_gain_1d: float = _holdout("Of holdout_skill_1d, what weather saves", 1)
    holdout_weather_gain_2d: float = _holdout("Of holdout_skill_2d, what weather saves", 2)
    holdout_weather_gain_3d: float = _holdout("Of holdout_skill_3d, what weather saves", 3)
    holdout_evidence: str = c.field(
        "Sample of holdout forecasts and observations, JSON; calibrates intervals while scores are few; null without",
        nullable=True,
    )
    mlflow_run_id: str = c.field("MLflow run with the model; null when not fitted", nullable=True)
    model_uri: str = c.field("MLflow URI of the model; null when not fitted", nullable=True)
    model_version: str = c.model_version(nullable=True)
    model_files: str = c.model_files()


@table(grain="month", key=("model_family", "site_id", "issue_date", "horizon_days"), partition_column="target_date")
class CandidateScores(Table):
    """Out-of-sample forecasts of a model in the month it was trained for, beside the observations."""

    model_family: str = c.model_family()
    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    target_date: pd.Timestamp = c.target_date()
    horizon_days: int = c.horizon_days()
    pm25_ugm3: float = c.forecast_pm25()
    pm25_observed_ugm3: float = c.pm25("Observed 24-hour mean PM2.5")
    days_since_observed: int = c.days_since_observed()
    model_version: str = c.model_version(nullable=True)


@table(grain="month", key=("month", "decided_at"), partition_column="month")
class ChampionModel(Table):
    """Champion decisions for a month, newest first: the choice by evidence, and every manual override."""

    month: pd.Timestamp = c.month()
    is_serving: bool = c.field("A model serves the month")
    model_family: str = c.field("Family of the champion; null when no model serves", nullable=True, isin=c.FAMILIES)
    model_version: str = c.model_version(nullable=True)
    model_uri: str = c.field("MLflow URI of the model; null when no model serves", nullable=True)
    model_files: str = c.model_files()
    mlflow_run_id: str = c.field("MLflow run with the model; null when no model serves", nullable=True)
    trained_for: pd.Timestamp = c.field(
        "Month the version was trained for, this month or an earlier one", nullable=True
    )
    training_rows: "pd.Int64Dtype" = c.field("Examples of the area that the model was fitted on", nullable=True, ge=0)
    first_target_date: pd.Timestamp = c.field("First target day among the examples", nullable=True)
    last_target_date: pd.Timestamp = c.field("Last target day among the examples", nullable=True)
    serves_from: pd.Timestamp = c.field(
        "First issue day the model serves; it serves until the next override or the end of the month", nullable=True
    )
    previous_family: str = c.field("Family of the champion before; null without one", nullable=True)
    previous_version: str = c.field(
        "Version that this one replaced: last month's, or the one that an override took out of service", nullable=True
    )
    decided_by: str = c.field(
        "Evidence of the decision: shadow scores, holdouts, none (no_history) or a manual override (person)",
        isin=DECIDED_BY,
    )
    decided_at: pd.Timestamp = c.field("When the decision was made, UTC", nullable=True)
    decided_by_person: str = c.field("Who made the override; null for a choice by evidence", nullable=True)
    order_kind: str = c.field(
        "Command of the override; null for a choice by evidence", nullable=True, isin=("promote", "rollback")
    )
    reason: str = c.field("Reason for the decision, in one sentence")
    compared_rows: int = c.field("Site-days and horizons on which all families were compared", ge=0)
    compared_days: int = c.field("Target days on which all families were compared", ge=0)
    skill_over_damped: float = c.field(
        "Share of damped persistence's mean squared error saved, all horizons", nullable=True
    )
    skill_over_damped_lower: float = c.field(
        "5th percentile of skill_over_damped over bootstrap samples of days", nullable=True
    )
    skill_over_climatology: float = c.field(
        "Share of climatology's mean squared error saved, all horizons", nullable=True
    )
    chance_better_than_previous: float = c.field(
        "Share of bootstrap samples of days in which the family beats last month's", nullable=True, ge=0.0, le=1.0
    )
    comparison: str = c.field(
        "Skill, range, probability and outcome of every family, and skill by lead, season, EPA region and on days "
        "Unhealthy for Sensitive Groups, JSON; null for an override",
        nullable=True,
    )
    interval_calibration: str = c.field(
        "Calibration of the 90 % intervals, JSON; null when no model serves", nullable=True
    )
