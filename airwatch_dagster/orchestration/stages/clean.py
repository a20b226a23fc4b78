"""Clean: one trusted value per site and day."""

import pandas as pd

from airwatch_dagster.clean.site_days import site_days as clean_site_days
from airwatch_dagster.orchestration.contracts import Produced, table_asset
from airwatch_dagster.orchestration.figures import air_figures
from airwatch_dagster.orchestration.partitions import window


@table_asset(stage="clean", ins={"raw_readings": window("raw_readings", 0, 0, complete=True)})
def site_days(raw_readings: pd.DataFrame, monitors: pd.DataFrame) -> Produced:
    """Rebuilt whenever its day was pulled again."""
    cleaned = clean_site_days(raw_readings, monitors=monitors)
    return Produced(cleaned, by_partition=air_figures(cleaned))
