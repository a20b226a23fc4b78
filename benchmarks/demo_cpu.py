"""CPU seconds of `airwatch demo`, of this checkout or of several in turns.

    python -W ignore -m benchmarks.demo_cpu [CHECKOUT …] [--times 3] [--old-tables] [--keep FOLDER]

Each run is of a copy of the checkout in a folder of its own, so that it begins without tables, state and databases,
with the packages of the Python that runs this. With --old-tables every checkout builds the tables that the demo had at
commit 96757ef and no others, for the same days and without weather. With --keep the tables of each checkout's last run
stay, for ``compare_storages``.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.measure import cpu_seconds

COMMAND = (sys.executable, "-W", "ignore", "-c", "from airwatch_dagster.cli import main; main()")

PARTS = ("airwatch_dagster", "dagster.yaml", "workspace.yaml")
"""What a run needs of a checkout."""

OLD_TABLES = (
    *("raw_readings", "site_days", "features", "training_examples", "trained_models", "candidate_scores"),
    *("champion_model", "predictions", "forecast_scores", "verification", "drift_report", "coverage"),
)
"""Partitioned tables of the demo at commit 96757ef."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="*", type=Path, default=[Path(__file__).resolve().parents[1]])
    parser.add_argument("--times", type=int, default=1, help="runs of each, in turns (default: 1)")
    parser.add_argument("--old-tables", action="store_true", help="only the tables that the demo had at 96757ef")
    parser.add_argument("--keep", type=Path, help="folder for the tables of each checkout's last run")
    arguments = parser.parse_args()
    words = _old_tables() if arguments.old_tables else ("demo",)
    found: dict[Path, list[float]] = {checkout.resolve(): [] for checkout in arguments.checkouts}
    for number in range(1, arguments.times + 1):
        for checkout, seconds in found.items():
            load, began = os.getloadavg()[0], time.monotonic()
            kept = arguments.keep and arguments.keep / checkout.name
            seconds.append(cpu_of_run(checkout, words, kept=kept))
            wall = f"{time.monotonic() - began:.0f} s, load {load:.1f} before"
            print(f"{number} {checkout.name}: {seconds[-1]:.1f} CPU-s, {wall}", flush=True)
    for checkout, seconds in found.items():
        spread = f"{min(seconds):.1f} to {max(seconds):.1f}, n = {len(seconds)}"
        print(f"{checkout.name}: {statistics.median(seconds):.1f} CPU-s ({spread})")


def cpu_of_run(checkout: Path, words: Sequence[str], *, kept: Path | None = None) -> float:
    """CPU seconds of `airwatch` with these words, from nothing; ``kept`` is where its tables stay, if anywhere.

    Raises CalledProcessError when it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for part in PARTS:
            source = checkout / part
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, home / part)
        command = [*COMMAND, *words]
        seconds = cpu_seconds(
            lambda: subprocess.run(command, check=True, cwd=home, env=_environment(home), stdout=subprocess.DEVNULL)
        )
        if kept is not None:
            shutil.rmtree(kept, ignore_errors=True)
            shutil.move(home / "data", kept)
        return seconds


def _environment(home: Path) -> dict[str, str]:
    """Of this process, without settings of AirWatch but those of the demo."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRWATCH_", "DAGSTER_"))}
    settings = {"AIRWATCH_SOURCE": "practice", "AIRWATCH_AREA": "cbsa:16980"}
    return inherited | settings | {"PYTHONPATH": str(home), "DAGSTER_DISABLE_TELEMETRY": "1"}


def _old_tables() -> tuple[str, ...]:
    """Words of a backfill of two years up to the day before yesterday, which is over everywhere in the US."""
    last = datetime.now(UTC).date() - timedelta(days=2)
    first = last - timedelta(days=729)
    return ("backfill", f"{first}", f"{last}", "--tables", ",".join(OLD_TABLES), "--processes", "2")


if __name__ == "__main__":
    main()
