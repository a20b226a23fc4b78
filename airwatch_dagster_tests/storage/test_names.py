"""No name and no link leads out of a storage, whoever asks."""

from pathlib import Path

import pytest

from airwatch_dagster.commands.inspect.inspection import inspect_table
from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.byte_stores import ABSENT
from airwatch_dagster.storage.local_folder import LocalFolder
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders

DAY = "2021-07-04"

OUTSIDE = ["..", "../secret", "site_days/../../secret", "/etc/hostname", "site_days//x", "./x", "a\\b", "a\nb", "a\0b"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_is_refused_by_every_method(root: str, name: str) -> None:
    tables = TableStorage.open(root)
    store = tables._files

    for act in (
        lambda: store.get(name),
        lambda: store.get_version(name),
        lambda: store.put(name, b"x"),
        lambda: store.replace(name, b"x", expected=ABSENT),
        lambda: store.exists(name),
        lambda: store.entries(name),
        lambda: store.written_at(name),
        lambda: store.uri(name),
        lambda: tables.page(name),
    ):
        with pytest.raises(StorageError, match="is not a name of a file in it"):
            act()


@pytest.mark.parametrize("name", OUTSIDE[1:])
def test_neither_a_table_nor_a_partition_leads_out(root: str, name: str) -> None:
    tables = TableStorage.open(root)

    with pytest.raises(StorageError, match="is not a name of a file in it"):
        tables.read("site_days", [name])
    with pytest.raises(StorageError, match="is not a name of a file in it"):
        tables.read(name)


def outside(tmp_path: Path) -> Path:
    """A stored day beside the storage's folder."""
    TableStorage.open(str(tmp_path / "outside")).write("site_days", {DAY: builders.site_days()})
    return tmp_path / "outside"


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    elsewhere, place = outside(tmp_path), tmp_path / "tables"
    (place / "site_days").mkdir(parents=True)
    (place / "site_days" / f"{DAY}.parquet").symlink_to(elsewhere / "site_days" / f"{DAY}.parquet")
    (place / "predictions").symlink_to(elsewhere / "site_days")
    tables = TableStorage.open(str(place))

    with pytest.raises(StorageError, match=r"is a link, or lies behind one, out of the folder .*/tables"):
        tables.read("site_days", [DAY])
    with pytest.raises(StorageError, match="is a link"):
        tables.stored_partitions("predictions")
    with pytest.raises(StorageError, match="is a link"):
        tables.write("predictions", {DAY: TABLES["predictions"].empty()})
    assert [path.name for path in (elsewhere / "site_days").iterdir()] == [f"{DAY}.parquet"]


def test_a_link_within_the_folder_and_a_folder_that_is_a_link_are_as_good_as_any(tmp_path: Path) -> None:
    elsewhere = outside(tmp_path)
    (tmp_path / "tables").symlink_to(elsewhere)
    (elsewhere / "site_days" / "2021-07-05.parquet").symlink_to(f"{DAY}.parquet")

    assert len(TableStorage.open(str(tmp_path / "tables")).read("site_days", [DAY, "2021-07-05"])) == 2


@pytest.mark.parametrize("table", ["../outside/site_days", "/etc/passwd", "..", ""])
def test_inspect_knows_tables_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))

    with pytest.raises(ConfigurationError, match="there is no table"):
        inspect_table(table, None)


@pytest.mark.parametrize("partition", [f"../../outside/site_days/{DAY}", "/etc/passwd", "..", f"{DAY}/../{DAY}"])
@pytest.mark.parametrize("table", ["site_days", "champion_model", "monitors", "raw_readings"])
@pytest.mark.parametrize("as_of", [None, DAY])
def test_inspect_reads_no_partition_outside_the_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, partition: str, as_of: str | None
) -> None:
    outside(tmp_path)
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))

    with pytest.raises(ConfigurationError):
        inspect_table(table, partition, as_of=as_of)


def test_a_folder_for_exports_refuses_such_names_too(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is not a name of a file in it"):
        LocalFolder(str(tmp_path / "out"), setting="--to").put("../site_days.csv", b"rows")
    assert not (tmp_path / "site_days.csv").exists()
