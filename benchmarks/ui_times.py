"""How long Dagster's pages take in Chromium over many years of every table: until the page shows its content.

    python -W ignore -m benchmarks.ui_times [--years 10] [--times 3]

Writes materializations of every partition of every partitioned table into a new instance, starts the web server and the
code location, and opens each page in a new browser: the first look is the first page that a just started server shows,
the others come after it. A page has its content when its own text is there and no spinner is, by the page's own clock,
which begins with the request: Playwright alone looks for a text every half second. Linux, Chromium.
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

REPOSITORY = Path(__file__).resolve().parents[1]
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
PAGES = {
    "graph of all tables": ("/asset-groups", r"Materialize all \(\d+\)"),
    "a table's overview": ("/assets/site_days?view=overview", "Latest materialization"),
    "a table's partitions": ("/assets/site_days?view=partitions", r"Materialized \([1-9]"),
    "catalogue of tables": ("/assets", r"[\d,]+ partitions"),
    "runs": ("/runs", "Launched by"),
}
"""Page → path, text that it shows when its data are there."""
SPINNERS = "[class*=Spinner], .bp4-spinner, .bp5-spinner"
SHOWN = """([text, spinners]) => new RegExp(text).test(document.body?.innerText ?? "")
    && ![...document.querySelectorAll(spinners)].some(one => one.checkVisibility() && one.getClientRects().length)
    && performance.now()"""
"""Milliseconds since the page was asked for, once it shows its content; false before."""
POLL_MS = 20
SERVER_S = 180
PAGE_MS = 60_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=10, help="years of daily partitions (default: 10)")
    parser.add_argument("--times", type=int, default=3, help="warm looks at each page (default: 3)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        begin = time.monotonic()
        count = _history(home, years=arguments.years)
        print(f"{count:,} materializations, written in {time.monotonic() - begin:.0f} s", flush=True)
        for first in PAGES:
            with _server(home) as address:
                print(f"{first + ', first look':36}{_look(address, first):6.2f} s", flush=True)
                if first == next(iter(PAGES)):
                    looks = {page: [_look(address, page) for _ in range(arguments.times)] for page in PAGES}
        for page, seconds in looks.items():
            print(f"{page:36}{statistics.median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")
    print(f"load {os.getloadavg()[0]:.0f}")


def _settings(home: Path) -> dict[str, str]:
    settings = {
        "AIRWATCH_STATE": str(home / "state"),
        "AIRWATCH_STORAGE": str(home / "data"),
        "DAGSTER_HOME": str(REPOSITORY),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONWARNINGS": "ignore",
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    home.joinpath("state").mkdir(exist_ok=True)
    return settings


def _history(home: Path, *, years: int) -> int:
    """Every partition of the last ``years`` years of every partitioned table as materialized; returns their number."""
    last = pd.Timestamp.now("UTC").tz_localize(None).normalize() - pd.Timedelta(days=2)
    first = last - pd.DateOffset(years=years)
    os.environ.update(_settings(home) | {"AIRWATCH_FIRST_DAY": f"{first:%Y-%m-%d}"})
    from airwatch_dagster.definitions import code_location
    from airwatch_dagster.orchestration.instance.event_log import stored_together

    count = 0
    with dg.DagsterInstance.get() as instance:
        for asset in code_location().resolve_asset_graph().asset_nodes:
            if asset.partitions_def is None:
                continue
            keys = [key for key in asset.partitions_def.get_partition_keys() if key[:10] <= f"{last:%Y-%m-%d}"]
            with stored_together(instance):
                for key in keys:
                    instance.report_runless_asset_event(dg.AssetMaterialization(asset.key, partition=key))
            count += len(keys)
    return count


@contextmanager
def _server(home: Path) -> Iterator[str]:
    """A just started web server with its code location; yields its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "dagster_webserver", "-w", str(REPOSITORY / "workspace.yaml"), "-p", str(port)]
    environment = os.environ | _settings(home)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with home.joinpath("log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait(address, server, home / "log")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait(address: str, server: Any, log: Path) -> None:
    until = time.monotonic() + SERVER_S
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"dagster-webserver does not answer:\n{log.read_text(encoding='utf-8')[-4000:]}")


def _look(address: str, page: str) -> float:
    """Seconds from the call of the page in a new browser to its content."""
    from playwright.sync_api import sync_playwright

    path, text = PAGES[page]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(OPTIONS))
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.set_default_timeout(PAGE_MS)
        tab.goto(address + path, wait_until="commit")
        shown = tab.wait_for_function(SHOWN, arg=[text, SPINNERS], polling=POLL_MS).json_value()
        browser.close()
    return float(shown) / 1e3


if __name__ == "__main__":
    main()
