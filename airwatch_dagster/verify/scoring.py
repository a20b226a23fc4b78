"""Forecasts against truth. An undefined measure is an error, never a number."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.fit.examples import valid_truth
from airwatch_dagster.fit.metrics import error_metrics, pinball_loss, skill
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import GOOD_TOP_UGM3, MODERATE_TOP_UGM3

INTERVAL_TAIL: Final = 0.05
"""Probability beyond each end of the 90 % interval."""

EVENT_LIMITS_UGM3: Final = (GOOD_TOP_UGM3, MODERATE_TOP_UGM3)
"""Limits whose exceedance is an event to be warned of: the tops of Good and of Moderate. Source: 40 CFR 58 App. G,
effective 6 May 2024."""


class UndefinedMetric(ValueError):
    """A measure was asked for rows on which it does not exist."""


def score_forecasts(predictions: pd.DataFrame, *, site_days: pd.DataFrame, scored_at: pd.Timestamp) -> pd.DataFrame:
    """One row for every forecast whose target day has a valid observation, in the columns of ``forecast_scores``.

    Forecasts without truth are left out, not scored as 0. A negative observation counts as 0 when coverage is judged:
    it is noise about clean air. Sorted by target_date, site_id, horizon_days.
    """
    spec = TABLES["forecast_scores"]
    if predictions.empty:
        return spec.empty()
    days = predictions["target_date"]
    truth = valid_truth(site_days, first=days.min(), last=days.max())
    met = predictions.merge(truth, on=["site_id", "target_date"], how="inner", validate="many_to_one")
    if met.empty:
        return spec.empty()
    error = met["pm25_ugm3"] - met["pm25_observed_ugm3"]
    seen = met["pm25_observed_ugm3"].clip(lower=0.0)
    is_covered = seen.between(met["pm25_lower_ugm3"], met["pm25_upper_ugm3"])
    scored = met.assign(error_ugm3=error, abs_error_ugm3=error.abs(), is_covered=is_covered, scored_at=scored_at)
    return scored.sort_values(["target_date", "site_id", "horizon_days"], ignore_index=True)[spec.column_names]


def metrics(frame: pd.DataFrame, *, by: Sequence[str] = (), reference: str | None = None) -> pd.DataFrame:
    """RMSE, MAE, bias, NMB, NME, r, index of agreement, and POD, FAR and CSI at 9.0 and 35.4 µg/m³ per group; one row
    per group, or a single row without ``by``.

    ``frame`` needs pm25_ugm3 and pm25_observed_ugm3 (µg/m³). With ``reference``, a column of reference forecasts, skill
    is the share of its mean squared error saved; with is_covered, coverage; with both interval ends, their mean width
    and the mean pinball loss of the two ends. Raises UndefinedMetric when there are no rows, or a null, or a measure
    does not exist; only POD, FAR and CSI are null without an event (see ``categorical``).
    """
    if frame.empty:
        raise UndefinedMetric("there are no forecasts to measure")
    if not by:
        return pd.DataFrame([_measure(frame, reference=reference)])
    groups = frame.groupby(list(by), observed=True, sort=True)
    rows = [dict(zip(by, key, strict=True)) | _measure(group, reference=reference) for key, group in groups]
    return pd.DataFrame(rows)


def _measure(frame: pd.DataFrame, *, reference: str | None) -> dict[str, float]:
    forecast, observed = _numbers(frame, "pm25_ugm3"), _numbers(frame, "pm25_observed_ugm3")
    error = forecast - observed
    measured: dict[str, float] = {
        "rows": len(frame),
        **error_metrics(error),
        "normalised_mean_bias": normalised_mean_bias(forecast, observed),
        "normalised_mean_error": _ratio(np.abs(error).sum(), observed.sum(), "normalised mean error"),
        "correlation": correlation(forecast, observed),
        "index_of_agreement": index_of_agreement(forecast, observed),
        **event_measures(frame),
    }
    if reference is not None:
        measured["skill"] = mse_skill(forecast, observed, reference=_numbers(frame, reference))
    if "is_covered" in frame:
        measured["coverage"] = float(frame["is_covered"].mean())
    if {"pm25_lower_ugm3", "pm25_upper_ugm3"} <= set(frame):
        lower, upper = _numbers(frame, "pm25_lower_ugm3"), _numbers(frame, "pm25_upper_ugm3")
        ends = [
            float(np.mean(pinball_loss(end, observed, quantile=quantile)))
            for end, quantile in ((lower, INTERVAL_TAIL), (upper, 1.0 - INTERVAL_TAIL))
        ]
        measured |= {"mean_width_ugm3": float(np.mean(upper - lower)), "pinball_ugm3": float(np.mean(ends))}
    return measured


def event_measures(frame: pd.DataFrame) -> dict[str, float]:
    """POD, FAR and CSI (see ``categorical``) of every limit: pod_9_0, …, csi_35_4."""
    found = {limit: categorical(frame, limit_ugm3=limit) for limit in EVENT_LIMITS_UGM3}
    return {
        f"{name}_{limit_suffix(limit)}": counts[name]
        for limit, counts in found.items()
        for name in ("pod", "far", "csi")
    }


def limit_suffix(limit_ugm3: float) -> str:
    """How names of columns and numbers end that speak of a limit: 35.4 is ``35_4``."""
    return f"{limit_ugm3:.1f}".replace(".", "_")


def categorical(frame: pd.DataFrame, *, limit_ugm3: float) -> dict[str, float]:
    """Hits, misses and false alarms of forecasts above a limit, and what follows from them.

    POD is the share of exceedances that were forecast, FAR the share of forecast exceedances that did not come true,
    CSI hits over all that were forecast or came true. Null where that number of days is 0: on calm days there is
    nothing to detect, and that is no fault of the forecast. Raises UndefinedMetric without rows or for nulls.
    Source: Wilks (2019), Statistical Methods in the Atmospheric Sciences, section 9.2.
    """
    if frame.empty:
        raise UndefinedMetric("there are no forecasts to measure")
    forecast, observed = (_numbers(frame, name) > limit_ugm3 for name in ("pm25_ugm3", "pm25_observed_ugm3"))
    hits, misses, false_alarms = (
        int(np.sum(days)) for days in (forecast & observed, ~forecast & observed, forecast & ~observed)
    )
    return {
        "hits": hits,
        "misses": misses,
        "false_alarms": false_alarms,
        "pod": _share(hits, hits + misses),
        "far": _share(false_alarms, hits + false_alarms),
        "csi": _share(hits, hits + misses + false_alarms),
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    numbers = frame[column].to_numpy(dtype=float)
    if np.isnan(numbers).any():
        raise UndefinedMetric(f"{column} is null in {int(np.isnan(numbers).sum())} of {len(numbers)} rows")
    return numbers


def _ratio(part: float, whole: float, name: str) -> float:
    if whole <= 0:
        raise UndefinedMetric(f"{name} is undefined: the denominator is {whole:g}")
    return float(part / whole)


def mse_skill(forecast: np.ndarray, observed: np.ndarray, *, reference: np.ndarray) -> float:
    """1 − MSE(forecast) / MSE(reference): 0 is no better than the reference, 1 is perfect."""
    share = skill(forecast - observed, reference - observed)
    if np.isnan(share):
        raise UndefinedMetric("skill is undefined: the denominator is 0")
    return share


def normalised_mean_bias(forecast: np.ndarray, observed: np.ndarray) -> float:
    """Sum of the errors over the sum observed."""
    return _ratio(float(np.sum(forecast - observed)), float(observed.sum()), "normalised mean bias")


def correlation(forecast: np.ndarray, observed: np.ndarray) -> float:
    """Pearson's r."""
    if np.ptp(forecast) == 0 or np.ptp(observed) == 0:
        raise UndefinedMetric(f"correlation is undefined: {len(observed)} rows without variation")
    return float(np.corrcoef(forecast, observed)[0, 1])


def index_of_agreement(forecast: np.ndarray, observed: np.ndarray) -> float:
    """Willmott's index d, 0 to 1. Source: Willmott (1981), Physical Geography 2, 184-194."""
    mean = observed.mean()
    potential = np.sum((np.abs(forecast - mean) + np.abs(observed - mean)) ** 2)
    return 1.0 - _ratio(float(np.sum((forecast - observed) ** 2)), float(potential), "index of agreement")
