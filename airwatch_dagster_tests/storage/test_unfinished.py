"""Temporary files never outlive their process, even one that cannot wait for its threads."""

from pathlib import Path

from airwatch_dagster.storage.unfinished import delete_unfinished, unfinished


def test_a_temporary_file_is_deleted_when_its_block_ends(tmp_path: Path) -> None:
    with unfinished(tmp_path / "part") as path:
        path.write_bytes(b"half")
    assert not list(tmp_path.iterdir())


def test_a_file_that_the_block_moved_stays(tmp_path: Path) -> None:
    with unfinished(tmp_path / "part") as path:
        path.write_bytes(b"whole")
        path.rename(tmp_path / "whole")
    assert [file.name for file in tmp_path.iterdir()] == ["whole"]


def test_a_file_still_being_written_is_deleted_on_request(tmp_path: Path) -> None:
    (tmp_path / "whole").write_bytes(b"whole")
    with unfinished(tmp_path / "part") as path:
        path.write_bytes(b"half")
        delete_unfinished()
        assert [file.name for file in tmp_path.iterdir()] == ["whole"]
