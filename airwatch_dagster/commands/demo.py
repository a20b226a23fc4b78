"""`airwatch demo`: a backfill of simulated air and a summary of its results."""

from collections.abc import Callable, Iterator

import pandas as pd

from airwatch_dagster.commands.backfill.backfill import run_backfill
from airwatch_dagster.commands.backfill.worker import Workers
from airwatch_dagster.commands.pages.summary import forecast_summary
from airwatch_dagster.commands.wording import program
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.findings_pages import INDEX as FINDINGS_INDEX
from airwatch_dagster.orchestration.partitions import newest_day
from airwatch_dagster.orchestration.resources import opened_storage, utc_now
from airwatch_dagster.storage.tables import TableStorage

DEMO_YEARS = 2
"""Years of simulated air up to yesterday: one for training, one for testing."""


def run_demo(*, workers: Workers, echo: Callable[[str], None]) -> None:
    """Backfill every table for two years of simulated air up to yesterday, sum up, and say where to look."""
    yesterday = newest_day(utc_now())
    first = yesterday - pd.DateOffset(years=DEMO_YEARS) + pd.Timedelta(days=1)
    started = utc_now()
    has_summed_up = run_backfill(first=first, last=yesterday, workers=workers, echo=echo)
    tables = opened_storage(Settings.from_environment().storage)
    if not has_summed_up:
        for line in forecast_summary(tables, yesterday, newest=yesterday):
            echo(line)
    for line in places(tables, yesterday):
        echo(line)
    echo(f"Done in {(utc_now() - started).total_seconds():.0f} s.")


def places(tables: TableStorage, yesterday: pd.Timestamp) -> Iterator[str]:
    """Where the page of what changed, the drift report, the tables and the Dagster UI are."""
    report = tables.read("drift_report", [f"{yesterday:%Y-%m}"])["report_uri"].dropna()
    yield f"Changes:    {tables.page_uri(FINDINGS_INDEX)}"
    yield f"Drift:      {report.iloc[0] if len(report) else 'no report yet'}"
    yield f"Tables:     {tables.uri('<table>', '<day or month>')}"
    yield f"Status:     {program()} status"
    yield "Dagster UI: make dev, then open http://127.0.0.1:3000"
