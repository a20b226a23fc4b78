"""Each month's drift report: findings as rows, a page of them, and Evidently's plots as another."""

import re
from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.figures.feature_titles import feature_title
from airwatch_dagster.figures.markdown import counted, number
from airwatch_dagster.orchestration.findings_pages import findings_page_name, report_name
from airwatch_dagster.orchestration.metadata.monthly_findings import GRAVEST, NETWORK, PIPELINE
from airwatch_dagster.orchestration.metadata.tables import drift_report_metadata
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.resources import configured_area
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.orchestration.training.by_month import months_before, of_month, stacked
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.drift import COUNTING_COLUMNS, THRESHOLD, drift_findings, season_matched
from airwatch_dagster.watch.drift_page import drift_page

_FOLDER: Final = report_name("").rpartition("/")[0]

SEASON: Final = "season"
"""The rule that compares a month's PM2.5 with its season of earlier years."""

_PM25: Final = re.compile(r"pm25|_log$|_log_before$|^site_regression")
"""Features that rise and fall with PM2.5."""

DRIFT_CHECK: Final = {
    "no_drift": Check(
        "No feature drifted from its season of earlier years beyond what monthly_findings explain",
        follows="The models may meet air or instruments that they have not learned from.",
        todo="Read the month's page of monthly_findings, then its drift report.",
    )
}


def report_months(months: Sequence[pd.Timestamp], *, features: pd.DataFrame, tables: TableStorage) -> AssetResult:
    """Findings of every month in the columns of drift_report; stores each month's pages under reports/.

    ``features`` must reach back over the training months before each month. Warns of months with drifted features that
    the month's findings do not explain.
    """
    report = stacked("drift_report", [_report(month, features=features, tables=tables) for month in months])
    keys = [f"{month:%Y-%m}" for month in months]
    known = tables.read("monthly_findings", keys, allow_missing=True)
    drifted = report[report["is_drifted"] & ~explained(report, known, area=str(configured_area()))]
    by_month = {f"{month:%Y-%m}": rows for month, rows in drifted.groupby("month")}
    warnings = {key: _finding(rows, report) for key, rows in by_month.items()}
    causes = {key: cause for key, rows in by_month.items() if (cause := _cause(rows, known))}
    pages = {key: tables.page_uri(report_name(key)) for key in keys}
    metadata = drift_report_metadata(report, pages)
    return AssetResult(
        report, partition_metadata=metadata, warnings={"no_drift": warnings}, causes={"no_drift": causes}
    )


def explained(report: pd.DataFrame, findings: pd.DataFrame, *, area: str) -> pd.Series:
    """Mask of the rows of ``report`` that need no warning of their own: features of PM2.5, in a month of which
    ``monthly_findings`` judged the season of the whole ``area`` and found nothing of the network or the pipeline.

    Either the air moved, or no further than from year to year; faults of single sensors are told of there.
    """
    rows = findings[findings["area"] == area]
    judged = set(rows.loc[(rows["rule"] == SEASON) & rows["not_judged"].isna(), "month"])
    doubted = set(rows.loc[rows["is_found"] & rows["cause"].isin((NETWORK, PIPELINE)), "month"])
    return report["month"].isin(judged - doubted) & report["feature"].str.contains(_PM25)


def _cause(drifted: pd.DataFrame, findings: pd.DataFrame) -> str | None:
    """The gravest cause of a fault that was found in the month of these rows; else the network if all of them count
    days with readings. None where it is not known."""
    of_month = findings["is_found"] & (findings["month"] == drifted["month"].iloc[0])
    found = {*findings.loc[of_month, "cause"], *([NETWORK] if drifted["feature"].isin(COUNTING_COLUMNS).all() else [])}
    return next((cause for cause in GRAVEST if cause in found), None)


def _finding(drifted: pd.DataFrame, findings: pd.DataFrame) -> str:
    """``11 of 14 features drifted, most days with a reading, of 28 (mean 2.4, in its season 25.1)``."""
    judged = findings[findings["not_judged"].isna()]
    compared = int((judged["month"] == drifted["month"].iloc[0]).sum())
    most = drifted.sort_values("statistic", ascending=False, na_position="first").iloc[0]
    means = f"mean {number(most['current_mean'], '.1f')}, in its season {number(most['reference_mean'], '.1f')}"
    return f"{len(drifted)} of {counted(compared, 'feature')} drifted, most: {feature_title(most['feature'])} ({means})"


def _report(month: pd.Timestamp, *, features: pd.DataFrame, tables: TableStorage) -> pd.DataFrame:
    current = of_month(features, month=month, column="issue_date")
    earlier = months_before(features, month=month, count=TRAINING_MONTHS, column="issue_date")
    found, plots = drift_findings(
        current,
        reference=season_matched(earlier, month=month),
        month=month,
        began=earlier["issue_date"].min(),
        title_of=feature_title,
    )
    name, details = report_name(f"{month:%Y-%m}"), report_name(f"{month:%Y-%m}-plots")
    if found.empty:
        return found.assign(report_uri=tables.write_page(name, plots.html))
    if found["statistic"].notna().any():
        tables.write_page(details, plots.html)
    stored = tables.pages(_FOLDER)
    for file, content in plots.shared.items():
        if file not in stored:
            tables.write_page(f"{_FOLDER}/{file}", content)
    page = drift_page(
        found,
        month=month,
        threshold=THRESHOLD,
        details=_beside(details),
        title_of=feature_title,
        changes=f"../{findings_page_name(month)}",
    )
    return found.assign(report_uri=tables.write_page(name, page))


def _beside(name: str) -> str:
    return name.rpartition("/")[2]
