"""The fit stage: examples, one model per family and month, their shadow scores, and the champion."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.fit.champion.choice import SHADOW_MONTHS
from airwatch_dagster.fit.examples import examples_with_context
from airwatch_dagster.fit.tuning.hyperparameters import VALID_MONTHS, hyperparameters_frame
from airwatch_dagster.forecast.calibration import CALIBRATION_MONTHS
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.metadata.champion import champion_model_metadata, log_decisions
from airwatch_dagster.orchestration.metadata.training import candidate_scores_metadata, trained_models_metadata
from airwatch_dagster.orchestration.pages import Pages
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS, months_of, window
from airwatch_dagster.orchestration.registry.links import cross_links
from airwatch_dagster.orchestration.registry.model_log import logged_importance
from airwatch_dagster.orchestration.resources import StorageResource, configured_sites
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, Merge, table_asset
from airwatch_dagster.orchestration.training.by_month import score_months, train_months
from airwatch_dagster.orchestration.training.champion_override import ChampionOverride
from airwatch_dagster.orchestration.training.champions import select_or_override
from airwatch_dagster.orchestration.training.tuning import search_metadata, search_months
from airwatch_dagster.orchestration.weather.known import known_at_issue
from airwatch_dagster.storage.tables import TableStorage

TRAINING_POOL: str = "training"
"""Pool of everything that trains: one run at a time. A nation's training takes 5.4 GB without weather."""


@table_asset(
    stage="fit",
    ins={
        "features": window("features", -1, 0),
        "site_days": window("site_days", -2, 0),
        "weather_forecasts": window("weather_forecasts", -1, 0),
    },
)
def training_examples(
    context: dg.AssetExecutionContext,
    features: pd.DataFrame,
    site_days: pd.DataFrame,
    weather_forecasts: pd.DataFrame,
) -> pd.DataFrame:
    """Built when the month is closed, rebuilt when its readings are revised."""
    months = months_of(context)
    span = {"first_target": months[0], "last_target": months[-1] + pd.offsets.MonthEnd(0)}
    weather, sites = known_at_issue(weather_forecasts), configured_sites(site_days)
    return examples_with_context(features, site_days, **span, area_site_ids=sites, weather=weather)


@table_asset(
    stage="fit",
    kinds=("mlflow", "catboost", "scikitlearn"),
    ins={"training_examples": window("training_examples", -TRAINING_MONTHS, -1)},
    pool=TRAINING_POOL,
)
def hyperparameters(
    context: dg.AssetExecutionContext, training_examples: pd.DataFrame, mlflow: dg.ResourceParam[Any]
) -> AssetResult:
    """Searched on demand, and in January if AIRWATCH_SEARCH_MINUTES allows it; used from its month on."""
    minutes = Settings.from_environment().search_minutes
    searched = search_months(months_of(context), examples=training_examples, minutes=minutes, mlflow=mlflow)
    return AssetResult(hyperparameters_frame(searched), partition_metadata=search_metadata(searched))


@table_asset(
    stage="fit",
    kinds=("mlflow", "catboost", "scikitlearn"),
    ins={
        "training_examples": window("training_examples", -TRAINING_MONTHS, -1),
        "hyperparameters": window("hyperparameters", -VALID_MONTHS, 0),
    },
    pool=TRAINING_POOL,
)
def trained_models(
    context: dg.AssetExecutionContext,
    training_examples: pd.DataFrame,
    hyperparameters: pd.DataFrame,
    storage: StorageResource,
    mlflow: dg.ResourceParam[Any],
) -> AssetResult:
    """Trained monthly on target days of the 36 months before; each fitted family is a version in MLflow's registry."""
    inputs = {"examples": training_examples, "hyperparameters": hyperparameters}
    trained = train_months(months_of(context), **inputs, mlflow=mlflow)
    pages = Pages(storage.tables())
    metadata = trained_models_metadata(trained, importance_of=logged_importance, pages=pages)
    return AssetResult(trained, partition_metadata=cross_links(trained, metadata, mlflow=mlflow))


@table_asset(
    stage="fit",
    kinds=("mlflow", "pandas"),
    ins={"trained_models": window("trained_models", 0, 0), "training_examples": window("training_examples", 0, 0)},
)
def candidate_scores(
    context: dg.AssetExecutionContext,
    trained_models: pd.DataFrame,
    training_examples: pd.DataFrame,
    storage: StorageResource,
) -> AssetResult:
    """Built when the month is over: the scores that each model family would have had in service."""
    scores = score_months(months_of(context), trained=trained_models, examples=training_examples)
    metadata = candidate_scores_metadata(scores, pages=Pages(storage.tables()))
    return AssetResult(scores, partition_metadata=cross_links(trained_models, metadata))


@table_asset(
    stage="fit",
    kinds=("mlflow", "pandas"),
    ins={
        "trained_models": window("trained_models", 0, 0),
        "candidate_scores": window("candidate_scores", -max(SHADOW_MONTHS, CALIBRATION_MONTHS), -1),
    },
)
def champion_model(
    context: dg.AssetExecutionContext,
    trained_models: pd.DataFrame,
    candidate_scores: pd.DataFrame,
    config: ChampionOverride,
    storage: StorageResource,
    mlflow: dg.ResourceParam[Any],
) -> Iterator[Merge]:
    """Selected when the month opens, unless an override is in force. The registry's alias follows the latest month."""
    evidence = {"trained": trained_models, "scores": candidate_scores}
    with storage.locked("champion_model") as tables:
        yield Merge(tables, lambda _: _decided(months_of(context), config, evidence, tables, mlflow))


def _decided(
    months: Sequence[pd.Timestamp],
    config: ChampionOverride,
    evidence: Mapping[str, pd.DataFrame],
    tables: TableStorage,
    mlflow: Any,
) -> AssetResult:
    """The decisions on the months on top of those that ``tables`` hold now."""
    chosen = select_or_override(months, config, trained=evidence["trained"], scores=evidence["scores"], tables=tables)
    plots = log_decisions(mlflow, chosen)
    metadata = cross_links(chosen, champion_model_metadata(chosen, plots, pages=Pages(tables)), mlflow=mlflow)
    return AssetResult(chosen, partition_metadata=metadata)
