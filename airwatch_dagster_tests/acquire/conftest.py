"""Fixtures of the acquire stage: a server and a session that are closed afterwards."""

from collections.abc import Iterator

import pytest
import requests

from airwatch_dagster_tests.acquire.fake_server import FakeServer, running


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server with scripted replies."""
    fake = FakeServer()
    http = running(fake)
    yield fake
    http.shutdown()
    http.server_close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session of the test's own."""
    with requests.Session() as opened:
        yield opened


@pytest.fixture
def open_sessions(monkeypatch: pytest.MonkeyPatch) -> set[requests.Session]:
    """The sessions that are opened during the test and not closed yet."""
    opened: set[requests.Session] = set()
    begin, close = requests.Session.__init__, requests.Session.close

    def note_begin(session: requests.Session) -> None:
        begin(session)
        opened.add(session)

    def note_close(session: requests.Session) -> None:
        close(session)
        opened.discard(session)

    monkeypatch.setattr(requests.Session, "__init__", note_begin)
    monkeypatch.setattr(requests.Session, "close", note_close)
    return opened
