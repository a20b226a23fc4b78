"""What assets need from outside: the source of readings, the stored tables, the model registry."""

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.airdata import AirDataArchive
from airwatch_dagster.acquire.aqs import AqsClient
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pacing import RateLimiter
from airwatch_dagster.acquire.sources import AirDataSource, AqsSource, Source
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.orchestration.storage import Readings, TableStorage
from airwatch_dagster.practice.server import PracticeServer


def utc_now() -> pd.Timestamp:
    """The one clock of the pipeline, naive UTC to the microsecond."""
    return pd.Timestamp(datetime.now(UTC)).tz_localize(None).floor("us")


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
        archive = AirDataArchive(server.airdata_url, download_dir=settings.state / "downloads" / "practice")
        return AirDataSource(archive, area, settings.context_km, source_name="practice")
    if settings.source == "airdata":
        return AirDataSource(
            AirDataArchive(settings.airdata_url, download_dir=_downloads(settings)), area, settings.context_km
        )
    if settings.source == "aqs":
        limiter = RateLimiter(settings.state / "aqs-requests")
        client = AqsClient(settings.aqs_url, email=settings.aqs_email, key=settings.aqs_key, limiter=limiter)
        return AqsSource(client, area, utc_now().date())
    raise ConfigurationError(
        "AIRWATCH_SOURCE", "'live' is not available in this version", fix="Use airdata for history, or aqs for one area"
    )


def practice_server(settings: Settings, *, port: int = 0, **options: Any) -> PracticeServer:
    """The embedded server of simulated air, its clock at AIRWATCH_PRACTICE_TODAY or at the real day (UTC)."""
    today = settings.practice_today or (lambda: utc_now().date())
    return PracticeServer(today=today, port=port, **options)


def _downloads(settings: Settings) -> Path:
    """A folder of its own for every archive, so that two mirrors' files of one name never meet."""
    digest = hashlib.sha256(settings.airdata_url.rstrip("/").encode()).hexdigest()[:12]
    return settings.state / "downloads" / f"airdata-{digest}"


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
