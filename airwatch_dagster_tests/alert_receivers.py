"""Local receivers of messages: a webhook and a mail server, which note what they are sent."""

import email
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any


@dataclass
class Received:
    """What a local receiver was sent, and where it listens."""

    port: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """HTTP statuses of the next responses; 200 when empty."""

    @property
    def subjects(self) -> list[str]:
        """The first line of each post."""
        return [post["text"].splitlines()[0] for post in self.posts]


@contextmanager
def webhook_receiver() -> Iterator[Received]:
    """A webhook; it sends redirects elsewhere."""
    received = Received()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(received.statuses.pop(0) if received.statuses else 200)
            self.send_header("Content-Length", "0")
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep the test output clean."""

    with _serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as received.port:
        yield received


@contextmanager
def mail_receiver() -> Iterator[Received]:
    """A mail server that takes everything."""
    received = Received()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 local\r\n")
            for line in self.rfile:
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = list(iter(self.rfile.readline, b".\r\n"))
                    received.mails.append(email.message_from_bytes(b"".join(lines)))
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as received.port:
        yield received


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    """Runs a socket server on a thread for the length of a block; yields its port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
