"""The area by name; the sites, monitors and years that are stored of it."""

from collections.abc import Iterator
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, error, ok
from airwatch_dagster.orchestration.configuration.settings import AreaSettings, storage_root

CHOOSE: Final = "airwatch areas WORD"
"""The command that lists areas by name."""


def _area() -> Iterator[Finding]:
    from airwatch_dagster.acquire.area import Area

    area = Area.parse(AreaSettings.from_environment().area)
    yield ok("area", f"{area.name} ({area})")


def _sites() -> Iterator[Finding]:
    """``9 sites with 11 monitors from 1999 on, 28 sites around them; readings of 2018 to 2021``."""
    from airwatch_dagster.commands.wording import counted
    from airwatch_dagster.orchestration.resources import configured_area, opened_storage

    area, storage = configured_area(), opened_storage(storage_root())
    if not storage.exists("monitors"):
        yield ok("sites", f"no monitor list of {area.name} is stored yet; the first backfill reads it")
        return
    monitors = storage.read("monitors")
    is_own = area.contains(monitors["state_code"], monitors["cbsa_code"])
    own, around = monitors[is_own], monitors[~is_own]
    if own.empty:
        says = f"the stored monitor list has no monitor of {area.name} ({area}). Choose an area with monitors, or read"
        refresh = f"airwatch backfill yesterday yesterday --tables monitors --refresh; or: {CHOOSE}"
        yield error("sites", f"{says} the list again if the area changed since.", run=refresh)
        return
    days = storage.stored_partitions("raw_readings")
    years = " to ".join(dict.fromkeys((min(days)[:4], max(days)[:4]))) if days else "no year yet"
    sites = f"{counted(own['site_id'].nunique(), 'site')} with {counted(len(own), 'monitor')}"
    since = own["open_date"].min()
    began = "" if since is None or since != since else f" from {since:%Y} on"
    context = f", {counted(around['site_id'].nunique(), 'site')} around" if len(around) else ""
    yield ok("sites", f"{sites}{began}{context}; readings of {years}")


CHECK: Final = Check("area", _area, CHOOSE)
SITES: Final = Check("sites", _sites, CHOOSE)
