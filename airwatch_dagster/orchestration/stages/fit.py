"""Fit: examples, one model per family and month, their shadow scores, and the champion."""

from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.fit.examples import examples_with_context
from airwatch_dagster.fit.hyper_parameters import IN_FORCE_MONTHS, hyper_parameters_frame
from airwatch_dagster.forecast.calibration import CALIBRATION_MONTHS
from airwatch_dagster.orchestration.champion_figures import champion_figures, log_decisions, shown_decisions
from airwatch_dagster.orchestration.champions import Evidence, appoint_or_choose
from airwatch_dagster.orchestration.contracts import Produced, table_asset
from airwatch_dagster.orchestration.importance_metrics import logged_importance
from airwatch_dagster.orchestration.links import linked
from airwatch_dagster.orchestration.model_figures import candidate_figures, training_figures
from airwatch_dagster.orchestration.monthly import score_months, train_months
from airwatch_dagster.orchestration.orders import ChampionOrder
from airwatch_dagster.orchestration.partitions import SHADOW_MONTHS, TRAINING_MONTHS, months_of, window
from airwatch_dagster.orchestration.resources import StorageResource, configured_sites
from airwatch_dagster.orchestration.searches import search_figures, search_months
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.orchestration.weather import with_weather


@table_asset(stage="fit", ins={"features": window("features", -1, 0), "site_days": window("site_days", -2, 0)})
def training_examples(
    context: dg.AssetExecutionContext, features: pd.DataFrame, site_days: pd.DataFrame
) -> pd.DataFrame:
    """Rebuilt by the month's close, and when readings of the month were revised."""
    months = months_of(context)
    last = months[-1] + pd.offsets.MonthEnd(0)
    sites = configured_sites(site_days)
    return examples_with_context(features, site_days, first_target=months[0], last_target=last, area_site_ids=sites)


@table_asset(
    stage="fit",
    kinds=("mlflow", "catboost", "scikitlearn"),
    ins={"training_examples": window("training_examples", -TRAINING_MONTHS, -1)},
    op_tags={"airwatch/kind": "train"},
)
def hyper_parameters(
    context: dg.AssetExecutionContext, training_examples: pd.DataFrame, mlflow: dg.ResourceParam[Any]
) -> Produced:
    """On demand, and in January where AIRWATCH_SEARCH_MINUTES allows a search; serves the months from its own on."""
    minutes = Settings.from_environment().search_minutes
    searched = search_months(months_of(context), examples=training_examples, minutes=minutes, mlflow=mlflow)
    return Produced(hyper_parameters_frame(searched), by_partition=search_figures(searched))


@table_asset(
    stage="fit",
    kinds=("mlflow", "catboost", "scikitlearn"),
    ins={
        "training_examples": window("training_examples", -TRAINING_MONTHS, -1),
        "hyper_parameters": window("hyper_parameters", -IN_FORCE_MONTHS, 0),
    },
    op_tags={"airwatch/kind": "train"},
)
def trained_models(
    context: dg.AssetExecutionContext,
    training_examples: pd.DataFrame,
    hyper_parameters: pd.DataFrame,
    mlflow: dg.ResourceParam[Any],
) -> Produced:
    """Monthly, on target days of the 36 months before; every fitted family is a version in MLflow's registry."""
    inputs = {"examples": with_weather(training_examples), "hyper_parameters": hyper_parameters}
    trained = train_months(months_of(context), **inputs, mlflow=mlflow)
    figures = training_figures(trained, importance_of=logged_importance)
    return Produced(trained, by_partition=linked(trained, figures, mlflow=mlflow))


@table_asset(
    stage="fit",
    kinds=("mlflow", "pandas"),
    ins={"trained_models": window("trained_models", 0, 0), "training_examples": window("training_examples", 0, 0)},
)
def candidate_scores(
    context: dg.AssetExecutionContext, trained_models: pd.DataFrame, training_examples: pd.DataFrame
) -> Produced:
    """Made when the month is over: every family forecasts it again, as it would have served."""
    examples = with_weather(training_examples)
    scores = score_months(months_of(context), trained=trained_models, examples=examples)
    return Produced(scores, by_partition=linked(trained_models, candidate_figures(scores)))


@table_asset(
    stage="fit",
    kinds=("mlflow", "pandas"),
    ins={
        "trained_models": window("trained_models", 0, 0),
        "candidate_scores": window("candidate_scores", -max(SHADOW_MONTHS, CALIBRATION_MONTHS), -1),
    },
    pool="champion_model",
)
def champion_model(
    context: dg.AssetExecutionContext,
    trained_models: pd.DataFrame,
    candidate_scores: pd.DataFrame,
    config: ChampionOrder,
    storage: StorageResource,
    mlflow: dg.ResourceParam[Any],
) -> Produced:
    """Chosen when the month opens; persons' orders stand. The registry's alias follows the latest month."""
    evidence = Evidence(trained_models, candidate_scores, storage.tables())
    chosen = appoint_or_choose(months_of(context), config, evidence=evidence)
    shown = shown_decisions(chosen)
    log_decisions(mlflow, shown)
    return Produced(chosen, by_partition=linked(chosen, champion_figures(shown), mlflow=mlflow))
