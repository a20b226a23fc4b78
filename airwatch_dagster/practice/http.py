"""Requests and responses of the practice server, apart from sockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """A GET or HEAD request; header names in lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """What is sent back, or how sending fails."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    bytes_until_cut: int | None = None
    """Bytes of the body, announced whole, after which the connection is closed; None sends all."""
    seconds_until_hang_up: float | None = None
    """Nothing is sent, and the connection is closed after so many seconds; None answers."""


def not_found(what: str) -> Response:
    return Response(404, f"Not found: {what}\n".encode())
