"""Small simulated site-days for tests: reproducible, correlated in space and time, with gaps and schedules."""

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES


def simulated_site_days(*, sites: int, first: str, days: int, seed: int = 0) -> pd.DataFrame:
    """Site-days of ``sites`` sites; every third one samples one day in three, and one day in twenty is missing."""
    generator = np.random.default_rng(seed)
    dates = pd.date_range(first, periods=days, freq="D")
    regional = _autocorrelated(generator, days) + 2.0 * np.cos(2 * np.pi * dates.dayofyear.to_numpy() / 365.25)
    frames = [_one_site(generator, number, dates, regional) for number in range(sites)]
    return pd.concat(frames, ignore_index=True).sort_values(["date_local", "site_id"], ignore_index=True)


def _autocorrelated(generator: np.random.Generator, days: int) -> np.ndarray:
    noise, level = generator.normal(0.0, 2.0, days), np.zeros(days)
    for day in range(1, days):
        level[day] = 0.7 * level[day - 1] + noise[day]
    return level


def _one_site(
    generator: np.random.Generator, number: int, dates: pd.DatetimeIndex, regional: np.ndarray
) -> pd.DataFrame:
    values = 9.0 + 0.5 * (number % 4) + np.roll(regional, number % 3) + generator.normal(0.0, 1.0, len(dates))
    is_observed = generator.random(len(dates)) > 0.05
    if number % 3 == 2:
        is_observed &= np.arange(len(dates)) % 3 == 0
    frame = pd.DataFrame(
        {
            "site_id": f"17031{number:04d}",
            "date_local": dates,
            "pm25_ugm3": np.round(np.maximum(values, -1.0), 1),
            "is_valid": generator.random(len(dates)) > 0.03,
            "is_provisional": False,
            "parameter_code": "88101",
            "chosen_by": "sole_monitor",
            "monitor_count": 1,
            "is_restated": False,
            "method_code": "170",
            "aqi": 30,
            "latitude": 41.0 + 0.9 * (number % 5),
            "longitude": -90.0 + 1.1 * (number // 5) + 0.3 * (number % 5),
            "cbsa_code": "16980",
            "state_code": "17",
        }
    )
    return frame.loc[is_observed, TABLES["site_days"].column_names]
