"""The clean stage: one value per site and day."""

import pandas as pd

from airwatch_dagster.clean.site_days import site_days as clean_site_days
from airwatch_dagster.orchestration.ingest.emptied_days import UNUSED_CHECK, unused_days
from airwatch_dagster.orchestration.metadata.tables import site_days_metadata
from airwatch_dagster.orchestration.partitions import window
from airwatch_dagster.orchestration.resources import configured_parameters
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, table_asset


@table_asset(
    stage="clean",
    ins={"raw_readings": window("raw_readings", 0, 0, complete=True)},
    failing_checks=UNUSED_CHECK,
)
def site_days(raw_readings: pd.DataFrame, monitors: pd.DataFrame) -> AssetResult:
    """Rebuilt whenever its day is ingested."""
    parameters = configured_parameters()
    cleaned = clean_site_days(raw_readings, monitors=monitors, parameters=parameters)
    warnings = dict.fromkeys(UNUSED_CHECK, unused_days(raw_readings, cleaned, parameters=parameters))
    return AssetResult(cleaned, partition_metadata=site_days_metadata(cleaned), warnings=warnings)
