"""Room on the disks of tables and state, against what the area's tables grow by in a year."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, error, ok, warning
from airwatch_dagster.orchestration.configuration.settings import StateSettings, storage_root
from airwatch_dagster.orchestration.growth import (
    LEAST_MB,
    forecast_sites,
    free_mb,
    size_text,
    state_year_mb,
    tables_year_mb,
)


def _disk() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.resources import opened_storage

    root, state = storage_root(), StateSettings.from_environment().state
    yearly = {"state": (state, state_year_mb())}
    if "://" not in root:
        yearly["tables"] = (Path(root), tables_year_mb(forecast_sites(opened_storage(root))))
    for name, (folder, need) in yearly.items():
        yield finding_of(name, folder, need_mb=need, free_mb=free_mb(folder))


def finding_of(name: str, folder: Path, *, need_mb: float, free_mb: float) -> Finding:
    """What the free room on a folder's disk means for a year of growth."""
    says = f"{name} in {folder}: growth of about {size_text(need_mb)} a year; {size_text(free_mb)} are free"
    find_large = f"du -xh {folder} | sort -h | tail"
    if free_mb < LEAST_MB:
        fix = "Free some, or name a folder on another disk. Retrying will not help."
        return error("disk", f"{says}, which the next run may fill. {fix}", run=find_large)
    if free_mb < need_mb:
        return warning("disk", f"{says}. Free some, or name a folder on another disk.", run=find_large)
    return ok("disk", says)


CHECK: Final = Check("disk", _disk, "df -h")
