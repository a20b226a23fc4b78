"""What assets need from outside: the source of readings, the stored tables, the model registry."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.airdata.archive import AIRDATA_URL, AirDataArchive
from airwatch_dagster.acquire.airnow.archive import AIRNOW_URL, AirNowArchive
from airwatch_dagster.acquire.aqs.client import AQS_URL, AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import AQS_INTERVAL_S, AQS_PAUSE_S, RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.sources.live import LiveSource
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.storage.tables import Readings, TableStorage


def utc_now() -> pd.Timestamp:
    """The one clock of the pipeline, naive UTC to the microsecond."""
    return pd.Timestamp(datetime.now(UTC)).tz_localize(None).floor("us")


def today() -> date:
    """The day it is (UTC); in a rehearsal that AIRWATCH_PRACTICE_TODAY says."""
    settings = Settings.from_environment()
    return settings.practice_today if settings.practice_today and settings.is_rehearsal else utc_now().date()


class SourceResource(dg.ConfigurableResource):
    """The configured source of readings, opened for one step."""

    @contextlib.contextmanager
    def open(self) -> Iterator[Source]:
        settings = Settings.from_environment()
        with contextlib.ExitStack() as stack:
            yield _source(settings, stack)


def _source(settings: Settings, stack: contextlib.ExitStack) -> Source:
    """The source the settings name; a practice server runs until ``stack`` closes."""
    area = Area.parse(settings.area)
    if settings.source == "practice":
        server = stack.enter_context(practice_server(settings))
        downloads = settings.state / "downloads" / "practice"
        archive = AirDataArchive(server.airdata_url, download_dir=downloads)
        airnow = AirNowArchive(server.airnow_url, download_dir=downloads / "airnow")
        return AirDataSource(archive, area, settings.context_km, "practice", airnow)
    if settings.source == "aqs":
        return _aqs(settings, area)
    bulk = AirDataSource(
        AirDataArchive(
            settings.airdata_url,
            download_dir=_downloads(settings, "airdata", settings.airdata_url),
            patience=_patience(settings, settings.airdata_url),
        ),
        area,
        settings.context_km,
    )
    if settings.source == "airdata":
        return bulk
    airnow = AirNowArchive(
        settings.airnow_url,
        download_dir=_downloads(settings, "airnow", settings.airnow_url),
        patience=_patience(settings, settings.airnow_url),
    )
    return LiveSource(bulk, airnow, today(), _aqs(settings, area) if settings.has_aqs_credentials else None)


def _aqs(settings: Settings, area: Area) -> AqsSource:
    client = AqsClient(
        settings.aqs_url,
        email=settings.aqs_email,
        key=settings.aqs_key,
        limiter=aqs_limiter(settings),
        payloads=ResponseCache(_downloads(settings, "aqs", settings.aqs_url)),
        patience=_patience(settings, settings.aqs_url),
    )
    tables = opened_storage(settings.storage)
    listed = tables.read("monitors") if tables.exists("monitors") else None
    return AqsSource(client, area, today(), listed)


def _patience(settings: Settings, url: str) -> float:
    """What scales the waits before a repetition: 1 at EPA's own addresses, less where API requests may come sooner."""
    is_epa = url.rstrip("/") in (AIRDATA_URL, AIRNOW_URL, AQS_URL)
    return 1.0 if is_epa else min(1.0, settings.aqs_interval_s / AQS_INTERVAL_S)


def aqs_limiter(settings: Settings) -> RateLimiter:
    """The turn at one API's address, shared by every process of this user on this machine, whatever its state folder.

    The rest after a request shrinks with the spacing, where that is set lower for another address than EPA's.
    """
    folder = Path(tempfile.gettempdir()) / f"airwatch-{os.getuid()}"
    pause_s = min(AQS_PAUSE_S, AQS_PAUSE_S * settings.aqs_interval_s / AQS_INTERVAL_S)
    name = f"aqs-requests-{_digest(settings.aqs_url)}"
    return RateLimiter(folder / name, interval_s=settings.aqs_interval_s, pause_s=pause_s)


def practice_server(settings: Settings, *, port: int = 0, **options: Any) -> PracticeServer:
    """The embedded server of simulated air, its clock at AIRWATCH_PRACTICE_TODAY or at the real day (UTC)."""
    clock = settings.practice_today or (lambda: utc_now().date())
    return PracticeServer(today=clock, port=port, **options)


def _downloads(settings: Settings, what: str, url: str) -> Path:
    """A folder of its own for every address, so that two mirrors' files of one name never meet."""
    return settings.state / "downloads" / f"{what}-{_digest(url)}"


def _digest(url: str) -> str:
    return hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:12]


class StorageResource(dg.ConfigurableResource):
    """The stored tables, for an asset that builds on its own earlier partitions."""

    root: str

    def tables(self) -> TableStorage:
        return opened_storage(self.root)


def readings_of(source: Source) -> Readings:
    """Whether a source's air is real: simulated and real readings never share a storage."""
    return "simulated" if source.kind == "practice" else "epa"


@cache
def opened_storage(root: str) -> TableStorage:
    """The table storage at ``root``, opened once a process."""
    return TableStorage.open(root)


def configured_area() -> Area:
    """The area forecasts are made for."""
    return Area.parse(Settings.from_environment().area)


def configured_sites(site_days: pd.DataFrame) -> set[str]:
    """Those sites of ``site_days`` that lie in the area on all their days."""
    is_area = configured_area().contains(site_days["state_code"], site_days["cbsa_code"])
    return set(site_days["site_id"]) - set(site_days.loc[~is_area, "site_id"])
