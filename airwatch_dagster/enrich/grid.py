"""Site-days as matrices of days × stations, so that every lag counts days and not rows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

HISTORY_DAYS: Final = 28
"""Days before the issue date that a feature may use: four whole weeks. The partition mapping of the asset delivers
them."""


@dataclass(frozen=True)
class DayGrid:
    """Valid PM2.5 by day and station, null where nothing valid was observed.

    A station is a site at one position: a site that moves becomes a new station, and its past stays at the old
    position.
    """

    days: pd.DatetimeIndex
    """Consecutive days; the first ``HISTORY_DAYS`` serve as history only."""
    stations: pd.DataFrame
    """site_id, latitude, longitude per column of the matrices, sorted."""
    values: np.ndarray
    """24-hour mean PM2.5, µg/m³, days × stations."""
    source_rows: np.ndarray
    """Row number in the valid site-days of each value, -1 without one; days × stations."""


def valid_site_days(site_days: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """The valid site-days from ``first`` to ``last`` that have a value, sorted by day and site."""
    within = site_days["date_local"].between(first, last)
    chosen = site_days[within & site_days["is_valid"].astype(bool) & site_days["pm25_ugm3"].notna()]
    return chosen.sort_values(["date_local", "site_id"], kind="stable", ignore_index=True)


def day_grid(valid: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> DayGrid:
    """``valid`` site-days as matrices over every day from ``first`` to ``last`` and every station."""
    days = pd.date_range(first, last, freq="D")
    place = ["site_id", "latitude", "longitude"]
    stations = valid[place].drop_duplicates().sort_values(place, ignore_index=True)
    column = pd.MultiIndex.from_frame(stations).get_indexer(pd.MultiIndex.from_frame(valid[place]))
    row = (valid["date_local"] - first).dt.days.to_numpy()
    values = np.full((len(days), len(stations)), np.nan)
    values[row, column] = valid["pm25_ugm3"].to_numpy(dtype=float)
    source_rows = np.full(values.shape, -1, dtype=np.int64)
    source_rows[row, column] = np.arange(len(valid))
    return DayGrid(days, stations, values, source_rows)


def shifted(matrix: np.ndarray, days: int, *, fill: float = np.nan) -> np.ndarray:
    """``matrix`` with every row replaced by the one ``days`` rows earlier; ``fill`` before the first row."""
    if days == 0:
        return matrix
    moved = np.full_like(matrix, fill)
    moved[days:] = matrix[:-days]
    return moved
