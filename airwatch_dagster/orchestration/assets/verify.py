"""The verify stage: forecasts compared with observed values."""

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.metadata.decay import DECAY_CHECKS, decay_warnings, judge_stored
from airwatch_dagster.orchestration.metadata.scoreboard import scoreboard_metadata
from airwatch_dagster.orchestration.metadata.tables import early_scores_metadata, forecast_scores_metadata
from airwatch_dagster.orchestration.metadata.verification import verification_metadata
from airwatch_dagster.orchestration.pages import Pages
from airwatch_dagster.orchestration.partitions import months_of, window
from airwatch_dagster.orchestration.resources import StorageResource, utc_now
from airwatch_dagster.orchestration.supplied.compared_forecasts import ARCHIVED, COMPARED, cases_of
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, table_asset
from airwatch_dagster.schemas.columns import HORIZONS_DAYS
from airwatch_dagster.verify.monthly import monthly_verification
from airwatch_dagster.verify.scoreboard import by_month
from airwatch_dagster.verify.scoring import score_forecasts


@table_asset(
    stage="verify",
    ins={
        "predictions": window("predictions", -max(HORIZONS_DAYS), -min(HORIZONS_DAYS)),
        "site_days": window("site_days", 0, 0, complete=True),
    },
)
def forecast_scores(predictions: pd.DataFrame, site_days: pd.DataFrame) -> AssetResult:
    """Built when the day's readings arrive, rebuilt when they are revised."""
    scores = score_forecasts(predictions, site_days=site_days, scored_at=utc_now())
    return AssetResult(scores, partition_metadata=forecast_scores_metadata(scores))


@table_asset(
    stage="verify",
    ins={
        "early_predictions": window("early_predictions", -max(HORIZONS_DAYS), -min(HORIZONS_DAYS)),
        "forecast_scores": window("forecast_scores", 0, 0),
        "site_days": window("site_days", 0, 0, complete=True),
    },
)
def early_scores(
    early_predictions: pd.DataFrame, forecast_scores: pd.DataFrame, site_days: pd.DataFrame
) -> AssetResult:
    """Built with `forecast_scores`, which shows what the later issue gains on the same forecasts. Empty for days
    without an early issue."""
    scores = score_forecasts(early_predictions, site_days=site_days, scored_at=utc_now())
    return AssetResult(scores, partition_metadata=early_scores_metadata(scores, forecast_scores))


@table_asset(
    stage="verify",
    ins={
        "forecast_scores": window("forecast_scores", 0, 0),
        "candidate_scores": window("candidate_scores", 0, 0),
    },
    warning_checks=DECAY_CHECKS,
)
def verification(
    context: dg.AssetExecutionContext,
    forecast_scores: pd.DataFrame,
    candidate_scores: pd.DataFrame,
    storage: StorageResource,
) -> AssetResult:
    """Built when the month is over, rebuilt when its readings are revised. The weeks before it, which its checks judge
    too, are read as they are stored."""
    months, tables = months_of(context), storage.tables()
    table = monthly_verification(forecast_scores, candidates=candidate_scores)
    judged = judge_stored(months, scores=forecast_scores, candidates=candidate_scores, tables=tables)
    metadata = verification_metadata(table, forecast_scores, judged=judged, months=months, pages=Pages(tables))
    return AssetResult(table, partition_metadata=metadata, warnings=decay_warnings(judged, tables))


@table_asset(stage="verify", ins=COMPARED, deps=[ARCHIVED])
def scoreboard(
    context: dg.AssetExecutionContext,
    forecast_scores: pd.DataFrame,
    candidate_scores: pd.DataFrame,
    early_scores: pd.DataFrame,
    site_days: pd.DataFrame,
    storage: StorageResource,
) -> AssetResult:
    """Built when the month is over, rebuilt when its readings are revised."""
    cases = cases_of(
        forecast_scores, candidates=candidate_scores, early=early_scores, site_days=site_days, tables=storage.tables()
    )
    table = by_month(cases, table="scoreboard")
    return AssetResult(table, partition_metadata=scoreboard_metadata(table, months=months_of(context)))


@table_asset(stage="verify", ins=COMPARED, deps=[ARCHIVED])
def scoreboard_events(
    forecast_scores: pd.DataFrame,
    candidate_scores: pd.DataFrame,
    early_scores: pd.DataFrame,
    site_days: pd.DataFrame,
    storage: StorageResource,
) -> pd.DataFrame:
    """Built with `scoreboard`, of the same cases."""
    cases = cases_of(
        forecast_scores, candidates=candidate_scores, early=early_scores, site_days=site_days, tables=storage.tables()
    )
    return by_month(cases, table="scoreboard_events")
