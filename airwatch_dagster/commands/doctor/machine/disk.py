"""Room on the disks of tables and state, against what the area's tables grow by in a year."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, error, ok, warning
from airwatch_dagster.orchestration.configuration.settings import AreaSettings, StateSettings, storage_root
from airwatch_dagster.orchestration.configuration.weather_settings import WeatherSourceSettings

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


def _disk() -> Iterator[Finding]:
    root, state = storage_root(), StateSettings.from_environment().state
    yearly = {"state": (state, STATE_YEAR_MB + weather_year_mb())}
    if "://" not in root:
        yearly["tables"] = (Path(root), tables_year_mb(_sites()))
    for name, (folder, need) in yearly.items():
        yield finding_of(name, folder, need_mb=need, free_mb=free_mb(folder))


def weather_year_mb() -> float:
    """MB of the bulletins of weather that the state keeps in a year; those of the other sources are small."""
    weather = WeatherSourceSettings.from_environment()
    return NBM_YEAR_MB if weather.weather_source == "nbm" and not weather.has_practice_weather else 0.0


def finding_of(name: str, folder: Path, *, need_mb: float, free_mb: float) -> Finding:
    """What the free room on a folder's disk means for a year of growth."""
    says = f"{name} in {folder}: growth of about {_size(need_mb)} a year; {_size(free_mb)} are free"
    find_large = f"du -xh {folder} | sort -h | tail"
    if free_mb < LEAST_MB:
        fix = "Free some, or name a folder on another disk. Retrying will not help."
        return error("disk", f"{says}, which the next run may fill. {fix}", run=find_large)
    if free_mb < need_mb:
        return warning("disk", f"{says}. Free some, or name a folder on another disk.", run=find_large)
    return ok("disk", says)


def tables_year_mb(sites: int) -> float:
    """MB that tables and pages of so many forecast sites grow by in a year."""
    return FILES_YEAR_MB + sites * SITE_YEAR_MB


def free_mb(folder: Path) -> float:
    """MB that this user may still write on the folder's disk; of the nearest existing folder above it."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free / 1e6


def _sites() -> int:
    """Sites of the area in the stored monitor list; before there is one, a usual number for the kind of area."""
    from airwatch_dagster.acquire.area import Area
    from airwatch_dagster.orchestration.resources import opened_storage

    storage = opened_storage(storage_root())
    if storage.exists("monitors"):
        monitors = storage.read("monitors", columns=["site_id", "is_context"])
        return int(monitors.loc[~monitors["is_context"], "site_id"].nunique())
    area = Area.parse(AreaSettings.from_environment().area)
    if area.is_everywhere:
        return SITES_OF_NATION
    return SITES_OF_STATE * len(area.state_codes) + SITES_OF_METRO * len(area.cbsa_codes)


def _size(mb: float) -> str:
    return f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1000:.1f} GB"


CHECK: Final = Check("disk", _disk, "df -h")
