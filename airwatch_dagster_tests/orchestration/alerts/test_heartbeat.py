"""The dead-man ping, through a real local server."""

import http.server
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.alerts.heartbeat import heartbeat_problems, ping, ping_once
from airwatch_dagster.orchestration.alerts.settings import HeartbeatSettings


@dataclass
class Monitor:
    """A monitor of heartbeats."""

    url: str = ""
    status: int = 200
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitor]:
    found = Monitor()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.paths.append(self.path)
            self.send_response(found.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Keep the test output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}/ping/secret-part"
        monkeypatch.setenv("AIRWATCH_HEARTBEAT_URL", found.url)
        yield found
        server.shutdown()


def test_a_ping_asks_for_the_address(monitor: Monitor) -> None:
    assert ping_once(HeartbeatSettings.from_environment())
    assert monitor.paths == ["/ping/secret-part"]


@pytest.mark.parametrize("status", [302, 404, 503])
def test_a_monitor_that_does_not_take_it_stops_nothing_and_its_address_stays_secret(
    monitor: Monitor, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    monitor.status = status

    ping(log=logging.getLogger("test"))

    assert f"response {status}" in caplog.text
    assert "secret-part" not in caplog.text
    assert monitor.paths == ["/ping/secret-part"], "nothing is handed on"


def test_without_an_address_there_is_no_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRWATCH_HEARTBEAT_URL", raising=False)

    assert not ping_once(HeartbeatSettings.from_environment())


def test_an_address_that_is_none_is_named_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_HEARTBEAT_URL", "monitor.example/hunter2")

    [problem] = heartbeat_problems()

    assert "AIRWATCH_HEARTBEAT_URL: its value has no scheme" in str(problem)
    assert "hunter2" not in str(problem)
    with pytest.raises(AirWatchError, match="heartbeat: was not taken"):
        ping_once(HeartbeatSettings.from_environment())
