import os
from pathlib import Path

import pytest

from airwatch_dagster.acquire.http.atomic_file import temporary_beside, write_atomically


def test_a_file_is_replaced_with_its_mode_and_missing_folders_are_created(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o600
    write_atomically(path, b"two", mode=0o644)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_file_and_no_temporary_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"one")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"two")
    assert path.read_bytes() == b"one"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_temporary_file_that_is_not_moved_is_deleted(tmp_path: Path) -> None:
    with temporary_beside(tmp_path / "file") as temporary:
        temporary.write_bytes(b"one")
    assert list(tmp_path.iterdir()) == []
