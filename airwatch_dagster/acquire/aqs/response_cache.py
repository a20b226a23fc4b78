"""Finished answers of an API, kept so that a repeated run asks only for what is missing."""

import gzip
import hashlib
import json
import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

_COMPRESSION: Final = 6
"""gzip level: the canonical rows of a year shrink to a twentieth; higher ones gain 3 % for twice the time."""

_LONGEST_NAME: Final = 160
"""Characters of a readable file name; longer requests are named by their digest."""

_DAMAGE: Final = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError)
"""How reading an absent, cut or altered file fails."""


@dataclass(frozen=True)
class Payload:
    """The rows of one finished request."""

    rows: tuple[dict[str, Any], ...]
    """In canonical order; exact repeats collapsed."""
    fingerprint: str
    """SHA-256 of the canonical rows: equal for answers that differ in row order, repeats or envelope only."""
    seen_at: pd.Timestamp
    """When the pull that it is part of was complete, before that when it came; naive UTC to the microsecond."""
    path: Path


class ResponseCache:
    """Answers below ``folder``: one compressed file per request, the newest answer to it, without credentials.

    The first line of a file says what was asked, when, and the fingerprint; every other line is one row. A file is
    complete or absent. An answer is unfinished until its rows were stored (``finish``).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(
        self, service: str, params: Mapping[str, str], rows: Iterable[Mapping[str, Any]], *, fetched_at: pd.Timestamp
    ) -> Payload:
        """Keep the answer to a request whose ``params`` hold no credentials; the one before is replaced."""
        lines = sorted({json.dumps(row, sort_keys=True, separators=(",", ":")) for row in rows})
        fingerprint = _fingerprint(lines)
        asked = {"service": service, "params": dict(sorted(params.items()))}
        about = {**asked, "fetched_at": fetched_at.isoformat(), "rows": len(lines), "sha256": fingerprint}
        path = self._path(service, params)
        self._replace(path, "\n".join([json.dumps(about), *lines, ""]).encode())
        for mark in ("pulled", "stored"):
            _mark(path, mark).unlink(missing_ok=True)
        return Payload(tuple(map(json.loads, lines)), fingerprint, fetched_at, path)

    def complete(self, payloads: Iterable[Payload], *, seen_at: pd.Timestamp) -> None:
        """These answers make up one pull, seen at one instant: repeated from here, it stores the very same versions."""
        for payload in payloads:
            self._replace(_mark(payload.path, "pulled"), seen_at.isoformat().encode())

    def kept(
        self,
        service: str,
        params: Mapping[str, str],
        *,
        not_before: pd.Timestamp | None = None,
        also_finished: bool = False,
    ) -> Payload | None:
        """The unfinished answer to a request, or any kept one with ``also_finished``.

        None when there is none, when it came before ``not_before``, and when the file is damaged: then it is asked for
        again.
        """
        path = self._path(service, params)
        payload = _read(path)
        if payload is None or (not_before is not None and payload.seen_at < not_before):
            return None
        return None if not also_finished and self._is_finished(payload) else payload

    def finish(self, payloads: Iterable[Payload]) -> None:
        """The rows of these answers are stored: who asks again wants to know what is published by then."""
        for payload in payloads:
            self._replace(_mark(payload.path, "stored"), payload.fingerprint.encode())

    def _is_finished(self, payload: Payload) -> bool:
        mark = _mark(payload.path, "stored")
        return mark.exists() and mark.read_text(encoding="utf-8") == payload.fingerprint

    def _path(self, service: str, params: Mapping[str, str]) -> Path:
        words = [f"{name}={value}" for name, value in sorted(params.items())]
        name = re.sub(r"[^A-Za-z0-9=,.-]+", "-", ".".join([service, *words]))
        if len(name) > _LONGEST_NAME:
            name = f"{name[:_LONGEST_NAME]}.{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        return self._folder / f"{name}.jsonl.gz"

    def _replace(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        packed = gzip.compress(content, _COMPRESSION, mtime=0) if path.suffix == ".gz" else content
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _read(path: Path) -> Payload | None:
    try:
        first, *lines = gzip.decompress(path.read_bytes()).decode().split("\n")[:-1]
        about = json.loads(first)
        fetched_at, fingerprint = about["fetched_at"], about["sha256"]
        mark = _mark(path, "pulled")
        seen_at = pd.Timestamp(mark.read_text(encoding="utf-8") if mark.exists() else fetched_at)
    except _DAMAGE:
        return None
    if pd.isna(seen_at) or _fingerprint(lines) != fingerprint:
        return None
    return Payload(tuple(map(json.loads, lines)), fingerprint, seen_at, path)


def _fingerprint(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _mark(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")
