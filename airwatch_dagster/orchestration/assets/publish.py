"""The publish stage: the page that people open, and feeds beside it."""

from collections.abc import Iterator

import dagster as dg

from airwatch_dagster.orchestration.metadata.bulletin import bulletin_metadata
from airwatch_dagster.orchestration.partitions import days_of, same_day
from airwatch_dagster.orchestration.publishing import bulletins_of, store_pages, update_site
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, table_asset


@table_asset(
    stage="publish",
    kinds=("html", "parquet"),
    deps=[same_day(name) for name in ("predictions", "early_predictions", "site_days", "forecast_scores")],
)
def bulletin(context: dg.AssetExecutionContext, storage: StorageResource) -> Iterator[AssetResult]:
    """Made after the early issue, after the day's forecasts are issued and scored, and again when its readings are
    revised. Until the daily forecasts are stored it shows the early ones, and says so. Pages, feeds and
    archive are files of the folder site/ of the storage: latest.html is the newest, index.html the archive."""
    days = list(days_of(context))
    with storage.locked("bulletin") as tables:
        bulletins = bulletins_of(tables, days)
        rows = store_pages(tables, bulletins)
        yield AssetResult(rows, partition_metadata=bulletin_metadata(bulletins, rows))
        update_site(tables, bulletins, days)
