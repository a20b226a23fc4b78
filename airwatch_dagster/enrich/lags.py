"""A site's own last four weeks: lags, window means, spread, and age of the last reading; and the calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.grid import HISTORY_DAYS, DayGrid, shifted
from airwatch_dagster.schemas.enrich import LAG_DAYS

MEAN_WINDOWS_DAYS: Final = (3, 7, 14, 28)
"""Lengths of the windows that end on the issue date."""

SPREAD_WINDOWS_DAYS: Final = (7, 28)
"""Those whose standard deviation, maximum and count are features, too."""


def lag_features(values: np.ndarray) -> dict[str, np.ndarray]:
    """Features of a site's own history by column, from ``values`` (days × sites, µg/m³, null where unknown).

    Each is days × sites: lags, and statistics of the windows up to the day, null where a window holds no observation.
    Windows are summed lag by lag, in the same order for every day, so that a day computed alone is bit-identical to the
    same day within a year (docs/adr/0003-bit-identical-features.md). The standard deviation is the population's.
    """
    features = {f"pm25_lag_{lag}d_ugm3": shifted(values, lag) for lag in LAG_DAYS}
    past = _Past.of(values)
    for window, (mean, count) in past.means(MEAN_WINDOWS_DAYS).items():
        features[f"pm25_mean_{window}d_ugm3"] = mean
        if window in SPREAD_WINDOWS_DAYS:
            features[f"pm25_std_{window}d_ugm3"] = past.spread(mean, count, window=window)
            features[f"pm25_max_{window}d_ugm3"] = past.highest(window=window)
            features[f"observed_days_{window}d"] = count
    return features


def window_mean(values: np.ndarray, *, window: int = HISTORY_DAYS) -> np.ndarray:
    """Mean of the observed days of the window that ends on each day, in the unit of ``values``; null without any."""
    return _Past.of(values).means([window])[window][0]


@dataclass(frozen=True)
class _Past:
    """A matrix of days × sites below rows without observations, so that what was ``lag`` days ago is a view of it."""

    values: np.ndarray
    """0 where unknown."""
    known: np.ndarray
    """1.0 where observed, else 0.0."""

    @classmethod
    def of(cls, values: np.ndarray) -> Self:
        days, sites = values.shape
        known, filled = np.zeros((2, HISTORY_DAYS - 1 + days, sites))
        is_known = ~np.isnan(values)
        known[HISTORY_DAYS - 1 :] = is_known
        np.copyto(filled[HISTORY_DAYS - 1 :], values, where=is_known)
        return cls(filled, known)

    def means(self, windows: Sequence[int]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Mean and count of the observed days by window: the sums of a short window begin those of a longer one."""
        count, total = np.zeros((2, *_before(self.values, 0).shape))
        found = {}
        for lag in range(max(windows)):
            count += _before(self.known, lag)
            total += _before(self.values, lag)
            if lag + 1 in windows:
                with np.errstate(invalid="ignore"):
                    found[lag + 1] = total / count, count.copy()
        return found

    def spread(self, mean: np.ndarray, count: np.ndarray, *, window: int) -> np.ndarray:
        """Standard deviation of the observed days of the window; null without any."""
        squares, departure = np.zeros_like(mean), np.empty_like(mean)
        for lag in range(window):
            np.subtract(_before(self.values, lag), mean, out=departure)
            departure *= departure
            departure *= _before(self.known, lag)
            squares += departure
        with np.errstate(invalid="ignore"):
            return np.sqrt(squares / count)

    def highest(self, *, window: int) -> np.ndarray:
        """Highest observed value of the window; null without any."""
        observed = np.where(self.known > 0, self.values, np.nan)
        highest = _before(observed, 0).copy()
        for lag in range(1, window):
            np.fmax(highest, _before(observed, lag), out=highest)
        return highest


def _before(padded: np.ndarray, lag: int) -> np.ndarray:
    """The matrix ``lag`` days ago, days × sites."""
    first = HISTORY_DAYS - 1 - lag
    return padded[first : len(padded) - lag]


def last_observations(source_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row number of the newest observation in the last 28 days (-1 without one), and its age in days; days × sites."""
    newest = np.full_like(source_rows, -1)
    days_since = np.zeros(source_rows.shape, dtype=np.int64)
    for lag in reversed(range(HISTORY_DAYS)):
        past = shifted(source_rows, lag, fill=-1)
        newest = np.where(past >= 0, past, newest)
        days_since = np.where(past >= 0, lag, days_since)
    return newest, days_since


_YEAR_DAYS = 365.25


def calendar_features(grid: DayGrid) -> dict[str, np.ndarray]:
    """Season (sine and cosine of the day of the year) and weekday (0 = Monday), one value per day of ``grid``.

    The season is looked up in a fixed table of 366 values, so that it is bit-identical whichever days are computed
    together (docs/adr/0003-bit-identical-features.md).
    """
    angle = 2.0 * np.pi * np.arange(1, 367) / _YEAR_DAYS
    days: pd.DatetimeIndex = grid.days
    day_of_year = days.dayofyear.to_numpy() - 1
    return {
        "season_sin": np.sin(angle)[day_of_year],
        "season_cos": np.cos(angle)[day_of_year],
        "weekday": days.dayofweek.to_numpy(),
    }
