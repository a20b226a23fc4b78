"""Each month's drift report: findings as rows, Evidently's page as a file."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.metadata.tables import drift_report_metadata
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.table_asset import AssetResult
from airwatch_dagster.orchestration.training.by_month import months_before, of_month, stacked
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.drift import drift_findings, season_matched

DRIFT_CHECK: Final = {
    "no_drift": "No feature drifted from its seasonal reference; calendar and location features are not monitored"
}


def report_months(months: Sequence[pd.Timestamp], *, features: pd.DataFrame, tables: TableStorage) -> AssetResult:
    """Findings of every month in the columns of drift_report; stores each month's HTML page under reports/.

    ``features`` must reach back over the training months before each month. Warns of months with drifted features.
    """
    findings = stacked("drift_report", [_report(month, features=features, tables=tables) for month in months])
    drifted = findings[findings["is_drifted"]]
    warnings = {f"{month:%Y-%m}": f"drifted: {', '.join(rows['feature'])}" for month, rows in drifted.groupby("month")}
    return AssetResult(findings, partition_metadata=drift_report_metadata(findings), warnings={"no_drift": warnings})


def _report(month: pd.Timestamp, *, features: pd.DataFrame, tables: TableStorage) -> pd.DataFrame:
    current = of_month(features, month=month, column="issue_date")
    earlier = months_before(features, month=month, count=TRAINING_MONTHS, column="issue_date")
    reference = season_matched(earlier, month=month)
    findings, page = drift_findings(current, reference=reference, month=month)
    uri = tables.write_report(f"drift_report-{month:%Y-%m}.html", page)
    return findings.assign(report_uri=uri)
