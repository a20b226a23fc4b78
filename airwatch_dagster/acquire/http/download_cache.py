"""Copies of published files: each downloaded once, whole, and again only when it changed."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

from airwatch_dagster.acquire.http.mirrors import Mirror, Response, Validators
from airwatch_dagster.acquire.http.retry import retry

RETRY_WAITS_S: Final = (5.0, 30.0)
"""Seconds before each repetition of a download that failed for a passing reason: enough for a cut connection and for a
file that is being replaced; a longer outage is left to the next run."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Download:
    """What is known about a file in the download folder; kept beside it as JSON."""

    url: str
    etag: str | None
    last_modified: str | None
    sha256: str
    size: int
    as_of: str | None
    """The publisher's own date of the file; null when it lists none."""
    fetched_at: str
    """UTC, ISO 8601."""


@dataclass(frozen=True)
class DownloadCache:
    """The files of ``mirror`` below ``path`` (empty, or ending in a slash), kept in ``folder``."""

    mirror: Mirror = field(repr=False)
    base_url: str
    """The mirror's address, without credentials."""
    folder: Path
    path: str = ""
    clock: Callable[[], float] = field(default=time.time, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    patience: float = 1.0
    """Scales RETRY_WAITS_S."""

    def current(
        self, name: str, *, check: Callable[[Path], None], as_of: Callable[[], str | None] = lambda: None
    ) -> Path:
        """The current file ``name``, whole and checked: downloaded when new or changed, else the copy from before.

        ``check`` is given a download before it replaces the copy, and raises what is wrong with it; ``as_of`` is asked
        once per download. What fails on a server for a passing reason is repeated as by ``patiently``; a failing
        download leaves the copy from before untouched. Raises SourceRefused when there is no such file,
        SourceUnavailable when it cannot be had now, and what ``check`` raises.
        """
        return self.retry(lambda: self._current(name, check, as_of))

    def retry(self, call: Callable[[], _T]) -> _T:
        """What ``call`` returns, repeated after RETRY_WAITS_S while a server fails for a passing reason."""
        waits_s = RETRY_WAITS_S if self.mirror.is_remote else ()
        return retry(call, waits_s=[self.patience * wait_s for wait_s in waits_s], sleep=self.sleep)

    def known(self, name: str) -> Download | None:
        """The sidecar of ``name``, if it speaks of this address and of the very bytes that lie beside it."""
        path, sidecar = self.folder / name, self._sidecar(name)
        if not (path.is_file() and sidecar.is_file()):
            return None
        try:
            download = Download(**json.loads(sidecar.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            return None
        same = download.url == self.address(name) and download.sha256 == _sha256(path)
        return download if same else None

    def address(self, name: str) -> str:
        """Where ``name`` is published, without credentials."""
        return f"{self.base_url}/{self.path}{name}"

    def read(self, name: str) -> bytes:
        """The bytes of ``name`` as published now, not kept. Errors as ``current``, without repetitions."""
        with self._temporary(name) as path:
            self.mirror.get(self.path + name, path, culprit=self.address(name))
            return path.read_bytes()

    def _current(self, name: str, check: Callable[[Path], None], as_of: Callable[[], str | None]) -> Path:
        target, before = self.folder / name, self.known(name)
        known = Validators(before.etag, before.last_modified, before.size) if before else None
        with self._temporary(name) as path:
            received = self.mirror.get(self.path + name, path, culprit=self.address(name), known=known)
            if received is None:
                return target
            check(path)
            download = self._described(name, path, received, as_of())
            os.replace(path, target)
        with self._temporary(name) as path:
            path.write_text(json.dumps(asdict(download), indent=1), encoding="utf-8")
            os.replace(path, self._sidecar(name))
        return target

    def _described(self, name: str, path: Path, received: Response, as_of: str | None) -> Download:
        return Download(
            url=self.address(name),
            etag=received.etag,
            last_modified=received.last_modified,
            sha256=_sha256(path),
            size=path.stat().st_size,
            as_of=as_of,
            fetched_at=datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="seconds"),
        )

    def _sidecar(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    @contextmanager
    def _temporary(self, name: str) -> Iterator[Path]:
        """A file of our own in the download folder, gone afterwards unless it was moved."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, text = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=self.folder)
        os.close(handle)
        path = Path(text)
        path.chmod(0o644)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def without_credentials(url: str) -> str:
    """An address as it may be shown: no user, password, query or fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
