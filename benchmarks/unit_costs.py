"""What does a site-year cost: CPU, memory and bytes of each step, on EPA's daily files?

    .venv/bin/python -W ignore -m benchmarks.unit_costs FOLDER [--json FILE]

FOLDER is a mirror of AirData: aqs_monitors.zip and daily_88101_YYYY.zip of the years. `airwatch backfill` builds each
table of two areas, a small and a large one, in a process of its own, from nothing, into a new folder. A process that
has nothing to do is taken off its CPU seconds. The two areas then give what a partition costs however few sites it
has, and what each site-year adds (a site-year is a site with a reading in a calendar year). Without sites around the
areas, as in a whole country. Prints a table for each area, those two costs, and how many requests the AQS API would
need for all monitors of the list, by the product's own planner.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow.parquet as pq

from airwatch_dagster.acquire.airdata.files import read_monitors
from airwatch_dagster.acquire.aqs.request_plan import (
    ROWS_PER_MONITOR_DAY,
    Cost,
    cost_of,
    geographies_of,
    plan_daily,
    rows_per_day_of,
)
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.installations import Installation

AREAS: Final = ("cbsa:16980", "state:17,state:18,state:26,state:39,state:55,state:27,state:29")
"""Chicago, and seven states around it."""

FROM_ALL_YEARS: Final = ("raw_readings", "site_days", "features", "training_examples")
FROM_SOME_MONTHS: Final = (
    *("trained_models", "candidate_scores", "champion_model", "predictions", "forecast_scores"),
    *("verification", "scoreboard", "coverage", "bulletin"),
)
"""Built for a few months: each has the cost of every other, and training takes long."""

IDLE: Final = "(nothing to do)"
"""Name of the last step: readings that are stored already."""

COMMAND: Final = (sys.executable, "-W", "ignore", "-c", "from airwatch_dagster.cli import main; main()", "backfill")


@dataclass(frozen=True)
class Step:
    """What the process that built a table took, start-up included, and what it stored."""

    table: str
    cpu_s: float
    wall_s: float
    peak_mb: float
    runs: int
    """A run is of a calendar year at most."""
    partitions: int
    site_years: float
    """Of the days that the partitions are of; of a month's models, of the 36 months before."""
    rows: int
    mb: float


def main() -> int:
    arguments = _parsed()
    found: list[list[Step]] = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        for number, area in enumerate(arguments.areas):
            found.append(list(_area(arguments, area, Path(temporary, str(number)))))
    if arguments.json:
        arguments.json.write_text(json.dumps([[asdict(step) for step in steps] for steps in found], indent=1))
    if len(found) == 2:
        _print_units(*found)
    _print_requests(arguments.mirror)
    return 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mirror", type=Path, metavar="FOLDER")
    parser.add_argument("--areas", nargs="+", default=AREAS)
    parser.add_argument("--first", default="2018-01-01")
    parser.add_argument("--last", default="2021-12-31")
    parser.add_argument("--months-first", default="2021-11-01", help="first day of the months that are trained")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--folder", type=Path, help="for the tables, which are deleted at the end")
    return parser.parse_args()


def _area(arguments: argparse.Namespace, area: str, folder: Path) -> list[Step]:
    mirror = arguments.mirror.resolve().as_uri()
    settings = {"AIRWATCH_SOURCE": "airdata", "AIRWATCH_AIRDATA_URL": mirror, "AIRWATCH_CONTEXT_KM": "0"}
    installation = Installation.at(folder, **settings, AIRWATCH_AREA=area)
    days, months = (arguments.first, arguments.last), (arguments.months_first, arguments.last)
    steps = []
    for table in ("monitors", *FROM_ALL_YEARS, *FROM_SOME_MONTHS, "raw_readings"):
        steps.append(_built(installation, table, months if table in FROM_SOME_MONTHS else days))
        print(f"{area}: {table} built in {steps[-1].wall_s:.0f} s", flush=True)
    of_all, of_some = (_site_years(installation, *chosen) for chosen in (days, months))
    of_models = _site_years(installation, str((pd.Period(months[0], "M") - 36).start_time.date()), months[0])
    known = {**dict.fromkeys(FROM_SOME_MONTHS, of_some), "trained_models": of_models}
    steps = [replace(step, site_years=known.get(step.table, of_all)) for step in steps]
    steps[-1] = replace(steps[-1], table=IDLE)
    _print_steps(area, steps)
    return steps


def _built(installation: Installation, table: str, days: tuple[str, str]) -> Step:
    """Raises CalledProcessError, after its output, for a backfill that fails."""
    command = [*COMMAND, *days, "--tables", table]
    log, began = installation.folder / "log", time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **installation.environment}, stdout=output, stderr=subprocess.STDOUT
        )
        _, exit_status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(exit_status)
    # A check of the data that fails is no failure to build.
    if process.returncode and "Checks:" not in log.read_text():
        print(log.read_text())
        raise subprocess.CalledProcessError(process.returncode, command)
    files = _files(installation, table, days)
    return Step(
        table=table,
        cpu_s=used.ru_utime + used.ru_stime,
        wall_s=time.monotonic() - began,
        peak_mb=used.ru_maxrss / 1024,
        runs=int(days[1][:4]) - int(days[0][:4]) + 1,
        partitions=len(files),
        site_years=0.0,
        rows=sum(pq.read_metadata(file).num_rows for file in files),
        mb=sum(file.stat().st_size for file in files) / 1e6,
    )


def _files(installation: Installation, table: str, days: tuple[str, str]) -> list[Path]:
    root = Path(installation.environment["AIRWATCH_STORAGE"])
    if (whole := root / f"{table}.parquet").exists():
        return [whole]
    length = 7 if TABLES[table].grain == "month" else 10
    first, last = (day[:length] for day in days)
    return [file for file in (root / table).glob("*.parquet") if first <= file.stem <= last]


def _site_years(installation: Installation, first: str, last: str) -> float:
    """Sites with a site-day in a calendar year × the years of the days."""
    files = sorted((Path(installation.environment["AIRWATCH_STORAGE"]) / "site_days").glob("*.parquet"))
    chosen = [file for file in files if first <= file.stem <= last]
    seen = pd.concat([pd.read_parquet(file, columns=["site_id", "date_local"]) for file in chosen])
    by_year = seen.groupby(seen["date_local"].dt.year).agg(sites=("site_id", "nunique"), days=("date_local", "nunique"))
    return float((by_year["sites"] * by_year["days"] / 365.25).sum())


def _print_steps(area: str, steps: Sequence[Step]) -> None:
    print(f"\n{area}\n{'table':18}{'CPU-s':>8}{'wall s':>8}{'peak MB':>9}{'partitions':>12}", end="")
    print(f"{'site-years':>12}{'rows':>11}{'MB':>8}")
    for one in steps:
        print(f"{one.table:18}{one.cpu_s:8.1f}{one.wall_s:8.1f}{one.peak_mb:9.0f}{one.partitions:12}", end="")
        print(f"{one.site_years:12.1f}{one.rows:11,}{one.mb:8.2f}", flush=True)


def _print_units(small: Sequence[Step], large: Sequence[Step]) -> None:
    print(f"\n{'':18}{'a partition':>27}{'a site-year':>27}{'memory of a run':>27}")
    print(f"{'table':18}" + f"{'CPU-s':>9}{'kB':>9}{'rows':>9}" * 2 + f"{'MB':>9}{'MB more a site-year':>21}")
    idle = [steps[-1].cpu_s for steps in (small, large)]
    for one, other in zip(small[1:-1], large[1:-1], strict=True):
        # Each month's models learn from all of their site-years.
        times = one.partitions if one.table == "trained_models" else 1
        less, more = one.site_years * times, other.site_years * times
        pairs = [(one.cpu_s - idle[0], other.cpu_s - idle[1]), (one.mb * 1e3, other.mb * 1e3), (one.rows, other.rows)]
        slopes = [(after - before) / (more - less) for before, after in pairs]
        fixed = [(before - slope * less) / one.partitions for (before, _), slope in zip(pairs, slopes, strict=True)]
        memory = (other.peak_mb - one.peak_mb) / (other.site_years - one.site_years) * one.runs
        base = one.peak_mb - memory * one.site_years / one.runs
        line = "".join(f"{cpu_s:9.3f}{kb:9.2f}{rows:9.1f}" for cpu_s, kb, rows in (fixed, slopes))
        print(f"{one.table:18}{line}{base:9.0f}{memory:21.2f}")


def _print_requests(mirror: Path) -> None:
    monitors, places = read_monitors(mirror / "aqs_monitors.zip").monitors, geographies_of(Area.parse("us"))
    print(f"\n{'AQS API':26}{'requests':>10}{'rows':>14}{'hours':>8}")
    for what, rows_of_a_day, first in (("daily", ROWS_PER_MONITOR_DAY, 2012), ("hourly", 24, 1999)):
        cost = Cost()
        for year in range(first, 2022):
            days = date(year, 1, 1), date(year, 12, 31)
            counts = rows_per_day_of(monitors, places, *days)
            wanted = {place: count * rows_of_a_day // ROWS_PER_MONITOR_DAY for place, count in counts.items()}
            cost += cost_of(plan_daily(places, *days, rows_per_day=wanted))
        print(f"{what + f' {first} to 2021':26}{cost.calls:10,}{cost.rows or 0:14,}{cost.seconds / 3600:8.1f}")


if __name__ == "__main__":
    sys.exit(main())
