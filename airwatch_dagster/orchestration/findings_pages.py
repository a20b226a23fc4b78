"""The pages of monthly findings in the storage's folder site/findings: one a month, and the index."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.orchestration.resources import configured_area
from airwatch_dagster.publish.findings.content import month_report
from airwatch_dagster.publish.findings.page import Links, index_page, month_file, month_page
from airwatch_dagster.publish.findings.rates import rates_of
from airwatch_dagster.publish.findings.verdicts import whole_area
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.replay.operating_characteristic import injected_faults, undisturbed_months

FOLDER: Final = "findings"
"""Folder of these pages in ``site/``."""

INDEX: Final = f"{FOLDER}/index.html"
"""The page that lists all months."""

INDEX_COLUMNS: Final = ("month", "area", "rule", "cause", "site_id", "is_found", "effect", "limit", "not_judged")
"""What the index is made from."""


def findings_page_name(month: pd.Timestamp) -> str:
    """File of a month's page in the folder of pages."""
    return f"{FOLDER}/{month_file(month)}"


def report_name(month: str) -> str:
    """File of a month's drift report in the folder of pages."""
    return f"reports/drift_report-{month}.html"


def store_month_pages(
    tables: TableStorage,
    months: Sequence[pd.Timestamp],
    findings: pd.DataFrame,
    *,
    last_days: Mapping[pd.Timestamp, pd.Timestamp],
) -> None:
    """Write the page of each month from its rows of ``findings``; ``last_days`` are the newest ones with readings."""
    stored = {f"{FOLDER}/{name}" for name in tables.pages(FOLDER)} | {findings_page_name(month) for month in months}
    by_month, is_simulated = dict(list(findings.groupby("month"))), tables.holds_simulated()
    rates = rates_of(str(configured_area()), undisturbed=undisturbed_months(), faults=injected_faults())
    for month in months:
        rows, last_day = by_month.get(month, findings[:0]), last_days.get(month)
        report = month_report(
            rows,
            month=month,
            last_day=last_day,
            area=whole_area(rows) if len(rows) else str(configured_area()),
            name_of=area_name,
            is_simulated=is_simulated,
        )
        beside = {
            name: month_file(other)
            for name, other in (("before", _months_on(month, -1)), ("after", _months_on(month, 1)))
            if findings_page_name(other) in stored
        }
        drift = f"../{report_name(f'{month:%Y-%m}')}" if report.is_over else None
        page = month_page(report, links=Links(**beside, drift=drift), rates=rates)
        tables.write_page(findings_page_name(month), page)


def update_index(tables: TableStorage) -> None:
    """Write the index of all stored months; what another run adds at the same time stays."""

    def updated(_: Mapping[str, bytes | None]) -> dict[str, bytes]:
        findings = tables.read("monthly_findings", columns=INDEX_COLUMNS)
        is_simulated = tables.holds_simulated()
        return {INDEX: index_page(findings, area=configured_area().name, is_simulated=is_simulated)}

    tables.update_pages([INDEX], updated)


def area_name(area: str) -> str:
    """The name of an area for people."""
    return Area.parse(area).name


def _months_on(month: pd.Timestamp, count: int) -> pd.Timestamp:
    return month + pd.DateOffset(months=count)
