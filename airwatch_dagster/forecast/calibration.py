"""Calibration of 90 % intervals on past errors, weighted by their relevance for the month."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import LOG_OFFSET_UGM3
from airwatch_dagster.fit.scores import evidence_from_json
from airwatch_dagster.forecast.error_prior import (
    ORDINARY_UGM3,
    PROBABILITIES,
    prior_quantiles,
    prior_size,
    smoke_share,
)
from airwatch_dagster.forecast.intervals import (
    LEVELS_UGM3,
    LOWER_END,
    UPPER_END,
    IntervalCalibration,
    LeadErrors,
    width_at,
)
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

CALIBRATION_MONTHS: Final = 24
"""Months of past forecasts that are read: every season twice, so that a year without smoke is not the only evidence."""

RECENT_HALF_LIFE_DAYS: Final = 90.0
"""Age at which a forecast's weight has halved. 45 and 180 days gave the same pinball loss to
0.5 % on 2020, nationwide."""

SEASON_DAYS: Final = 45.0
"""Standard deviation of the window around the month's middle in earlier years, days; 30 and 60 were no better."""

SEASON_HALF_LIFE_DAYS: Final = 730.0
"""The same season a year ago counts 0.7, two years ago 0.5."""

MIN_ROWS: Final = 150
"""Past forecasts that every lead needs before shadow scores replace the holdout: fewer cannot place a 5 % quantile."""

ROWS_PER_LEVEL: Final = 400.0
"""Effective past forecasts wanted for the errors at one level: 20 lie beyond each end of the interval."""

LEVEL_WINDOWS: Final = (0.1, 0.2, 0.35)
"""Half-widths, in log level, of the window around a level; the first with enough rows is taken, else the last. 0.35
reaches from 0.7 to 1.4 times the level. A wider one mixes ordinary days with smoke: with 0.6 the intervals of forecasts
above 35.4 µg/m³ held 81 % in 2020 instead of 88 %."""

PRIOR_ROWS: Final = 200.0
"""Weight of the prior errors, in effective forecasts; small where there are many past forecasts."""

SITE_PRIOR_ROWS: Final = 200.0
"""Weight of the area's errors in a site's width, in forecasts: about two months of three leads."""

MAX_WIDTH: Final = 2.5
"""Largest width of a site or of stale forecasts, as a multiple of the usual errors; the least is its inverse."""


@dataclass(frozen=True)
class _Past:
    """Past forecasts as arrays with one entry each."""

    horizon_days: np.ndarray
    is_stale: np.ndarray
    log_level: np.ndarray
    ratio: np.ndarray
    """Log of (observed + offset) / (forecast + offset)."""
    weight: np.ndarray


def calibrate_champion(
    scores: pd.DataFrame, *, trained: pd.DataFrame, model_family: str, month: pd.Timestamp
) -> IntervalCalibration:
    """Intervals of the champion of ``month``, from its shadow scores of the months before, and its holdout when those
    are too few.

    ``scores`` are ``candidate_scores``, of which target days in or after the month are left out; ``trained`` are the
    month's ``trained_models``.
    """
    first = month - pd.DateOffset(months=CALIBRATION_MONTHS)
    days = scores["target_date"]
    own = scores[(scores["model_family"] == model_family) & (days >= first) & (days < month)]
    if (own["horizon_days"].value_counts().reindex(HORIZONS_DAYS).fillna(0) >= MIN_ROWS).all():
        return calibrate(own, source="shadow_scores", month=month)
    texts = trained.loc[trained["model_family"] == model_family, "holdout_evidence"].dropna()
    held_out = [evidence_from_json(text) for text in texts]
    return calibrate(pd.concat([own, *held_out], ignore_index=True) if held_out else own, source="holdout", month=month)


def calibrate(evidence: pd.DataFrame, *, source: str, month: pd.Timestamp) -> IntervalCalibration:
    """Intervals for ``month`` that hold 90 % of past observations, weighted by relevance.

    ``evidence`` are out-of-sample forecasts: horizon_days, days_since_observed, pm25_ugm3 and pm25_observed_ugm3
    (µg/m³). With target_date they are weighted by ``relevance``; with site_id each site has its own width. Levels and
    leads with few forecasts lean on the prior errors (see ``error_prior``); without evidence the prior is the result.
    """
    if evidence.empty:
        return IntervalCalibration.prior()
    past = _past(evidence, month)
    stale = {horizon: _stale_width(past, horizon) for horizon in HORIZONS_DAYS}
    factor = np.where(past.is_stale, pd.Series(past.horizon_days).map(stale).to_numpy(dtype=float), 1.0)
    sites = evidence["site_id"] if "site_id" in evidence else pd.Series(np.nan, index=evidence.index)
    widths = _site_widths(past, factor, sites)
    standard = past.ratio / (factor * width_at(past.log_level, site_ids=sites, widths=widths))
    leads = [_lead(past, standard, horizon, stale[horizon]) for horizon in HORIZONS_DAYS]
    return IntervalCalibration(source, tuple(leads), widths)


def relevance(target_date: pd.Series, *, month: pd.Timestamp) -> np.ndarray:
    """Weight of each past forecast for the intervals of ``month``: large for recent days and for the same season.

    Recent days show how air and model behave now; the same season of earlier years shows what comes next. A null date
    has weight 1.
    """
    age = (month - target_date).dt.days.to_numpy(dtype=float)
    apart = np.abs(target_date.dt.dayofyear.to_numpy(dtype=float) - (month + pd.Timedelta(days=15)).dayofyear)
    apart = np.minimum(apart, 365.0 - apart)
    recent = 0.5 ** (age / RECENT_HALF_LIFE_DAYS)
    seasonal = np.exp(-0.5 * (apart / SEASON_DAYS) ** 2) * 0.5 ** (age / SEASON_HALF_LIFE_DAYS)
    return np.where(np.isnan(age), 1.0, recent + seasonal)


def _past(evidence: pd.DataFrame, month: pd.Timestamp) -> _Past:
    level = np.log(evidence["pm25_ugm3"].to_numpy(dtype=float) + LOG_OFFSET_UGM3)
    observed = np.maximum(evidence["pm25_observed_ugm3"].to_numpy(dtype=float), 0.0)
    dated = "target_date" in evidence
    return _Past(
        horizon_days=evidence["horizon_days"].to_numpy(),
        is_stale=evidence["days_since_observed"].to_numpy() > 0,
        log_level=level,
        ratio=np.log(observed + LOG_OFFSET_UGM3) - level,
        weight=relevance(evidence["target_date"], month=month) if dated else np.ones(len(evidence)),
    )


def _stale_width(past: _Past, horizon_days: int) -> float:
    """Mean error size at sites not observed on the issue day over that at other sites, shrunk towards 1."""
    at_lead = past.horizon_days == horizon_days
    stale, fresh = at_lead & past.is_stale, at_lead & ~past.is_stale
    if not stale.any() or not fresh.any():
        return 1.0
    sizes = [float(np.average(np.abs(past.ratio[rows]), weights=past.weight[rows])) for rows in (stale, fresh)]
    return _shrunk_to_one(sizes[0], sizes[1], min(_effective(past.weight[stale]), _effective(past.weight[fresh])))


def _site_widths(past: _Past, factor: np.ndarray, sites: pd.Series) -> Mapping[str, float]:
    """Mean error size of each site over the area's, shrunk towards 1; each lead is scaled by its own usual size."""
    size = np.abs(past.ratio) / factor
    usual = {
        horizon: float(np.average(size[rows], weights=past.weight[rows]))
        for horizon in HORIZONS_DAYS
        if (rows := past.horizon_days == horizon).any()
    }
    relative = size / np.maximum(pd.Series(past.horizon_days).map(usual).to_numpy(dtype=float), 1e-6)
    code, names = pd.factorize(sites, sort=True)
    named = code >= 0
    weight, rows = np.bincount(code[named], past.weight[named]), np.bincount(code[named])
    total = np.bincount(code[named], (past.weight * relative)[named])
    return {
        str(name): _shrunk_to_one(*sums, prior=SITE_PRIOR_ROWS)
        for name, *sums in zip(names, total.tolist(), weight.tolist(), rows.tolist(), strict=True)
    }


def _shrunk_to_one(size: float, usual: float, rows: float, *, prior: float = PRIOR_ROWS) -> float:
    """``size`` / ``usual``, shrunk more towards 1 the fewer the rows."""
    if size <= 0.0 or usual <= 0.0:
        return 1.0
    ratio = (size / usual) ** (rows / (rows + prior))
    return round(float(np.clip(ratio, 1.0 / MAX_WIDTH, MAX_WIDTH)), 3)


def _lead(past: _Past, standard: np.ndarray, horizon_days: int, stale_width: float) -> LeadErrors:
    rows = np.flatnonzero(past.horizon_days == horizon_days)
    rows = rows[np.argsort(standard[rows], kind="stable")]
    ratio, log_level, weight = standard[rows], past.log_level[rows], past.weight[rows]
    scale = _prior_scale(ratio, log_level, weight, horizon_days)
    levels = []
    for level in LEVELS_UGM3:
        log_knot = np.log(level + LOG_OFFSET_UGM3)
        near = _near(np.abs(log_level - log_knot), weight)
        prior = prior_quantiles(level, horizon_days=horizon_days) * scale ** (1.0 - smoke_share(log_knot))
        levels.append(_quantiles(ratio[near], weight[near], prior=prior))
    return LeadErrors(horizon_days, len(rows), stale_width, tuple(levels))


def _prior_scale(ratio: np.ndarray, log_level: np.ndarray, weight: np.ndarray, horizon_days: int) -> float:
    """Error size at ordinary levels as a multiple of the prior's: the prior gives the shape, the evidence the size."""
    ordinary = log_level <= np.log(ORDINARY_UGM3 + LOG_OFFSET_UGM3)
    if not ordinary.any():
        return 1.0
    sizes = [prior_size(level, horizon_days=horizon_days) for level in LEVELS_UGM3]
    expected = np.interp(log_level[ordinary], np.log(np.array(LEVELS_UGM3) + LOG_OFFSET_UGM3), sizes)
    found = float(np.average(np.abs(ratio[ordinary]), weights=weight[ordinary]))
    usual = float(np.average(expected, weights=weight[ordinary]))
    return _shrunk_to_one(found, usual, _effective(weight[ordinary]))


def _near(distance: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """True for forecasts within the narrowest window with enough of them, else within the widest."""
    for window in LEVEL_WINDOWS[:-1]:
        near = distance <= window
        if _effective(weight[near]) >= ROWS_PER_LEVEL:
            return near
    return distance <= LEVEL_WINDOWS[-1]


def _quantiles(ratio: np.ndarray, weight: np.ndarray, *, prior: np.ndarray) -> tuple[float, ...]:
    """Weighted quantiles of the sorted ``ratio`` at ``PROBABILITIES``, shrunk towards the prior's.

    Probabilities are moved outwards by 1/n, as in conformal prediction. The interval always holds the forecast itself.
    """
    rows = _effective(weight)
    if rows == 0.0:
        found = prior
    else:
        share = np.cumsum(weight)
        outward = np.clip(0.5 + (np.array(PROBABILITIES) - 0.5) * (1.0 + 1.0 / rows), 0.0, 1.0)
        own = np.interp(outward, (share - 0.5 * weight) / share[-1], ratio)
        found = (rows * own + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS)
    found[: LOWER_END + 1] = np.minimum(found[: LOWER_END + 1], 0.0)
    found[UPPER_END:] = np.maximum(found[UPPER_END:], 0.0)
    return tuple(np.round(found, 4).tolist())


def _effective(weight: np.ndarray) -> float:
    """Effective number of rows: that of equally weighted rows. Source: Kish (1965), Survey Sampling."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0
