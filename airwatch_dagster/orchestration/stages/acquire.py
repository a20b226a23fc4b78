"""Acquire: what EPA published, every version kept."""

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.monitor_lists import with_changes
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.orchestration.contracts import Produced, table_asset
from airwatch_dagster.orchestration.partitions import days_of
from airwatch_dagster.orchestration.resources import SourceResource, StorageResource, readings_of, utc_now
from airwatch_dagster.schemas import TABLES


@table_asset(stage="acquire", kinds=("python", "parquet"))
def monitors(source: SourceResource, storage: StorageResource) -> pd.DataFrame:
    """Replaced whole by every run: weekly by schedule, and first of all by a backfill."""
    with source.open() as opened:
        tables = storage.tables()
        tables.claim(readings_of(opened))
        stored = tables.read("monitors") if tables.exists("monitors") else TABLES["monitors"].empty()
        return with_changes(opened.monitors(), stored=stored, seen_at=utc_now())


@table_asset(stage="acquire", kinds=("python", "parquet"), pool="epa", deps=["monitors"])
def raw_readings(context: dg.AssetExecutionContext, source: SourceResource, storage: StorageResource) -> Produced:
    """Merged into what is stored: pulling the same data twice adds nothing, no version is ever lost."""
    days, tables = days_of(context), storage.tables()
    with source.open() as opened:
        tables.claim(readings_of(opened))
        pull = opened.pull(days[0].date(), days[-1].date())
        history = tables.read("raw_readings", context.partition_keys, allow_missing=True)
        merged = merge_pull(history, pull.rows, seen_at=utc_now(), in_scope=pull.in_scope)
    counts = {"run_pulled_rows": len(pull.rows), "run_new_versions": len(merged) - len(history)}
    return Produced(merged, metadata={**counts, "run_unknown_cbsa_names": dict(pull.unknown_cbsa_names)})
