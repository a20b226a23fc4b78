"""Fixtures of the AQS client."""

from pathlib import Path

import pytest
import requests

from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster_tests.acquire.fake_server import FakeServer

EMAIL, KEY = "someone@example.org", "sesame-42"


class Waits(list[float]):
    """Collects sleeps instead of sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(server: FakeServer, session: requests.Session, tmp_path: Path, waits: Waits) -> AqsClient:
    limiter = RateLimiter(tmp_path / "state" / "aqs.turn", interval_s=0.0, pause_s=0.0)
    return AqsClient(
        server.url,
        email=EMAIL,
        key=KEY,
        limiter=limiter,
        session=session,
        clock=lambda: 0.0,
        sleep=waits,
        jitter=lambda: 1.0,
    )
