"""Servers on this machine with certificates of a made-up authority, good and bad ones."""

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KINDS: Final = ("trusted", "expired", "for another host", "signed by itself", "of an unknown authority")


class Authority:
    """Signs certificates, which it writes to ``folder``; ``bundle`` is what a client trusts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        own = self._signed("authority", self._key, is_authority=True)
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def certificate(self, kind: str) -> Path:
        """A file with a certificate of this kind for localhost, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = {"signed by itself": key, "of an unknown authority": ec.generate_private_key(ec.SECP256R1())}
        certificate = self._signed(
            "other.example" if kind == "for another host" else "localhost",
            key,
            signer=signer.get(kind, self._key),
            issuer="localhost" if kind == "signed by itself" else "authority",
            is_expired=kind == "expired",
        )
        path = self._folder / f"{kind}.pem"
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(private + certificate.public_bytes(pem))
        return path

    def _signed(
        self, name: str, key: Any, *, signer: Any = None, issuer: str = "authority", is_authority: bool = False,
        is_expired: bool = False,
    ) -> x509.Certificate:  # fmt: skip
        begin = datetime.now(UTC) - timedelta(days=10)
        names: list[x509.GeneralName] = [x509.DNSName(name)]
        if name == "localhost":
            names.append(x509.IPAddress(ip_address("127.0.0.1")))
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=1 if is_expired else 30))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .sign(signer or self._key, hashes.SHA256())
        )


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that refuses the certificate breaks the connection."""


@contextlib.contextmanager
def https_server(certificate: Path) -> Iterator[str]:
    """The address of a server that answers every request with "ok"."""
    server = _Quiet(("127.0.0.1", 0), _Page)
    server.socket = _context(certificate).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with _served(server):
        yield f"https://localhost:{server.server_port}"


@contextlib.contextmanager
def mail_server(certificate: Path) -> Iterator[int]:
    """The port of a mail server that takes STARTTLS, and nothing after it."""

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 mail\r\n")
            while line := self.rfile.readline():
                if line.upper().startswith(b"STARTTLS"):
                    self.wfile.write(b"220 go on\r\n")
                    with contextlib.suppress(OSError):
                        _context(certificate).wrap_socket(self.connection, server_side=True)
                    return
                self.wfile.write(b"250-mail\r\n250 STARTTLS\r\n")

    with _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)) as server:
        yield server.server_address[1]


@contextlib.contextmanager
def _served(server: socketserver.TCPServer) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
