"""Whole files of bytes in a local folder or under an S3 prefix: complete or absent, never in part."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from airwatch_dagster.errors import StorageError
from airwatch_dagster.limits import MAX_STORED_BYTES, megabytes


@dataclass(frozen=True)
class StoredFile:
    """What a listing tells of a file."""

    changed_at: datetime
    """UTC."""
    size: int
    """Bytes."""


Entries = dict[str, StoredFile | None]
"""Files by name; None for what is no file: a folder, whose name ends in a slash, or a broken link."""


@dataclass(frozen=True)
class StoredVersion:
    """Which bytes a file had when it was read: what a replacement may replace."""

    sha256: str
    mark: str = ""
    """Another one where the bytes are others, and to be seen without reading all of them; empty when they have none."""

    @classmethod
    def of(cls, data: bytes, mark: str = "") -> "StoredVersion":
        """The version with these bytes."""
        return cls(hashlib.sha256(data).hexdigest(), mark)

    def is_of(self, data: bytes | None) -> bool:
        """Whether a file with these bytes (None: no file) is this version."""
        return data is not None and hashlib.sha256(data).hexdigest() == self.sha256


ABSENT: Final = StoredVersion("")
"""The version of a file that does not exist."""


class VersionConflict(StorageError):
    """Another writer replaced the file since it was read; nothing was written."""

    def __init__(self, uri: str, problem: str = "was replaced by another writer since it was read") -> None:
        super().__init__(uri, problem, fix="Run this again, once the other writer has ended", retry_helps=True)


class ByteStore(Protocol):
    """Files by relative name (``site_days/2021-07-04.parquet``).

    Every method raises StorageError for a name that leads out of the place (see ``checked_name``).
    """

    def uri(self, name: str) -> str:
        """Location of the file, for people and other tools."""

    def get(self, name: str) -> bytes | None:
        """The file's bytes; None when there is no such file."""

    def get_version(self, name: str) -> tuple[bytes | None, StoredVersion]:
        """As ``get``, with the version to name in ``replace``; ABSENT when there is no such file."""

    def put(self, name: str, data: bytes) -> str:
        """Replace the file; readers see the old bytes or the new ones, and a failure leaves the old ones.

        The last writer wins: only for files whose content does not depend on what they held before. Returns the mark of
        the bytes, as in ``StoredVersion``; an empty one when it is not known.
        """

    def replace(self, name: str, data: bytes, *, expected: StoredVersion) -> str:
        """As ``put``, if the file is the version that was read. Raises VersionConflict if it is another.

        Of several writers that expect the same version, on any machines, one succeeds.
        """

    def delete(self, name: str) -> None:
        """Delete the file; nothing to do for one that does not exist."""

    def exists(self, name: str) -> bool:
        """Whether the file exists and holds anything: a writer of AirWatch's leaves no file without bytes."""

    def entries(self, folder: str) -> Entries:
        """What is directly in ``folder``, hidden files included; the empty name is the place itself."""

    def unchanged(self, folder: str, marks: Mapping[str, str]) -> list[str]:
        """Those of these files directly in ``folder`` that have the marks now."""

    def written_at(self, name: str) -> datetime | None:
        """When the file was written, by the clock of the place (UTC); None when there is no such file."""

    def conditional_writes(self) -> "ConditionalWrites":
        """How ``replace`` keeps two writers apart here, as just tried out."""


@dataclass(frozen=True)
class ConditionalWrites:
    """How a place keeps two writers of one file apart."""

    is_by_server: bool
    """The S3 server refuses a write whose condition does not hold."""
    how: str
    """A sentence for people."""


LOCKS: Final = ".locks"
"""Folder of the locks below the place: lock files in a folder, tickets under an S3 prefix without conditional
writes."""

_REFUSED: Final = re.compile(r"[\x00-\x1f\x7f\\]")
"""Characters that no name of AirWatch's has: control characters, and the backslash, which some systems take for a
slash."""


def checked_name(name: str, *, place: str) -> str:
    """The name, if it is one below the place. Raises StorageError for any that could lead out of it."""
    parts = name.split("/")
    if name and (_REFUSED.search(name) or any(part in ("", ".", "..") for part in parts)):
        problem = f"{name!r} is not a name of a file in it"
        raise StorageError(place, problem, fix="Name a table and a partition, such as site_days and 2021-07-04")
    return name


def refuse_large(uri: str, size: int) -> None:
    """Raises StorageError for a file of more bytes than any that AirWatch stores, before it is read."""
    if size > MAX_STORED_BYTES:
        problem = f"has {megabytes(size)}, and a file of a storage has at most {megabytes(MAX_STORED_BYTES)}"
        raise StorageError(uri, problem, fix="Remove it, and build or supply this partition again")
