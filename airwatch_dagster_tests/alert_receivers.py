"""Local receivers of messages: a webhook and a mail server, which note what they are sent."""

import base64
import email
import http.server
import json
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
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
def slack_receiver() -> Iterator[Received]:
    """A webhook that answers as Slack's incoming webhooks do: plain text, and 400 for what they refuse.

    Source: Slack, Sending messages using incoming webhooks; Formatting message text.
    """
    received = Received()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            refusal = self._refusal(body)
            if refusal is None:
                received.posts.append(json.loads(body))
            answer = (refusal or "ok").encode()
            self.send_response(400 if refusal else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _refusal(self, body: bytes) -> str | None:
            if self.headers["Content-Type"] != "application/json":
                return "invalid_payload"
            text = json.loads(body).get("text")
            if not isinstance(text, str) or not text:
                return "no_text"
            return "invalid_payload" if len(text) > 40_000 or {"<", ">"} & set(text) else None

        def log_message(self, *args: object) -> None:
            """Keep the test output clean."""

    with _serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as received.port:
        yield received


class _MailServer(socketserver.ThreadingTCPServer):
    certificate: Path | None
    login: tuple[str, str] | None
    received: Received


class _Mail(socketserver.StreamRequestHandler):
    server: _MailServer

    def handle(self) -> None:
        self._must_encrypt, self._must_log_in = self.server.certificate is not None, self.server.login is not None
        self._say("220 local")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            answer = getattr(self, f"_{verb.lower()}", None)
            self._say(*(answer(rest) if answer else ["250 ok"]))
            if verb.upper() == "STARTTLS":
                self._encrypt()
            if verb.upper() == "QUIT":
                return

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _ehlo(self, _: str) -> list[str]:
        extras = ["STARTTLS"] if self._must_encrypt else ["AUTH PLAIN"] if self.server.login else []
        return ["250-local", *(f"250-{extra}" for extra in extras), "250 SIZE"]

    def _starttls(self, _: str) -> list[str]:
        return ["220 go on"]

    def _auth(self, rest: str) -> list[str]:
        given = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")[1:]
        self._must_log_in = given != [*(self.server.login or ())]
        return ["535 wrong name or password" if self._must_log_in else "235 ok"]

    def _mail(self, _: str) -> list[str]:
        return ["530 encrypt and log in first" if self._must_encrypt or self._must_log_in else "250 ok"]

    def _data(self, _: str) -> list[str]:
        self._say("354 go on")
        lines = list(iter(self.rfile.readline, b".\r\n"))
        self.server.received.mails.append(email.message_from_bytes(b"".join(lines)))
        return ["250 ok"]

    def _quit(self, _: str) -> list[str]:
        return ["221 bye"]

    def _encrypt(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self.server.certificate))
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)  # type: ignore[assignment]
        self._must_encrypt = False

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@contextmanager
def mail_receiver(certificate: Path | None = None, login: tuple[str, str] | None = None) -> Iterator[Received]:
    """A mail server; with a ``certificate`` it takes mail after STARTTLS only, with a ``login`` after that only."""
    server = _MailServer(("127.0.0.1", 0), _Mail)
    server.certificate, server.login, server.received = certificate, login, Received()
    with _serving(server) as server.received.port:
        yield server.received


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


@contextmanager
def heartbeat_monitor() -> Iterator[tuple[int, list[float]]]:
    """A monitor of heartbeats: its port, and when it was asked for, in seconds of a clock that only rises."""
    pings: list[float] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pings.append(time.monotonic())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep the test output clean."""

    with _serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, pings
