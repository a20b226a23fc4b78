"""Cached copies of published files: each is downloaded once, completely, and only re-downloaded after a change."""

import gzip
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

from airwatch_dagster.acquire.http.atomic_file import temporary_beside, write_atomically
from airwatch_dagster.acquire.http.mirrors import Mirror, Validators
from airwatch_dagster.acquire.http.retry import retry
from airwatch_dagster.limits import MAX_DOWNLOAD_BYTES

RETRY_WAITS_S: Final = (5.0, 30.0)
"""Seconds before each retry of a download: enough for a cut connection and for a file that is being replaced. A longer
outage is left to the next run."""

_HASHES_REMEMBERED: Final = 1024
"""File hashes that a process remembers."""

PACKED: Final = ".gz"
"""What the names of compressed copies end in."""

_LEVEL: Final = 6
"""gzip's usual one."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Download:
    """Description of a cached file; stored beside it as JSON."""

    url: str
    etag: str | None
    last_modified: str | None
    sha256: str
    """Of the copy as it is stored."""
    size: int
    """Bytes as published."""
    as_of: str | None
    """The publisher's own date of the file; null when it lists none."""
    fetched_at: str
    """UTC, ISO 8601."""


@dataclass(frozen=True)
class DownloadCache:
    """The files of ``mirror`` below ``path`` (empty, or ending in a slash), cached in ``folder``."""

    mirror: Mirror = field(repr=False)
    base_url: str
    """The mirror's URL, without credentials."""
    folder: Path
    path: str = ""
    clock: Callable[[], float] = field(default=time.time, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    backoff_scale: float = 1.0
    """Factor of RETRY_WAITS_S."""
    is_retried: bool = True
    """Whether transient failures of a server are retried."""
    max_bytes: int = MAX_DOWNLOAD_BYTES
    """Bytes that a file may have."""
    is_packed: bool = False
    """Whether copies are compressed by gzip, in files whose names end in ``.gz``."""

    def current(
        self, name: str, *, check: Callable[[Path], None], as_of: Callable[[], str | None] = lambda: None
    ) -> Path:
        """The current file ``name``, complete and checked: downloaded if new or changed, else the copy at ``copy_of``.

        ``check`` receives a download before it replaces the copy, and raises when it is bad; ``as_of`` is called once
        per download. Transient failures of a server are retried; a failed download leaves the copy unchanged. Raises
        SourceRefused when there is no such file, SourceUnavailable when it cannot be read now, BadPayload when it is
        too large, and what ``check`` raises.
        """
        return self.retry(lambda: self._current(name, check, as_of))

    def retry(self, call: Callable[[], _T]) -> _T:
        """The result of ``call``, retried after RETRY_WAITS_S on transient failures of a server, never of a folder."""
        waits_s = RETRY_WAITS_S if self.mirror.is_remote and self.is_retried else ()
        return retry(call, waits_s=[self.backoff_scale * wait_s for wait_s in waits_s], sleep=self.sleep)

    def known(self, name: str) -> Download | None:
        """The description of the cached ``name``; None unless it matches this URL and the bytes beside it.

        The bytes are hashed once per process and state of the file (inode, size and modification time).
        """
        path, sidecar = self.copy_of(name), self._sidecar(name)
        if not (path.is_file() and sidecar.is_file()):
            return None
        try:
            download = Download(**json.loads(sidecar.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            return None
        is_same = download.url == self.address(name) and download.sha256 == _sha256(path)
        return download if is_same else None

    def copy_of(self, name: str) -> Path:
        """Where the copy of ``name`` is, or will be."""
        return self.folder / (f"{name}{PACKED}" if self.is_packed else name)

    def address(self, name: str) -> str:
        """The URL of ``name``, without credentials."""
        return f"{self.base_url}/{self.path}{name}"

    def read(self, name: str, *, max_bytes: int = MAX_DOWNLOAD_BYTES) -> bytes:
        """The bytes of ``name`` as published now; nothing is cached. Errors as ``current``, without retries."""
        with temporary_beside(self.folder / name) as temporary:
            self.mirror.get(self.path + name, temporary, culprit=self.address(name), max_bytes=max_bytes)
            return temporary.read_bytes()

    def _current(self, name: str, check: Callable[[Path], None], as_of: Callable[[], str | None]) -> Path:
        target, before = self.copy_of(name), self.known(name)
        known = Validators(before.etag, before.last_modified, before.size) if before else None
        with temporary_beside(target) as temporary:
            received = self.mirror.get(
                self.path + name, temporary, culprit=self.address(name), known=known, max_bytes=self.max_bytes
            )
            if received is None:
                return target
            check(temporary)
            size = temporary.stat().st_size
            if self.is_packed:
                _pack(temporary)
            download = Download(
                url=self.address(name),
                etag=received.etag,
                last_modified=received.last_modified,
                sha256=_sha256(temporary),
                size=size,
                as_of=as_of(),
                fetched_at=datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="seconds"),
            )
            temporary.replace(target)
        note = json.dumps(asdict(download), indent=1).encode()
        write_atomically(self._sidecar(name), note)
        return target

    def _sidecar(self, name: str) -> Path:
        return self.folder / f"{self.copy_of(name).name}.json"


def _pack(path: Path) -> None:
    """Compress a file in its place."""
    content = path.read_bytes()
    path.write_bytes(gzip.compress(content, mtime=0, compresslevel=_LEVEL))


def _sha256(path: Path) -> str:
    state = path.stat()
    return _sha256_of_state(path, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=_HASHES_REMEMBERED)
def _sha256_of_state(path: Path, _inode: int, _size: int, _modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
