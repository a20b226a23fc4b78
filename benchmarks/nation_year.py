"""What does a year of the nation cost through Dagster, from EPA's zip to features, beside a script by hand?

    .venv/bin/python -W ignore -m benchmarks.nation_year AIRDATA [--year 2021] [--times 3]

AIRDATA is a folder with aqs_monitors.zip and daily_88101_YEAR.zip. `airwatch backfill` builds raw_readings, site_days
and features of the year in a new folder and process; the monitors are there before. The script is
``nation_year_polars``, in a process of its own, on one thread. The time of a backfill that has nothing to do is taken
off AirWatch's: it is start-up. Site-days and features must be equal, but for the rounding that makes AirWatch's sums
independent of what is computed together, or the benchmark fails.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster_tests.installations import Installation
from benchmarks.measure import Measured, PeerMissing, cpu_seconds

COMMAND: Final = (sys.executable, "-W", "ignore", "-c", "from airwatch_dagster.cli import main; main()", "backfill")
TABLES: Final = {"site_days": ["site_id", "date_local"], "features": ["site_id", "issue_date"]}
"""Tables that are compared, with their keys."""

ROUNDING: Final = {"_ugm3": 0.002, "_log": 0.001, "_log_before": 0.001, "_km": 3.0, "_error": 0.001, "_gain": 0.001}
"""By which a value may differ: neighbours' readings are rounded to 0.001 µg/m³, log anomalies to 0.0001."""

BORDERLINE: Final = 1e-4
"""Share of the values of a column that may differ more or be null on one side: sums at a limit that decides."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("airdata", type=Path, metavar="AIRDATA")
    parser.add_argument("--year", type=int, default=2021)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    print(measured(arguments.times, airdata=arguments.airdata, year=arguments.year))


def measured(times: int, *, airdata: Path | None = None, year: int = 2021) -> Measured:
    """CPU seconds of AirWatch without start-up, as a multiple of the script's.

    Raises PeerMissing without the files, AssertionError for different values.
    """
    folder = airdata or Path(os.environ.get("AIRWATCH_AIRDATA_URL", "").removeprefix("file://") or "nowhere")
    if not (folder / f"daily_88101_{year}.zip").exists():
        raise PeerMissing(f"needs daily_88101_{year}.zip and aqs_monitors.zip in the folder of AIRWATCH_AIRDATA_URL")
    ours, peer = [], []
    for turn in range(times):
        with tempfile.TemporaryDirectory() as temporary:
            ours.append(_airwatch(folder.resolve(), year, Path(temporary, "airwatch")))
            peer.append(cpu_seconds(lambda: _by_hand(folder, year, Path(temporary, "by-hand"))))
            if turn == 0:
                check_equal(Path(temporary, "airwatch", "tables"), Path(temporary, "by-hand"))
        print(f"AirWatch {ours[-1]:.1f}, by hand {peer[-1]:.1f} CPU-s", flush=True)
    return Measured(ours, peer)


def _airwatch(airdata: Path, year: int, folder: Path) -> float:
    settings = {"AIRWATCH_SOURCE": "airdata", "AIRWATCH_AIRDATA_URL": airdata.as_uri(), "AIRWATCH_AREA": "us"}
    more = {"AIRWATCH_PARAMETERS": "88101", "AIRWATCH_CONTEXT_KM": "0"}
    environment = Installation.at(folder, **settings, **more).environment

    def backfill(tables: str) -> None:
        days = (f"{year}-01-01", f"{year}-12-31")
        _run([*COMMAND, *days, "--tables", tables], environment)

    backfill("monitors")
    all_of_it = cpu_seconds(lambda: backfill("raw_readings,site_days,features"))
    return all_of_it - cpu_seconds(lambda: backfill("raw_readings,site_days,features"))


def _by_hand(airdata: Path, year: int, folder: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.nation_year_polars", airdata, str(year), folder]
    _run([str(part) for part in command], {"POLARS_MAX_THREADS": "1"})


def _run(command: Sequence[str], environment: dict[str, str]) -> None:
    threads = {"OMP_NUM_THREADS": "1"}
    subprocess.run(command, env={**os.environ, **threads, **environment}, check=True, stdout=subprocess.DEVNULL)


def check_equal(ours: Path, by_hand: Path) -> None:
    """Raises AssertionError for a row or value that one of them lacks or has otherwise."""
    for table, key in TABLES.items():
        own, other = (pd.read_parquet(folder / table).sort_values(key, ignore_index=True) for folder in (ours, by_hand))
        assert own[key].astype(str).equals(other[key].astype(str)), f"{table}: other rows"
        for name in own.columns.difference(key):
            share = _different(own[name], other[name], name)
            allowed = BORDERLINE if any(name.endswith(suffix) for suffix in ROUNDING) else 0.0
            assert share <= allowed, f"{table}.{name}: {share:.2%} of the values differ"


def _different(own: pd.Series, other: pd.Series, name: str) -> float:
    """Share of the values that differ."""
    if not pd.api.types.is_float_dtype(own):
        return float((own.astype(object).fillna("") != other.astype(object).fillna("")).mean())
    allowed = max((limit for suffix, limit in ROUNDING.items() if name.endswith(suffix)), default=1e-6)
    values, others = own.to_numpy(dtype=float), other.to_numpy(dtype=float)
    return float((~np.isclose(values, others, rtol=1e-6, atol=allowed, equal_nan=True)).mean())


if __name__ == "__main__":
    main()
