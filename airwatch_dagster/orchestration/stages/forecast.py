"""Forecast: the next days per site, with intervals, AQI and the model that made them."""

import pandas as pd

from airwatch_dagster.orchestration.contracts import Produced, table_asset
from airwatch_dagster.orchestration.figures import forecast_figures
from airwatch_dagster.orchestration.monthly import predict_months
from airwatch_dagster.orchestration.partitions import window


@table_asset(
    stage="forecast",
    kinds=("mlflow", "parquet"),
    ins={
        "features": window("features", 0, 0, complete=True),
        "champion_model": window("champion_model", 0, 0, complete=True),
    },
)
def predictions(features: pd.DataFrame, champion_model: pd.DataFrame) -> Produced:
    """Made by the champion of the issue day's month; a month in which nobody may serve yet has no forecasts."""
    forecasts = predict_months(features, champions=champion_model)
    return Produced(forecasts, by_partition=forecast_figures(forecasts))
