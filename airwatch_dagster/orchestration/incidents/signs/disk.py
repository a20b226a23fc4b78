"""Whether the disks of tables and state have room for the next month."""

from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.configuration.settings import StateSettings, storage_root
from airwatch_dagster.orchestration.growth import (
    LEAST_MB,
    existing,
    forecast_sites,
    free_mb,
    size_text,
    state_year_mb,
    tables_year_mb,
)
from airwatch_dagster.orchestration.incidents.state import Failure, Recovery, Sign
from airwatch_dagster.orchestration.incidents.wording.causes import PIPELINE
from airwatch_dagster.storage.tables import TableStorage

STATE: Final = "AIRWATCH_STATE"
TABLES: Final = "AIRWATCH_STORAGE"
"""Settings that name the folders of the state and of the tables."""

ENOUGH: Final = 1.25
"""Free room over need from which low room has ended: what hovers at the limit opens and ends nothing."""


def disk_signs(tables: TableStorage, *, now: pd.Timestamp) -> list[Sign]:
    """One sign for each disk: low below what a month adds and a run needs; between that and ENOUGH of it, none.

    Tables and state on one disk are one problem. A storage that is no folder has room of its own. Raises StorageError.
    """
    root, state = storage_root(), StateSettings.from_environment().state
    folders, need_mb = {STATE: state}, {STATE: state_year_mb() / 12}
    if "://" not in root:
        folders[TABLES], need_mb[TABLES] = Path(root), tables_year_mb(forecast_sites(tables)) / 12
    is_shared = len(folders) > 1 and len({existing(folder).stat().st_dev for folder in folders.values()}) == 1
    if is_shared:
        need_mb = {TABLES: sum(need_mb.values())}
    found = [
        disk_sign(name, need_mb=need + LEAST_MB, free_mb=free_mb(folders[name]), now=now)
        for name, need in need_mb.items()
    ]
    return [*(one for one in found if one is not None), *([_no_own(STATE, now)] if is_shared else [])]


def _no_own(name: str, now: pd.Timestamp) -> Sign:
    """What the folder had open alone, before it came to another's disk, has ended."""
    return Recovery(now, name, rules=("disk_low",))


def disk_sign(name: str, *, need_mb: float, free_mb: float, now: pd.Timestamp) -> Sign | None:
    """What the free room of the folder that a setting names means; None where it is neither low nor enough."""
    if free_mb >= ENOUGH * need_mb:
        return Recovery(now, name, rules=("disk_low",))
    if free_mb >= need_mb:
        return None
    error = f"{size_text(free_mb)} are free on its disk, and the next month needs about {size_text(need_mb)}"
    return Failure(now, name, rule="disk_low", error=error, cause=PIPELINE)
