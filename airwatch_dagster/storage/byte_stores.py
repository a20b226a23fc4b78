"""Whole files of bytes in a local folder or under an S3 prefix: complete or absent, never in part."""

import contextlib
import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from airwatch_dagster.errors import StorageError
from airwatch_dagster.storage.s3_errors import s3_errors
from airwatch_dagster.storage.unfinished import unfinished


@dataclass(frozen=True)
class StoredFile:
    """What a listing tells of a file."""

    changed_at: datetime
    """UTC."""
    size: int
    """Bytes."""


Entries = dict[str, StoredFile | None]
"""Files by name; None for what is no file: a folder, whose name ends in a slash, or a broken link."""


class ByteStore(Protocol):
    """Files by relative name (``site_days/2021-07-04.parquet``)."""

    def uri(self, name: str) -> str:
        """Location of the file, for people and other tools."""

    def get(self, name: str) -> bytes | None:
        """The file's bytes; None when there is no such file."""

    def put(self, name: str, data: bytes) -> None:
        """Replace the file; readers see the old bytes or the new ones, and a failure leaves the old ones."""

    def delete(self, name: str) -> None:
        """Delete the file; nothing to do for one that does not exist."""

    def exists(self, name: str) -> bool:
        """Whether the file exists and holds anything: a writer of AirWatch's leaves no file without bytes."""

    def entries(self, folder: str) -> Entries:
        """What is directly in ``folder``, hidden files included; the empty name is the place itself."""


class LocalFolder:
    """A folder of this machine or of a mounted disk; created by the first write."""

    def __init__(self, root: str, *, setting: str) -> None:
        self._root, self._setting = Path(root).expanduser().absolute(), setting

    def uri(self, name: str) -> str:
        """The file's absolute path."""
        return str(self._root / name)

    def get(self, name: str) -> bytes | None:
        """As ``ByteStore.get``. Raises StorageError when the file exists but cannot be read."""
        with self._errors(name, "read"):
            try:
                return (self._root / name).read_bytes()
            except FileNotFoundError:
                return None

    def put(self, name: str, data: bytes) -> None:
        """The bytes go to disk under a hidden name first; the rename that publishes them is atomic."""
        path = self._root / name
        hidden = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        with self._errors(name, "written"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished(hidden):
                with hidden.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                hidden.replace(path)

    def delete(self, name: str) -> None:
        """As ``ByteStore.delete``. Raises StorageError when the file cannot be deleted."""
        with self._errors(name, "deleted"), contextlib.suppress(FileNotFoundError):
            (self._root / name).unlink()

    def exists(self, name: str) -> bool:
        """As ``ByteStore.exists``. Raises StorageError when the folder cannot be read."""
        with self._errors(name, "read"):
            try:
                state = (self._root / name).stat()
            except FileNotFoundError:
                return False
            return stat.S_ISREG(state.st_mode) and state.st_size > 0

    def entries(self, folder: str) -> Entries:
        """As ``ByteStore.entries``; nothing for a missing folder. Raises StorageError when it cannot be listed."""
        found: Entries = {}
        with self._errors(folder, "listed"), contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._root / folder):
                if not entry.is_file():
                    found[f"{entry.name}/" if entry.is_dir() else entry.name] = None
                    continue
                with contextlib.suppress(FileNotFoundError):  # deleted or renamed since it was listed
                    state = entry.stat()
                    found[entry.name] = StoredFile(datetime.fromtimestamp(state.st_mtime, UTC), state.st_size)
        return found

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


class S3Prefix:
    """Objects under ``s3://bucket/prefix``, on AWS or any server with the same protocol.

    Credentials, region, endpoint and checksum rules come from the environment, as for every AWS tool. Safe to use from
    several threads. ``attempts`` is the maximum for each request; ``setting`` names the place in errors.
    """

    def __init__(self, bucket: str, prefix: str, *, attempts: int, setting: str) -> None:
        self._bucket, self._prefix, self._setting = bucket, prefix, setting
        with s3_errors(self.uri(""), setting=self._setting):
            aws_settings = frozenset((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
            self._client = _s3_client(attempts, aws_settings)

    def uri(self, name: str) -> str:
        """The object's s3:// URI."""
        return f"s3://{self._bucket}/{self._key(name)}"

    def get(self, name: str) -> bytes | None:
        """As ``ByteStore.get``. Raises StorageError when the object cannot be read."""
        with s3_errors(self.uri(name), setting=self._setting):
            try:
                return bytes(self._client.get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read())
            except self._client.exceptions.NoSuchKey:
                return None

    def put(self, name: str, data: bytes) -> None:
        """As ``ByteStore.put``: S3 replaces an object at once. Raises StorageError when it cannot be written."""
        with s3_errors(self.uri(name), setting=self._setting):
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=data)

    def delete(self, name: str) -> None:
        """As ``ByteStore.delete``: a versioned bucket keeps the old versions. Raises StorageError."""
        with s3_errors(self.uri(name), setting=self._setting):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def exists(self, name: str) -> bool:
        """By listing: a request for the object does not distinguish a missing bucket from a missing object."""
        with s3_errors(self.uri(name), setting=self._setting):
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key(name), MaxKeys=1)
        return any(entry["Key"] == self._key(name) and entry["Size"] for entry in found.get("Contents", []))

    def entries(self, folder: str) -> Entries:
        """As ``ByteStore.entries``; nothing without objects. Raises StorageError when they cannot be listed."""
        start = self._key(f"{folder}/" if folder else "")
        with s3_errors(self.uri(folder), setting=self._setting):
            listing = self._client.get_paginator("list_objects_v2")
            pages = list(listing.paginate(Bucket=self._bucket, Prefix=start, Delimiter="/"))
        folders = (entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", []))
        found: Entries = {name.removeprefix(start): None for name in folders}
        for entry in (entry for page in pages for entry in page.get("Contents", [])):
            found[entry["Key"].removeprefix(start)] = StoredFile(entry["LastModified"].astimezone(UTC), entry["Size"])
        found.pop("", None)  # the mark that some tools put in the place of a folder
        return found

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name


@cache
def _s3_client(attempts: int, _settings: frozenset[tuple[str, str]]) -> Any:
    """One client per process for the same AWS settings: creating one takes half a second, and it may be shared."""
    from dagster_aws.s3 import S3Resource  # a second to import, not needed by local storage

    return S3Resource(max_attempts=attempts).get_client()
