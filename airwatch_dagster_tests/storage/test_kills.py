"""A process that is killed while it stores a table leaves the old one, whole, and nothing after the next writer."""

import multiprocessing
import os
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.storage import unfinished
from airwatch_dagster.storage.locks import folder_locks
from airwatch_dagster.storage.tables import MergedSlices, TableStorage
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.drills.changes import ChangeWatch, KillOrder, Moment

DAY = "2021-07-04"

PUBLISHED = "rename tables/raw_readings/DAY.parquet | storage.local_folder._publish"
WRITTEN = "write tables/raw_readings/.DAY.parquet.HEX.tmp | storage.unfinished._created"
LOCKED = "write tables/.locks/raw_readings%NFDAY.parquet.lock | storage.locks.folder_locks._created"
UNLOCKED = "remove tables/.locks/raw_readings%NFDAY.parquet.lock | storage.locks.folder_locks.release"


def store(folder: Path, value: float) -> None:
    """Replace the day's rows by one with a value, merged under the file's lock."""
    rows = builders.raw_readings({"date_local": pd.Timestamp(DAY), "arithmetic_mean": value})

    def merged(_: pd.DataFrame) -> MergedSlices:
        return rows, {DAY: slice(0, len(rows))}

    TableStorage.open(str(folder)).merge("raw_readings", [DAY], merged)


def killed(folder: Path, order: KillOrder) -> None:
    ChangeWatch({"tables": folder}, order=order).start()
    store(folder, 2.0)
    os._exit(1)


@pytest.mark.parametrize(
    ("change", "moment", "is_stored"),
    [
        (LOCKED, "after", False),
        (WRITTEN, "after", False),
        (WRITTEN, "in the middle", False),
        (PUBLISHED, "before", False),
        (PUBLISHED, "after", True),
        (UNLOCKED, "before", True),
    ],
)
def test_the_old_table_or_the_new_one_is_read_and_the_next_writer_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, moment: Moment, is_stored: bool
) -> None:
    monkeypatch.setattr(folder_locks, "UNNAMED_S", 0.1)
    store(tmp_path, 1.0)
    process = multiprocessing.get_context("fork").Process(target=killed, args=(tmp_path, KillOrder(change, moment)))
    process.start()
    process.join(60)
    assert process.exitcode == -9, "it was killed there"

    tables = TableStorage.open(str(tmp_path))
    assert tables.read("raw_readings", [DAY])["arithmetic_mean"].tolist() == [2.0 if is_stored else 1.0]
    for module in (folder_locks, unfinished):  # as in a new process
        monkeypatch.setattr(module, "_SWEPT", set())
    store(tmp_path, 3.0)

    assert tables.read("raw_readings", [DAY])["arithmetic_mean"].tolist() == [3.0]
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == [
        f"raw_readings/{DAY}.parquet"
    ]
