"""Fixtures of the acquire stage: a server and a session that are closed afterwards."""

from collections.abc import Iterator

import pytest
import requests

from airwatch_dagster_tests.acquire.wire import FakeServer, running


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server that sends what the test says."""
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
