"""Fixtures of the sources: an AQS source whose responses are cached in one folder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.sources.aqs import AqsSource

THREE_STATES = Area.parse("state:19,state:29,state:31")


@dataclass
class Clock:
    """Moves by a second, and a microsecond, whenever it is read."""

    now: float = field(default_factory=lambda: datetime(2022, 1, 1, tzinfo=UTC).timestamp())

    def __call__(self) -> float:
        self.now += 1.000001
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(session: requests.Session, tmp_path: Path, clock: Clock) -> Callable[..., AqsSource]:
    """Opens a source; all share one response cache, like the runs of an installation."""

    def opened(url: str, area: Area = THREE_STATES, *, key: str = "practice", **options: Any) -> AqsSource:
        client = AqsClient(
            url,
            email="a@b.c",
            key=key,
            limiter=RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0),
            session=session,
            cache=ResponseCache(tmp_path / "responses"),
            clock=clock,
            sleep=lambda seconds: None,
        )
        return AqsSource(client, area, date(2022, 1, 1), **options)

    return opened
