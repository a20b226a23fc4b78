"""The watch stage: sensor flags, findings, input drift, revised readings, network coverage and monitor changes."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.findings_pages import update_index
from airwatch_dagster.orchestration.metadata.drift import DRIFT_CHECK, report_months
from airwatch_dagster.orchestration.metadata.monthly_findings import (
    FINDING_CHECK,
    HISTORY_MONTHS,
    SITE_DAY_COLUMNS,
    findings_of_months,
)
from airwatch_dagster.orchestration.metadata.sensor_flags import FLAG_CHECK, flagged_days
from airwatch_dagster.orchestration.metadata.silence import silence_metadata
from airwatch_dagster.orchestration.metadata.tables import coverage_metadata
from airwatch_dagster.orchestration.pages import Pages
from airwatch_dagster.orchestration.partitions import (
    TRAINING_MONTHS,
    days_before,
    days_of,
    months_of,
    same_day,
    same_month,
    window,
)
from airwatch_dagster.orchestration.resources import StorageResource, configured_area, today
from airwatch_dagster.orchestration.tables.asset_notes import described
from airwatch_dagster.orchestration.tables.table_asset import OWNER, AssetResult, Merge, column_schema, table_asset
from airwatch_dagster.orchestration.watch_tables import (
    OUTAGE_CHECK,
    REVISION_CHECKS,
    all_monitor_changes,
    revisions_detected_on,
)
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.coverage import WINDOW_MONTHS as COVERAGE_MONTHS
from airwatch_dagster.watch.coverage import coverage as coverage_of
from airwatch_dagster.watch.outages import area_outages
from airwatch_dagster.watch.sensors.window import WINDOW_DAYS


@table_asset(
    stage="watch", deps=[days_before("site_days", WINDOW_DAYS), same_day("raw_readings")], warning_checks=FLAG_CHECK
)
def sensor_flags(context: dg.AssetExecutionContext, monitors: pd.DataFrame, storage: StorageResource) -> AssetResult:
    """Updated with its days, and when the two months before it change. Of three earlier years it reads the season as it
    is stored; a change there alone does not make it stale."""
    return flagged_days(days_of(context), monitors=monitors, tables=storage.tables())


@table_asset(
    stage="watch",
    ins={"site_days": window("site_days", -HISTORY_MONTHS, 0, columns=SITE_DAY_COLUMNS)},
    deps=["monitor_changes"],
    warning_checks=FINDING_CHECK,
)
def monthly_findings(
    context: dg.AssetExecutionContext, site_days: pd.DataFrame, monitors: pd.DataFrame, storage: StorageResource
) -> Iterator[AssetResult]:
    """Judged after every pull and when the month is over, each month against the three years before it. Its pages are
    in the folder site/findings of the storage; index.html lists all months."""
    tables = storage.tables()
    yield findings_of_months(months_of(context), site_days=site_days, monitors=monitors, tables=tables)
    update_index(tables)


@table_asset(
    stage="watch",
    kinds=("evidently", "parquet"),
    ins={"features": window("features", -TRAINING_MONTHS, 0)},
    deps=[same_month("monthly_findings")],
    warning_checks=DRIFT_CHECK,
)
def drift_report(context: dg.AssetExecutionContext, features: pd.DataFrame, storage: StorageResource) -> AssetResult:
    """Built when the month is over: its features against the same season of up to three earlier years, without calendar
    columns."""
    return report_months(months_of(context), features=features, tables=storage.tables())


@table_asset(
    stage="watch",
    deps=[dg.AssetDep("raw_readings", partition_mapping=dg.AllPartitionMapping())],
    warning_checks=REVISION_CHECKS,
)
def revisions(context: dg.AssetExecutionContext, storage: StorageResource) -> Merge:
    """Partitioned by the day of the pull that detected them; updated after a run that ingests days where it detected
    any, and once without any after that."""
    tables = storage.tables()
    return Merge(tables, lambda _: revisions_detected_on(days_of(context), tables))


@table_asset(
    stage="watch",
    ins={"site_days": window("site_days", 1 - COVERAGE_MONTHS, 0)},
    deps=["monitor_changes"],
    failing_checks=OUTAGE_CHECK,
)
def coverage(
    context: dg.AssetExecutionContext, site_days: pd.DataFrame, monitors: pd.DataFrame, storage: StorageResource
) -> AssetResult:
    """Updated after every pull and when the month is over: data that is late today may be missing tomorrow."""
    months, tables = months_of(context), storage.tables()
    table = coverage_of(site_days, months=months, monitors=monitors, today=pd.Timestamp(today()))
    changes, silence = tables.read_or_empty("monitor_changes"), silence_metadata(table, months, tables)
    metadata = coverage_metadata(table, changes, monitors=monitors, pages=Pages(tables), silence=silence)
    warnings = dict.fromkeys(OUTAGE_CHECK, area_outages(table, area=configured_area()))
    return AssetResult(table, partition_metadata=metadata, warnings=warnings)


@table_asset(stage="watch", deps=[dg.AssetDep("raw_readings", partition_mapping=dg.AllPartitionMapping())])
def monitor_changes(monitors: pd.DataFrame, storage: StorageResource) -> Iterator[Merge]:
    """Rebuilt weekly from the whole history and the monitor list; stored changes of the primary monitor stay."""
    with storage.locked("monitor_changes") as tables:
        now = pd.Timestamp(today())
        yield Merge(tables, lambda _: AssetResult(all_monitor_changes(tables, monitors, today=now)))


incidents = dg.AssetSpec(
    "incidents",
    group_name="watch",
    description=described(
        "incidents", (TABLES["incidents"].description, "The sensor `incidents` stores it; it has no runs of its own.")
    ),
    metadata={"dagster/column_schema": column_schema(TABLES["incidents"])},
    kinds={"python", "parquet"},
    owners=[OWNER],
)
