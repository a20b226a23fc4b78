"""Season and weekday of a day."""

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.grid import DayGrid

_YEAR_DAYS = 365.25


def calendar_features(grid: DayGrid) -> dict[str, np.ndarray]:
    """Season (sine and cosine of the day of the year) and weekday (0 = Monday) of each day, one value per day.

    The season is looked up from a fixed table of 366 values, so that it does not depend on which days are computed
    together.
    """
    angle = 2.0 * np.pi * np.arange(1, 367) / _YEAR_DAYS
    days: pd.DatetimeIndex = grid.days
    day_of_year = days.dayofyear.to_numpy() - 1
    return {
        "season_sin": np.sin(angle)[day_of_year],
        "season_cos": np.cos(angle)[day_of_year],
        "weekday": days.dayofweek.to_numpy(),
    }
