"""Files in a folder of this machine or of a mounted disk."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from airwatch_dagster.errors import StorageError
from airwatch_dagster.storage.byte_stores import (
    ABSENT,
    LOCKS,
    ConditionalWrites,
    Entries,
    StoredFile,
    StoredVersion,
    VersionConflict,
    checked_name,
    refuse_large,
)
from airwatch_dagster.storage.file_digest import TAIL, checksum_in
from airwatch_dagster.storage.locks.folder_locks import FileLock
from airwatch_dagster.storage.unfinished import unfinished_file


class LocalFolder:
    """A folder of this machine or of a mounted disk; created by the first write.

    Neither ``..`` nor a link inside the folder leads out of it: what a link points at must be in the folder too.
    """

    def __init__(self, root: str, *, setting: str) -> None:
        self._root, self._setting = Path(root).expanduser().absolute(), setting
        self._place = str(self._root)
        self._base = self._place.rstrip(os.sep)

    def uri(self, name: str) -> str:
        """The file's absolute path."""
        checked = checked_name(name, place=self._place)
        return f"{self._base}/{checked}" if checked else self._place

    def get(self, name: str) -> bytes | None:
        """As ``ByteStore.get``. Raises StorageError when the file exists but cannot be read."""
        with self._errors(name, "read"):
            try:
                with open(self._path(name), "rb", buffering=0) as file:
                    refuse_large(self.uri(name), os.fstat(file.fileno()).st_size)
                    return file.readall()
            except FileNotFoundError:
                return None

    def get_version(self, name: str) -> tuple[bytes | None, StoredVersion]:
        """As ``ByteStore.get_version``; errors as ``get``."""
        data = self.get(name)
        return data, ABSENT if data is None else StoredVersion.of(data, checksum_in(data))

    def put(self, name: str, data: bytes) -> str:
        """The bytes go to disk under a hidden name first; the rename that publishes them is atomic."""
        return self._publish(name, data, confirm=lambda: None)

    def replace(self, name: str, data: bytes, *, expected: StoredVersion) -> str:
        """As ``ByteStore.replace``: the file is compared and replaced under its lock (see ``FileLock``)."""
        with self._errors(name, "locked"):
            lock = FileLock(Path(self._path(LOCKS)), name)
            lock.acquire()
        try:
            held = self.get(name)
            if held is not None if expected == ABSENT else not expected.is_of(held):
                raise VersionConflict(self.uri(name))
            return self._publish(name, data, confirm=lock.confirm)
        finally:
            lock.release()

    def delete(self, name: str) -> None:
        """As ``ByteStore.delete``. Raises StorageError when the file cannot be deleted."""
        with self._errors(name, "deleted"), contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(name))

    def exists(self, name: str) -> bool:
        """As ``ByteStore.exists``. Raises StorageError when the folder cannot be read."""
        with self._errors(name, "read"):
            try:
                state = os.stat(self._path(name))
            except FileNotFoundError:
                return False
            return stat.S_ISREG(state.st_mode) and state.st_size > 0

    def entries(self, folder: str) -> Entries:
        """As ``ByteStore.entries``; nothing for a missing folder. Raises StorageError when it cannot be listed."""
        found: Entries = {}
        with self._errors(folder, "listed"), contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._path(folder)):
                if not entry.is_file():
                    found[f"{entry.name}/" if entry.is_dir() else entry.name] = None
                    continue
                with contextlib.suppress(FileNotFoundError):  # deleted or renamed since it was listed
                    state = entry.stat()
                    found[entry.name] = StoredFile(datetime.fromtimestamp(state.st_mtime, UTC), state.st_size)
        return found

    def unchanged(self, folder: str, marks: Mapping[str, str]) -> list[str]:
        """As ``ByteStore.unchanged``: the checksums that files of tables bear at their ends."""
        with self._errors(folder, "read"), contextlib.suppress(FileNotFoundError):
            place = os.open(self._path(folder), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return [name for name, mark in marks.items() if mark and _tail_has(name, place, mark.encode())]
            finally:
                os.close(place)
        return []

    def written_at(self, name: str) -> datetime | None:
        """As ``ByteStore.written_at``: this machine's clock, or that of the server of a mounted disk."""
        with self._errors(name, "read"):
            try:
                return datetime.fromtimestamp(os.stat(self._path(name)).st_mtime, UTC)
            except FileNotFoundError:
                return None

    def conditional_writes(self) -> ConditionalWrites:
        """Every folder has lock files."""
        return ConditionalWrites(is_by_server=False, how=f"lock files in {self.uri(LOCKS)}")

    def _publish(self, name: str, data: bytes, *, confirm: Callable[[], None]) -> str:
        """Replace the file at once; ``confirm`` runs when all but that is done, and may raise to prevent it."""
        with self._errors(name, "written"):
            path = self._path(name)
            if not os.path.isdir(os.path.dirname(path)):
                os.makedirs(os.path.dirname(path), exist_ok=True)
            with unfinished_file(path, suffix="tmp") as (hidden, handle):
                with open(handle, "wb", closefd=False) as file:
                    file.write(data)
                os.fsync(handle)
                confirm()
                os.replace(hidden, path)
        return checksum_in(data)

    def _path(self, name: str) -> str:
        """The file's path. Raises StorageError when a link leads out of the folder."""
        path = self._base
        for part in checked_name(name, place=self._place).split("/") if name else ():
            path = f"{path}/{part}"
            if os.path.islink(path):
                self._refuse_outside(f"{self._base}/{name}")
        return path or os.sep

    def _refuse_outside(self, path: str) -> None:
        """Raises StorageError for a path that is not in the folder once its links are followed."""
        real, root = os.path.realpath(path), os.path.realpath(self._root)
        if real != root and not real.startswith(f"{root.rstrip(os.sep)}{os.sep}"):
            problem = f"is a link, or lies behind one, out of the folder {self._root}"
            fix = f"Replace the link by what it points at, or set {self._setting} to that place"
            raise StorageError(path, problem, fix=fix)

    @contextlib.contextmanager
    def _errors(self, name: str, action: str) -> Iterator[None]:
        """Raise StorageError with the file and the reason for whatever the operating system raises inside."""
        try:
            yield
        except OSError as error:
            is_blocked = isinstance(error, NotADirectoryError | FileExistsError)
            reason = (
                "a file is in the place of a folder" if is_blocked else (error.strerror or "unknown reason").lower()
            )
            raise StorageError(
                self.uri(name),
                f"cannot be {action}: {reason}",
                fix=f"Make {self._setting} a folder that this user may read and write, on a disk with room",
            ) from error


def _tail_has(name: str, folder: int, checksum: bytes) -> bool:
    """Whether the last bytes of a file in an open folder have this; none of what is no file there, such as a link."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:  # as below
        return False
    try:
        return checksum in os.pread(handle, TAIL, max(0, os.lseek(handle, 0, os.SEEK_END) - TAIL))
    except OSError:  # a folder or a pipe; or whoever reads the file itself is told why it cannot be read
        return False
    finally:
        os.close(handle)
