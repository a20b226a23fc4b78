"""Objects under a prefix of an S3 bucket."""

import contextlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import quote

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
from airwatch_dagster.storage.locks.ticket_locks import TicketLock
from airwatch_dagster.storage.s3_errors import s3_errors

PROBE: Final = ".airwatch-conditional-writes"
"""Object on which conditional writes are tried out."""

_CONDITION_FAILED: Final = ("PreconditionFailed", "412", "ConditionalRequestConflict", "NoSuchKey", "404")
"""Error codes of a conditional write that was not made: the object is another version; one that another write of the
object is in progress for; or gone."""

_NO_CONDITIONS: Final = ("NotImplemented", "501", "InvalidArgument", "InvalidRequest", "400")
"""Error codes of servers that do not know conditional writes, for a probe that they accept without a condition."""

_UNSUPPORTED: Final[dict[tuple[int, str], list[str]]] = {}
"""Client and bucket → conditions that its server does not support, once tried out."""


class S3Prefix:
    """Objects under ``s3://bucket/prefix``, on AWS or any server with the same protocol.

    Credentials, region, endpoint and checksum rules come from the environment, as for every AWS tool. Safe to use from
    several threads. ``attempts`` is the maximum for each request; ``setting`` names the place in errors.

    A replacement is a conditional write (``If-Match``, ``If-None-Match``). Some servers ignore the condition: whether
    this one does is tried out before the first replacement, and then writers queue with tickets (see ``TicketLock``).
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
        return self.get_version(name)[0]

    def get_version(self, name: str) -> tuple[bytes | None, StoredVersion]:
        """As ``ByteStore.get_version``; errors as ``get``."""
        with s3_errors(self.uri(name), setting=self._setting):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
                with contextlib.closing(found["Body"]) as body:
                    refuse_large(self.uri(name), found["ContentLength"])
                    data = bytes(body.read())
            except self._client.exceptions.NoSuchKey:
                return None, ABSENT
        return data, StoredVersion.of(data, _mark(found))

    def put(self, name: str, data: bytes) -> str:
        """As ``ByteStore.put``: S3 replaces an object at once. Raises StorageError when it cannot be written."""
        with s3_errors(self.uri(name), setting=self._setting):
            return _mark(self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=data))

    def replace(self, name: str, data: bytes, *, expected: StoredVersion) -> str:
        """As ``ByteStore.replace``. Raises StorageError when the object cannot be written."""
        if not self.conditional_writes().is_by_server:
            return self._replace_in_turn(name, data, expected)
        condition = {"IfNoneMatch": "*"} if expected == ABSENT else {"IfMatch": f'"{expected.mark}"'}
        mark = self._put_if(name, data, condition)
        # A write whose response was lost is sent again by the client, and then refused because of itself.
        if mark is None and self.get(name) != data:
            raise VersionConflict(self.uri(name))
        return mark or ""

    def conditional_writes(self) -> ConditionalWrites:
        """As ``ByteStore.conditional_writes``; a probe object stays. Tried out once a process."""
        place = id(self._client), self._bucket  # the client is shared, and lives as long as the process
        if place not in _UNSUPPORTED:
            _UNSUPPORTED[place] = self._unsupported_conditions()
        unsupported = _UNSUPPORTED[place]
        if unsupported:
            how = f"tickets below {self.uri(LOCKS)}, since the server does not support {' and '.join(unsupported)}"
            return ConditionalWrites(is_by_server=False, how=how)
        return ConditionalWrites(is_by_server=True, how="conditional writes of the server (If-Match, If-None-Match)")

    def _unsupported_conditions(self) -> list[str]:
        """Writes that must be refused are sent to the probe object. Another process may be doing the same."""
        self.put(PROBE, b"airwatch tries conditional writes here\n")
        other = '"00000000000000000000000000000000"'
        conditions = {"If-None-Match": {"IfNoneMatch": "*"}, "If-Match": {"IfMatch": other}}
        return [
            header
            for header, condition in conditions.items()
            if self._put_if(PROBE, b"this server ignores conditions\n", condition, else_unsupported=True) is not None
        ]

    def _put_if(
        self, name: str, data: bytes, condition: dict[str, str], *, else_unsupported: bool = False
    ) -> str | None:
        """The mark of the object as written; None when the server refused because of the condition.

        With ``else_unsupported`` an empty one when it does not know conditions.
        """
        from botocore.exceptions import ClientError

        with s3_errors(self.uri(name), setting=self._setting):
            try:
                return _mark(self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=data, **condition))
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                if code in _CONDITION_FAILED:
                    return None
                if not (else_unsupported and code in _NO_CONDITIONS):
                    raise
        return ""

    def _replace_in_turn(self, name: str, data: bytes, expected: StoredVersion) -> str:
        """As ``replace``, on a server without conditional writes."""
        with s3_errors(self.uri(f"{LOCKS}/{name}"), setting=self._setting):
            lock = TicketLock(self._client, self._bucket, self._key(f"{LOCKS}/{quote(name, safe='')}/"))
            lock.acquire()
        try:
            held = self.get(name)
            if held is not None if expected == ABSENT else not expected.is_of(held):
                raise VersionConflict(self.uri(name))
            lock.confirm()
            return self.put(name, data)
        finally:
            with s3_errors(self.uri(f"{LOCKS}/{name}"), setting=self._setting):
                lock.release()

    def written_at(self, name: str) -> datetime | None:
        """As ``ByteStore.written_at``: the server's clock, to the second."""
        with s3_errors(self.uri(name), setting=self._setting):
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key(name), MaxKeys=1)
        moments = [one["LastModified"] for one in found.get("Contents", []) if one["Key"] == self._key(name)]
        return moments[0].astimezone(UTC) if moments else None

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

    def unchanged(self, folder: str, marks: Mapping[str, str]) -> list[str]:
        """As ``ByteStore.unchanged``: the ETags. One request per thousand objects from the first name to the last."""
        start, found = self._key(f"{folder}/"), dict[str, str]()
        before, last = start + min(marks)[:-1], start + max(marks)
        with s3_errors(self.uri(folder), setting=self._setting):
            listing = self._client.get_paginator("list_objects_v2")
            for page in listing.paginate(Bucket=self._bucket, Prefix=start, StartAfter=before):
                entries = page.get("Contents", [])
                found |= {entry["Key"].removeprefix(start): _mark(entry) for entry in entries}
                if entries and entries[-1]["Key"] >= last:
                    break
        return [name for name, mark in marks.items() if mark and found.get(name) == mark]

    def _key(self, name: str) -> str:
        checked_name(name.removesuffix("/"), place=f"s3://{self._bucket}/{self._prefix}")
        return f"{self._prefix}/{name}" if self._prefix else name


def _mark(answer: dict[str, Any]) -> str:
    """The ETag in what the server says of an object; empty for a server without. Some list it without quotes."""
    return str(answer.get("ETag", "")).strip('"')


@cache
def _s3_client(attempts: int, _settings: frozenset[tuple[str, str]]) -> Any:
    """One client per process for the same AWS settings: creating one takes half a second, and it may be shared."""
    from dagster_aws.s3 import S3Resource  # a second to import, not needed by local storage

    return S3Resource(max_attempts=attempts).get_client()
