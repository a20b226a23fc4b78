"""The forecast stage: the next days per site, with intervals, AQI and the model used."""

from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.forecast.predictions import issued
from airwatch_dagster.orchestration.early_issue import early_moments, known_early, refuse_after_daily_issue
from airwatch_dagster.orchestration.issue_times import issue_moments
from airwatch_dagster.orchestration.metadata.tables import early_predictions_metadata, predictions_metadata
from airwatch_dagster.orchestration.partitions import window
from airwatch_dagster.orchestration.resources import StorageResource, utc_now
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, table_asset
from airwatch_dagster.orchestration.training.by_month import predict_months
from airwatch_dagster.orchestration.weather.known import known_at_issue, weather_metadata

INPUTS: Final = {
    "features": window("features", 0, 0, complete=True),
    "champion_model": window("champion_model", 0, 0, complete=True),
    "weather_forecasts": window("weather_forecasts", 0, 0),
}


@table_asset(stage="forecast", kinds=("mlflow", "parquet"), ins=INPUTS)
def predictions(
    features: pd.DataFrame, champion_model: pd.DataFrame, weather_forecasts: pd.DataFrame, storage: StorageResource
) -> AssetResult:
    """Forecast by the champion in force on the issue day. An override applies to days without a forecast, so rebuilding
    earlier days changes nothing. A month without an eligible model has no forecasts."""
    weather = known_at_issue(weather_forecasts)
    made = predict_months(features, champions=champion_model, weather=weather)
    forecasts = issued(made, at=issue_moments(made["issue_date"], now=utc_now()))
    others, monitors = weather_metadata(forecasts, weather), storage.tables().read_or_empty("monitors")
    metadata = predictions_metadata(forecasts, others, monitors=monitors)
    return AssetResult(forecasts, partition_metadata=metadata)


@table_asset(stage="forecast", kinds=("mlflow", "parquet"), ins=INPUTS)
def early_predictions(
    context: dg.AssetExecutionContext,
    features: pd.DataFrame,
    champion_model: pd.DataFrame,
    weather_forecasts: pd.DataFrame,
    storage: StorageResource,
) -> AssetResult:
    """For readers in the morning, from what has been published by then. Refused for days with a daily forecast."""
    tables, now = storage.tables(), utc_now()
    refuse_after_daily_issue(context.partition_keys, tables)
    weather = known_early(weather_forecasts, now=now)
    made = predict_months(features, champions=champion_model, weather=weather)
    forecasts = issued(made, at=early_moments(made["issue_date"], now=now))
    others, monitors = weather_metadata(forecasts, weather), tables.read_or_empty("monitors")
    return AssetResult(forecasts, {}, early_predictions_metadata(forecasts, others, monitors=monitors))
