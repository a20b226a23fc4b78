"""The practice server: AQS API, AirData, AirNow and bulletins of the weather on one local port, over simulated air and
weather, as of a given day."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.practice.faults.corruption import with_fault
from airwatch_dagster.practice.faults.faults import Faults
from airwatch_dagster.practice.http import Request, Response, not_found
from airwatch_dagster.practice.server.api import Api
from airwatch_dagster.practice.server.downloads import download
from airwatch_dagster.practice.server.historical import HISTORICAL_PATH, historical
from airwatch_dagster.practice.server.weather import NBM_PREFIX, NWS_PREFIX, end_of, weather
from airwatch_dagster.practice.world.published import Publishing
from airwatch_dagster.practice.world.restatements import Restatement
from airwatch_dagster.practice.world.world import DEFAULT_SEED

DEFAULT_KEY: Final = "practice"
"""API key that is accepted with any email address."""

HOST: Final = "127.0.0.1"
"""The server is reachable from this machine only."""


class PracticeServer:
    """Serves simulated air in EPA's formats; use as a context manager, or call ``serve_forever``.

    The same seed and day give the same bytes, and final readings are the same on every later day. ``today`` is the
    server's clock: a date, or a function that is called at every request. Port 0 selects a free one.
    ``min_interval_seconds`` is the shortest time between API requests; earlier ones get status 429. ``log`` receives
    one line per request, without its query. ``faults`` decides which responses are corrupted. The AQS API and AirData
    publish a day ``aqs_lag_days`` later than the next day and apply ``restatements``; AirNow does neither. Its files of
    agencies' forecasts are gone after ``airnow_keeps_days`` (None: never); its service still has the forecasts. The
    weather's bulletins are published at times of the day: ``now`` is the time (UTC) for them, by default the end of
    ``today`` in UTC. Raises ConfigurationError when the port cannot be opened or the lag is negative.
    """

    def __init__(
        self,
        *,
        today: date | Callable[[], date],
        seed: int = DEFAULT_SEED,
        port: int = 0,
        min_interval_seconds: float = 0.0,
        key: str = DEFAULT_KEY,
        monotonic: Callable[[], float] = time.monotonic,
        log: Callable[[str], None] | None = None,
        faults: Faults | None = None,
        restatements: tuple[Restatement, ...] = (),
        aqs_lag_days: int = 0,
        airnow_keeps_days: int | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._today = today
        self._now = now
        self._seed = seed
        self._key = key
        self._rate_limit = _RateLimit(min_interval_seconds, monotonic)
        self._faults = faults
        self._airnow_keeps_days = airnow_keeps_days
        self._publishing = Publishing(aqs_lag_days, tuple(restatements))
        self._http = _opened(port, self.respond, log)
        self._thread: threading.Thread | None = None

    @property
    def today(self) -> date:
        """Current date of the server's clock."""
        return self._today() if callable(self._today) else self._today

    def move_clock(self, today: date) -> None:
        """Set the server's clock to ``today`` for all later requests, for the weather to the end of it."""
        self._today, self._now = today, None

    @property
    def url(self) -> str:
        """Root of the server, without a slash at the end."""
        return f"http://{HOST}:{self._http.server_port}"

    @property
    def airdata_url(self) -> str:
        """Folder of AirData's files, for AIRWATCH_AIRDATA_URL."""
        return f"{self.url}/airdata"

    @property
    def aqs_url(self) -> str:
        """Root of the AQS API, for AIRWATCH_AQS_URL."""
        return f"{self.url}/data/api"

    @property
    def airnow_url(self) -> str:
        """Folder of AirNow's files, for AIRWATCH_AIRNOW_URL."""
        return f"{self.url}/airnow"

    @property
    def airnow_api_url(self) -> str:
        """Root of AirNow's API, for AIRWATCH_AIRNOW_API_URL."""
        return f"{self.url}/aq"

    @property
    def nbm_url(self) -> str:
        """Root of the archive of NBS bulletins, for AIRWATCH_NBM_URL."""
        return self.url + NBM_PREFIX.rstrip("/")

    @property
    def nws_url(self) -> str:
        """Folder of the service of FPUS20 bulletins, for AIRWATCH_NWS_URL."""
        return self.url + NWS_PREFIX.rstrip("/")

    def respond(self, request: Request) -> Response:
        """The response to a request, with a fault if ``faults`` injects one."""
        if request.path.startswith("/data/api/"):
            response = self._api(request)
        elif request.path == HISTORICAL_PATH:
            response = historical(request.query, seed=self._seed, today=self.today, key=self._key)
        elif request.path.startswith((NBM_PREFIX, NWS_PREFIX)):
            response = weather(request, seed=self._seed, now=self._now() if self._now else end_of(self.today))
        else:
            response = download(
                request,
                seed=self._seed,
                today=self.today,
                publishing=self._publishing,
                airnow_keeps_days=self._airnow_keeps_days,
            )
        if self._faults is None:
            return response
        return with_fault(response, self._faults.fault_for(request), self._faults)

    def _api(self, request: Request) -> Response:
        wait_seconds = self._rate_limit.wait_seconds()
        if wait_seconds > 0.0:
            return Response(429, b"Too many requests\n", headers={"Retry-After": str(int(wait_seconds) + 1)})
        api = Api(seed=self._seed, today=self.today, key=self._key, publishing=self._publishing)
        response = api.respond(request.path.removeprefix("/data/api/"), request.query)
        if response is None:
            return not_found(request.path)
        return Response(response.status, response.body, "application/json")

    def serve_forever(self) -> None:
        """Serve in this thread until interrupted."""
        self._http.serve_forever(poll_interval=0.05)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, name="practice-server", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving, close connections that hang, and free the port."""
        self._http.closing.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()


class _RateLimit:
    """Shortest time between requests; thread-safe."""

    def __init__(self, min_interval_seconds: float, monotonic: Callable[[], float]) -> None:
        self._min_interval_seconds = min_interval_seconds
        self._monotonic = monotonic
        self._next = float("-inf")
        self._lock = threading.Lock()

    def wait_seconds(self) -> float:
        """Seconds by which the request is too early; 0 accepts it and starts the next interval."""
        with self._lock:
            now = self._monotonic()
            if now < self._next:
                return self._next - now
            self._next = now + self._min_interval_seconds
            return 0.0


class _Http(ThreadingHTTPServer):
    """The HTTP server on a port; ``closing`` ends hanging responses."""

    def __init__(self, port: int, respond: Callable[[Request], Response], log: Callable[[str], None] | None) -> None:
        self.respond = respond
        self.log = log
        self.closing = threading.Event()
        super().__init__((HOST, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print errors, but not of clients that closed the connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Converts between HTTP and Request and Response."""

    server: _Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        response = self._respond()
        if response.seconds_until_hang_up is None:
            with contextlib.suppress(ConnectionError):
                self.wfile.write(response.body[: response.bytes_until_cut])

    def do_HEAD(self) -> None:
        self._respond()

    def _respond(self) -> Response:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): str(value) for name, value in self.headers.items()}
        response = self.server.respond(Request(parts.path, query, headers))
        if response.seconds_until_hang_up is None:
            self._send_head(response)
        else:
            self.log_request()
            self.server.closing.wait(response.seconds_until_hang_up)
        if response.bytes_until_cut is not None or response.seconds_until_hang_up is not None:
            self.close_connection = True
        return response

    def _send_head(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 304:
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if self.server.log is not None:
            self.server.log(f"{code} {self.command} {urlsplit(getattr(self, 'path', '')).path}")

    def log_message(self, *_: Any) -> None:
        """Log nothing: messages of the base class contain the query."""


def _opened(port: int, respond: Callable[[Request], Response], log: Callable[[str], None] | None) -> _Http:
    try:
        return _Http(port, respond, log)
    except (OSError, OverflowError) as error:
        problem = f"port {port} cannot be opened ({error})"
        raise ConfigurationError("practice server", problem, fix="Choose another port, or 0 for a free one") from error
