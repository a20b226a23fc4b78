"""A lock on an object of an S3 server without conditional writes, among all that write there."""

import os
import random
import socket
import time
import uuid
from typing import Any, Final

from airwatch_dagster.errors import StorageError
from airwatch_dagster.storage.byte_stores import VersionConflict

LEASE_S: Final = 120.0
"""Seconds without a sign of its owner after which a ticket has expired. A write that is in flight for longer than the
half of it could land after another writer's."""

MAX_WAIT_S: Final = 1200.0
"""Seconds to wait for others."""

POLL_S: Final = 0.05
"""Mean seconds between two looks at the queue."""

_CHOOSING: Final = "choosing-"


class TicketLock:
    """At most one holder at a time for one object, with nothing but whole objects and a listing that shows them.

    Lamport's bakery: a writer announces that it chooses a number, takes one above all that it sees, and waits for
    those who were choosing then and for all lower tickets. Tickets are objects that name their owner. One that another
    writer has watched for ``LEASE_S`` seconds without a change has lost its owner and is deleted; those who wait renew
    theirs. No clock is compared with another machine's. Source: L. Lamport, A New Solution of Dijkstra's Concurrent
    Programming Problem, CACM 17 (1974).

    The server must show a completed write in every later listing, as S3 does. Not covered: a holder whose write is on
    its way for more than half of ``LEASE_S``.
    """

    def __init__(self, client: Any, bucket: str, folder: str) -> None:
        self._client, self._bucket, self._folder = client, bucket, folder
        self._uri = f"s3://{bucket}/{folder}"
        self._id = uuid.uuid4().hex
        self._ticket: str | None = None
        self._since, self._renewals = 0.0, 0
        self._watched: dict[str, tuple[Any, float]] = {}

    def acquire(self, *, wait_s: float = MAX_WAIT_S, lease_s: float = LEASE_S) -> None:
        """Hold the lock. Raises StorageError naming the first in the queue after ``wait_s`` seconds, VersionConflict
        when this process was stopped for so long that its ticket expired, and the client's errors."""
        try:
            self._acquire(wait_s, lease_s)
        except BaseException:
            self.release()
            raise

    def _acquire(self, wait_s: float, lease_s: float) -> None:
        began = time.monotonic()
        self._take_ticket(lease_s)
        choosing: set[str] | None = None
        while True:
            queue, chose_before = self._queue(), choosing
            if self._ticket not in queue:
                raise VersionConflict(self._uri, "this process's ticket expired while it was stopped")
            announced = {name for name in queue if name.startswith(_CHOOSING)}
            choosing = announced if choosing is None else choosing & announced
            lower = {name for name in queue.keys() - announced if name < self._ticket}
            # Whoever chose during the listing before this one has its ticket in this one: it writes the ticket first.
            if not lower and chose_before is not None and not chose_before:
                return
            self._delete_expired(lower | choosing, queue, lease_s)
            self._renew(lease_s)
            if time.monotonic() - began >= wait_s:
                first = min(lower | choosing, default=self._ticket)
                problem = f"{first} is held by {self._owner_of(first)}; waited {wait_s:.0f} s"
                fix = "Wait until that process ends, or end it; delete the object if it has ended"
                raise StorageError(self._uri, problem, fix=fix, retry_helps=True)
            if lower or choosing:
                time.sleep(POLL_S * random.uniform(0.5, 1.5))  # noqa: S311 - nothing secret

    def _take_ticket(self, lease_s: float) -> None:
        """Announce it, and take a number above all there are."""
        announcement = f"{_CHOOSING}{self._id}"
        self._put(announcement)
        try:
            numbers = [int(name.partition("-")[0]) for name in self._queue() if not name.startswith(_CHOOSING)]
            self.confirm(lease_s=lease_s)
            self._ticket = f"{max(numbers, default=0) + 1:08d}-{self._id}"
            self._put(self._ticket)
        finally:
            self._delete(announcement)

    def confirm(self, *, lease_s: float = LEASE_S) -> None:
        """Raises VersionConflict when the ticket is so old that it may expire before the write has landed."""
        if time.monotonic() - self._since >= lease_s / 2:
            raise VersionConflict(self._uri, "this process's ticket is too old: it was stopped while it held it")

    def release(self) -> None:
        """Let the next writer in; nothing to do for a lock that is not held."""
        if self._ticket is not None:
            self._delete(self._ticket)
            self._ticket = None

    def _queue(self) -> dict[str, Any]:
        """Tickets and announcements, each with what changes when it is renewed."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._folder)
        entries = (entry for page in pages for entry in page.get("Contents", []))
        found = {
            entry["Key"].removeprefix(self._folder): (entry["Size"], entry.get("ETag"), entry["LastModified"])
            for entry in entries
        }
        found.pop("", None)
        return found

    def _delete_expired(self, names: set[str], queue: dict[str, Any], lease_s: float) -> None:
        for name in names:
            state, since = self._watched.get(name, (None, 0.0))
            if state != queue[name]:
                self._watched[name] = queue[name], time.monotonic()
            elif time.monotonic() - since >= lease_s:
                self._delete(name)

    def _renew(self, lease_s: float) -> None:
        if self._ticket is not None and time.monotonic() - self._since >= lease_s / 4:
            self._renewals += 1
            self._put(self._ticket)

    def _put(self, name: str) -> None:
        """Each renewal is longer than the one before, so that a listing shows it."""
        self._since = time.monotonic()
        body = f"process {os.getpid()} on {socket.gethostname()}{'.' * self._renewals}\n"
        self._client.put_object(Bucket=self._bucket, Key=f"{self._folder}{name}", Body=body.encode())

    def _delete(self, name: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=f"{self._folder}{name}")

    def _owner_of(self, name: str) -> str:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=f"{self._folder}{name}")
        except self._client.exceptions.NoSuchKey:
            return "a process that has just ended"
        return str(found["Body"].read().decode(errors="replace").rstrip(".\n"))
