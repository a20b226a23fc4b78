"""Temporary files never outlive their process for long: it deletes them, or the next writer does."""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from airwatch_dagster.storage import unfinished as module
from airwatch_dagster.storage.unfinished import delete_unfinished, unfinished, unfinished_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_temporary_file_is_deleted_when_its_block_ends(tmp_path: Path) -> None:
    with unfinished(tmp_path / "whole", suffix="part") as path:
        path.write_bytes(b"half")
        assert path.parent == tmp_path
    assert names(tmp_path) == []


def test_a_file_that_the_block_moved_stays(tmp_path: Path) -> None:
    with unfinished(tmp_path / "whole", suffix="tmp") as path:
        path.write_bytes(b"whole")
        path.rename(tmp_path / "whole")
    assert names(tmp_path) == ["whole"]


def test_a_file_still_being_written_is_deleted_on_request(tmp_path: Path) -> None:
    (tmp_path / "whole").write_bytes(b"whole")
    with unfinished(tmp_path / "other", suffix="part") as path:
        path.write_bytes(b"half")
        delete_unfinished()
        assert names(tmp_path) == ["whole"]


def write_on(folder: Path, ready: Connection) -> None:
    with (
        unfinished(folder / "table", suffix="tmp") as temporary,
        unfinished_folder(folder / "state") as copy,
    ):
        temporary.write_bytes(b"half")
        (copy / "file").write_bytes(b"half")
        ready.send("writing")
        ready.recv()


@pytest.mark.slow
def test_what_a_killed_process_left_is_deleted_by_the_next_writer_and_what_a_living_one_writes_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=write_on, args=(tmp_path, there))
    process.start()
    assert here.recv() == "writing"
    assert len(names(tmp_path)) == 2

    def written() -> list[str]:
        monkeypatch.setattr(module, "_SWEPT", set())
        with unfinished(tmp_path / "table", suffix="tmp"), unfinished_folder(tmp_path / "state"):
            pass
        return names(tmp_path)

    assert len(written()) == 2
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)

    assert written() == []


def test_temporary_files_of_another_machine_and_other_hidden_files_stay(tmp_path: Path) -> None:
    others = [f".table.{'0' * 32}.tmp", ".table.part", ".sync.tmp"]
    for name in others:
        (tmp_path / name).touch()

    with unfinished(tmp_path / "table", suffix="tmp"):
        pass

    assert names(tmp_path) == sorted(others)
