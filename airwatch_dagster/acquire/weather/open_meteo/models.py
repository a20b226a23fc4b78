"""The weather models that are asked for: how often they run, how late they appear, and what is kept of them."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from airwatch_dagster.errors import ConfigurationError

ALWAYS_KEPT: Final = (
    "temperature_2m",
    "dew_point_2m",
    "wind_speed_10m",
    "wind_direction_10m",
    "precipitation",
    "cloud_cover",
)
"""Hourly variables that the previous-runs interface lists. Others, as boundary_layer_height, come as nulls there and
would cost calls: of the GFS and HRRR only these and a few more are stored by lead time. Sources: Open-Meteo's
documentation of the interface; open-meteo/open-meteo, GfsVariable.swift and NbmVariable.swift, storePreviousForecast;
its issue 2132."""

OF_SINGLE_RUNS: Final = (*ALWAYS_KEPT, "precipitation_probability", "boundary_layer_height")
"""Hourly variables of the single-runs interface, which has those of the forecast: ten cost no more than one."""

UNITS: Final = {
    "temperature_2m": "°C",
    "dew_point_2m": "°C",
    "wind_speed_10m": "m/s",
    "wind_direction_10m": "°",
    "precipitation": "mm",
    "cloud_cover": "%",
    "precipitation_probability": "%",
    "boundary_layer_height": "m",
}
"""Unit of each variable with wind_speed_unit=ms and else the default ones."""


@dataclass(frozen=True)
class Model:
    """A weather model by its name in ``models=``."""

    name: str
    interval: pd.Timedelta
    """From one run that reaches a day ahead to the next, counted from 00:00 UTC."""
    delay: pd.Timedelta
    """From the start of a run until its forecasts can be had: the longest that Open-Meteo names, 4 to 6 hours for
    global models and 1 to 3 for regional ones. Source: its documentation of single runs."""
    kept: tuple[str, ...] = ALWAYS_KEPT
    """Hourly variables that are asked of previous runs."""

    @property
    def lag(self) -> pd.Timedelta:
        """From 24 N hours before a time to when its value of N days before was published, at the latest."""
        return self.interval + self.delay


def _hours(count: int) -> pd.Timedelta:
    return pd.Timedelta(hours=count)


MODELS: Final = {
    model.name: model
    for model in (
        Model("gfs_global", _hours(6), _hours(6)),
        Model("gfs_seamless", _hours(6), _hours(6)),
        Model("gfs_hrrr", _hours(6), _hours(3)),
        Model("ncep_nbm_conus", _hours(1), _hours(3), (*ALWAYS_KEPT, "precipitation_probability")),
    )
}
"""Models of NOAA that cover the US. HRRR reaches 48 hours ahead in its runs of 00, 06, 12 and 18 UTC alone."""

DEFAULT_MODEL: Final = "gfs_global"
"""One model everywhere, at each lead time: best_match is whatever Open-Meteo finds best at the time, and gfs_seamless
has HRRR up to 48 hours ahead, which of two days before leaves one value in six hours, between values of the GFS. It
covers Alaska, Hawaii and Guam as well, and is kept since January 2024 (its temperature since March 2021)."""


def model_named(name: str) -> Model:
    """The model of that name. Raises ConfigurationError for another: when its runs appear is not known here."""
    if name in MODELS:
        return MODELS[name]
    why = (
        "is another model from time to time" if name == "best_match" else "is not known here, nor when its runs appear"
    )
    raise ConfigurationError("the model of Open-Meteo", f"{name!r} {why}", fix=f"Use one of {', '.join(MODELS)}")
