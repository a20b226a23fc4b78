"""The mark of a storage: whether its readings are simulated or EPA's."""

import contextlib
from typing import Final, Literal, get_args

from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.storage.byte_stores import ABSENT, ByteStore, VersionConflict

Readings = Literal["simulated", "epa"]

MARKER: Final = "airwatch.json"
"""File that marks the readings of the storage as simulated or EPA's."""


MAX_SHOWN: Final = 60
"""Bytes of another mark that an error shows."""


class OtherKind(ConfigurationError):
    """The storage holds the other kind of readings."""


def mark_data_kind(files: ByteStore, readings: Readings) -> None:
    """Mark an unmarked place with this kind. Of two writers that mark it at once, the first wins.

    Raises OtherKind when it is marked with the other kind, and StorageError for a mark that says neither.
    """
    if required_data_kind(files, readings) is None:
        with contextlib.suppress(VersionConflict):
            files.replace(MARKER, _marker(readings), expected=ABSENT)
        required_data_kind(files, readings)


def required_data_kind(files: ByteStore, readings: Readings) -> Readings | None:
    """The kind that the place is marked with, None if it is unmarked. Errors as ``mark_data_kind``."""
    found = files.get(MARKER)
    if found is not None and found != _marker(readings):
        held = found[:MAX_SHOWN].decode(errors="replace").strip()
        if found not in map(_marker, get_args(Readings)):
            fix = f"Write into it what its readings are: {_marker('epa').decode().strip()}, or simulated"
            raise StorageError(files.uri(MARKER), f"says {held!r} and not whose readings are stored", fix=fix)
        raise OtherKind(
            "AIRWATCH_STORAGE",
            f"the storage is marked {held} in {files.uri(MARKER)}, but the source has {readings!r} readings",
            fix="Set AIRWATCH_STORAGE to another folder or prefix, or AIRWATCH_SOURCE to the source used so far",
        )
    return None if found is None else readings


def is_marked(files: ByteStore, readings: Readings) -> bool:
    """Whether the place is marked with this kind."""
    return files.get(MARKER) == _marker(readings)


def _marker(readings: Readings) -> bytes:
    return f'{{"readings": "{readings}"}}\n'.encode()
