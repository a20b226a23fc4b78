"""Forecast: the next days per site, with intervals, AQI and the model that made them."""

import pandas as pd

from airwatch_dagster.orchestration.metadata.tables import predictions_metadata
from airwatch_dagster.orchestration.partitions import window
from airwatch_dagster.orchestration.supplied_weather import issued_weather, weather_metadata
from airwatch_dagster.orchestration.table_asset import AssetResult, table_asset
from airwatch_dagster.orchestration.training.by_month import predict_months


@table_asset(
    stage="forecast",
    kinds=("mlflow", "parquet"),
    ins={
        "features": window("features", 0, 0, complete=True),
        "champion_model": window("champion_model", 0, 0, complete=True),
    },
)
def predictions(features: pd.DataFrame, champion_model: pd.DataFrame) -> AssetResult:
    """Made by the champion in force on the issue day: an order takes effect on days not forecast yet, so that making
    earlier ones again changes nothing. A month in which nobody may serve yet has no forecasts."""
    weather = issued_weather(features["issue_date"])
    forecasts = predict_months(features, champions=champion_model, weather=weather)
    metadata = predictions_metadata(forecasts, weather_metadata(forecasts, weather))
    return AssetResult(forecasts, partition_metadata=metadata)
