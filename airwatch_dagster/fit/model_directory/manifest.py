"""The manifest of a model: size and SHA-256 of each of its files, against which they are checked before any is read."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from airwatch_dagster.errors import ModelRefused

MAX_FILE_BYTES: Final = 256 * 2**20
"""Bytes of one file. A forest for the whole country takes about 12 MB."""

MAX_FILES: Final = 16
"""Files of one model; a blend has seven."""

FILE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}\.(?:json|npz|cbm)")
"""Plain names: none leads out of the directory."""

RESTORE: Final = "Restore the file from a backup"
"""Fix of what is missing or damaged; whoever knows the model's month adds how to train it again."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FileRecord:
    """What is known of a file before it is read."""

    size: int
    """Bytes."""
    sha256: str


def manifest_of(files: Mapping[str, bytes]) -> str:
    """Name → size in bytes and SHA-256 of each file, JSON in the order of names; the same for the same files."""
    records = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    return json.dumps(records, sort_keys=True, separators=(",", ":"))


def records_of(manifest: str) -> dict[str, FileRecord]:
    """The records of a manifest. Raises ModelRefused for anything that ``manifest_of`` does not write."""
    try:
        listed = json.loads(manifest)
        records = {name: FileRecord(one["bytes"], one["sha256"]) for name, one in listed.items()}
        is_valid = 0 < len(records) <= MAX_FILES and all(_is_valid(*item) for item in records.items())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        is_valid = False
    if not is_valid:
        problem = "does not list names, sizes and SHA-256 of a model's files"
        raise ModelRefused("model_files", problem, fix="Restore the row")
    return records


def _is_valid(name: str, record: FileRecord) -> bool:
    size: Any = record.size
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 < size <= MAX_FILE_BYTES
    return is_size and bool(FILE_NAME.fullmatch(name)) and bool(_SHA256.fullmatch(record.sha256))


def verified(name: str, data: bytes, record: FileRecord) -> bytes:
    """The data, if it is what the record says. Raises ModelRefused otherwise."""
    if len(data) < record.size:
        raise ModelRefused(name, f"has {len(data):,} bytes instead of {record.size:,}", fix=RESTORE)
    if len(data) > record.size:
        raise ModelRefused(name, f"has more than {record.size:,} bytes", fix=RESTORE)
    if hashlib.sha256(data).hexdigest() != record.sha256:
        problem = f"is not the file that was logged: its SHA-256 is not {record.sha256[:12]}…"
        raise ModelRefused(name, problem, fix=RESTORE)
    return data
