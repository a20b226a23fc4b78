"""Monitor: forecasts meet their truth, and inputs their season."""

import dagster as dg
import pandas as pd

from airwatch_dagster.monitor.verification import score_forecasts
from airwatch_dagster.orchestration.contracts import Produced, table_asset
from airwatch_dagster.orchestration.drift_reports import DRIFT_CHECK, report_months
from airwatch_dagster.orchestration.figures import score_figures
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS, months_of, window
from airwatch_dagster.orchestration.resources import StorageResource, utc_now
from airwatch_dagster.schemas.columns import HORIZONS_DAYS


@table_asset(
    stage="monitor",
    ins={
        "predictions": window("predictions", -max(HORIZONS_DAYS), -min(HORIZONS_DAYS)),
        "site_days": window("site_days", 0, 0, complete=True),
    },
)
def forecast_scores(context: dg.AssetExecutionContext, predictions: pd.DataFrame, site_days: pd.DataFrame) -> Produced:
    """Made with the day's readings, and again when they are revised."""
    scores = score_forecasts(predictions, site_days=site_days, scored_at=utc_now())
    return Produced(scores, by_partition=score_figures(scores))


@table_asset(
    stage="monitor",
    kinds=("evidently", "parquet"),
    ins={"features": window("features", -TRAINING_MONTHS, 0)},
    warning_checks=DRIFT_CHECK,
)
def drift_report(context: dg.AssetExecutionContext, features: pd.DataFrame, storage: StorageResource) -> Produced:
    """Made when the month is over, against the same season of up to three earlier years; calendar columns excluded."""
    return report_months(months_of(context), features=features, tables=storage.tables())
