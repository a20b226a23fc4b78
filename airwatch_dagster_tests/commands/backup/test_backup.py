"""A backup is complete, consistent and refused when it is not; a restore never mixes with what is there."""

import errno
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from airwatch_dagster_tests.installations import Installation

pytestmark = pytest.mark.slow


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation with a Dagster run, a model's file, and a day of a table."""
    one = Installation.at(tmp_path / "here")
    with one.with_definitions() as (_, instance):
        instance.get_runs_count()
        instance.all_asset_keys()
    write(one.folder / "state" / "mlflow-artifacts" / "models" / "m-1" / "artifacts" / "MLmodel")
    write(one.folder / "tables" / "site_days" / "2021-05-01.parquet")
    return one


def write(path: Path, text: str = "content") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def elsewhere(installation: Installation) -> Installation:
    """The same settings, with other folders that do not exist."""
    place = installation.folder.with_name("there")
    return installation.with_settings(AIRWATCH_STATE=str(place / "state"), AIRWATCH_STORAGE=str(place / "tables"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def backed_up(installation: Installation, tmp_path: Path) -> Path:
    installation.run("backup", str(tmp_path / "backup"))
    return tmp_path / "backup"


def test_a_restore_has_the_files_that_were_backed_up(installation: Installation, tmp_path: Path) -> None:
    folder = backed_up(installation, tmp_path)

    output = elsewhere(installation).run("restore", str(folder))

    restored = files(tmp_path / "there")
    assert restored == {name: data for name, data in files(folder).items() if name != "manifest.json"}
    assert restored["tables/site_days/2021-05-01.parquet"] == b"content"
    assert {"state/runs.db", "state/events/index.db", "state/mlflow.db"} <= restored.keys()
    assert f"{len(restored)} files of " in output
    assert [path.name for path in (tmp_path / "there").iterdir() if path.name.startswith(".")] == []


def test_locks_journals_and_unfinished_files_are_left_out(installation: Installation, tmp_path: Path) -> None:
    for name in (
        "state/run-locks/run",
        "state/write-locks/raw_readings-0.lock",
        "tables/.locks/raw_readings%2F2021-05-01.parquet.lock",
        "tables/.packs/raw_readings/2021-05.arrow",
        "state/runs.db-wal",
        "state/downloads/.a.zip.a1b2c3d4.part",
        "tables/site_days/.2021-05-02.parquet.0.tmp",
    ):
        write(installation.folder / name, "")

    names = set(json.loads((backed_up(installation, tmp_path) / "manifest.json").read_text())["files"])

    assert not [name for name in names if "lock" in name or name.endswith(("-wal", ".part", ".tmp"))]


def test_a_database_is_copied_as_of_its_last_transaction_while_another_process_writes(
    installation: Installation, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(installation.folder / "state" / "own.db", isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE events (name TEXT)")
        writer.execute("INSERT INTO events VALUES ('committed')")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO events VALUES ('open')")

        folder = backed_up(installation, tmp_path)

    with closing(sqlite3.connect(folder / "state" / "own.db")) as copy:
        assert copy.execute("SELECT name FROM events").fetchall() == [("committed",)]
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not (folder / "state" / "own.db-wal").exists()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda folder: (folder / "tables/site_days/2021-05-01.parquet").write_text("contend"), "is not as it was"),
        (lambda folder: (folder / "state/mlflow.db").unlink(), "is missing from the backup"),
        (lambda folder: write(folder / "tables" / "extra.parquet"), "is in the backup, but not in its manifest"),
        (lambda folder: (folder / "manifest.json").unlink(), "has no manifest.json, so it is no complete backup"),
        (lambda folder: write(folder / "manifest.json", "{}"), "is not the manifest of a backup"),
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_written(
    installation: Installation, tmp_path: Path, damage: object, problem: str
) -> None:
    folder = backed_up(installation, tmp_path)
    damage(folder)  # type: ignore[operator]

    result = elsewhere(installation).airwatch("restore", str(folder))

    assert (result.exit_code, problem in result.output) == (1, True), result.output
    assert files(tmp_path / "there") == {}


def test_a_restore_that_fails_on_the_way_leaves_both_places_empty_and_is_told_in_a_sentence(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, copied = backed_up(installation, tmp_path), shutil.copy2

    def copy_until_full(source: Path, target: Path) -> None:
        if target.name == "MLmodel":
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        copied(source, target)

    with monkeypatch.context() as full:
        full.setattr("airwatch_dagster.commands.backup.restore.shutil.copy2", copy_until_full)
        result = elsewhere(installation).airwatch("restore", str(folder))

    assert "MLmodel: cannot be restored: no space left on device. Restore to folders that this user" in result.output
    assert files(tmp_path / "there") == {}
    elsewhere(installation).run("restore", str(folder))


@pytest.mark.parametrize("place", ["state", "tables"])
def test_a_restore_to_a_place_that_holds_anything_is_refused(
    installation: Installation, tmp_path: Path, place: str
) -> None:
    folder = backed_up(installation, tmp_path)
    write(tmp_path / "there" / place / "mine")

    result = elsewhere(installation).airwatch("restore", str(folder))

    setting = {"state": "AIRWATCH_STATE", "tables": "AIRWATCH_STORAGE"}[place]
    assert f"Error: {setting}: {tmp_path / 'there' / place} is not empty. Set it to a new folder" in result.output
    assert files(tmp_path / "there") == {f"{place}/mine": b"content"}


def test_a_backup_to_a_folder_in_use_or_inside_of_what_is_copied_is_refused(
    installation: Installation, tmp_path: Path
) -> None:
    write(tmp_path / "used" / "mine")

    used, inside = (
        installation.airwatch("backup", str(folder))
        for folder in (tmp_path / "used", installation.folder / "state" / "backup")
    )

    assert "is not an empty folder" in used.output
    assert f"overlaps {installation.folder / 'state'}, which is backed up" in inside.output
    assert not (installation.folder / "state" / "backup").exists()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("AIRWATCH_STORAGE", "s3://bucket/airwatch", "AIRWATCH_STORAGE: s3://bucket/airwatch is not a folder"),
        ("MLFLOW_TRACKING_URI", "http://127.0.0.1:1", "MLFLOW_TRACKING_URI: MLflow's database is not a file in"),
    ],
)
def test_an_installation_that_is_not_on_one_machine_is_refused(
    installation: Installation, tmp_path: Path, name: str, value: str, problem: str
) -> None:
    result = installation.with_settings(**{name: value}).airwatch("backup", str(tmp_path / "backup"))

    assert problem in result.output
    assert "see docs/how-to/backup.md" in result.output
    assert not (tmp_path / "backup").exists()
