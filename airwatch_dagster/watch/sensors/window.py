"""What a day's tests may look at: the readings of its sites over two months, and those of the season in earlier
years."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import log_pm25

WINDOW_DAYS: Final = 60
"""Days before a day that show what is usual at a site: long enough for ten filters of a 1-in-6 schedule, short enough
to stay in the season."""

REPORTED_DAYS: Final = 28
"""Days, up to the day itself, of which one must have a reading for a site to be tested, as for its forecasts."""

SEASON_YEARS: Final = 3
"""Earlier years that show what the season is like."""

SEASON_OFFSETS: Final = tuple(range(-21, 22, 3))
"""Days around the same weekday of an earlier year. Every third is enough for a median and spares two thirds of the
files."""

YEAR_DAYS: Final = 364
"""Days of a year in whole weeks."""

LOG_DECIMALS: Final = 6
"""Decimals of logarithms: far below what a monitor resolves, and far above the last bits that vary with the shape of an
array."""


@dataclass(frozen=True)
class Window:
    """Matrices of days × sites that end with the tested day; null where nothing valid was observed."""

    day: pd.Timestamp
    site_ids: np.ndarray
    """Sites with a reading in the window, sorted."""
    is_tested: np.ndarray
    """Sites with a reading in the last REPORTED_DAYS, per site."""
    is_invalid: np.ndarray
    """Sites whose reading of the day does not count as truth."""
    latitude: np.ndarray
    """Newest position in the window, degrees."""
    longitude: np.ndarray
    pm25: np.ndarray
    """24-hour mean, µg/m³; WINDOW_DAYS + 1 rows."""
    log: np.ndarray
    """``log_pm25`` of ``pm25``."""
    season_log: np.ndarray
    """``log_pm25`` of the site's days in the season of earlier years."""


def days_needed(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The days of ``site_days`` that the tests of ``days`` read, in order."""
    before = [days - pd.Timedelta(days=lag) for lag in range(WINDOW_DAYS + 1)]
    earlier = [days - pd.Timedelta(days=lag) for lag in _season_lags()]
    return pd.DatetimeIndex(np.unique(np.concatenate([*before, *earlier]))) if len(days) else days


def windows(site_days: pd.DataFrame, days: pd.DatetimeIndex) -> Iterator[Window]:
    """The window of each of ``days``, in order. Each is made of its own days alone, whatever else ``site_days`` has."""
    matrices = _Matrices.of(site_days, first=days.min() - pd.Timedelta(days=max(_season_lags())), last=days.max())
    for day in days:
        yield matrices.window(day)


def _season_lags() -> list[int]:
    return [YEAR_DAYS * year - offset for year in range(1, SEASON_YEARS + 1) for offset in SEASON_OFFSETS]


@dataclass(frozen=True)
class _Matrices:
    """All days that were read, consecutive, × all sites."""

    first: pd.Timestamp
    site_ids: np.ndarray
    has_row: np.ndarray
    pm25: np.ndarray
    log: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray

    @classmethod
    def of(cls, site_days: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> "_Matrices":
        rows = site_days[site_days["date_local"].between(first, last)]
        site_ids, columns = np.unique(rows["site_id"].to_numpy(dtype=str), return_inverse=True)
        at = ((rows["date_local"] - first).dt.days.to_numpy(), columns)
        shape = ((last - first).days + 1, len(site_ids))

        def matrix(values: pd.Series) -> np.ndarray:
            filled = np.full(shape, np.nan)
            filled[at] = values.to_numpy(dtype="float64")
            return filled

        has_row = np.zeros(shape, dtype=bool)
        has_row[at] = True
        pm25 = matrix(rows["pm25_ugm3"].where(rows["is_valid"].astype(bool)))
        log = np.round(log_pm25(pm25), LOG_DECIMALS)
        return cls(first, site_ids, has_row, pm25, log, matrix(rows["latitude"]), matrix(rows["longitude"]))

    def window(self, day: pd.Timestamp) -> Window:
        end = (day - self.first).days + 1
        span = slice(end - WINDOW_DAYS - 1, end)
        is_here = self.has_row[span].any(axis=0)
        has_row = self.has_row[span][:, is_here]
        pm25 = np.ascontiguousarray(self.pm25[span][:, is_here])
        newest = len(has_row) - 1 - has_row[::-1].argmax(axis=0) if is_here.any() else np.zeros(0, dtype=int)
        at = (newest, np.arange(has_row.shape[1]))
        season = [end - 1 - lag for lag in _season_lags()]
        return Window(
            day=day,
            site_ids=self.site_ids[is_here],
            is_tested=np.asarray(has_row[-REPORTED_DAYS:].any(axis=0)),
            is_invalid=has_row[-1] & np.isnan(pm25[-1]),
            latitude=self.latitude[span][:, is_here][at],
            longitude=self.longitude[span][:, is_here][at],
            pm25=pm25,
            log=np.ascontiguousarray(self.log[span][:, is_here]),
            season_log=np.ascontiguousarray(self.log[season][:, is_here]),
        )
