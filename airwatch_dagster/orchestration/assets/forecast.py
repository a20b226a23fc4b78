"""The forecast stage: the next days per site, with intervals, AQI and the model used."""

import pandas as pd

from airwatch_dagster.forecast.predictions import issued
from airwatch_dagster.orchestration.issue_times import issue_moments
from airwatch_dagster.orchestration.metadata.tables import predictions_metadata
from airwatch_dagster.orchestration.partitions import window
from airwatch_dagster.orchestration.resources import StorageResource, utc_now
from airwatch_dagster.orchestration.supplied.supplied_weather import issued_weather, weather_metadata
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, table_asset
from airwatch_dagster.orchestration.training.by_month import predict_months


@table_asset(
    stage="forecast",
    kinds=("mlflow", "parquet"),
    ins={
        "features": window("features", 0, 0, complete=True),
        "champion_model": window("champion_model", 0, 0, complete=True),
    },
)
def predictions(features: pd.DataFrame, champion_model: pd.DataFrame, storage: StorageResource) -> AssetResult:
    """Forecast by the champion in force on the issue day. An override applies to days without a forecast, so rebuilding
    earlier days changes nothing. A month without an eligible model has no forecasts."""
    weather = issued_weather(features["issue_date"])
    made = predict_months(features, champions=champion_model, weather=weather)
    forecasts = issued(made, at=issue_moments(made["issue_date"], now=utc_now()))
    others, monitors = weather_metadata(forecasts, weather), storage.tables().read_or_empty("monitors")
    metadata = predictions_metadata(forecasts, others, monitors=monitors)
    return AssetResult(forecasts, partition_metadata=metadata)
