"""`airwatch demo`: a backfill of simulated air and a summary of its results."""

import os
from collections.abc import Callable, Iterator

import pandas as pd

from airwatch_dagster.commands.backfill.backfill import run_backfill
from airwatch_dagster.orchestration.environment import default_storage
from airwatch_dagster.orchestration.partitions import newest_day
from airwatch_dagster.orchestration.resources import opened_storage, utc_now
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.storage.tables import TableStorage

DEMO_YEARS = 2
"""Years of simulated air up to yesterday: one for training, one for testing."""

PROCESSES = min(2, os.cpu_count() or 1)
"""Runs at a time: two take a third off the demo's time on two cores."""

EMBEDDED = {"AIRWATCH_SOURCE": "practice", "AIRWATCH_AREA": "cbsa:16980"}
"""The demo's settings, whatever `.env` has: simulated air must never be mixed with real readings."""


def embedded_default() -> None:
    """Set this process's environment to the demo's settings."""
    os.environ.update(EMBEDDED, AIRWATCH_STORAGE=default_storage())
    os.environ.pop("MLFLOW_TRACKING_URI", None)


def run_demo(*, echo: Callable[[str], None]) -> None:
    """Backfill every table for two years of simulated air up to yesterday, then print a summary."""
    yesterday = newest_day(utc_now())
    first = yesterday - pd.DateOffset(years=DEMO_YEARS) + pd.Timedelta(days=1)
    started = utc_now()
    run_backfill(first=first, last=yesterday, processes=PROCESSES, echo=echo)
    echo(f"Done in {(utc_now() - started).total_seconds():.0f} s.\n")
    for line in summary(opened_storage(Settings.from_environment().storage), yesterday=yesterday):
        echo(line)


def summary(tables: TableStorage, *, yesterday: pd.Timestamp) -> Iterator[str]:
    """Lines of text: the champion and why, accuracy by family, tomorrow's forecast per site, and where to look next."""
    champion = tables.read("champion_model", [f"{yesterday:%Y-%m}"]).iloc[0]
    yield f"Champion of {champion['month']:%B %Y}: {champion['model_family']} (version {champion['model_version']})"
    yield f"  {champion['reason']}\n"
    yield from _skill(tables, yesterday)
    yield from _tomorrow(tables, yesterday)
    yield from _places(tables, yesterday)


def _skill(tables: TableStorage, yesterday: pd.Timestamp) -> Iterator[str]:
    from airwatch_dagster.verify.metrics import metrics

    months = [str(period) for period in pd.period_range(end=yesterday, periods=12, freq="M")]
    scores = tables.read("candidate_scores", months, allow_missing=True)
    table = metrics(scores, by=["model_family", "horizon_days"])
    sites = scores["site_id"].nunique()
    yield f"Accuracy of every family in the last 12 months, {sites} sites: RMSE in µg/m³ at 1, 2 and 3 days ahead"
    wide = table.pivot(index="model_family", columns="horizon_days", values="rmse_ugm3")
    skill = 1 - (wide / wide.loc["damped_persistence"]) ** 2
    for family in wide.mean(axis="columns").sort_values().index:
        pairs = zip(wide.loc[family], skill.loc[family], strict=True)
        yield f"  {family:<20} " + "   ".join(f"{rmse:5.2f} ({share:+.2f})" for rmse, share in pairs)
    yield "  In brackets: skill, the reduction of mean squared error relative to damped persistence.\n"


def _tomorrow(tables: TableStorage, yesterday: pd.Timestamp) -> Iterator[str]:
    tomorrow = yesterday + pd.Timedelta(days=2)
    forecast = tables.read("predictions", [f"{yesterday:%Y-%m-%d}"]).query("target_date == @tomorrow")
    names = tables.read("monitors", None).drop_duplicates("site_id").set_index("site_id")["site_name"].to_dict()
    yield f"Tomorrow, {tomorrow:%A %d %B %Y} (24-hour PM2.5 in µg/m³, 90 % interval, AQI):"
    for row in forecast.sort_values("site_id").itertuples():
        interval = f"[{row.pm25_lower_ugm3:4.1f}, {row.pm25_upper_ugm3:5.1f}]"
        place = f"{row.site_id}  {names[str(row.site_id)]:<28}"
        yield f"  {place} {row.pm25_ugm3:5.1f}  {interval}  AQI {row.aqi:>3}  {row.aqi_category}"
    yield ""


def _places(tables: TableStorage, yesterday: pd.Timestamp) -> Iterator[str]:
    last_month = f"{yesterday:%Y-%m}"
    report = tables.read("drift_report", [last_month])["report_uri"].dropna()
    yield f"Drift report: {report.iloc[0] if len(report) else 'none yet'}"
    yield f"Tables:       {tables.uri('<table>', '<day or month>')}"
    yield "See a table:  .venv/bin/airwatch inspect predictions"
    yield "Dagster UI:   make dev, then open http://127.0.0.1:3000"
