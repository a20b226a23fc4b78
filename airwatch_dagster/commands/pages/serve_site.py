"""`airwatch serve-site`: the folder ``site/`` of the storage, local or in S3, in a browser."""

import mimetypes
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.storage.tables import TableStorage

START = "latest.html"

LOOPBACK = "127.0.0.1"
"""The address that this machine alone reaches."""

mimetypes.add_type("application/geo+json", ".geojson")
mimetypes.add_type("application/atom+xml", ".atom")


def serve_site(*, port: int, host: str = LOOPBACK, echo: Callable[[str], None]) -> None:
    """Serve until interrupted. Raises ConfigurationError for an address or a port that cannot be opened."""
    with site_server(opened_storage(Settings.from_environment().storage), port=port, host=host) as server:
        echo(f"Bulletin: http://{host}:{server.server_port}/{START}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            echo("Stopped.")


def site_server(tables: TableStorage, *, port: int, host: str = LOOPBACK) -> ThreadingHTTPServer:
    """A server of the pages of ``tables``; port 0 takes a free one. Raises ConfigurationError as ``serve_site``."""

    class Handler(_Pages):
        storage = tables

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        problem = f"port {port} of {host} cannot be opened ({(error.strerror or 'unknown reason').lower()})"
        raise ConfigurationError("--port", problem, fix="Choose another port") from error


class _Pages(BaseHTTPRequestHandler):
    """GET and HEAD of files of ``site/``; the root is the newest bulletin."""

    storage: TableStorage

    def do_GET(self) -> None:
        self._send(with_body=True)

    def do_HEAD(self) -> None:
        self._send(with_body=False)

    def _send(self, *, with_body: bool) -> None:
        name = unquote(urlsplit(self.path).path).removeprefix("/") or START
        try:
            content = self.storage.page(name) if all(map(_is_plain, name.split("/"))) else None
        except StorageError as error:
            self._answer(502, f"{error}\n".encode(), "text/plain; charset=utf-8", with_body=with_body)
            return
        if content is None:
            text = f"There is no {START} yet. Run airwatch backfill.\n" if name == START else "There is no such page.\n"
            self._answer(404, text.encode(), "text/plain; charset=utf-8", with_body=with_body)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        is_text = kind.startswith("text/") or kind.endswith(("json", "xml"))
        self._answer(200, content, f"{kind}; charset=utf-8" if is_text else kind, with_body=with_body)

    def _answer(self, status: int, body: bytes, kind: str, *, with_body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """A request is nobody's news."""


def _is_plain(part: str) -> bool:
    """Whether a part of a path is a name: neither empty nor hidden nor a step upwards."""
    return bool(part) and not part.startswith(".") and "\\" not in part and "\0" not in part
