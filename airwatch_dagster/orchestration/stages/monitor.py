"""Monitor: forecasts meet their truth, inputs their season, and published readings what was published later."""

import dagster as dg
import pandas as pd

from airwatch_dagster.monitor.coverage import WINDOW_MONTHS as COVERAGE_MONTHS
from airwatch_dagster.monitor.coverage import coverage as coverage_of
from airwatch_dagster.monitor.dark_areas import dark_areas
from airwatch_dagster.monitor.monthly_verification import monthly_verification
from airwatch_dagster.monitor.verification import score_forecasts
from airwatch_dagster.orchestration.contracts import Produced, table_asset
from airwatch_dagster.orchestration.drift_reports import DRIFT_CHECK, report_months
from airwatch_dagster.orchestration.figures import coverage_figures, score_figures
from airwatch_dagster.orchestration.ledgers import REVISION_CHECKS, all_monitor_changes, noticed_on
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS, days_of, months_of, window
from airwatch_dagster.orchestration.resources import StorageResource, configured_area, today, utc_now
from airwatch_dagster.orchestration.verification_figures import verification_figures
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
    ins={
        "forecast_scores": window("forecast_scores", 0, 0),
        "candidate_scores": window("candidate_scores", 0, 0),
    },
)
def verification(
    context: dg.AssetExecutionContext, forecast_scores: pd.DataFrame, candidate_scores: pd.DataFrame
) -> Produced:
    """Made when the month is over, and again when its readings were revised."""
    table = monthly_verification(forecast_scores, candidates=candidate_scores)
    figures = verification_figures(table, forecast_scores, months=months_of(context))
    return Produced(table, by_partition=figures)


@table_asset(
    stage="monitor",
    kinds=("evidently", "parquet"),
    ins={"features": window("features", -TRAINING_MONTHS, 0)},
    warning_checks=DRIFT_CHECK,
)
def drift_report(context: dg.AssetExecutionContext, features: pd.DataFrame, storage: StorageResource) -> Produced:
    """Made when the month is over, against the same season of up to three earlier years; calendar columns excluded."""
    return report_months(months_of(context), features=features, tables=storage.tables())


@table_asset(
    stage="monitor",
    deps=[dg.AssetDep("raw_readings", partition_mapping=dg.AllPartitionMapping())],
    warning_checks=REVISION_CHECKS,
)
def revisions(context: dg.AssetExecutionContext, storage: StorageResource) -> Produced:
    """By the day on which a pull showed them; made after every pull of days that were pulled before."""
    return noticed_on(days_of(context), storage.tables())


@table_asset(
    stage="monitor",
    ins={"site_days": window("site_days", 1 - COVERAGE_MONTHS, 0)},
    failing_checks={"no_area_is_dark": "Every area publishes what is due; filters off schedule are not due"},
)
def coverage(
    context: dg.AssetExecutionContext, site_days: pd.DataFrame, monitors: pd.DataFrame, storage: StorageResource
) -> Produced:
    """Told anew after every pull and when the month is over: what is late today may be missing tomorrow."""
    table = coverage_of(site_days, months=months_of(context), monitors=monitors, today=pd.Timestamp(today()))
    changes = storage.tables().read_or_empty("monitor_changes")
    figures = coverage_figures(table, changes)
    return Produced(
        table, by_partition=figures, warnings={"no_area_is_dark": dark_areas(table, area=configured_area())}
    )


@table_asset(stage="monitor", deps=[dg.AssetDep("raw_readings", partition_mapping=dg.AllPartitionMapping())])
def monitor_changes(monitors: pd.DataFrame, storage: StorageResource) -> pd.DataFrame:
    """Told anew from the whole history, weekly with the monitor list; designations are kept from before."""
    return all_monitor_changes(storage.tables(), monitors, today=pd.Timestamp(today()))
