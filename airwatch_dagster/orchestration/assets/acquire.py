"""Acquire: what EPA published, every version kept."""

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.versions import merge_pull, with_primary_changes
from airwatch_dagster.orchestration.ingest.ingest_config import IngestConfig, pulled
from airwatch_dagster.orchestration.ingest.recheck import RecheckConfig, recheck_history
from airwatch_dagster.orchestration.partitions import days_of
from airwatch_dagster.orchestration.resources import SourceResource, StorageResource, readings_of, today, utc_now
from airwatch_dagster.orchestration.table_asset import AssetResult, table_asset

EPA: str = "epa"
"""Pool of everything that asks EPA: one step at a time, whatever the run. The spacing of requests is the client's."""


@table_asset(stage="acquire", kinds=("python", "parquet"), pool=EPA)
def monitors(source: SourceResource, storage: StorageResource) -> pd.DataFrame:
    """Replaced whole by every run: weekly by schedule, and first of all by a backfill."""
    with source.open() as opened:
        tables = storage.tables()
        tables.assert_data_kind(readings_of(opened))
        return with_primary_changes(opened.monitors(), stored=tables.read_or_empty("monitors"), seen_at=utc_now())


@table_asset(stage="acquire", kinds=("python", "parquet"), pool=EPA, deps=["monitors"], keep_unchanged=True)
def raw_readings(
    context: dg.AssetExecutionContext, config: IngestConfig, source: SourceResource, storage: StorageResource
) -> AssetResult:
    """Merged into what is stored: pulling the same data twice adds nothing, no version is ever lost."""
    days, tables = days_of(context), storage.tables()
    with source.open() as opened:
        tables.assert_data_kind(readings_of(opened))
        history = tables.read("raw_readings", context.partition_keys, allow_missing=True)
        pull = pulled(opened, config, days=days, history=history)
        merged = merge_pull(history, pull.rows, seen_at=pull.seen_at or utc_now(), in_scope=pull.in_scope)
    counts = {"run_pulled_rows": len(pull.rows), "run_new_versions": len(merged) - len(history)}
    counts |= {f"run_{name}": count for name, count in pull.counts.items()}
    metadata = {**counts, "run_unknown_cbsa_names": dict(pull.unknown_cbsa_names)}
    return AssetResult(merged, metadata=metadata, after_commit=pull.mark_stored)


@table_asset(stage="acquire", kinds=("python", "parquet"), pool=EPA, deps=["raw_readings"])
def history_checks(config: RecheckConfig, source: SourceResource, storage: StorageResource) -> AssetResult:
    """Weekly at what AQS says it changed, on a slower rota at whole years, daily at AirNow's last days."""
    with source.open() as opened:
        return recheck_history(opened, storage.tables(), config, now=utc_now(), today=today())


@table_asset(stage="acquire", kinds=("python", "parquet"), pool=EPA)
def agency_forecasts(context: dg.AssetExecutionContext, source: SourceResource) -> pd.DataFrame:
    """Archived daily, because AirNow keeps no promise to keep it; empty for a source without AirNow."""
    with source.open() as opened:
        days = [opened.agency_forecasts(day.date()) for day in days_of(context)]
    return pd.concat([frame for frame in days if len(frame)] or days[:1], ignore_index=True)
