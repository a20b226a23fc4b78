"""Temporary files that this process is writing: deleted when complete, and when the process has to end before."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PATHS: Final[set[Path]] = set()


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """``path`` is a temporary file until the block ends; then it is deleted, unless the block moved it."""
    _PATHS.add(path)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        _PATHS.discard(path)


def delete_unfinished() -> None:
    """Delete the temporary files of all threads; for a process that is about to end without waiting for them."""
    for path in list(_PATHS):
        path.unlink(missing_ok=True)
