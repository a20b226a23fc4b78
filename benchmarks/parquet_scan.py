"""How fast a range of daily files becomes one frame: file by file, as a dataset, and the way AirWatch does it.

    python -m benchmarks.parquet_scan --files 1461 --rows 1600
    python -m benchmarks.parquet_scan --root s3://bucket/prefix

The files hold synthetic ``raw_readings`` (26 columns). ``--root`` keeps them for the next run.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage import packs
from airwatch_dagster.storage.tables import TableStorage
from benchmarks.measure import Measured, in_turns

TABLE = "raw_readings"


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.root or folder
        tables = TableStorage.open(root)
        days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2009-01-01", periods=arguments.files)]
        _make(tables, days, rows=arguments.rows)
        print(f"{len(days)} files × {arguments.rows} rows × {arguments.columns} columns in {root}")
        columns = TABLES[TABLE].column_names[: arguments.columns]
        frame = _timed("AirWatch, one frame", lambda: tables.read(TABLE, days, columns=columns))
        print(f"{'':26}{len(frame):,} rows, {frame.memory_usage(deep=False).sum() / 1e6:.0f} MB without text")
        if not root.startswith("s3://"):
            _timed("pyarrow dataset", lambda: _dataset(Path(root) / TABLE, columns))
            _timed("pandas, file by file", lambda: _file_by_file(Path(root) / TABLE, columns))


def measured(times: int, *, files: int, rows: int, columns: int = 26) -> Measured:
    """Daily files as one frame, in CPU seconds, as a multiple of Polars' scan of the same columns."""
    import polars as pl

    with tempfile.TemporaryDirectory() as root:
        tables, days, names = made(root, files, rows, columns)
        paths = [f"{root}/{TABLE}/{day}.parquet" for day in days]
        return in_turns(
            lambda: tables.read(TABLE, days, columns=names),
            lambda: pl.scan_parquet(paths).select(names).collect().to_pandas(),
            times=times,
        )


def measured_small(times: int, *, files: int, rows: int) -> Measured:
    """The same, as a multiple of AirWatch's own reading of the same rows in one file."""
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as other:
        tables, days, _ = made(root, files, rows, 26)
        whole = TableStorage.open(other)
        whole.write(TABLE, {days[0]: tables.read(TABLE, days)})
        return in_turns(lambda: tables.read(TABLE, days), lambda: whole.read(TABLE, days[:1]), times=times)


def measured_validation(times: int, *, files: int, rows: int, is_packed: bool) -> Measured:
    """Validation of a table, as a multiple of reading it from packs, or from the Parquet files themselves."""
    with tempfile.TemporaryDirectory() as root:
        tables, days, _ = made(root, files, rows, 26)
        frame = tables.read(TABLE, days)
        fewer = [days[first : first + packs.MIN_DAYS - 1] for first in range(0, files, packs.MIN_DAYS - 1)]
        parts = [days] if is_packed else fewer
        return in_turns(
            lambda: validated(TABLE, frame), lambda: [tables.read(TABLE, part) for part in parts], times=times
        )


def made(root: str, files: int, rows: int, columns: int) -> tuple[TableStorage, list[str], list[str]]:
    tables = TableStorage.open(root)
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2018-01-01", periods=files)]
    _make(tables, days, rows=rows)
    return tables, days, TABLES[TABLE].column_names[:columns]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1461, help="days, one file each (default: four years)")
    parser.add_argument("--rows", type=int, default=1600, help="rows of a file (default: a national day)")
    parser.add_argument("--columns", type=int, default=26, help="columns read (default: all 26)")
    parser.add_argument("--root", help="folder or s3://bucket/prefix (default: a temporary folder)")
    return parser.parse_args()


def _make(tables: TableStorage, days: list[str], *, rows: int) -> None:
    missing = sorted(set(days) - set(tables.stored_partitions(TABLE)))
    frame = _day_of_readings(rows)
    start = time.perf_counter()
    for first in range(0, len(missing), 100):
        batch = missing[first : first + 100]
        tables.write(TABLE, {day: frame.assign(date_local=pd.Timestamp(day)) for day in batch})
    if missing:
        seconds = time.perf_counter() - start
        print(f"{'written':26}{seconds:6.2f} s for {len(missing)} files of {rows} rows")


def _day_of_readings(rows: int) -> pd.DataFrame:
    number, noise = np.arange(rows), np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "state_code": pd.Series(number % 50 + 1).map("{:02d}".format),
            "county_code": pd.Series(number % 199 + 1).map("{:03d}".format),
            "site_number": pd.Series(number + 1).map("{:04d}".format),
            "parameter_code": "88101",
            "poc": number % 9 + 1,
            "date_local": pd.Timestamp("2009-01-01"),
            "sample_duration": np.where(number % 3 == 0, "24 HOUR", "24-HR BLK AVG"),
            "pollutant_standard": "PM25 24-hour 2024",
            "event_type": "No Events",
            "units_of_measure": "Micrograms/cubic meter (LC)",
            "observation_count": 1,
            "observation_percent": 100.0,
            "validity_indicator": "Y",
            "arithmetic_mean": noise.gamma(2.0, 4.5, rows).round(1),
            "first_max_value": noise.gamma(2.0, 6.0, rows).round(1),
            "first_max_hour": number % 24,
            "aqi": number % 150,
            "method_code": "170",
            "latitude": noise.uniform(25.0, 49.0, rows),
            "longitude": noise.uniform(-124.0, -67.0, rows),
            "datum": "WGS84",
            "cbsa_code": np.where(number % 10 == 0, None, "16980"),
            "date_of_last_change": pd.Timestamp("2024-05-13"),
            "source": "practice",
            "first_seen_at": pd.Timestamp("2024-06-01 12:00"),
            "superseded_at": pd.NaT,
        }
    )
    return validated(TABLE, frame)


def _dataset(folder: Path, columns: list[str]) -> pd.DataFrame:
    import pyarrow.dataset as ds

    frame: pd.DataFrame = ds.dataset(folder, format="parquet").to_table(columns=columns).to_pandas()
    return frame


def _file_by_file(folder: Path, columns: list[str]) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file, columns=columns) for file in sorted(folder.glob("*.parquet"))])


def _timed(name: str, scan: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The better of two scans: the first also pays for the process's first memory."""
    times = []
    for _ in range(2):
        start, start_cpu = time.perf_counter(), time.process_time()
        frame = scan()
        times.append((time.perf_counter() - start, time.process_time() - start_cpu))
    print(f"{name:26}{min(times)[0]:6.2f} s, {min(times)[1]:5.2f} s of processor")
    return frame


if __name__ == "__main__":
    main()
