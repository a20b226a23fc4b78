"""Evidently's page and findings of each month, stored side by side."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.metadata.tables import drift_figures
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.table_asset import AssetResult
from airwatch_dagster.orchestration.training.by_month import months_before, of_month, stacked
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.drift import drift_findings, season_matched

DRIFT_CHECK: Final = {"no_drift": "No feature left the range of its season; calendar and place columns are not watched"}


def report_months(months: Sequence[pd.Timestamp], *, features: pd.DataFrame, tables: TableStorage) -> AssetResult:
    """Findings of every month in the columns of drift_report, its HTML page stored under reports/."""
    findings = stacked("drift_report", [_report(month, features=features, tables=tables) for month in months])
    drifted = findings[findings["is_drifted"]]
    oddities = {f"{month:%Y-%m}": f"drifted: {', '.join(rows['feature'])}" for month, rows in drifted.groupby("month")}
    return AssetResult(findings, partition_metadata=drift_figures(findings), warnings={"no_drift": oddities})


def _report(month: pd.Timestamp, *, features: pd.DataFrame, tables: TableStorage) -> pd.DataFrame:
    current = of_month(features, month=month, column="issue_date")
    earlier = months_before(features, month=month, count=TRAINING_MONTHS, column="issue_date")
    reference = season_matched(earlier, month=month)
    findings, page = drift_findings(current, reference=reference, month=month)
    uri = tables.write_report(f"drift_report-{month:%Y-%m}.html", page)
    return findings.assign(report_uri=uri)
