"""Two writers of one storage: is a version ever lost, and what does a merge cost?

    .venv/bin/python -m benchmarks.two_writers --rounds 200 [--storage s3://bucket/prefix]

Two processes, each with an AIRWATCH_STATE of its own, add versions of the same days at the same time, each round one
version a day. Afterwards every version of both must be stored, each once, in a new folder or in the place given. Prints
merges, how many were made again, and milliseconds a merge.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.orchestration.tables.io_manager import split
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import MergedSlices, TableStorage

TABLE: Final = "raw_readings"

FIRST_SEEN: Final = pd.Timestamp("2026-01-01")
"""When the first version is seen; each further one a microsecond later, as stored versions are."""


@dataclass(frozen=True)
class Outcome:
    """What one writer did."""

    merges: int
    conflicts: int
    seconds: float


def add_versions(
    root: str, state: str, *, writer: int, rounds: int, days: Sequence[str], start: Barrier, settings: dict[str, str]
) -> Outcome:
    """Add ``rounds`` versions of each of the days, with values that tell them from the other writer's."""
    os.environ.update(settings, AIRWATCH_STATE=state)
    storage, tries, began = StorageResource(root=root), 0, time.monotonic()
    for number in range(rounds):
        value = writer + number / 1000.0
        rows = _readings(days, value)

        def merged(history: pd.DataFrame, rows: pd.DataFrame = rows) -> MergedSlices:
            nonlocal tries
            tries += 1
            return split(TABLE, _with_version(history, rows), partitions=list(days))

        start.wait(120)
        try:
            with storage.locked(TABLE) as tables:
                tables.merge(TABLE, list(days), merged, keep_unchanged=True)
        except AirWatchError as error:  # which cannot be sent to another process
            raise RuntimeError(str(error)) from None
    return Outcome(rounds, tries - rounds, time.monotonic() - began)


def run_drill(root: str, folder: Path, *, rounds: int, days: Sequence[str], writers: int = 2) -> list[Outcome]:
    """The outcome of each writer. Raises AssertionError when a version is missing or stored twice."""
    context = multiprocessing.get_context("spawn")
    settings = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "NO_PROXY"))}
    with context.Manager() as manager, context.Pool(writers) as pool:
        options = {"rounds": rounds, "days": days, "start": manager.Barrier(writers), "settings": settings}
        pending = [
            pool.apply_async(add_versions, (root, str(folder / f"state-{n}")), {"writer": n, **options})
            for n in range(1, writers + 1)
        ]
        outcomes = [one.get(3600) for one in pending]
    check_versions(TableStorage.open(root), rounds=rounds, days=days, writers=writers)
    return outcomes


def check_versions(tables: TableStorage, *, rounds: int, days: Sequence[str], writers: int) -> None:
    """Raises AssertionError when a version is missing, stored twice, or a day has not exactly one current version."""
    stored = tables.read(TABLE, list(days))
    wanted = sorted(writer + number / 1000.0 for writer in range(1, writers + 1) for number in range(rounds))
    for day, versions in stored.groupby("date_local"):
        found = sorted(versions["arithmetic_mean"])
        lost = sorted(set(wanted) - set(found))
        assert found == wanted, f"{day:%Y-%m-%d}: {len(lost)} of {len(wanted)} versions lost: {lost[:5]}"
        assert versions["superseded_at"].isna().sum() == 1, f"{day:%Y-%m-%d} has not one current version"
    assert stored["date_local"].nunique() == len(days)


def _with_version(history: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """``history`` after a pull of ``rows``, unless it has them: then a part of this very merge is stored already."""
    parts = []
    for day, of_day in rows.groupby("date_local"):
        known = history[history["date_local"] == day].reset_index(drop=True)
        seen_at = FIRST_SEEN + pd.Timedelta(microseconds=len(known))
        if known["arithmetic_mean"].isin(of_day["arithmetic_mean"]).any():
            parts.append(known)
        else:
            in_scope = pd.Series(True, index=known.index)
            parts.append(merge_pull(known, of_day.reset_index(drop=True), seen_at=seen_at, in_scope=in_scope))
    return pd.concat(parts, ignore_index=True)


def _readings(days: Sequence[str], value: float) -> pd.DataFrame:
    rows = pd.DataFrame({"date_local": pd.to_datetime(list(days)), "arithmetic_mean": value})
    fixed: dict[str, Any] = {
        "state_code": "27",
        "county_code": "053",
        "site_number": "0962",
        "parameter_code": "88101",
        "poc": 3,
        "sample_duration": "1 HOUR",
        "units_of_measure": "Micrograms/cubic meter (LC)",
        "source": "airdata",
        "latitude": 44.98,
        "longitude": -93.27,
        "datum": "WGS84",
    }
    typed = TABLES[TABLE].empty()
    frame = rows.assign(**fixed).reindex(columns=list(READING_COLUMNS))
    return frame.astype({name: typed[name].dtype for name in READING_COLUMNS})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storage", help="an empty folder or S3 prefix; by default a new folder")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--writers", type=int, default=2)
    arguments = parser.parse_args()
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2021-07-01", periods=arguments.days)]
    with tempfile.TemporaryDirectory() as folder:
        root = f"{arguments.storage}/{uuid.uuid4().hex}" if arguments.storage else f"{folder}/tables"
        outcomes = run_drill(root, Path(folder), rounds=arguments.rounds, days=days, writers=arguments.writers)
        how = TableStorage.open(root).conditional_writes().how
        print(f"{root}: {how}")
        for outcome in outcomes:
            each = 1000 * outcome.seconds / outcome.merges
            print(f"  {outcome.merges} merges of {len(days)} days, {outcome.conflicts} repeated, {each:.0f} ms each")
    print("no version lost")


if __name__ == "__main__":
    main()
