"""The rate limit as an AQS server sees it, within one process and between two."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import PullRequest
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import envelope

THREE_STATES = Area.parse("state:19,state:29,state:31")
YEAR = (date(2021, 1, 1), date(2021, 12, 31))
INTERVAL_S = 0.15
TOLERANCE_S = 0.005
"""The limiter writes milliseconds."""


def limited(url: str, folder: Path, session: requests.Session) -> AqsClient:
    # Resting as long as the interval keeps a request's way to a busy server out of what the server measures.
    limiter = RateLimiter(folder / "turn", interval_s=INTERVAL_S, pause_s=INTERVAL_S)
    return AqsClient(
        url, email="a@b.c", key="practice", limiter=limiter, session=session, backoff_scale=0.0, jitter=lambda: 1.0
    )


def starts_at(server: FakeServer, *replies: Reply) -> list[float]:
    """Scripts the server's replies; the result collects the times of the requests."""
    starts: list[float] = []

    def noting(reply: Reply) -> Callable[[Any], Reply]:
        def response(headers: Any) -> Reply:
            starts.append(time.monotonic())
            return reply

        return response

    server.will_send("/dailyData/byState", *(noting(reply) for reply in replies))
    return starts


def spacings(starts: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(starts)]


def test_requests_and_retries_start_no_closer_than_the_interval(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    busy = Reply(b"", 429, {"Retry-After": "0"})
    starts = starts_at(server, busy, Reply(b"", 502), Reply(b"<html>"), Reply(envelope([])), Reply(envelope([])))
    AqsSource(limited(server.url, tmp_path, session), Area.parse("state:17,state:18"), date(2022, 1, 1)).pull(
        PullRequest(*YEAR)
    )
    assert len(starts) == 5
    assert min(spacings(starts)) >= INTERVAL_S - TOLERANCE_S


def _request_three_states(url: str, folder: Path) -> None:
    with requests.Session() as session:
        AqsSource(limited(url, folder, session), THREE_STATES, date(2022, 1, 1)).pull(PullRequest(*YEAR))


@pytest.mark.slow
def test_two_processes_share_one_rate_limit(server: FakeServer, tmp_path: Path) -> None:
    starts = starts_at(server, Reply(b"", 502), Reply(envelope([])))
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_request_three_states, args=(server.url, tmp_path)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(starts) == 7
    assert min(spacings(starts)) >= INTERVAL_S - TOLERANCE_S
