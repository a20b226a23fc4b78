"""Whether the source of weather answers, and how many sites it can speak for."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from airwatch_dagster.commands.doctor.findings import AGAIN, Check, Finding, ok, warning
from airwatch_dagster.errors import AirWatchError, BadPayload, SourceRefused, SourceUnavailable
from airwatch_dagster.orchestration.configuration.settings import WeatherAccessSettings
from airwatch_dagster.orchestration.configuration.weather_settings import WeatherSourceSettings

if TYPE_CHECKING:
    import pandas as pd

    from airwatch_dagster.orchestration.weather.resource import OpenedWeather

MAX_S: Final = 14.0
"""Seconds for the first requests of S3, of files; a source of weather answers in less than one when it is up."""

REQUEST_S: Final = 4.0
"""Seconds that one request may take."""

OFF: Final = "off; AIRWATCH_WEATHER_SOURCE is none"


def checks() -> Sequence[Check]:
    """That of the chosen source; with settings that are not valid, the one that says so."""
    try:
        name = WeatherSourceSettings.from_environment().weather_source
    except AirWatchError:
        name = "none"
    return (Check("weather", _weather, "export AIRWATCH_WEATHER=" if name == "files" else AGAIN, MAX_S),)


def _weather() -> Iterator[Finding]:
    settings = WeatherAccessSettings.from_environment()
    if settings.weather_source == "none":
        yield ok("weather", OFF)
    elif settings.weather_source == "files":
        from airwatch_dagster.orchestration.supplied.supplied_weather import describe_weather

        yield ok("weather", describe_weather())
    else:
        yield _asked(settings)


def _asked(settings: WeatherAccessSettings) -> Finding:
    """What the source has for yesterday; one that does not answer costs weather, and stops no run."""
    from airwatch_dagster.orchestration.weather.resource import opened_weather

    with opened_weather(settings, max_s=REQUEST_S) as weather:
        assert weather is not None
        where = "the practice server" if settings.has_practice_weather else weather.address
        try:
            found = LOOKS[weather.name](weather)
        except (SourceUnavailable, SourceRefused, BadPayload) as error:
            says = f"{weather.name} at {where} does not serve: {error.problem}. Days lack weather until it does"
            return warning("weather", f"{says}, and a backfill of them asks again. {error.fix}.", run=AGAIN)
    if found is None:
        says = f"{weather.name} at {where} has nothing of the last day. Days lack weather until it has"
        return warning("weather", f"{says}, and a backfill of them asks again.", run=AGAIN)
    return ok("weather", f"{weather.name} at {where}: {found}; {_reach(weather)}{_key(settings)}")


def _nbm(weather: "OpenedWeather") -> str | None:
    from airwatch_dagster.acquire.weather.nbm.forecasts import NbmWeather

    assert isinstance(weather.source, NbmWeather)
    latest = weather.source.archive.latest(published_by=_known_by())
    return None if latest is None else f"newest bulletin of {latest:%Y-%m-%d %H} UTC"


def _nws(weather: "OpenedWeather") -> str | None:
    from airwatch_dagster.acquire.weather.nws.forecasts import NwsWeather

    assert isinstance(weather.source, NwsWeather)
    until = _known_by()
    read = weather.source.archive.issued(until - timedelta(days=1), until)
    return f"{read.bulletins} bulletins of the last day" if read.bulletins else None


def _open_meteo(weather: "OpenedWeather") -> str | None:
    """Of one site, which costs two or three calls."""
    sites = _sites().head(1)
    if sites.empty:
        return "not asked, because no monitor list is stored yet"
    day = _known_by().normalize() - timedelta(days=1)
    found = weather.source.forecasts(day.date(), sites, published_by=_known_by())
    return f"forecasts of {day:%Y-%m-%d}" if len(found.rows) else None


LOOKS: Final[dict[str, Callable[["OpenedWeather"], str | None]]] = {"nbm": _nbm, "nws": _nws, "open-meteo": _open_meteo}
"""Source → what it has lately, in words; None for nothing."""


def _known_by() -> "pd.Timestamp":
    """What yesterday's forecasts may use is published by then."""
    import pandas as pd

    from airwatch_dagster.orchestration.resources import today
    from airwatch_dagster.orchestration.weather.sites import published_by

    return published_by(pd.Timestamp(today()) - pd.Timedelta(days=1))


def _sites() -> "pd.DataFrame":
    from airwatch_dagster.orchestration.configuration.settings import storage_root
    from airwatch_dagster.orchestration.resources import opened_storage
    from airwatch_dagster.orchestration.weather.sites import weather_sites

    return weather_sites(opened_storage(storage_root()).read_or_empty("monitors"), _known_by())


def _reach(weather: "OpenedWeather") -> str:
    """``27 of 29 sites have a station within 100 km``."""
    from airwatch_dagster.acquire.weather.nws.cities import city_stations
    from airwatch_dagster.acquire.weather.site_weather import RADIUS_KM, neighbours
    from airwatch_dagster.acquire.weather.stations import known_stations, us_stations

    sites = _sites()
    if sites.empty:
        return "no monitor list is stored yet, so that no site is known"
    if weather.name == "open-meteo":
        return f"every one of {len(sites):,} sites is in its models"
    stations = us_stations() if weather.name == "nbm" else known_stations(city_stations())
    within = int(neighbours(sites, stations, count=1).has_any.sum())
    what = "an airport" if weather.name == "nbm" else "one of its cities"
    return f"{within:,} of {len(sites):,} sites have {what} within {RADIUS_KM:.0f} km"


def _key(settings: WeatherAccessSettings) -> str:
    if settings.weather_source != "open-meteo":
        return ""
    return "; with a key" if settings.open_meteo_key else "; without a key, which commercial use needs"
