"""Temporary files: deleted when complete, when the process has to end before, and by the next writer after a kill."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, Literal

from airwatch_dagster.storage.locks.machine import machine_id

_PATHS: Final[set[str]] = set()

_SWEPT: Final[set[str]] = set()
"""Folders in which this process has looked for temporary files of killed processes."""


@contextmanager
def unfinished(path: Path, *, suffix: Literal["tmp", "part"], mode: int = 0o666) -> Iterator[Path]:
    """As ``unfinished_file``, its path alone."""
    with unfinished_file(str(path), suffix=suffix, mode=mode) as (temporary, _):
        yield Path(temporary)


@contextmanager
def unfinished_file(path: str, *, suffix: Literal["tmp", "part"], mode: int = 0o666) -> Iterator[tuple[str, int]]:
    """A new, empty, hidden file beside ``path``, to be moved there, and its handle; deleted at the end unless moved.

    Its writer locks it with the operating system. What a killed process of this machine left in the folder is
    therefore seen to have no writer, and is deleted before the first new file of this process there. Raises OSError
    for a folder that does not exist or cannot be written.
    """
    folder, name = os.path.split(path)
    _sweep(folder)
    temporary, handle = _created(folder, name, suffix, mode)
    _PATHS.add(temporary)
    try:
        yield temporary, handle
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        os.close(handle)
        _PATHS.discard(temporary)


@contextmanager
def unfinished_folder(path: Path) -> Iterator[Path]:
    """As ``unfinished``, a folder for this user alone; what killed processes left of earlier ones is deleted first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ours = re.compile(rf"\.{re.escape(path.name)}\.{_mark()}[0-9a-f]{{24}}\.part")
    for left in [one for one in path.parent.iterdir() if ours.fullmatch(one.name) and not one.is_symlink()]:
        with contextlib.suppress(OSError), held_if_free(left):  # in use, gone, or another user's
            shutil.rmtree(left)
    temporary = path.with_name(f".{path.name}.{_mark()}{uuid.uuid4().hex[:24]}.part")
    temporary.mkdir(mode=0o700)
    try:
        with held(temporary):
            yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """The operating system's lock on a file or folder of this process's own; none on a disk without such locks."""
    handle = _opened(path)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


@contextmanager
def held_if_free(path: Path) -> Iterator[None]:
    """As ``held``. Raises BlockingIOError when a process holds it, OSError when it is gone or the disk has no locks."""
    handle = _opened(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(handle), path.stat()):
            raise FileNotFoundError(path)
        yield
    finally:
        os.close(handle)


def _opened(path: Path) -> int:
    """Network disks lock only what is open for writing, which a folder cannot be."""
    return os.open(path, (os.O_RDONLY if path.is_dir() else os.O_RDWR) | os.O_NOFOLLOW | os.O_CLOEXEC)


def delete_unfinished() -> None:
    """Delete the temporary files of all threads; for a process that is about to end without waiting for them."""
    for path in list(_PATHS):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _created(folder: str, name: str, suffix: str, mode: int) -> tuple[str, int]:
    """The file, and its handle with the lock."""
    while True:
        temporary = os.path.join(folder, f".{name}.{_mark()}{uuid.uuid4().hex[:24]}.{suffix}")
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
        with contextlib.suppress(OSError):  # a disk without such locks: nothing is swept there
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return temporary, handle
        os.close(handle)  # another process found it before it was locked, and deleted it


def _sweep(folder: str) -> None:
    """Delete the temporary files of this machine in the folder that no process holds."""
    if folder in _SWEPT:
        return
    _SWEPT.add(folder)
    ours = re.compile(rf"\..+\.{_mark()}[0-9a-f]{{24}}\.(tmp|part)")
    for entry in os.scandir(folder):
        if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            with contextlib.suppress(OSError):  # gone, another user's, or a disk without locks
                delete_if_free(Path(entry.path))


def delete_if_free(path: Path) -> None:
    """Delete a file unless a process holds it. Raises OSError when it is gone, and on a disk without locks."""
    with contextlib.suppress(BlockingIOError), held_if_free(path):
        path.unlink()


@cache
def _mark() -> str:
    """This machine in the name of a file: locks are seen by the processes of one machine only."""
    return hashlib.sha256(machine_id().encode()).hexdigest()[:8]
