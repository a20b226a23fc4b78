"""Fit: examples, one model per family and month, their shadow scores, and the champion."""

from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster.orchestration.champions import ChampionOrder, Evidence, appoint_or_choose, reasons
from airwatch_dagster.orchestration.contracts import Produced, table_asset
from airwatch_dagster.orchestration.figures import champion_figures
from airwatch_dagster.orchestration.monthly import score_months, train_months
from airwatch_dagster.orchestration.partitions import SHADOW_MONTHS, TRAINING_MONTHS, months_of, window
from airwatch_dagster.orchestration.resources import StorageResource


@table_asset(stage="fit", ins={"features": window("features", -1, 0), "site_days": window("site_days", 0, 0)})
def training_examples(
    context: dg.AssetExecutionContext, features: pd.DataFrame, site_days: pd.DataFrame
) -> pd.DataFrame:
    """Rebuilt by the month's close, and when readings of the month were revised."""
    months = months_of(context)
    last = months[-1] + pd.offsets.MonthEnd(0)
    return join_truth(features, site_days=site_days, first_target=months[0], last_target=last)


@table_asset(
    stage="fit",
    kinds=("mlflow", "catboost", "scikitlearn"),
    ins={"training_examples": window("training_examples", -TRAINING_MONTHS, -1)},
    op_tags={"airwatch/kind": "train"},
)
def trained_models(
    context: dg.AssetExecutionContext, training_examples: pd.DataFrame, mlflow: dg.ResourceParam[Any]
) -> pd.DataFrame:
    """Monthly, on target days of the 36 months before; every fitted family is a version in MLflow's registry."""
    return train_months(months_of(context), examples=training_examples, mlflow=mlflow)


@table_asset(
    stage="fit",
    kinds=("mlflow", "pandas"),
    ins={"trained_models": window("trained_models", 0, 0), "training_examples": window("training_examples", 0, 0)},
)
def candidate_scores(
    context: dg.AssetExecutionContext, trained_models: pd.DataFrame, training_examples: pd.DataFrame
) -> pd.DataFrame:
    """Made when the month is over: every family forecasts it again, as it would have served."""
    return score_months(months_of(context), trained=trained_models, examples=training_examples)


@table_asset(
    stage="fit",
    kinds=("mlflow", "pandas"),
    ins={
        "trained_models": window("trained_models", 0, 0),
        "candidate_scores": window("candidate_scores", -SHADOW_MONTHS, -1),
    },
)
def champion_model(
    context: dg.AssetExecutionContext,
    trained_models: pd.DataFrame,
    candidate_scores: pd.DataFrame,
    config: ChampionOrder,
    storage: StorageResource,
    mlflow: dg.ResourceParam[Any],
) -> Produced:
    """Chosen when the month opens, or appointed by a person; the registry's alias follows the latest month."""
    evidence = Evidence(trained_models, candidate_scores, storage.tables())
    chosen = appoint_or_choose(months_of(context), config, evidence=evidence)
    mlflow.log_dict(reasons(chosen), "champions.json")
    return Produced(chosen, by_partition=champion_figures(chosen))
