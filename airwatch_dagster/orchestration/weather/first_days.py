"""Since when each source of weather has forecasts as they were issued."""

from typing import Final

import pandas as pd

from airwatch_dagster.acquire.addresses import NBM_URL
from airwatch_dagster.orchestration.configuration.weather_settings import WeatherSourceSettings
from airwatch_dagster.orchestration.resources import today

NBM_SINCE: Final = pd.Timestamp("2020-11-01")
"""First month of station bulletins in NOAA's open data of the NBM."""

PREVIOUS_RUNS_SINCE: Final = pd.Timestamp("2024-01-01")
"""Open-Meteo's previous runs of the GFS. Source: its documentation of the interface."""

SINGLE_RUNS_SINCE: Final = pd.Timestamp("2026-04-02")
"""Open-Meteo's single runs. Source: the same."""


PRACTICE_DAYS: Final = 240
"""Days of simulated weather that a backfill reads by itself. As in reality they are fewer than those of readings, and
they are most of what a demo's weather costs."""


def first_day(settings: WeatherSourceSettings) -> pd.Timestamp | None:
    """The first issue day that the chosen source's own archive can have; None where it is not known, as of mirrors."""
    if settings.has_practice_weather:
        return pd.Timestamp(today()) - pd.Timedelta(days=PRACTICE_DAYS)
    if settings.weather_source == "nbm":
        return NBM_SINCE if (settings.nbm_url or NBM_URL).rstrip("/") == NBM_URL else None
    if settings.weather_source == "open-meteo" and settings.open_meteo_url is None:
        return PREVIOUS_RUNS_SINCE
    is_single = settings.weather_source == "open-meteo" and "open-meteo.com" in (settings.open_meteo_url or "")
    return SINGLE_RUNS_SINCE if is_single and settings.open_meteo_interface == "single-runs" else None
