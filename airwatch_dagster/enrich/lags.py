"""A site's own last four weeks: lags, window means, spread, and age of the last reading; and the calendar."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.grid import HISTORY_DAYS, DayGrid, shifted
from airwatch_dagster.schemas.enrich import LAG_DAYS

MEAN_WINDOWS_DAYS: Final = (3, 7, 14, 28)
"""Lengths of the windows that end on the issue date."""


def lag_features(values: np.ndarray) -> dict[str, np.ndarray]:
    """Features of a site's own history by column, from ``values`` (days × sites, µg/m³, null where unknown).

    Each is days × sites: lags, and statistics of the windows up to the day, null where a window holds no observation.
    Windows are summed lag by lag, in the same order for every day, so that a day computed alone is bit-identical to the
    same day within a year (docs/adr/0003-bit-identical-features.md).
    """
    features = {f"pm25_lag_{lag}d_ugm3": shifted(values, lag) for lag in LAG_DAYS}
    for window in MEAN_WINDOWS_DAYS:
        mean, spread, highest, count = window_statistics(values, window=window)
        features[f"pm25_mean_{window}d_ugm3"] = mean
        if window in (7, 28):
            features[f"pm25_std_{window}d_ugm3"] = spread
            features[f"pm25_max_{window}d_ugm3"] = highest
            features[f"observed_days_{window}d"] = count
    return features


def window_mean(values: np.ndarray, *, window: int = HISTORY_DAYS) -> np.ndarray:
    """Mean of the observed days of the window that ends on each day, in the unit of ``values``; null without any."""
    return window_statistics(values, window=window)[0]


def window_statistics(values: np.ndarray, *, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation, maximum and count of the observed days of the window that ends on each day.

    All are days × sites. The standard deviation is that of the population; all but the count are null without
    observations.
    """
    count, total = np.zeros_like(values), np.zeros_like(values)
    highest = np.full_like(values, -np.inf)
    for lag in range(window):
        past = shifted(values, lag)
        observed = ~np.isnan(past)
        count += observed
        total += np.where(observed, past, 0.0)
        highest = np.where(observed, np.maximum(highest, past), highest)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
    squares = np.zeros_like(values)
    for lag in range(window):
        departure = shifted(values, lag) - mean
        squares += np.where(np.isnan(departure), 0.0, departure * departure)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(squares / count)
    return mean, spread, np.where(count > 0, highest, np.nan), count


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
