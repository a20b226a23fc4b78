"""Prior errors of forecasts: used before there are past forecasts, and at levels with few of them."""

from typing import Final

import numpy as np

from airwatch_dagster.enrich.log_anomaly import LOG_OFFSET_UGM3

PROBABILITIES: Final = (0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995)
"""Probabilities at which quantiles of an error are stored; 0.05 and 0.95 are the ends of the 90 % interval."""

ORDINARY_UGM3: Final = 18.0
"""Forecasts up to this level have the errors ``ORDINARY_ERROR``."""

SMOKE_UGM3: Final = 30.0
"""Forecasts from this level on have the errors ``SMOKE_ERROR``; between the two levels they are interpolated."""

ORDINARY_ERROR: Final = {
    1: (-0.91, -0.65, -0.53, -0.41, -0.26, -0.17, -0.09, -0.02, 0.04, 0.11, 0.20, 0.32, 0.43, 0.54, 0.81),
    2: (-0.98, -0.72, -0.60, -0.46, -0.31, -0.21, -0.12, -0.04, 0.04, 0.12, 0.22, 0.37, 0.51, 0.63, 0.94),
    3: (-0.98, -0.72, -0.60, -0.47, -0.32, -0.22, -0.13, -0.05, 0.03, 0.12, 0.23, 0.39, 0.52, 0.66, 0.98),
}
"""Quantiles of the log ratio by horizon: damped persistence, walk-forward over February 2019 to December 2020, 42
states, about 347,000 forecasts a horizon below 18 µg/m³."""

SMOKE_ERROR: Final = {
    1: (-1.75, -1.23, -1.02, -0.84, -0.57, -0.44, -0.23, -0.08, 0.03, 0.16, 0.30, 0.51, 0.65, 0.70, 0.96),
    2: (-2.06, -1.82, -1.74, -1.53, -1.12, -0.78, -0.53, -0.19, 0.04, 0.28, 0.49, 0.83, 0.96, 1.12, 1.33),
    3: (-2.26, -1.97, -1.84, -1.66, -1.30, -1.08, -0.83, -0.64, -0.21, 0.19, 0.49, 0.77, 1.13, 1.31, 1.36),
}
"""The same for a ridge with neighbours, forecasts of 30 µg/m³ and more; 468, 186 and 152 of them, nearly all in the
smoke of 2020. A departing plume is a large error, so the lower tail is long."""


def smoke_share(log_level: np.ndarray) -> np.ndarray:
    """0 for forecasts up to ``ORDINARY_UGM3``, 1 from ``SMOKE_UGM3`` on; ``log_level`` is log(forecast + offset)."""
    start, end = np.log(ORDINARY_UGM3 + LOG_OFFSET_UGM3), np.log(SMOKE_UGM3 + LOG_OFFSET_UGM3)
    return np.clip((log_level - start) / (end - start), 0.0, 1.0)


def prior_quantiles(level_ugm3: float, *, horizon_days: int) -> np.ndarray:
    """Log of (observed + offset) / (forecast + offset) at each of ``PROBABILITIES``, for a forecast of one level."""
    share = float(smoke_share(np.log(level_ugm3 + LOG_OFFSET_UGM3)))
    return (1.0 - share) * np.array(ORDINARY_ERROR[horizon_days]) + share * np.array(SMOKE_ERROR[horizon_days])


def prior_size(level_ugm3: float, *, horizon_days: int) -> float:
    """Mean size of the prior's log ratio at one level."""
    sizes = np.abs(prior_quantiles(level_ugm3, horizon_days=horizon_days))
    steps = np.diff(PROBABILITIES)
    return float(np.sum((sizes[1:] + sizes[:-1]) / 2.0 * steps) / np.sum(steps))
