"""Measures what AirWatch does beside what else would do it, and writes benchmarks/RESULTS.md.

    python -W ignore -m benchmarks.results [--times 5] [--only events,import]

Every row is measured in turns on the same data, in CPU seconds of the process tree. With --only the other rows of the
file stay as they are.
"""

import argparse
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from benchmarks import (
    event_log,
    feature_scaling,
    import_time,
    lags,
    nation_year,
    parquet_scan,
    plot_cost,
    training_speed,
)
from benchmarks.measure import Measured, PeerMissing

RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    work: str
    peer: str
    target: str
    measure: Callable[[int], Measured]
    """How often → what was measured."""


@cache
def _events(times: int) -> tuple[Measured, Measured]:
    return event_log.measured(days=120, times=times)


ROWS = (
    Row(
        "events",
        "a further partition's events in a run over a range, one check",
        "Dagster's own SQLite log",
        "≤ 0.25 × (5 of 20 ms)",
        lambda times: _events(times)[1],
    ),
    Row(
        "events-cpu",
        "the same",
        "–",
        "≤ 0.005 CPU-s",
        lambda times: _events(times)[0],
    ),
    Row(
        "read",
        "150 daily files of 1,600 readings as one frame, all 26 columns",
        "`polars.scan_parquet(…).collect().to_pandas()`",
        "≤ 1.2 ×",
        lambda times: parquet_scan.measured(times, files=150, rows=1600),
    ),
    Row(
        "read-4",
        "the same, four columns",
        "the same, four columns",
        "≤ 1.2 ×",
        lambda times: parquet_scan.measured(times, files=150, rows=1600, columns=4),
    ),
    Row(
        "read-small",
        "a small area's history: 300 daily files of 9 readings",
        "the same rows in one file",
        "≤ 4 ×",
        lambda times: parquet_scan.measured_small(times, files=300, rows=9),
    ),
    Row(
        "read-years",
        "the same of four years: 1,461 daily files of 9 readings",
        "the same rows in one file",
        "≤ 4 ×",
        lambda times: parquet_scan.measured_small(times, files=1461, rows=9),
    ),
    Row(
        "validation",
        "validation of a table of 240,000 readings",
        "reading it from 150 daily files, a few at a time",
        "≤ 0.5 ×",
        lambda times: parquet_scan.measured_validation(times, files=150, rows=1600, is_packed=False),
    ),
    Row(
        "validation-packs",
        "the same",
        "reading it from the packs of their months",
        "–",
        lambda times: parquet_scan.measured_validation(times, files=150, rows=1600, is_packed=True),
    ),
    Row(
        "sites-thinned",
        "120 days of features of one network of 700 sites",
        "four times a quarter of its sites, drawn at random",
        "≤ 1.15 × (exponent 1.1)",
        lambda times: feature_scaling.measured(times, kind="thinned"),
    ),
    Row(
        "sites-wider",
        "120 days of features of four networks of 700 sites side by side",
        "four times one network",
        "≤ 1.15 × (exponent 1.1)",
        lambda times: feature_scaling.measured(times, kind="wider"),
    ),
    Row(
        "sites-denser",
        "the same of one network four times as dense, with four times the neighbours",
        "four times one network",
        "≤ 1.15 × (exponent 1.1)",
        lambda times: feature_scaling.measured(times, kind="denser"),
    ),
    Row(
        "lags",
        "lags and rolling statistics of 700 gap-filled series of 393 days",
        "mlforecast 1.1.0",
        "≤ 1 ×",
        lags.measured,
    ),
    Row(
        "nation-year",
        "a nation's year through Dagster, zip to features, without start-up",
        "Polars and NumPy by hand, all rules and features",
        "≤ 1.5 ×",
        nation_year.measured,
    ),
    Row(
        "training",
        "a month's training of 60 sites on three years, every family, holdout and final fit",
        "CatBoost alone on the same two windows",
        "≤ 1.5 ×",
        training_speed.measured,
    ),
    Row(
        "training-nation",
        "the same of a nation of 800 sites, whose blend has networks; one run, and the first counts",
        "the same",
        "≤ 1.5 ×",
        lambda _times: training_speed.measured(1, sites=800, warm_up=False),
    ),
    Row(
        "import",
        "import of the code location",
        "`import dagster, pandas, pandera`",
        "+0.3 s",
        import_time.measured,
    ),
    Row(
        "plot",
        "a plot for the UI, the one with most in it",
        "–",
        "≤ 0.05 CPU-s",
        plot_cost.measured,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="runs of each, in turns (default: 5)")
    parser.add_argument("--only", help=f"rows, by comma: {', '.join(row.name for row in ROWS)} (default: all)")
    arguments = parser.parse_args()
    only = set((arguments.only or ",".join(row.name for row in ROWS)).split(","))
    if unknown := only - {row.name for row in ROWS}:
        parser.error(f"--only: no row is named {', '.join(sorted(unknown))}")
    lines = {} if not RESULTS.exists() else _lines(RESULTS.read_text(encoding="utf-8"))
    for row in ROWS:
        if row.name not in only:
            continue
        try:
            found = row.measure(arguments.times)
        except PeerMissing as missing:
            print(f"{row.name}: not measured, its line stays as it is: {missing}", flush=True)
            continue
        lines[row.name] = f"| {row.name} | {row.work} | {row.peer} | {found} | {row.target} "
        lines[row.name] += f"| {datetime.now(UTC):%Y-%m-%d}, {commit()} |"
        print(lines[row.name], flush=True)
        RESULTS.write_text(_page(lines), encoding="utf-8")


def _page(lines: dict[str, str]) -> str:
    head = (
        "# Results\n\n"
        "Written by `make bench` (`benchmarks/results.py`). CPU seconds, user and system, of the process tree;\n"
        f"median of runs in turns, smallest and largest. Machine of the last run: {machine()}.\n\n"
        "| row | work | peer | ours | target | date, commit |\n|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(lines[row.name] for row in ROWS if row.name in lines) + "\n"


def _lines(page: str) -> dict[str, str]:
    return {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| ")}


def machine() -> str:
    """``2 cores, Linux 6.1 x86_64, Python 3.11.7``, and the load that other programs put on it."""
    system = f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}"
    load = f"load {os.getloadavg()[0]:.0f} at the end"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}, {load}"


def commit() -> str:
    """The commit that is checked out, with a plus where files of the package differ from it."""
    here = Path(__file__).parent
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    ).stdout.strip()
    changed = subprocess.run(
        ["git", "status", "--porcelain", "../airwatch_dagster"], cwd=here, capture_output=True, text=True, check=False
    ).stdout.strip()
    return f"{revision or 'no commit'}{'+' if changed else ''}"


if __name__ == "__main__":
    main()
