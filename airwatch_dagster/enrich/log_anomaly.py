"""Log anomaly: departure of log PM2.5 from the mean of the site. Between sites it is comparable, unlike PM2.5
itself."""

from typing import Final

import numpy as np

LOG_OFFSET_UGM3: Final = 3.0
"""Added to PM2.5 before every logarithm, in features, models and error distributions: near zero, readings are noise
and errors do not shrink with the level."""

MIN_LOG_ANOMALY: Final = -1.5
"""Lower log anomalies are set to this: two monitors seldom agree on less."""

MAX_LOG_ANOMALY: Final = 2.0
"""Higher log anomalies, about seven times the usual PM2.5, are set to this: one fire must not fill the map."""


def log_pm25(pm25_ugm3: np.ndarray) -> np.ndarray:
    """Natural logarithm of PM2.5 (µg/m³) plus 3 µg/m³; negative readings count as 0. Null in, null out."""
    return np.log(np.maximum(pm25_ugm3, 0.0) + LOG_OFFSET_UGM3)


def pm25_of_log(log: np.ndarray) -> np.ndarray:
    """PM2.5 (µg/m³) of a value of ``log_pm25``, its inverse; null in, null out."""
    return np.exp(log) - LOG_OFFSET_UGM3


def clipped(log_anomaly: np.ndarray) -> np.ndarray:
    """Log anomalies limited to ``MIN_LOG_ANOMALY`` and ``MAX_LOG_ANOMALY``; null in, null out."""
    return np.clip(log_anomaly, MIN_LOG_ANOMALY, MAX_LOG_ANOMALY)
