"""A backup or restore that was killed is started again by the same command, and nothing of others is touched."""

import shutil
from pathlib import Path

import pytest

from airwatch_dagster.commands.backup import backup, restore
from airwatch_dagster.commands.backup.backup import UNFINISHED
from airwatch_dagster.commands.backup.restore import RESTORING
from airwatch_dagster.storage.unfinished import held
from airwatch_dagster_tests.commands.backup.test_backup import elsewhere, files, installation
from airwatch_dagster_tests.installations import Installation

pytestmark = pytest.mark.slow

__all__ = ["installation"]


class Killed(BaseException):
    """Stands for the end of the process: what follows it does not run."""


def test_a_backup_that_was_killed_is_made_anew_in_its_folder(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    write = backup.Manifest.write
    monkeypatch.setattr(backup.Manifest, "write", killed)
    with pytest.raises(Killed):
        installation.airwatch("backup", str(tmp_path / "backup"))
    monkeypatch.setattr(backup.Manifest, "write", write)
    assert (tmp_path / "backup" / UNFINISHED).exists()

    installation.run("backup", str(tmp_path / "backup"))

    assert not (tmp_path / "backup" / UNFINISHED).exists()
    elsewhere(installation).run("restore", str(tmp_path / "backup"))


def test_a_folder_with_files_of_others_beside_a_killed_backup_is_refused(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "backup").mkdir()
    for name in (UNFINISHED, "mine"):
        (tmp_path / "backup" / name).touch()

    refused = installation.airwatch("backup", str(tmp_path / "backup"))

    assert "is not an empty folder" in refused.output
    assert (tmp_path / "backup" / "mine").exists()


def test_a_folder_in_which_another_process_makes_a_backup_is_refused(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / UNFINISHED).touch()

    with held(tmp_path / "backup" / UNFINISHED):
        refused = installation.airwatch("backup", str(tmp_path / "backup"))

    assert "another process is making a backup there" in refused.output


def between_the_two(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A restore that was killed when the first of both places was in its place."""
    installation.run("backup", str(tmp_path / "backup"))
    place = elsewhere(installation)
    publish = restore._publish

    def once(beside: dict[str, Path], targets: dict[str, Path]) -> None:
        publish({name: copy for name, copy in beside.items() if name == "state"}, {"state": targets["state"]})
        raise Killed

    monkeypatch.setattr(restore, "_publish", once)
    with pytest.raises(Killed):
        place.airwatch("restore", str(tmp_path / "backup"))
    monkeypatch.setattr(restore, "_publish", publish)
    assert (tmp_path / "there" / "state" / RESTORING).exists()
    return place


def test_a_restore_that_was_killed_between_both_places_goes_on(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = between_the_two(installation, tmp_path, monkeypatch)

    place.run("restore", str(tmp_path / "backup"))

    expected = {name: data for name, data in files(tmp_path / "backup").items() if name != "manifest.json"}
    assert files(tmp_path / "there") == expected


def test_a_place_that_was_used_since_the_restore_was_killed_is_not_overwritten(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = between_the_two(installation, tmp_path, monkeypatch)
    (tmp_path / "there" / "state" / "new.db").write_text("used")

    refused = place.airwatch("restore", str(tmp_path / "backup"))

    assert f"AIRWATCH_STATE: {tmp_path / 'there' / 'state'} is not empty" in refused.output
    assert (tmp_path / "there" / "state" / "new.db").exists()
    shutil.rmtree(tmp_path / "there")
    place.run("restore", str(tmp_path / "backup"))
