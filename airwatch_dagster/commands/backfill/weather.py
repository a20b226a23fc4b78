"""What a backfill asks the source of weather: nothing without one, days that lack something again; and the cost."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.addresses import NBM_URL
from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.acquire.http.download_cache import PACKED
from airwatch_dagster.acquire.weather.nws.archive import PARTS
from airwatch_dagster.acquire.weather.open_meteo.forecasts import PreviousRunsWeather, SingleRunsWeather
from airwatch_dagster.commands.backfill.parallel import Task
from airwatch_dagster.commands.backfill.planning import DEFAULT_TABLES, Step, step_spans
from airwatch_dagster.commands.wording import counted
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.resources import download_folder
from airwatch_dagster.orchestration.weather.completeness import TABLE, incomplete_days
from airwatch_dagster.orchestration.weather.resource import HORIZONS, OpenedWeather, opened_weather
from airwatch_dagster.orchestration.weather.sites import published_by, weather_sites
from airwatch_dagster.storage.tables import TableStorage

BULLETINS_A_DAY: Final = 2
"""NBS bulletins that a day needs beside those of the day before: the last runs before midnight and before the issue."""

BULLETIN_MB: Final = 29.0
"""Megabytes of an NBS bulletin. Source: NOAA's open data, 9,578 stations."""

PACKED_SHARE: Final = 0.19
"""Of these, what a copy compressed by gzip has: 7.9 of 42.2 kB in ten genuine bulletins of 16 stations."""

BULLETIN_S: Final = 6.0
"""Seconds of one, for estimates only: received at 10 MB/s, compressed and read."""

REQUEST_S: Final = 0.5
"""Seconds of one request of a few kB, for estimates only."""


def with_weather_table(settings: Settings, tables: Sequence[str] | None) -> Sequence[str]:
    """The tables of a backfill: ``tables`` if named, else those of each backfill, and weather where it has a source.

    Raises ConfigurationError when weather is named and has no source.
    """
    if settings.weather_source != "none":
        return [*DEFAULT_TABLES, TABLE] if tables is None else tables
    if tables is not None and TABLE in tables:
        fix = "Set it to nbm, nws, open-meteo or files, or leave the table out"
        raise ConfigurationError("--tables", f"{TABLE} has no source: AIRWATCH_WEATHER_SOURCE is none", fix=fix)
    return DEFAULT_TABLES if tables is None else tables


def asked_again(
    settings: Settings, storage: TableStorage, days: tuple[pd.Timestamp, pd.Timestamp], *, but: Sequence[Step]
) -> list[Task]:
    """Runs for the stored days, first to last, that are empty or lack days ahead that the source has, except the days
    that the steps ``but`` build anyway."""
    built = {f"{day:%Y-%m-%d}" for step in but if step.table == TABLE for day in pd.date_range(step.first, step.last)}
    wanted = [key for day in pd.date_range(*days) if (key := f"{day:%Y-%m-%d}") not in built]
    found = incomplete_days(storage, wanted, horizons=HORIZONS.get(settings.weather_source, ()))
    spans = step_spans(TABLE, [pd.Period(day, "D") for day in sorted(found)])
    counts = [len(pd.period_range(first, last, freq="D")) for first, last in spans]
    return [
        Task(TABLE, Step(TABLE, first, last, count, {"incomplete, asked again": count}))
        for (first, last), count in zip(spans, counts, strict=True)
    ]


def weather_costs_by_task(tasks: Sequence[Task], storage: TableStorage) -> Mapping[Task, Cost]:
    """Requests and seconds of each run of weather; empty where none is built, files are copied or air is simulated."""
    steps = {task: task.step for task in tasks if task.table == TABLE and task.step is not None}
    settings = Settings.from_environment()
    is_free = settings.weather_source in ("none", "files") or settings.has_practice_weather
    if not steps or is_free:
        return {}
    monitors = storage.read_or_empty("monitors")
    with opened_weather(settings) as weather:
        assert weather is not None
        return {task: _cost(weather, settings, step, monitors) for task, step in steps.items()}


def weather_cost_text(cost: Cost) -> str:
    """The cost in a sentence: ``From NOAA's archive of the NBM: about 62 bulletins, 1.8 GB to receive and …``."""
    name = Settings.from_environment().weather_source
    cached = f"; {cost.cached_calls:,} more are cached" if cost.cached_calls else ""
    if name == "nbm":
        received, kept = (_size(cost.calls * BULLETIN_MB * share) for share in (1.0, PACKED_SHARE))
        sizes = f"{received} to receive and {kept} to keep"
        return f"From the archive of the NBM: about {counted(cost.calls, 'bulletin')}, {sizes}{cached}."
    if name == "nws":
        return f"From the archive of FPUS20 bulletins: about {counted(cost.calls, 'request')} of a few kB."
    calls = f"{cost.rows:,} of the free service's calls" if cost.rows is not None else "calls"
    minutes = max(1, round(cost.seconds / 60))
    return f"From Open-Meteo: {counted(cost.calls, 'request')}, {calls}, at least {minutes:,} min{cached}."


def _size(megabytes: float) -> str:
    """``87 MB``, ``1.8 GB``."""
    return f"{megabytes / 1000:,.1f} GB" if megabytes >= 1000 else f"{megabytes:,.0f} MB"


def _cost(weather: OpenedWeather, settings: Settings, step: Step, monitors: pd.DataFrame) -> Cost:
    if weather.name == "nbm":
        return _cost_of_bulletins(download_folder(settings, "nbm", settings.nbm_url or NBM_URL), step)
    if weather.name == "nws":
        return Cost(calls=PARTS * (step.count + 1), seconds=PARTS * (step.count + 1) * REQUEST_S)
    assert isinstance(weather.source, PreviousRunsWeather | SingleRunsWeather)
    days = [day.date() for day in pd.date_range(step.first, step.last)]
    sites = weather_sites(monitors, pd.Timestamp(step.last))
    found = weather.source.cost(days, sites, published_by=_published_by)
    return Cost(found.requests, round(found.calls), found.seconds + found.requests * REQUEST_S, found.cached_places)


def _published_by(day: date) -> pd.Timestamp:
    return published_by(pd.Timestamp(day))


def _cost_of_bulletins(folder: Path, step: Step) -> Cost:
    """Of days whose bulletins are kept, those are read again without being sent."""
    days = pd.date_range(step.first, pd.Timestamp(step.last) + pd.Timedelta(days=1))
    kept = sum(len(list((folder / f"blend.{day:%Y%m%d}").glob(f"*{PACKED}"))) for day in days)
    needed = BULLETINS_A_DAY * step.count + 1
    pending = max(0, needed - kept)
    return Cost(calls=pending, seconds=pending * BULLETIN_S, cached_calls=min(kept, needed))
