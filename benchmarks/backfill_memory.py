"""How much memory does one process take that builds years of a nation, from readings to training examples?

    python -W ignore -m benchmarks.backfill_memory AIRDATA [--first 2018-01-01] [--last 2021-12-31] [--area us]

AIRDATA is a folder of AirData's files. `airwatch backfill` builds each table of each year in one process, from nothing,
in a temporary folder; prints the highest resident memory while it built each, and of the whole process.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from airwatch_dagster_tests.installations import Installation

TABLES: Final = "monitors,raw_readings,site_days,features,training_examples"

BUILT: Final = re.compile(r"\[ *\d+/\d+\] +(?P<run>\S+ +\S+)")
"""A line of progress: a table of a year is built."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("airdata", type=Path)
    parser.add_argument("--first", default="2018-01-01")
    parser.add_argument("--last", default="2021-12-31")
    parser.add_argument("--area", default="us")
    parser.add_argument("--folder", type=Path, help="for the tables, which are deleted at the end")
    arguments = parser.parse_args()
    settings = {"AIRWATCH_SOURCE": "airdata", "AIRWATCH_AIRDATA_URL": arguments.airdata.resolve().as_uri()}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        installation = Installation.at(Path(folder, "installation"), **settings, AIRWATCH_AREA=arguments.area)
        peaks = dict(_peaks(installation, arguments.first, arguments.last))
    print(f"highest of {len(peaks)} runs in one process: {max(peaks.values()):.2f} GiB")


def _peaks(installation: Installation, first: str, last: str) -> Iterator[tuple[str, float]]:
    """Each run and the highest resident memory of the process while it went on, GiB.

    Raises CalledProcessError when the backfill fails; days that fail a check are no failure.
    """
    code = "from airwatch_dagster.cli import main; main()"
    command = [sys.executable, "-u", "-W", "ignore", "-c", code, "backfill", first, last, "--tables", TABLES]
    environment = {**os.environ, **installation.environment}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = []
        for line in process.stdout:
            text.append(line)
            if built := BUILT.search(line):
                run, peak = re.sub(" +", " ", built["run"]), _peak_gib(process.pid)
                print(f"{run:45}{peak:6.2f} GiB", flush=True)
                yield run, peak
    if process.returncode and "Checks:" not in "".join(text):
        raise subprocess.CalledProcessError(process.returncode, command, "".join(text))


def _peak_gib(process: int) -> float:
    """The highest resident memory since the last call, from Linux's /proc."""
    status = Path(f"/proc/{process}/status").read_text()
    [size] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    Path(f"/proc/{process}/clear_refs").write_text("5")
    return int(size) / 2**20


if __name__ == "__main__":
    main()
