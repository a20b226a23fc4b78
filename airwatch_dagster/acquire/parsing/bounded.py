"""Files that may be read up to a limit: what a small file unpacks to is not known before."""

import io
import zipfile
from typing import IO, Final

from airwatch_dagster.errors import BadPayload
from airwatch_dagster.limits import (
    MAX_LINE_BYTES,
    MAX_MEMBERS,
    MAX_TABLE_BYTES,
    MAX_TABLE_LINES,
    max_unpacked_bytes,
    megabytes,
)

_ENTRY: Final = b"PK\x01\x02"
"""What each entry of a zip's directory begins with. Source: APPNOTE.TXT, PKWARE, 4.3.12."""

_AT_ONCE: Final = 1 << 20

_FIX: Final = "Use EPA's file; one that holds more is read in parts, a year or a state at a time"


class Bounded(io.BufferedIOBase):
    """``file``, whose reading raises BadPayload beyond ``max_bytes``, MAX_TABLE_LINES or MAX_LINE_BYTES.

    A little more may have been read by then: what one call asks for.
    """

    def __init__(self, file: IO[bytes], *, culprit: str, max_bytes: int) -> None:
        self._file, self._culprit, self._max_bytes = file, culprit, max_bytes
        self._bytes = self._lines = self._without_end = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """As ``io.BufferedIOBase.read``, with the limits."""
        wanted = self._max_bytes + 1 - self._bytes
        part = self._file.read(wanted if size is None or size < 0 else min(size, wanted))
        self._count(part)
        return part

    def read1(self, size: int = -1, /) -> bytes:
        """As ``read``, at most a megabyte at a time."""
        return self.read(_AT_ONCE if size < 0 else min(size, _AT_ONCE))

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()

    def _count(self, part: bytes) -> None:
        self._bytes += len(part)
        self._lines += max(part.count(b"\n"), part.count(b"\r"))
        end = max(part.rfind(b"\n"), part.rfind(b"\r"))
        self._without_end = len(part) - end - 1 if end >= 0 else self._without_end + len(part)
        if self._bytes > self._max_bytes:
            raise self._refused(f"more than {megabytes(self._max_bytes)}")
        if self._lines > MAX_TABLE_LINES:
            raise self._refused(f"more than {MAX_TABLE_LINES:,} lines")
        if self._without_end > MAX_LINE_BYTES:
            raise self._refused(f"a line of more than {megabytes(MAX_LINE_BYTES)}")

    def _refused(self, what: str) -> BadPayload:
        return BadPayload(self._culprit, f"holds {what}, several times what the largest of EPA's files has", fix=_FIX)


def refuse_many_members(file: IO[bytes], *, culprit: str) -> None:
    """Raises BadPayload for a zip with more than MAX_MEMBERS files, before its directory is read; seeks its start."""
    members = 0
    while part := file.read(_AT_ONCE):
        members += part.count(_ENTRY)
    file.seek(0)
    if members > MAX_MEMBERS:
        raise BadPayload(culprit, f"holds {members:,} files, and may hold {MAX_MEMBERS:,}", fix=_FIX)


def refuse_large_zip(archive: zipfile.ZipFile, *, culprit: str) -> None:
    """Raises BadPayload for members that unpack to more than a table may have, or than their packed size explains.

    Python's reader stops a member at the size that it declares.
    """
    members = archive.infolist()
    packed, unpacked = (sum(each) for each in ([m.compress_size for m in members], [m.file_size for m in members]))
    most = max_unpacked_bytes(packed, MAX_TABLE_BYTES)
    if unpacked > most:
        problem = f"its {megabytes(packed)} would unpack to {megabytes(unpacked)}, and may to {megabytes(most)}"
        raise BadPayload(culprit, problem, fix=_FIX)
