"""By how much tables and state grow, and how much room is left on their disks."""

import shutil
from pathlib import Path
from typing import Final

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.orchestration.configuration.settings import AreaSettings
from airwatch_dagster.orchestration.configuration.weather_settings import WeatherSourceSettings
from airwatch_dagster.storage.tables import TableStorage

SITE_YEAR_MB: Final = 2.9
"""MB that a forecast site adds in a year: tables by day 0.34, training examples 0.4, bulletins in two languages 2.2.
Measured on the demo's two years, and on a bulletin of 996 sites for its share."""

FILES_YEAR_MB: Final = 97.0
"""MB of a year whatever the number of sites: what Parquet needs for each file 17, drift reports 27, bulletins 53.
Measured on the demo's two years."""

STATE_YEAR_MB: Final = 65.0
"""MB that the state grows by in a year: Dagster's events 47, models 15, MLflow's database 2. Measured on the demo; the
forests of a larger area take more."""

NBM_YEAR_MB: Final = 4000.0
"""MB of a year of bulletins of the NBM, compressed: two a day of 29 MB that shrink 5.4-fold. Measured on ten of 16
stations."""

SITES_OF_NATION: Final = 1000
"""Sites with PM2.5 monitors in EPA's list that are open."""

SITES_OF_STATE: Final = 150
"""Sites of the state with the most, California; rounded."""

SITES_OF_METRO: Final = 26
"""Sites around Chicago, one of the areas with the most."""

LEAST_MB: Final = 200.0
"""MB without which nothing should be started: a month of models, with the files that are written before they replace
others."""


def state_year_mb() -> float:
    """MB that the state grows by in a year. The bulletins of NBM are kept; those of the other sources are small."""
    weather = WeatherSourceSettings.from_environment()
    is_nbm = weather.weather_source == "nbm" and not weather.has_practice_weather
    return STATE_YEAR_MB + (NBM_YEAR_MB if is_nbm else 0.0)


def tables_year_mb(sites: int) -> float:
    """MB that tables and pages of so many forecast sites grow by in a year."""
    return FILES_YEAR_MB + sites * SITE_YEAR_MB


def free_mb(folder: Path) -> float:
    """MB that this user may still write on the folder's disk; of the nearest existing folder above it."""
    return shutil.disk_usage(existing(folder)).free / 1e6


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def forecast_sites(tables: TableStorage) -> int:
    """Sites of the area in the stored monitor list; before there is one, a usual number for the kind of area.

    Raises StorageError.
    """
    if tables.exists("monitors"):
        monitors = tables.read("monitors", columns=["site_id", "is_context"])
        return int(monitors.loc[~monitors["is_context"], "site_id"].nunique())
    area = Area.parse(AreaSettings.from_environment().area)
    if area.is_everywhere:
        return SITES_OF_NATION
    return SITES_OF_STATE * len(area.state_codes) + SITES_OF_METRO * len(area.cbsa_codes)


def size_text(mb: float) -> str:
    """``120 MB`` or ``1.2 GB``."""
    return f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1000:.1f} GB"
