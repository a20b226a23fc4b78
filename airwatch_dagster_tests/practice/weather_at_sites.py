"""Practice sites, and AirWatch's readers at the addresses of a practice server."""

from pathlib import Path

import pandas as pd

from airwatch_dagster.acquire.weather.nbm.archive import NbmArchive
from airwatch_dagster.acquire.weather.nbm.forecasts import NbmWeather
from airwatch_dagster.acquire.weather.nws.archive import SelectedCitiesArchive
from airwatch_dagster.acquire.weather.nws.forecasts import NwsWeather
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.practice.world.network import SITES

SITE_TABLE = pd.DataFrame(
    [{"site_id": site.site_id, "latitude": site.latitude, "longitude": site.longitude} for site in SITES]
)


def nbm(server: PracticeServer, folder: Path) -> NbmWeather:
    return NbmWeather(NbmArchive(server.nbm_url, download_dir=folder / "nbm", backoff_scale=0.0))


def nws(server: PracticeServer, folder: Path) -> NwsWeather:
    return NwsWeather(SelectedCitiesArchive(server.nws_url, download_dir=folder / "nws", backoff_scale=0.0))
