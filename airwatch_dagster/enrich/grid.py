"""Site-days as matrices of days × sites, so that every lag goes by date and never by row."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

HISTORY_DAYS: Final = 28
"""Days before the issue day that a row may look at: four whole weeks, and what the upstream partition mapping
delivers."""


@dataclass(frozen=True)
class DayGrid:
    """Valid PM2.5 by day and station, null where nothing valid was observed.

    A station is a site at one position, so a site that moves never lends its new place to its past.
    """

    days: pd.DatetimeIndex
    """Consecutive days; the first ``HISTORY_DAYS`` only serve as history."""
    stations: pd.DataFrame
    """site_id, latitude, longitude per column of the matrices, sorted."""
    values: np.ndarray
    """24-hour mean PM2.5, µg/m³, days × stations."""
    source_rows: np.ndarray
    """Row of the valid site-days behind each value, -1 where there is none; days × stations."""


def valid_site_days(site_days: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """The valid site-days from ``first`` to ``last``, in a fixed order whatever the order they came in."""
    within = site_days["date_local"].between(first, last)
    chosen = site_days[within & site_days["is_valid"].astype(bool) & site_days["pm25_ugm3"].notna()]
    return chosen.sort_values(["date_local", "site_id"], kind="stable", ignore_index=True)


def day_grid(valid: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> DayGrid:
    """Lay valid site-days out by day and station."""
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
    """The matrix as it was ``days`` rows earlier; ``fill`` before the first row."""
    if days == 0:
        return matrix
    moved = np.full_like(matrix, fill)
    moved[days:] = matrix[:-days]
    return moved
