"""A local web server that sends scripted replies."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """A response of the server; ``cut`` closes the connection before the promised length is sent."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class FakeServer:
    """Responds to each path from ``replies``, then with the last one for ever; records the requests."""

    url: str = ""
    replies: dict[str, list[Reply | Callable[[Mapping[str, str]], Reply]]] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    def will_send(self, path: str, *replies: Reply | Callable[[Mapping[str, str]], Reply]) -> None:
        self.replies[path] = list(replies)

    def response(self, target: str, headers: Mapping[str, str]) -> Reply:
        self.requested.append(target)
        queue = self.replies.get(target.partition("?")[0])
        if not queue:
            return Reply(b"<html>Not found</html>", 404)
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        return reply if isinstance(reply, Reply) else reply(headers)


def running(server: FakeServer) -> ThreadingHTTPServer:
    """``server`` on a free local port, in a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.methods.append(self.command)
            reply = server.response(self.path, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) * (2 if reply.cut else 1)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(reply.body)

        do_HEAD = do_GET  # noqa: N815 - http.server calls it so

        def log_message(self, *_: object) -> None:
            """Quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return http
