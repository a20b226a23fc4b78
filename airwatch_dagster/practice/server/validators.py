"""Validators of files: ETag and Last-Modified, and whether a client has the current version."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache


def validators(content: bytes, modified: datetime) -> dict[str, str]:
    """Headers of a file that was written at ``modified`` (UTC)."""
    return {"ETag": _etag(content), "Last-Modified": format_datetime(modified, usegmt=True)}


def has_version(headers: Mapping[str, str], current: Mapping[str, str]) -> bool:
    """Whether the client has the current version; an ETag takes precedence over a date. Source: RFC 9110, 13.2.2."""
    if "if-none-match" in headers:
        return current["ETag"] in [tag.strip().removeprefix("W/") for tag in headers["if-none-match"].split(",")]
    since = _time(headers.get("if-modified-since", ""))
    return since is not None and since >= parsedate_to_datetime(current["Last-Modified"])


@lru_cache(maxsize=64)
def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _time(text: str) -> datetime | None:
    """An HTTP date; None for anything else, which servers must ignore."""
    try:
        time = parsedate_to_datetime(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
