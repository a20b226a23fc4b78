"""The acquire stage: what EPA published, in every version, and weather as it was forecast."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import dagster as dg

from airwatch_dagster.acquire.parsing.rejections import joined_rejections
from airwatch_dagster.orchestration.early_issue import EARLY_JOB
from airwatch_dagster.orchestration.ingest.emptied_days import EMPTY_CHECK
from airwatch_dagster.orchestration.ingest.ingest_config import IngestConfig, resolved
from airwatch_dagster.orchestration.ingest.ingestion import Ingestion, merged_monitors
from airwatch_dagster.orchestration.ingest.missing_files import MISSING_FILES_CHECK
from airwatch_dagster.orchestration.ingest.recheck import RecheckConfig, recheck_history
from airwatch_dagster.orchestration.ingest.rejected_lines import (
    MONITORS_CHECK,
    REJECTED_CHECK,
    rejected_lines,
    rejected_metadata,
    store_rejected_lines,
)
from airwatch_dagster.orchestration.ingest.undo import undone
from airwatch_dagster.orchestration.partitions import days_of
from airwatch_dagster.orchestration.resources import SourceResource, StorageResource, today, utc_now
from airwatch_dagster.orchestration.tables.table_asset import AssetResult, Merge, table_asset
from airwatch_dagster.orchestration.training.by_month import stacked
from airwatch_dagster.orchestration.weather.answers import WEATHER_CHECK, answers_of
from airwatch_dagster.orchestration.weather.resource import WeatherResource
from airwatch_dagster.orchestration.weather.sites import published_by, published_early_by

__all__ = ["agency_forecasts", "history_checks", "monitors", "raw_readings", "rejected_lines", "weather_forecasts"]

REQUEST_POOL: str = "epa_requests"
"""Pool of everything that sends requests to EPA: one step at a time, out of politeness. The client spaces its requests,
and write locks protect the tables."""

WEATHER_POOL: str = "weather_requests"
"""Pool of what asks the source of weather, likewise."""


@table_asset(stage="acquire", kinds=("python", "parquet"), pool=REQUEST_POOL, warning_checks=MONITORS_CHECK)
def monitors(context: dg.AssetExecutionContext, source: SourceResource, storage: StorageResource) -> Iterator[Merge]:
    """Replaced as a whole by every run: weekly by schedule, and at the start of a first backfill."""
    with storage.locked("monitors") as tables, source.open_into(tables) as opened:
        listed = opened.monitors()
        yield Merge(tables, partial(merged_monitors, listed))
        store_rejected_lines(context, storage, listed.rejected)


@table_asset(
    stage="acquire",
    kinds=("python", "parquet"),
    pool=REQUEST_POOL,
    deps=["monitors"],
    keep_unchanged=True,
    warning_checks=REJECTED_CHECK | MISSING_FILES_CHECK,
    failing_checks=EMPTY_CHECK,
)
def raw_readings(
    context: dg.AssetExecutionContext, config: IngestConfig, source: SourceResource, storage: StorageResource
) -> Iterator[Merge]:
    """Merged into the stored versions: the same data pulled twice adds nothing; only an undone import loses any."""
    ingest = resolved(config, days_of(context))
    with storage.locked("raw_readings") as tables:
        if ingest.undo is not None:
            yield Merge(tables, partial(undone, ingest.undo, ingest=ingest))
            return
        with source.open_into(tables) as opened:
            ingestion = Ingestion(opened, ingest, tables, context.partition_keys)
            yield Merge(tables, ingestion.merged)
            pull = ingestion.pull
            store_rejected_lines(context, storage, pull.rejected, files=pull.files)
            pull.mark_stored()


@table_asset(stage="acquire", kinds=("python", "parquet"), pool=REQUEST_POOL, deps=["raw_readings"])
def history_checks(config: RecheckConfig, source: SourceResource, storage: StorageResource) -> Iterator[Merge]:
    """Weekly for rows that AQS lists as changed, monthly for one whole year, daily for AirNow's last days."""
    with storage.locked("history_checks") as tables, source.open() as opened:
        found = recheck_history(opened, tables, config, now=utc_now(), today=today())
        yield Merge(tables, lambda before: replace(found, frame=stacked("history_checks", [before, found.frame])))


@table_asset(stage="acquire", kinds=("python", "parquet"), pool=REQUEST_POOL)
def agency_forecasts(
    context: dg.AssetExecutionContext, source: SourceResource, storage: StorageResource
) -> Iterator[AssetResult]:
    """Archived daily, since AirNow does not promise to keep old files; empty for a source without AirNow."""
    with source.open() as opened:
        read = [opened.agency_forecasts(day.date()) for day in days_of(context)]
    rejected = joined_rejections(one.rejected for one in read)
    from_service = {"run_days_from_service": sum(one.is_from_service for one in read)}
    records = stacked("agency_forecasts", [one.records for one in read])
    yield AssetResult(records, metadata={**rejected_metadata(rejected), **from_service})
    store_rejected_lines(context, storage, rejected)


@table_asset(
    stage="acquire",
    kinds=("python", "parquet"),
    pool=WEATHER_POOL,
    deps=["monitors"],
    keep_unchanged=True,
    warning_checks=WEATHER_CHECK,
)
def weather_forecasts(
    context: dg.AssetExecutionContext, weather: WeatherResource, storage: StorageResource
) -> Iterator[Merge]:
    """Of the source that AIRWATCH_WEATHER_SOURCE names, as published by the time of issue, early or daily. A source
    that is away or late leaves a day empty or in part, with a warning; what is stored of a day stays until there is an
    answer for it.
    """
    with storage.locked("weather_forecasts") as tables, weather.open() as opened:
        until = published_early_by if context.job_name == EARLY_JOB else published_by
        answers = answers_of(opened, days_of(context), monitors=tables.read_or_empty("monitors"), until=until)
        yield Merge(tables, answers.merged)
        store_rejected_lines(context, storage, answers.rejected)
