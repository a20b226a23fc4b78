"""What people and programs leave beside the partitions is no partition, in a folder and on S3."""

from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.errors import StorageError
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.byte_stores import ByteStore
from airwatch_dagster.storage.local_folder import LocalFolder
from airwatch_dagster.storage.partition_files import IgnoredFile, ignored_text, is_partition_key
from airwatch_dagster.storage.s3_prefix import S3Prefix
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders

DAY = "2021-07-04"

COPIES = (
    *(f"{DAY} (conflicted copy).parquet", f"{DAY} (Ann's conflicted copy 2021-07-05).parquet", f"{DAY} (1).parquet"),
    *(f"Copy of {DAY}.parquet", f"{DAY} - Copy.parquet", f"{DAY}-DESKTOP-1A2B3C.parquet", f"{DAY} 2.parquet"),
    *(f"{DAY}.sync-conflict-20210705-101112-ABCDEFG.parquet", f"{DAY}.parquet.bak", f"{DAY}.parquet~"),
    *(f"#{DAY}.parquet#", f"{DAY}.parquet.orig", f"{DAY}.PARQUET", f"{DAY}.csv", f"{DAY}.parquet.crdownload"),
)
MISNAMED = ("2021-07.parquet", "20210704.parquet", "2021-7-4.parquet", "2021-02-30.parquet", "july.parquet")
OTHERS = ("README.txt", "2021-07", "_SUCCESS")
BY_PROGRAMS = (
    ".DS_Store",
    f".~lock.{DAY}.parquet#",
    f"._{DAY}.parquet",
    "Thumbs.db",
    "desktop.ini",
    f"~${DAY}.parquet",
)
NESTED = (f"archive/{DAY}.parquet", "2021/07/2021-07-03.parquet", f"{DAY}.parquet.d/part-0.parquet")


def files_at(root: str) -> ByteStore:
    """The bytes of a place, to leave there what no writer of AirWatch's leaves."""
    if not root.startswith("s3://"):
        return LocalFolder(root, setting="AIRWATCH_STORAGE")
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    return S3Prefix(bucket, prefix, attempts=2, setting="AIRWATCH_STORAGE")


@pytest.fixture
def littered(root: str) -> TableStorage:
    """A storage with one day of site_days, among everything that is none."""
    files, tables = files_at(root), TableStorage.open(root)
    tables.write("site_days", {DAY: builders.site_days()})
    for name in (*COPIES, *MISNAMED, *OTHERS, *BY_PROGRAMS, *NESTED):
        files.put(f"site_days/{name}", b"whatever")
    files.put("site_days/2021-07-05.parquet", b"")
    return tables


def reasons(ignored: list[IgnoredFile]) -> dict[str, str]:
    return {file.name.removeprefix("site_days/"): file.reason for file in ignored}


def test_only_days_with_bytes_are_partitions(littered: TableStorage) -> None:
    assert list(littered.stored_partitions("site_days")) == [DAY]
    assert len(littered.read("site_days")) == 1


def test_everything_else_is_named_with_the_reason(littered: TableStorage) -> None:
    found = reasons(littered.listing("site_days").ignored)

    assert {name: found[name] for name in COPIES} == dict.fromkeys(COPIES, f"a copy of {DAY}")
    assert {name: found[name] for name in MISNAMED + OTHERS} == dict.fromkeys(
        MISNAMED + OTHERS, "its name is not a day (YYYY-MM-DD)"
    )
    assert {name: found[name] for name in BY_PROGRAMS} == dict.fromkeys(BY_PROGRAMS, "a program's own")
    assert {name: reason for name, reason in found.items() if reason == "a folder"} == dict.fromkeys(
        ("archive/", "2021/", f"{DAY}.parquet.d/"), "a folder"
    )
    assert found["2021-07-05.parquet"] == "has no bytes"
    assert len(found) == len(COPIES + MISNAMED + OTHERS + BY_PROGRAMS + NESTED) + 1


def test_only_files_of_programs_are_harmless(littered: TableStorage) -> None:
    harmless = [file.name for file in littered.listing("site_days").ignored if file.is_harmless]

    assert sorted(harmless) == sorted(f"site_days/{name}" for name in BY_PROGRAMS)


def test_a_partition_without_bytes_is_not_stored_but_never_read_as_empty(littered: TableStorage) -> None:
    week = [f"2021-07-{day:02d}" for day in range(1, 8)]
    quarter = [f"{day:%Y-%m-%d}" for day in pd.date_range("2021-05-01", "2021-07-31")]

    assert not littered.exists("site_days", "2021-07-05")
    for days in (["2021-07-05"], week, quarter):
        with pytest.raises(StorageError, match=r"2021-07-05\.parquet: does not hold rows of site_days"):
            littered.read("site_days", days, allow_missing=True)


def test_a_partition_without_bytes_is_replaced_by_the_next_write(littered: TableStorage) -> None:
    littered.write("site_days", {"2021-07-05": builders.site_days()})

    assert list(littered.stored_partitions("site_days")) == [DAY, "2021-07-05"]


def test_the_partitions_of_a_month_table_are_months(root: str) -> None:
    files, tables = files_at(root), TableStorage.open(root)
    tables.write("verification", {"2021-07": TABLES["verification"].empty()})
    for name in ("2021-07-04.parquet", "2021-07 (1).parquet", "2021-13.parquet", "202107.parquet"):
        files.put(f"verification/{name}", b"whatever")

    listing = tables.listing("verification")

    assert list(listing.partitions) == ["2021-07"]
    assert {file.name: file.reason for file in listing.ignored} == {
        "verification/2021-07 (1).parquet": "a copy of 2021-07",
        "verification/2021-07-04.parquet": "its name is not a month (YYYY-MM)",
        "verification/2021-13.parquet": "its name is not a month (YYYY-MM)",
        "verification/202107.parquet": "its name is not a month (YYYY-MM)",
    }


def test_copies_of_tables_beside_the_tables_are_named_and_other_files_there_are_not(root: str) -> None:
    files, tables = files_at(root), TableStorage.open(root)
    tables.write("monitors", {None: builders.monitors()})
    tables.write("site_days", {DAY: builders.site_days()})
    for name in (
        *("monitors (1).parquet", "Copy of monitors.parquet", "site_days (old)/x.parquet", "raw_readings_2020/x"),
        *("site_days.parquet", "airwatch.json", "reports/drift.html", "notes.txt", ".DS_Store", "my models/x"),
    ):
        files.put(name, b"whatever")
    files.put("history_checks.parquet", b"")

    assert {file.name: (file.table, file.reason) for file in tables.ignored_beside_tables()} == {
        "Copy of monitors.parquet": ("monitors", "the table is monitors.parquet"),
        "history_checks.parquet": ("history_checks", "has no bytes"),
        "monitors (1).parquet": ("monitors", "the table is monitors.parquet"),
        "raw_readings_2020/": ("raw_readings", "the table is raw_readings/"),
        "site_days (old)/": ("site_days", "the table is site_days/"),
        "site_days.parquet": ("site_days", "the table is site_days/"),
    }
    assert not tables.exists("history_checks")


def test_the_folder_of_a_table_without_partitions_holds_none(root: str) -> None:
    files_at(root).put(f"monitors/{DAY}.parquet", b"whatever")
    listing = TableStorage.open(root).listing("monitors")

    assert listing.partitions == {}
    assert [(file.name, file.reason) for file in listing.ignored] == [
        (f"monitors/{DAY}.parquet", "monitors has no partitions")
    ]


def test_a_broken_link_and_a_folder_with_the_name_of_a_day_hide_no_partition(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    tables.write("site_days", {DAY: builders.site_days()})
    (tmp_path / "site_days" / "2021-07-05.parquet").symlink_to("nowhere.parquet")
    (tmp_path / "site_days" / "2021-07-06.parquet").mkdir()
    (tmp_path / "site_days" / "2021-07-07.parquet").symlink_to(f"{DAY}.parquet")

    listing = tables.listing("site_days")

    assert list(listing.partitions) == [DAY, "2021-07-07"]
    assert reasons(listing.ignored) == {"2021-07-05.parquet": "not a file", "2021-07-06.parquet/": "a folder"}


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_the_mark_of_a_folder_on_s3_is_no_file(s3_root: str) -> None:
    """As consoles of S3 create it; rclone's server keeps real files and cannot."""
    files = files_at(s3_root)
    for name in ("site_days/", f"site_days/{DAY}.parquet"):
        files.put(name, b"x" if name.endswith("t") else b"")

    listing = TableStorage.open(s3_root).listing("site_days")

    assert (list(listing.partitions), listing.ignored) == ([DAY], [])


def test_a_long_list_names_ten_and_counts_the_rest() -> None:
    many = [IgnoredFile(f"site_days/{number}", "site_days", "a folder") for number in range(12)]
    many.insert(0, IgnoredFile("site_days/.DS_Store", "site_days", "a program's own", is_harmless=True))

    assert ignored_text(many).startswith("site_days/0 (a folder), site_days/1 (a folder), ")
    assert ignored_text(many).endswith("site_days/9 (a folder) and 3 more")


@pytest.mark.parametrize(
    ("table", "key", "is_one"),
    [
        ("site_days", "2021-07-04", True),
        ("revisions", "2021-07-04", True),
        ("verification", "2021-07", True),
        ("site_days", "2021-07", False),
        ("verification", "2021-07-04", False),
        ("site_days", "2021-W27-7", False),
        ("site_days", "20210704", False),
        ("monitors", "2021-07-04", False),
    ],
)
def test_a_key_is_a_day_or_a_month_by_the_grain_of_the_table(table: str, key: str, is_one: bool) -> None:
    assert is_partition_key(table, key) is is_one
