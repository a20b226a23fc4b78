"""Each month's drift report: findings as rows, a page of them, and Evidently's plots as another."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.figures.feature_titles import feature_title
from airwatch_dagster.figures.markdown import counted, number
from airwatch_dagster.orchestration.metadata.tables import drift_report_metadata, report_name
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.orchestration.training.by_month import months_before, of_month, stacked
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.drift import THRESHOLD, drift_findings, season_matched
from airwatch_dagster.watch.drift_page import drift_page

DRIFT_CHECK: Final = {
    "no_drift": Check(
        "No feature drifted from its seasonal reference; calendar and location features are not monitored",
        follows="The models may meet air or instruments that they have not learned from.",
        todo="Open the month's report, then look for a cause in monitor_changes and coverage of the month.",
    )
}


def report_months(months: Sequence[pd.Timestamp], *, features: pd.DataFrame, tables: TableStorage) -> AssetResult:
    """Findings of every month in the columns of drift_report; stores each month's pages under reports/.

    ``features`` must reach back over the training months before each month. Warns of months with drifted features.
    """
    findings = stacked("drift_report", [_report(month, features=features, tables=tables) for month in months])
    drifted = findings[findings["is_drifted"]]
    warnings = {f"{month:%Y-%m}": _finding(rows, findings) for month, rows in drifted.groupby("month")}
    pages = {f"{month:%Y-%m}": tables.page_uri(report_name(f"{month:%Y-%m}")) for month in months}
    return AssetResult(
        findings, partition_metadata=drift_report_metadata(findings, pages), warnings={"no_drift": warnings}
    )


def _finding(drifted: pd.DataFrame, findings: pd.DataFrame) -> str:
    """``11 of 14 features drifted, most days with a reading, of 28 (mean 2.4, in its season 25.1)``."""
    compared = int((findings["month"] == drifted["month"].iloc[0]).sum())
    most = drifted.sort_values("statistic", ascending=False, na_position="first").iloc[0]
    means = f"mean {number(most['current_mean'], '.1f')}, in its season {number(most['reference_mean'], '.1f')}"
    return f"{len(drifted)} of {counted(compared, 'feature')} drifted, most: {feature_title(most['feature'])} ({means})"


def _report(month: pd.Timestamp, *, features: pd.DataFrame, tables: TableStorage) -> pd.DataFrame:
    current = of_month(features, month=month, column="issue_date")
    earlier = months_before(features, month=month, count=TRAINING_MONTHS, column="issue_date")
    reference = season_matched(earlier, month=month)
    findings, plots = drift_findings(current, reference=reference, month=month)
    name, details = report_name(f"{month:%Y-%m}"), report_name(f"{month:%Y-%m}-plots")
    if findings.empty:
        return findings.assign(report_uri=tables.write_page(name, plots))
    tables.write_page(details, plots)
    beside = details.rpartition("/")[2]
    page = drift_page(findings, month=month, threshold=THRESHOLD, details=beside, title_of=feature_title)
    return findings.assign(report_uri=tables.write_page(name, page))
