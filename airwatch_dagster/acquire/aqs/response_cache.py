"""Cached API responses, so that a repeated run requests only what is missing."""

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.aqs.request_plan import MAX_ROWS
from airwatch_dagster.acquire.http.atomic_file import write_atomically
from airwatch_dagster.limits import max_response_bytes, max_unpacked_bytes, megabytes

_COMPRESSION: Final = 6
"""gzip level: the canonical rows of a year shrink to a twentieth; higher levels gain 3 % for twice the time."""

_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

_MAX_NAME_LENGTH: Final = 160
"""Characters of a readable file name; longer ones end in a digest."""

_DAMAGE: Final = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError)
"""How reading an absent, cut or altered file fails."""


@dataclass(frozen=True)
class CachedResponse:
    """The rows of one successful request."""

    lines: tuple[str, ...]
    """The rows as JSON, in canonical order, without exact repeats."""
    fingerprint: str
    """SHA-256 of the canonical rows: equal for responses that differ only in row order, repeats or envelope."""
    seen_at: pd.Timestamp
    """When the pull that the response is part of was complete, before that when it arrived; naive UTC, microseconds."""
    path: Path

    @property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """The rows, decoded anew: who has just received them does not ask."""
        return tuple(map(json.loads, self.lines))


class ResponseCache:
    """Responses below ``folder``: one compressed file per request with its newest response, without credentials.

    The first line of a file describes request, time and fingerprint; every other line is one row. A file is complete
    or absent. A response is pending until its rows are stored (``mark_stored``).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(
        self, service: str, params: Mapping[str, str], rows: Iterable[Mapping[str, Any]], *, fetched_at: pd.Timestamp
    ) -> CachedResponse:
        """Cache the response to a request whose ``params`` contain no credentials; replaces the previous response."""
        lines = sorted(set(map(_CANONICAL.encode, rows)))
        fingerprint = _fingerprint(lines)
        request = {"service": service, "params": dict(sorted(params.items()))}
        about = {**request, "fetched_at": fetched_at.isoformat(), "rows": len(lines), "sha256": fingerprint}
        path = self._path(service, params)
        content = "\n".join([json.dumps(about), *lines, ""]).encode()
        write_atomically(path, gzip.compress(content, _COMPRESSION, mtime=0))
        for mark in ("pulled", "stored"):
            _mark(path, mark).unlink(missing_ok=True)
        return CachedResponse(tuple(lines), fingerprint, fetched_at, path)

    def get(
        self,
        service: str,
        params: Mapping[str, str],
        *,
        not_before: pd.Timestamp | None = None,
        include_stored: bool = False,
    ) -> CachedResponse | None:
        """The pending response to a request, or any cached one with ``include_stored``.

        None when there is none, when it arrived before ``not_before``, and when its file is damaged.
        """
        response = _read(self._path(service, params))
        if response is None or (not_before is not None and response.seen_at < not_before):
            return None
        if include_stored:
            return response
        mark = _mark(response.path, "stored")
        is_stored = mark.exists() and mark.read_text(encoding="utf-8") == response.fingerprint
        return None if is_stored else response

    def mark_complete(self, responses: Iterable[CachedResponse], *, seen_at: pd.Timestamp) -> None:
        """Record that these responses form one pull at ``seen_at``: a repeated pull then gives identical versions."""
        for response in responses:
            write_atomically(_mark(response.path, "pulled"), seen_at.isoformat().encode())

    def mark_stored(self, responses: Iterable[CachedResponse]) -> None:
        """Record that the rows of these responses are stored: the next request gets what is published by then."""
        for response in responses:
            write_atomically(_mark(response.path, "stored"), response.fingerprint.encode())

    def _path(self, service: str, params: Mapping[str, str]) -> Path:
        words = [f"{name}={value}" for name, value in sorted(params.items())]
        name = re.sub(r"[^A-Za-z0-9=,.-]+", "-", ".".join([service, *words]))
        if len(name) > _MAX_NAME_LENGTH:
            name = f"{name[:_MAX_NAME_LENGTH]}.{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        return self._folder / f"{name}.jsonl.gz"


def _read(path: Path) -> CachedResponse | None:
    try:
        first, *lines = _unpacked(path).decode().split("\n")[:-1]
        about = json.loads(first)
        fetched_at, fingerprint = about["fetched_at"], about["sha256"]
        mark = _mark(path, "pulled")
        seen_at = pd.Timestamp(mark.read_text(encoding="utf-8") if mark.exists() else fetched_at)
    except _DAMAGE:
        return None
    if pd.isna(seen_at) or _fingerprint(lines) != fingerprint:
        return None
    return CachedResponse(tuple(lines), fingerprint, seen_at, path)


def _unpacked(path: Path) -> bytes:
    """The content of a compressed file. Raises ValueError for one that unpacks to more than rows do."""
    most = max_unpacked_bytes(path.stat().st_size, max_response_bytes(MAX_ROWS))
    with gzip.open(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path} unpacks to more than {megabytes(most)}")
    return content


def _fingerprint(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _mark(path: Path, kind: str) -> Path:
    return path.with_name(f"{path.name}.{kind}")
