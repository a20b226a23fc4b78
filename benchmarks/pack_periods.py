"""What packs of years and packs of months cost: CPU of reading two months, a year and four years, and bytes.

    python -W ignore -m benchmarks.pack_periods [--rows 9,30,60,120] [--times 15]

Synthetic ``raw_readings`` of four years, 256 bytes in memory a row; a day's rows by --rows.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

from airwatch_dagster.storage import packs
from airwatch_dagster.storage.tables import TableStorage
from benchmarks.measure import in_turns
from benchmarks.parquet_scan import TABLE, made

DAYS = 1461


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="9,30,60,120", help="rows of a day (default: 9,30,60,120)")
    parser.add_argument("--times", type=int, default=15, help="readings of each, in turns (default: 15)")
    arguments = parser.parse_args()
    for rows in map(int, arguments.rows.split(",")):
        with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as other:
            years, days, _ = made(root, DAYS, rows, 26)
            months = TableStorage.open(other)
            for day in days:
                Path(other, TABLE).mkdir(exist_ok=True)
                Path(other, TABLE, f"{day}.parquet").hardlink_to(Path(root, TABLE, f"{day}.parquet"))
            _packed(years, days, root, longest=packs.MAX_DAY_BYTES)
            _packed(months, days, other, longest=0)
            for count in (60, 365, DAYS):
                wanted = days[-count:]
                found = in_turns(
                    partial(years.read, TABLE, wanted), partial(months.read, TABLE, wanted), times=arguments.times
                )
                print(f"{rows:4} rows a day, {count:4} days: packs of years {found} packs of months")


def _packed(tables: TableStorage, days: list[str], root: str, *, longest: int) -> None:
    """Let the packs be of years, up to this length of a day, and print their room."""
    kept, packs.MAX_YEAR_DAY_BYTES = packs.MAX_YEAR_DAY_BYTES, longest  # type: ignore[misc]
    for pack in Path(root, packs.PACKS).rglob("*.arrow"):
        pack.unlink()
    tables.read(TABLE, days)
    packs.MAX_YEAR_DAY_BYTES = kept  # type: ignore[misc]
    sizes = [pack.stat().st_size for pack in Path(root, packs.PACKS).rglob("*.arrow")]
    print(f"{len(sizes):4} packs of {sum(sizes) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
