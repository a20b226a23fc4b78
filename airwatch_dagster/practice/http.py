"""Requests and responses of the practice server, independent of sockets."""

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
    """The response to a request, or the way in which sending it fails."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    bytes_until_cut: int | None = None
    """Number of bytes of the body after which the connection is closed, although all are announced; None sends all."""
    seconds_until_hang_up: float | None = None
    """Seconds of silence after which the connection is closed without a response; None sends the response."""


def not_found(what: str) -> Response:
    """A 404 that names what was not found."""
    return Response(404, f"Not found: {what}\n".encode())
