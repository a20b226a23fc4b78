"""Fixtures of AirNow's archive."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster_tests.acquire.airnow.samples import AREAS, DAILY, DAY, lines
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply


def no_sleep(seconds: float) -> None:
    """Time does not pass."""


Day = Callable[..., pd.DataFrame]


@pytest.fixture
def archive(server: FakeServer, session: requests.Session, tmp_path: Path) -> AirNowArchive:
    url = f"{server.url}/airnow"
    return AirNowArchive(
        url, download_dir=tmp_path / "airnow", session=session, clock=lambda: 1_673_373_600.0, sleep=no_sleep
    )


@pytest.fixture
def day_of(archive: AirNowArchive, server: FakeServer) -> Day:
    """Readings of a day whose file has these lines."""

    def read(*written: str, site_locations: pd.DataFrame | None = None) -> pd.DataFrame:
        server.will_send(DAILY, Reply(lines(*written)))
        return archive.daily(DAY, site_locations=site_locations).readings

    return read


@pytest.fixture
def forecasts_of(archive: AirNowArchive, server: FakeServer) -> Day:
    """Forecasts of a day whose file has these lines."""

    def read(*written: str) -> pd.DataFrame:
        server.will_send(AREAS, Reply(lines(*written)))
        return archive.forecasts(DAY).records

    return read
