"""A checksum of a whole Parquet file, kept in the file's own metadata: every tool reads the file as any other."""

import hashlib
import re
from typing import Final

KEY: Final = b"airwatch.sha256"
"""Name of the metadata entry. Page checksums do not cover what stands around the pages: types, counts, positions."""

UNSEALED: Final = b"0" * 64
"""Its value while the checksum is computed: that of the file with these digits in the place of the checksum."""

TAIL: Final = 2048
"""Bytes at the end of a file that have its checksum: behind it stand the writer's name and a few bytes per column."""

_CHECKSUM: Final = re.compile(rb"[0-9a-f]{64}")

_BETWEEN: Final = 2
"""Bytes between name and value in the footer (Thrift's compact protocol: type of the field, length of the text)."""


def sealed(data: bytes) -> bytes:
    """The file, whose metadata has ``KEY`` with ``UNSEALED``, with its checksum there."""
    start = _start(data)
    if start is None or data[start : start + len(UNSEALED)] != UNSEALED:
        raise ValueError("the file has no place for its checksum")
    return b"".join((data[:start], _checksum(data, start), data[start + len(UNSEALED) :]))


def refuse_damaged(data: bytes) -> None:
    """Raises ValueError for a file that is not as it was written; a file without a checksum may be an older one's."""
    start = _start(data)
    if start is not None and data[start : start + len(UNSEALED)] != _checksum(data, start):
        raise ValueError("the file is damaged: its bytes do not have the checksum that they were written with")


def checksum_in(data: bytes) -> str:
    """The checksum that a file bears, also by its last ``TAIL`` bytes; empty for one without, as an older one is."""
    start = _start(data)
    found = b"" if start is None else data[start : start + len(UNSEALED)]
    return found.decode() if _CHECKSUM.fullmatch(found) else ""


def _start(data: bytes) -> int | None:
    at = data.rfind(KEY)
    return None if at < 0 else at + len(KEY) + _BETWEEN


def _checksum(data: bytes, start: int) -> bytes:
    digest, view = hashlib.sha256(), memoryview(data)
    for part in (view[:start], UNSEALED, view[start + len(UNSEALED) :]):
        digest.update(part)
    return digest.hexdigest().encode()
