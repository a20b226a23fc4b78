"""What compression, dictionaries and statistics cost and save in daily files: CPU of reading and writing, and bytes.

    python -W ignore -m benchmarks.parquet_codecs STORAGE [--table features] [--joined 1,20,100]

Takes days of a table from STORAGE, alone and several joined to one file, as a larger area would have it.
"""

import argparse
import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import cpu_seconds

CODECS = ("zstd", "snappy", "lz4", "none")

INDEXES = {
    "": ("all", True),
    ", but of fractions": ("no fractions", True),
    ", no dictionaries": ("none", True),
    ", nor statistics": ("none", False),
}
"""Which columns have dictionaries, and whether each has its least and greatest value."""

TIMES = 20


def encoded(rows: pa.Table, codec: str, *, dictionaries: str, has_statistics: bool) -> bytes:
    """One file, as AirWatch writes it but for the codec, the dictionaries and the statistics."""
    sink = pa.BufferOutputStream()
    same = {"store_schema": False, "coerce_timestamps": "us", "write_page_checksum": True}
    names = [one.name for one in rows.schema if dictionaries == "all" or not pa.types.is_floating(one.type)]
    indexes = {"use_dictionary": [] if dictionaries == "none" else names, "write_statistics": has_statistics}
    pq.write_table(rows, sink, compression=codec, **indexes, **same)
    return bytes(sink.getvalue())


def read(data: bytes) -> pa.Table:
    return pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True).read(use_threads=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("storage", type=Path)
    parser.add_argument("--table", default="features")
    parser.add_argument("--joined", default="1,20,100", help="days in one file (default: 1,20,100)")
    arguments = parser.parse_args()
    files = sorted((arguments.storage / arguments.table).glob("*.parquet"))
    for days in map(int, arguments.joined.split(",")):
        parts = [pq.ParquetFile(file).read().replace_schema_metadata() for file in files[-days:]]
        rows = pa.concat_tables(parts).combine_chunks()
        print(f"{arguments.table}: {rows.num_rows} rows in {rows.num_columns} columns")
        for codec, (index, (dictionaries, has_statistics)) in itertools.product(CODECS, INDEXES.items()):
            write = partial(encoded, rows, codec, dictionaries=dictionaries, has_statistics=has_statistics)
            data, name = write(), f"{codec}{index}"
            reading, writing = _milliseconds(read, data), _milliseconds(write)
            print(f"  {name:<24} {len(data) / 1e3:8.1f} kB, read {reading:6.2f} ms, written {writing:6.2f} ms")


def _milliseconds(work: Callable[..., object], *given: Any) -> float:
    """CPU milliseconds of a call, the least of three times many."""

    def repeated() -> None:
        for _ in range(TIMES):
            work(*given)

    return min(cpu_seconds(repeated) for _ in range(3)) / TIMES * 1e3


if __name__ == "__main__":
    main()
