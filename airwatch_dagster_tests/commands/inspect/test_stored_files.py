"""What doctor finds beside the partitions of a storage."""

from pathlib import Path

import pytest

from airwatch_dagster.commands.inspect.stored_files import note_on_stored_files
from airwatch_dagster.errors import StorageError
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A storage with two partitions and the table of monitors."""
    tables = TableStorage.open(str(tmp_path))
    tables.write("site_days", {day: builders.site_days() for day in ("2021-07-04", "2021-07-05")})
    tables.write("monitors", {None: builders.monitors()})
    return tmp_path


def note(folder: Path) -> str:
    return note_on_stored_files(TableStorage.open(str(folder)), root=str(folder))


def test_a_storage_of_partitions_needs_no_note(folder: Path) -> None:
    assert note(folder) == ""


def test_files_of_programs_are_named_and_no_problem(folder: Path) -> None:
    (folder / "site_days" / ".DS_Store").write_bytes(b"whatever")

    assert note(folder) == "; ignored: site_days/.DS_Store (a program's own)"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("site_days/2021-07-04 (conflicted copy).parquet", "a copy of 2021-07-04"),
        ("site_days/2021-07.parquet", "its name is not a day (YYYY-MM-DD)"),
        ("features/old/2021-07-04.parquet", "a folder"),
        ("monitors (1).parquet", "the table is monitors.parquet"),
    ],
)
def test_files_that_may_be_meant_as_partitions_are_a_problem(folder: Path, name: str, reason: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"whatever")

    with pytest.raises(StorageError) as caught:
        note(folder)
    named = name if reason != "a folder" else "features/old/"
    assert caught.value.problem == f"not read, because they are no partitions: {named} ({reason})"


def test_a_partition_without_bytes_is_a_problem(folder: Path) -> None:
    (folder / "site_days" / "2021-07-05.parquet").write_bytes(b"")

    with pytest.raises(StorageError, match=r"site_days/2021-07-05\.parquet \(has no bytes\)"):
        note(folder)
