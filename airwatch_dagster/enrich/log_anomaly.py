"""PM2.5 on a log scale, as its departure from what is usual at the site: the quantity that travels between sites."""

from typing import Final

import numpy as np

LOG_OFFSET_UGM3: Final = 3.0
"""Added to PM2.5 before every logarithm, in features, models and error distributions: near zero, readings are noise
and errors do not shrink with the level."""

LOWEST: Final = -1.5
"""Least log anomaly that counts: two monitors seldom agree on less."""

HIGHEST: Final = 2.0
"""Greatest log anomaly that counts, about sevenfold: one fire must not fill the map."""


def log_pm25(pm25_ugm3: np.ndarray) -> np.ndarray:
    """Logarithm of the concentration plus 3 µg/m³; negative readings count as 0. Null in, null out."""
    return np.log(np.maximum(pm25_ugm3, 0.0) + LOG_OFFSET_UGM3)


def pm25_of_log(log: np.ndarray) -> np.ndarray:
    """What ``log_pm25`` was taken of, µg/m³."""
    return np.exp(log) - LOG_OFFSET_UGM3


def clipped(log_anomaly: np.ndarray) -> np.ndarray:
    """Log anomalies cut to what counts; null stays null."""
    return np.clip(log_anomaly, LOWEST, HIGHEST)
