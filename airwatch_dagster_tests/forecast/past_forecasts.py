"""Past forecasts with errors of a known size, and forecasts that need an interval."""

import numpy as np
import pandas as pd

from airwatch_dagster.forecast.intervals import IntervalCalibration, Outlook

MONTH = pd.Timestamp("2021-01-01")
"""The month of the calibration."""

SITE = "170310001"


def past(rows: int = 6000, *, seed: int = 0, spread: float = 0.3, days_ago: int = 30, site: str = SITE) -> pd.DataFrame:
    """Forecasts whose log error grows with the lead and for sites not observed on the issue day."""
    generator = np.random.default_rng(seed)
    horizon, age = generator.integers(1, 4, rows), np.where(generator.random(rows) < 0.25, 2, 0)
    forecast = generator.gamma(4.0, 2.5, rows)
    error = spread * (1 + 0.3 * horizon + 0.5 * (age > 0)) * generator.normal(0.0, 1.0, rows)
    return pd.DataFrame(
        {
            "site_id": site,
            "target_date": MONTH - pd.Timedelta(days=days_ago),
            "horizon_days": horizon,
            "days_since_observed": age,
            "pm25_ugm3": forecast,
            "pm25_observed_ugm3": (forecast + 3.0) * np.exp(error) - 3.0,
        }
    )


def forecasts(*levels_ugm3: float, horizon_days: int = 1, age: int = 0, site: str = SITE) -> pd.DataFrame:
    """One forecast per level."""
    levels = pd.DataFrame({"pm25_ugm3": levels_ugm3})
    return levels.assign(horizon_days=horizon_days, days_since_observed=age, site_id=site)


def each_lead(level_ugm3: float, *, age: int = 0) -> pd.DataFrame:
    """One level forecast for each lead."""
    return forecasts(level_ugm3, level_ugm3, level_ugm3, age=age).assign(horizon_days=[1, 2, 3])


def applied(calibration: IntervalCalibration, frame: pd.DataFrame) -> Outlook:
    return calibration.apply(
        frame["pm25_ugm3"].to_numpy(),
        horizon_days=frame["horizon_days"].to_numpy(),
        days_since_observed=frame["days_since_observed"].to_numpy(),
        site_ids=frame["site_id"],
    )


def widths(calibration: IntervalCalibration, frame: pd.DataFrame) -> np.ndarray:
    """Width of each forecast's interval, µg/m³."""
    outlook = applied(calibration, frame)
    return outlook.upper_ugm3 - outlook.lower_ugm3
