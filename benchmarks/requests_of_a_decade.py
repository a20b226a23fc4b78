"""How many requests a decade of one area costs, planned and made, by the API and by the bulk files.

The practice server counts its requests while `airwatch backfill` reads ten years of Chicago; nothing leaves the
machine. Run with `python -m benchmarks.requests_of_a_decade`.
"""

import argparse
import sys
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path

from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.installations import Installation

TODAY = date(2026, 6, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--area", default="cbsa:16980")
    parser.add_argument("--first", default="2016-01-01")
    parser.add_argument("--last", default="2025-12-31")
    options = parser.parse_args()
    for source in ("aqs", "airdata"):
        with tempfile.TemporaryDirectory() as folder:
            _count(source, options, Path(folder))
    return 0


def _count(source: str, options: argparse.Namespace, folder: Path) -> None:
    requests: Counter[str] = Counter()

    def note(line: str) -> None:
        status, _, path = line.split(" ", 2)
        requests[f"{status} {path}"] += 1

    with PracticeServer(today=TODAY, log=note) as server:
        installation = Installation.at(
            folder / source,
            AIRWATCH_SOURCE=source,
            AIRWATCH_AREA=options.area,
            AIRWATCH_CONTEXT_KM="0",
            AIRWATCH_AQS_URL=server.aqs_url,
            AIRWATCH_AIRDATA_URL=server.airdata_url,
            AIRWATCH_AQS_INTERVAL_S="0",
            EPA_AQS_EMAIL="someone@example.org",
            EPA_AQS_API_KEY="practice",
        )
        days = (options.first, options.last, "--tables", "raw_readings")
        said = installation.run("backfill", *days)
        second = installation.run("backfill", *days)
    planned = next(line for line in said.splitlines() if line.startswith("From EPA"))
    rows = len(installation.tables.read("raw_readings", None))
    print(f"{source}: planned: {planned}")
    print(f"{source}: made: {sum(requests.values())} requests, {rows:,} rows stored")
    for path, count in sorted(requests.items()):
        print(f"  {count:>4} × {path}")
    print(f"{source}: second backfill: {second.splitlines()[1]}")


if __name__ == "__main__":
    sys.exit(main())
