"""Metrics of groups of forecasts against observed values. An undefined metric is null or an error, never 0."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.fit.metrics import error_metrics, pinball_loss, skill
from airwatch_dagster.schemas.columns import GOOD_TOP_UGM3, MODERATE_TOP_UGM3

INTERVAL_TAIL: Final = 0.05
"""Probability beyond each end of the 90 % interval."""

EVENT_LIMITS_UGM3: Final = (GOOD_TOP_UGM3, MODERATE_TOP_UGM3)
"""Limits whose exceedance is an event to warn of: the tops of Good and of Moderate. Source: 40 CFR 58 App. G, effective
6 May 2024."""

EVENT_MEASURES: Final = ("pod", "far", "csi")


class UndefinedMetric(ValueError):
    """A metric was requested for forecasts on which it is undefined."""


def metrics(frame: pd.DataFrame, *, by: Sequence[str] = (), reference: str | None = None) -> pd.DataFrame:
    """``compute_metrics`` per group of the columns ``by``, one row each; a single row without ``by``.

    Raises UndefinedMetric without rows, for nulls, and when a metric is undefined in a group. Only POD, FAR and CSI are
    null where they are undefined.
    """
    if frame.empty:
        raise UndefinedMetric("there are no forecasts to verify")
    if reference is not None:
        _values(frame, reference)
    rows = []
    for key, group in frame.groupby(list(by), observed=True, sort=True) if by else [((), frame)]:
        found = compute_metrics(group, reference=reference)
        for name, value in found.items():
            if np.isnan(value) and not name.startswith(EVENT_MEASURES):
                where = "".join(f", {column} {value}" for column, value in zip(by, key, strict=True))
                raise UndefinedMetric(f"{name} is undefined for {len(group)} forecasts{where}")
        rows.append(dict(zip(by, key, strict=True)) | found)
    return pd.DataFrame(rows)


def compute_metrics(frame: pd.DataFrame, *, reference: str | None = None) -> dict[str, float]:
    """Metrics of the forecasts in ``frame``: errors (µg/m³), bias, agreement, events, and what the columns allow.

    ``frame`` needs pm25_ugm3 and pm25_observed_ugm3 (µg/m³). Always: rows, rmse_ugm3, mae_ugm3, bias_ugm3,
    normalised_mean_bias, normalised_mean_error, correlation, index_of_agreement, and ``event_metrics``. With
    ``reference``, a column of reference forecasts (µg/m³): compared_rows, the forecasts that have one, and skill, the
    share of its mean squared error saved on them. With is_covered: coverage. With both interval ends: mean_width_ugm3
    and pinball_ugm3 (see ``interval_measures``). A metric is null where it is undefined. Raises UndefinedMetric without
    rows and for nulls in forecasts or observed values.
    """
    if frame.empty:
        raise UndefinedMetric("there are no forecasts to verify")
    forecast, observed = _values(frame, "pm25_ugm3"), _values(frame, "pm25_observed_ugm3")
    error = forecast - observed
    found: dict[str, float] = {
        "rows": len(frame),
        **error_metrics(error),
        "normalised_mean_bias": _ratio(error.sum(), observed.sum()),
        "normalised_mean_error": _ratio(np.abs(error).sum(), observed.sum()),
        "correlation": correlation(forecast, observed),
        "index_of_agreement": index_of_agreement(forecast, observed),
        **event_metrics(frame),
    }
    if reference is not None:
        known = frame[reference].notna().to_numpy()
        reference_error = (frame[reference].to_numpy(dtype=float) - observed)[known]
        found["compared_rows"] = int(known.sum())
        found["skill"] = skill(error[known], reference_error) if known.any() else float("nan")
    if "is_covered" in frame:
        found["coverage"] = float(frame["is_covered"].mean())
    if {"pm25_lower_ugm3", "pm25_upper_ugm3"} <= set(frame):
        width, pinball = _width_and_pinball(frame)
        found |= {"mean_width_ugm3": float(np.mean(width)), "pinball_ugm3": float(np.mean(pinball))}
    return found


def interval_measures(scores: pd.DataFrame) -> pd.DataFrame:
    """Per forecast: width_ugm3 of its 90 % interval, and pinball_ugm3, the mean pinball loss of its two ends.

    ``scores`` needs pm25_lower_ugm3, pm25_upper_ugm3 and pm25_observed_ugm3 (µg/m³).
    """
    width, pinball = _width_and_pinball(scores)
    return pd.DataFrame({"width_ugm3": width, "pinball_ugm3": pinball}, index=scores.index)


def _width_and_pinball(scores: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    lower, upper, observed = (scores[f"pm25_{name}_ugm3"].to_numpy() for name in ("lower", "upper", "observed"))
    losses = pinball_loss(lower, observed, quantile=INTERVAL_TAIL)
    losses = losses + pinball_loss(upper, observed, quantile=1.0 - INTERVAL_TAIL)
    return upper - lower, losses / 2.0


def event_metrics(frame: pd.DataFrame) -> dict[str, float]:
    """POD, FAR and CSI (see ``categorical``) of every limit: pod_9_0, …, csi_35_4."""
    found = {limit: categorical(frame, limit_ugm3=limit) for limit in EVENT_LIMITS_UGM3}
    return {f"{name}_{limit_suffix(limit)}": counts[name] for limit, counts in found.items() for name in EVENT_MEASURES}


def limit_suffix(limit_ugm3: float) -> str:
    """The limit as the end of a column name: 35.4 is ``35_4``."""
    return f"{limit_ugm3:.1f}".replace(".", "_")


def categorical(frame: pd.DataFrame, *, limit_ugm3: float) -> dict[str, float]:
    """Hits, misses and false alarms of forecasts above a limit, and POD, FAR and CSI.

    POD = hits / (hits + misses), FAR = false alarms / (hits + false alarms), CSI = hits / (hits + misses + false
    alarms). Null where the denominator is 0, as on calm days. Raises UndefinedMetric without rows or for nulls.
    Source: Wilks (2019), Statistical Methods in the Atmospheric Sciences, section 9.2.
    """
    if frame.empty:
        raise UndefinedMetric("there are no forecasts to verify")
    forecast, observed = (_values(frame, name) > limit_ugm3 for name in ("pm25_ugm3", "pm25_observed_ugm3"))
    hits, misses, false_alarms = (
        int(np.sum(days)) for days in (forecast & observed, ~forecast & observed, forecast & ~observed)
    )
    return {
        "hits": hits,
        "misses": misses,
        "false_alarms": false_alarms,
        "pod": _ratio(hits, hits + misses),
        "far": _ratio(false_alarms, hits + false_alarms),
        "csi": _ratio(hits, hits + misses + false_alarms),
    }


def correlation(forecast: np.ndarray, observed: np.ndarray) -> float:
    """Pearson's r; null when forecasts or observed values do not vary."""
    if np.ptp(forecast) == 0 or np.ptp(observed) == 0:
        return float("nan")
    return float(np.corrcoef(forecast, observed)[0, 1])


def index_of_agreement(forecast: np.ndarray, observed: np.ndarray) -> float:
    """Willmott's index d, 0 to 1; null when nothing varies. Source: Willmott (1981), Physical Geography 2, 184-194."""
    mean = observed.mean()
    potential = np.sum((np.abs(forecast - mean) + np.abs(observed - mean)) ** 2)
    return 1.0 - _ratio(float(np.sum((forecast - observed) ** 2)), float(potential))


def _ratio(part: float, whole: float) -> float:
    """Null unless the denominator is above 0."""
    return float(part / whole) if whole > 0 else float("nan")


def _values(frame: pd.DataFrame, column: str) -> np.ndarray:
    values = frame[column].to_numpy(dtype=float)
    if np.isnan(values).any():
        raise UndefinedMetric(f"{column} is null in {int(np.isnan(values).sum())} of {len(values)} rows")
    return values
