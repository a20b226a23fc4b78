"""The enrich stage: what was known about each site at the end of the issue day."""

import dagster as dg
import pandas as pd

from airwatch_dagster.enrich.features import area_features
from airwatch_dagster.enrich.grid import HISTORY_DAYS
from airwatch_dagster.orchestration.partitions import days_of, window
from airwatch_dagster.orchestration.resources import configured_area
from airwatch_dagster.orchestration.tables.table_asset import table_asset


@table_asset(stage="enrich", ins={"site_days": window("site_days", -HISTORY_DAYS, 0)})
def features(context: dg.AssetExecutionContext, site_days: pd.DataFrame) -> pd.DataFrame:
    """One row per area site seen in the last 28 days; context sites count as neighbours only."""
    return area_features(site_days, issue_dates=days_of(context), area=configured_area())
