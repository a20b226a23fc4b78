"""What assets need from outside: the source of readings, the stored tables, the clock."""

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import PrivateAttr, SecretStr

from airwatch_dagster.acquire.addresses import AFOS_URL, AIRDATA_URL, AIRNOW_API_URL, AIRNOW_URL, AQS_URL, NBM_URL
from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airdata.kept import KeptReads
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.airnow.historical.client import AIRNOW_INTERVAL_S, HistoricalForecasts
from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import AQS_INTERVAL_S, AQS_PAUSE_S, RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.sources.live import LiveSource
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.parameter_settings import ParameterSettings
from airwatch_dagster.orchestration.configuration.settings import (
    AreaSettings,
    Settings,
    SourceSettings,
    StateSettings,
    storage_root,
)
from airwatch_dagster.orchestration.instance.write_locks import WriteLock
from airwatch_dagster.orchestration.partitions import running_day
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.storage.data_kind import Readings
from airwatch_dagster.storage.tables import TableStorage


def utc_now() -> pd.Timestamp:
    """The one clock of the pipeline, naive UTC to the microsecond."""
    return pd.Timestamp(datetime.now(UTC)).tz_localize(None).floor("us")


def today() -> date:
    """The day that is not over yet in all 50 states; AIRWATCH_PRACTICE_TODAY in a rehearsal."""
    settings = SourceSettings.from_environment()
    return settings.practice_today if settings.practice_today and settings.is_rehearsal else running_day(utc_now())


class SourceResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # it provides itself
    """The configured source of readings, opened for one step."""

    @contextlib.contextmanager
    def open(self, *, max_s: float | None = None) -> Iterator[Source]:
        """With ``max_s`` each of AirData's and AirNow's files is tried once, for at most about so many seconds."""
        with opened_source(Settings.from_environment(), max_s=max_s) as source:
            yield source

    @contextlib.contextmanager
    def open_into(self, tables: TableStorage) -> Iterator[Source]:
        """As ``open``; raises ConfigurationError when ``tables`` hold the other kind of readings."""
        with self.open() as source:
            tables.assert_data_kind(readings_of(source))
            yield source


@contextlib.contextmanager
def opened_source(settings: SourceSettings, *, max_s: float | None = None) -> Iterator[Source]:
    """The source that the settings name; ``max_s`` as ``SourceResource.open``."""
    with contextlib.ExitStack() as stack:
        yield _source(settings, stack, max_s)


def _source(settings: SourceSettings, stack: contextlib.ExitStack, max_s: float | None) -> Source:
    """The source that the settings name; closing ``stack`` closes its connections and a practice server."""
    area = Area.parse(settings.area)
    if settings.source == "practice":
        server = stack.enter_context(practice_server(settings))
        downloads = settings.state / "downloads" / "practice"
        # To list its files the server would make those of every year.
        archive = stack.enter_context(AirDataArchive(server.airdata_url, download_dir=downloads, with_days=False))
        airnow = stack.enter_context(AirNowArchive(server.airnow_url, download_dir=downloads / "airnow"))
        return AirDataSource(archive, area, settings.context_km, "practice", airnow, settings.parameters)
    if settings.source == "aqs":
        return _aqs(settings, area, stack)
    archive = AirDataArchive(
        settings.airdata_url,
        download_dir=download_folder(settings, "airdata", settings.airdata_url),
        backoff_scale=backoff_scale(settings, settings.airdata_url),
        max_s=max_s,
    )
    kept = KeptReads(download_folder(settings, "airdata-read", settings.airdata_url))
    bulk = AirDataSource(
        stack.enter_context(archive), area, settings.context_km, parameters=settings.parameters, kept=kept
    )
    if settings.source == "airdata":
        return bulk
    airnow = AirNowArchive(
        settings.airnow_url,
        download_dir=download_folder(settings, "airnow", settings.airnow_url),
        backoff_scale=backoff_scale(settings, settings.airnow_url),
        max_s=max_s,
    )
    aqs = _aqs(settings, area, stack) if settings.has_aqs_credentials else None
    historical = _historical(settings, stack) if settings.airnow_key else None
    return LiveSource(bulk, stack.enter_context(airnow), today(), aqs, settings.accept_lost_lines, historical)


def _historical(settings: SourceSettings, stack: contextlib.ExitStack) -> HistoricalForecasts:
    """AirNow's historical forecasts; at another address than AirNow's, requests come as soon as those to AQS may."""
    scale, url = backoff_scale(settings, settings.airnow_api_url), settings.airnow_api_url
    limiter = RateLimiter(
        rate_limit_folder(settings) / f"airnow-requests-{_digest(url)}",
        service="AirNow's service of historical forecasts",
        interval_s=scale * AIRNOW_INTERVAL_S,
        pause_s=0.0,
    )
    cache = ResponseCache(download_folder(settings, "airnow-api", url))
    key = secret_text(settings.airnow_key) or ""
    client = HistoricalForecasts(url, key=key, limiter=limiter, cache=cache, backoff_scale=scale)
    return stack.enter_context(client)


def _aqs(settings: SourceSettings, area: Area, stack: contextlib.ExitStack) -> AqsSource:
    client = AqsClient(
        settings.aqs_url,
        email=secret_text(settings.aqs_email),
        key=secret_text(settings.aqs_key),
        limiter=aqs_limiter(settings),
        cache=ResponseCache(download_folder(settings, "aqs", settings.aqs_url)),
        backoff_scale=backoff_scale(settings, settings.aqs_url),
    )
    tables = opened_storage(settings.storage)
    listed = tables.read("monitors") if tables.exists("monitors") else None
    return AqsSource(stack.enter_context(client), area, today(), listed, parameters=settings.parameters)


def aqs_states(settings: SourceSettings) -> int:
    """Number of states that the AQS API lists: one small request with the credentials, which is not retried.

    Errors as those of the source.
    """
    client = AqsClient(
        settings.aqs_url,
        email=secret_text(settings.aqs_email),
        key=secret_text(settings.aqs_key),
        limiter=aqs_limiter(settings),
        backoff_scale=None,
    )
    with client:
        return len(client.request("list/states", {}))


def secret_text(value: SecretStr | None) -> str | None:
    """The secret itself; None for none."""
    return value.get_secret_value() if value else None


def backoff_scale(settings: SourceSettings, url: str) -> float:
    """Factor of the waits before a retry: 1 at publishers' own addresses, less where API requests may come sooner."""
    is_own = url.rstrip("/") in (AIRDATA_URL, AIRNOW_URL, AIRNOW_API_URL, AQS_URL, NBM_URL, AFOS_URL)
    return 1.0 if is_own else min(1.0, settings.aqs_interval_s / AQS_INTERVAL_S)


def aqs_limiter(settings: SourceSettings) -> RateLimiter:
    """Spaces the requests to one API address over all processes that share AIRWATCH_RATE_LIMIT_DIR.

    The rest after a request shrinks with the spacing, if that is set lower for another address than EPA's. Raises
    ConfigurationError when the folder cannot be created.
    """
    pause_s = min(AQS_PAUSE_S, AQS_PAUSE_S * settings.aqs_interval_s / AQS_INTERVAL_S)
    path = rate_limit_folder(settings) / f"aqs-requests-{_digest(settings.aqs_url)}"
    return RateLimiter(path, interval_s=settings.aqs_interval_s, pause_s=pause_s)


def rate_limit_folder(settings: SourceSettings) -> Path:
    """The folder of the files that space requests; errors as ``aqs_limiter``."""
    try:
        folder = settings.rate_limit_dir.expanduser()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "the home folder is unknown"
        problem = f"{settings.rate_limit_dir} cannot be created ({reason.lower()})"
        fix = "Set it to a folder that this user may write"
        raise ConfigurationError("AIRWATCH_RATE_LIMIT_DIR", problem, fix=fix) from error
    return folder


def practice_server(settings: SourceSettings, *, port: int = 0, **options: Any) -> PracticeServer:
    """The embedded server of simulated air; its day is AIRWATCH_PRACTICE_TODAY, to the end, else the real one."""
    if settings.practice_today:
        return PracticeServer(today=settings.practice_today, port=port, **options)
    return PracticeServer(
        today=lambda: running_day(utc_now()),
        now=lambda: utc_now().tz_localize(UTC).to_pydatetime(),
        port=port,
        **options,
    )


def download_folder(settings: SourceSettings, what: str, url: str) -> Path:
    """A folder for each address, so that files of the same name from two mirrors never mix."""
    return settings.state / "downloads" / f"{what}-{_digest(url)}"


def _digest(url: str) -> str:
    return hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:12]


class StorageResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # it provides itself
    """The stored tables, for an asset that builds on what is stored."""

    root: str | None = None
    """A folder or ``s3://bucket/prefix``; AIRWATCH_STORAGE when null, read when a run needs it."""
    _run: dg.InitResourceContext | None = PrivateAttr(default=None)
    _locks: list[WriteLock] = PrivateAttr(default_factory=list)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """The id of the run names the holder of a lock."""
        self._run = context

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Release what a failed step still holds."""
        while self._locks:
            self._locks.pop().release()

    def tables(self) -> TableStorage:
        """The stored tables; errors as ``TableStorage.open``."""
        return opened_storage(self.root or storage_root())

    @contextlib.contextmanager
    def locked(self, table: str) -> Iterator[TableStorage]:
        """The stored tables under the write lock of ``table``: read, merge and store within the block.

        Raises StorageError naming the run that holds the lock for longer than an hour.
        """
        run, log = (self._run.run, self._run.log) if self._run else (None, None)
        folder, holder = (
            StateSettings.from_environment().state / "write-locks",
            f"run {run.run_id}" if run else "no run",
        )
        lock = WriteLock(folder, root=self.root or storage_root(), table=table, holder=holder)
        self._locks.append(lock)
        lock.acquire(note=log.info if log else lambda _: None)
        try:
            yield self.tables()
        finally:
            lock.release()


def readings_of(source: Source) -> Readings:
    """Whether the readings of a source are simulated or EPA's: the two never share a storage."""
    return "simulated" if source.kind == "practice" else "epa"


def opened_storage(root: str) -> TableStorage:
    """The table storage at ``root``; opening one costs nothing, because S3 clients are shared within a process."""
    return TableStorage.open(root)


def configured_area() -> Area:
    """The area that forecasts are made for."""
    return Area.parse(AreaSettings.from_environment().area)


def configured_parameters() -> tuple[str, ...]:
    """The AQS parameters that count as PM2.5, 88101 first."""
    return ParameterSettings.from_environment().parameters


def configured_sites(site_days: pd.DataFrame) -> set[str]:
    """Site ids of ``site_days`` that are in the area on all their days."""
    is_area = configured_area().contains(site_days["state_code"], site_days["cbsa_code"])
    return set(site_days["site_id"]) - set(site_days.loc[~is_area, "site_id"])
