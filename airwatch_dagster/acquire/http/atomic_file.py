"""Files that other processes see complete or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airwatch_dagster.storage.unfinished import unfinished


@contextmanager
def temporary_beside(path: Path, *, mode: int = 0o600) -> Iterator[Path]:
    """An empty file in the folder of ``path``; it is deleted at the end unless the block moved it.

    Moving it onto ``path`` with ``Path.replace`` is atomic. Creates missing folders.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(path, suffix="part", mode=0o600) as temporary:
        temporary.chmod(mode)
        yield temporary


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replaces ``path`` by a file with ``content``; an error leaves it unchanged."""
    with temporary_beside(path, mode=mode) as temporary:
        temporary.write_bytes(content)
        temporary.replace(path)
