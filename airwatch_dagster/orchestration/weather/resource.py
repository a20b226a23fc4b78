"""The configured source of weather forecasts, opened for one step."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dagster as dg

from airwatch_dagster.acquire.addresses import AFOS_URL, NBM_URL
from airwatch_dagster.acquire.http.redaction import without_credentials
from airwatch_dagster.acquire.weather.nbm.archive import NbmArchive
from airwatch_dagster.acquire.weather.nbm.forecasts import NbmWeather
from airwatch_dagster.acquire.weather.nws.archive import SelectedCitiesArchive
from airwatch_dagster.acquire.weather.nws.forecasts import NwsWeather
from airwatch_dagster.acquire.weather.open_meteo.addresses import address_of
from airwatch_dagster.acquire.weather.open_meteo.call_budget import CallBudget
from airwatch_dagster.acquire.weather.open_meteo.client import OpenMeteoClient
from airwatch_dagster.acquire.weather.open_meteo.forecasts import PreviousRunsWeather, SingleRunsWeather
from airwatch_dagster.acquire.weather.source import WeatherSource
from airwatch_dagster.orchestration.configuration.settings import WeatherAccessSettings
from airwatch_dagster.orchestration.configuration.weather_settings import WeatherSourceName
from airwatch_dagster.orchestration.resources import (
    backoff_scale,
    download_folder,
    practice_server,
    rate_limit_folder,
    secret_text,
)
from airwatch_dagster.orchestration.weather.own_files import OwnFiles
from airwatch_dagster.schemas.weather import WEATHER_HORIZONS_DAYS

HORIZONS: Final[dict[WeatherSourceName, tuple[int, ...]]] = {
    "nbm": WEATHER_HORIZONS_DAYS,
    "open-meteo": WEATHER_HORIZONS_DAYS,
    "nws": (1, 2),
}
"""Days ahead that a complete answer of a source has at some site; of others, files, none is expected."""


@dataclass(frozen=True)
class OpenedWeather:
    """A source of weather that can be asked."""

    name: WeatherSourceName
    source: WeatherSource
    address: str
    """Where it is, for people: without credentials."""

    @property
    def horizons(self) -> tuple[int, ...]:
        """Days ahead that a complete answer has at some site."""
        return HORIZONS.get(self.name, ())


class WeatherResource(dg.ConfigurableResource):  # type: ignore[type-arg]  # it provides itself
    """The configured source of weather forecasts; None where weather is switched off."""

    @contextlib.contextmanager
    def open(self) -> Iterator[OpenedWeather | None]:
        """As ``opened_weather``, by the settings of this process."""
        with opened_weather(WeatherAccessSettings.from_environment()) as weather:
            yield weather


@contextlib.contextmanager
def opened_weather(settings: WeatherAccessSettings, *, max_s: float | None = None) -> Iterator[OpenedWeather | None]:
    """The source that the settings name, None with ``none``; with ``max_s`` each request is made once, for at most
    about so many seconds. Its connections are closed at the end."""
    with contextlib.ExitStack() as stack:
        yield _opened(settings, stack, max_s)


def _opened(settings: WeatherAccessSettings, stack: contextlib.ExitStack, max_s: float | None) -> OpenedWeather | None:
    if settings.weather_source == "files":
        assert settings.weather is not None
        return OpenedWeather("files", OwnFiles(), settings.weather)
    if settings.weather_source in ("nbm", "nws"):
        url, folder = _archive(settings, stack)
        shown = without_credentials(url)
        options: dict[str, Any] = {
            "download_dir": folder,
            "backoff_scale": backoff_scale(settings, url),
            "max_s": max_s,
        }
        if settings.weather_source == "nbm":
            return OpenedWeather("nbm", NbmWeather(stack.enter_context(NbmArchive(url, **options))), shown)
        return OpenedWeather("nws", NwsWeather(stack.enter_context(SelectedCitiesArchive(url, **options))), shown)
    return _open_meteo(settings, stack) if settings.weather_source == "open-meteo" else None


def _archive(settings: WeatherAccessSettings, stack: contextlib.ExitStack) -> tuple[str, Path]:
    """Address of the bulletins, and the folder of downloads; of an embedded server with simulated air."""
    given, own = (settings.nbm_url, NBM_URL) if settings.weather_source == "nbm" else (settings.nws_url, AFOS_URL)
    if settings.has_practice_weather:
        server = stack.enter_context(practice_server(settings))
        url = server.nbm_url if settings.weather_source == "nbm" else server.nws_url
        return url, settings.state / "downloads" / "practice" / settings.weather_source
    url = given or own
    return url, download_folder(settings, settings.weather_source, url)


def _open_meteo(settings: WeatherAccessSettings, stack: contextlib.ExitStack) -> OpenedWeather:
    """Open-Meteo within the limits of its free service, which all processes share; without limits for customers."""
    interface, key = settings.open_meteo_interface, secret_text(settings.open_meteo_key)
    url = address_of(interface, settings.open_meteo_url, has_key=key is not None)
    client = OpenMeteoClient(
        interface,
        settings.open_meteo_url,
        cache_dir=download_folder(settings, "open-meteo", url),
        budget=None if key else CallBudget(rate_limit_folder(settings)),
        key=key,
    )
    opened = stack.enter_context(client)
    source = SingleRunsWeather(opened) if interface == "single-runs" else PreviousRunsWeather(opened)
    return OpenedWeather("open-meteo", source, without_credentials(url))
