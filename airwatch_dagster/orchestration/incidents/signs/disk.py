"""Whether the disks of tables and state have room for the next month."""

from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.configuration.settings import StateSettings, storage_root
from airwatch_dagster.orchestration.growth import (
    LEAST_MB,
    forecast_sites,
    free_mb,
    size_text,
    state_year_mb,
    tables_year_mb,
)
from airwatch_dagster.orchestration.incidents.state import Failure, Recovery, Sign
from airwatch_dagster.orchestration.incidents.wording.causes import PIPELINE
from airwatch_dagster.storage.tables import TableStorage

ENOUGH: Final = 1.25
"""Free room over need from which low room has ended: what hovers at the limit opens and ends nothing."""


def disk_signs(tables: TableStorage, *, now: pd.Timestamp) -> list[Sign]:
    """One sign for each disk: low below what a month adds and a run needs; between that and ENOUGH of it, none.

    A storage that is no folder has room of its own. Raises StorageError.
    """
    root, state = storage_root(), StateSettings.from_environment().state
    yearly = {"AIRWATCH_STATE": (state, state_year_mb())}
    if "://" not in root:
        yearly["AIRWATCH_STORAGE"] = (Path(root), tables_year_mb(forecast_sites(tables)))
    found = [
        disk_sign(name, need_mb=year / 12 + LEAST_MB, free_mb=free_mb(folder), now=now)
        for name, (folder, year) in yearly.items()
    ]
    return [one for one in found if one is not None]


def disk_sign(name: str, *, need_mb: float, free_mb: float, now: pd.Timestamp) -> Sign | None:
    """What the free room of the folder that a setting names means; None where it is neither low nor enough."""
    if free_mb >= ENOUGH * need_mb:
        return Recovery(now, name, rules=("disk_low",))
    if free_mb >= need_mb:
        return None
    error = f"{size_text(free_mb)} are free on its disk, and the next month needs about {size_text(need_mb)}"
    return Failure(now, name, rule="disk_low", error=error, cause=PIPELINE)
