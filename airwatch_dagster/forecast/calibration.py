"""How past forecasts erred, weighed by what they say about the month to come."""

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
"""Months of past forecasts that are read: every season twice, so that one year without smoke is not all there is."""

RECENT_HALF_LIFE_DAYS: Final = 90.0
"""A forecast counts half as much when its target day is this much older. 45 and 180 days gave the same pinball loss to
0.5 % on 2020, nationwide."""

SEASON_DAYS: Final = 45.0
"""Standard deviation of the window around the month's middle in earlier years; 30 and 60 were no better."""

SEASON_HALF_LIFE_DAYS: Final = 730.0
"""The same season a year ago counts 0.7, two years ago 0.5."""

MIN_ROWS: Final = 150
"""Past forecasts a lead must have before shadow scores do without the holdout: fewer cannot place a 5 % quantile."""

ROWS_PER_LEVEL: Final = 400.0
"""Effective past forecasts behind the errors at one level: 20 lie beyond each end of the interval."""

LEVEL_WINDOWS: Final = (0.1, 0.2, 0.35)
"""Half-widths in log level around a level within which forecasts count as its own; the first with enough rows is taken,
else the last. 0.35 reaches from 0.7 to 1.4 times the level; wider, ordinary days speak for smoke: with 0.6 the
intervals of forecasts above 35.4 µg/m³ held 81 % in 2020 instead of 88 %."""

PRIOR_ROWS: Final = 200.0
"""Weight of the prior errors, in effective forecasts. It matters only at levels and places with few."""

SITE_PRIOR_ROWS: Final = 200.0
"""Weight of the area's errors when a site's own are judged, in forecasts: about two months of three leads."""

WIDEST: Final = 2.5
"""A site's or stale forecast's errors are taken as at most this multiple of the usual, and at least its inverse."""


@dataclass(frozen=True)
class _Past:
    """Past forecasts as arrays, one entry each."""

    horizon_days: np.ndarray
    is_stale: np.ndarray
    log_level: np.ndarray
    ratio: np.ndarray
    """Log ratio of observed to forecast, offset."""
    weight: np.ndarray


def calibrate_champion(
    scores: pd.DataFrame, *, trained: pd.DataFrame, model_family: str, month: pd.Timestamp
) -> IntervalCalibration:
    """Intervals for the family that serves ``month``: from its shadow scores of the months before, else with its
    holdout.

    ``scores`` are ``candidate_scores`` of earlier months; target days in or after the month are left out.
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
    """Intervals for ``month`` that would have held 90 % of past observations, the more telling ones counting more.

    ``evidence`` holds genuine out-of-sample forecasts: horizon_days, days_since_observed, pm25_ugm3,
    pm25_observed_ugm3; with target_date they are weighed by it, with site_id each site gets its own width. Levels and
    leads with few of them lean on the prior, and without any the prior is all.
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
    """Weight of a past forecast for the intervals of ``month``: recent ones, and those of the same season.

    A recent month tells how the air and the model behave now, the same season of earlier years what comes next. Days
    that are not known weigh 1.
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
    """Mean size of the errors at sites not observed on the issue day over that at others, drawn towards 1."""
    at_lead = past.horizon_days == horizon_days
    stale, fresh = at_lead & past.is_stale, at_lead & ~past.is_stale
    if not stale.any() or not fresh.any():
        return 1.0
    sizes = [float(np.average(np.abs(past.ratio[rows]), weights=past.weight[rows])) for rows in (stale, fresh)]
    return _drawn_to_one(sizes[0], sizes[1], min(_effective(past.weight[stale]), _effective(past.weight[fresh])))


def _site_widths(past: _Past, factor: np.ndarray, sites: pd.Series) -> Mapping[str, float]:
    """Mean size of each site's errors over the area's, each lead measured by its own usual size."""
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
        str(name): _drawn_to_one(*sums, prior=SITE_PRIOR_ROWS)
        for name, *sums in zip(names, total.tolist(), weight.tolist(), rows.tolist(), strict=True)
    }


def _drawn_to_one(size: float, usual: float, rows: float, *, prior: float = PRIOR_ROWS) -> float:
    """``size`` / ``usual``, the nearer to 1 the fewer rows it rests on."""
    if size <= 0.0 or usual <= 0.0:
        return 1.0
    ratio = (size / usual) ** (rows / (rows + prior))
    return round(float(np.clip(ratio, 1.0 / WIDEST, WIDEST)), 3)


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
    """Size of the errors at ordinary levels as a multiple of the prior's, which gives its shape and not its size."""
    ordinary = log_level <= np.log(ORDINARY_UGM3 + LOG_OFFSET_UGM3)
    if not ordinary.any():
        return 1.0
    sizes = [prior_size(level, horizon_days=horizon_days) for level in LEVELS_UGM3]
    expected = np.interp(log_level[ordinary], np.log(np.array(LEVELS_UGM3) + LOG_OFFSET_UGM3), sizes)
    found = float(np.average(np.abs(ratio[ordinary]), weights=weight[ordinary]))
    usual = float(np.average(expected, weights=weight[ordinary]))
    return _drawn_to_one(found, usual, _effective(weight[ordinary]))


def _near(distance: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Forecasts within the narrowest window that holds enough of them, else within the widest."""
    for window in LEVEL_WINDOWS[:-1]:
        near = distance <= window
        if _effective(weight[near]) >= ROWS_PER_LEVEL:
            return near
    return distance <= LEVEL_WINDOWS[-1]


def _quantiles(ratio: np.ndarray, weight: np.ndarray, *, prior: np.ndarray) -> tuple[float, ...]:
    """Weighted quantiles of the sorted ``ratio`` at ``PROBABILITIES``, drawn towards the prior's.

    Ends are set outwards by 1/n as conformal prediction demands, and the interval always holds the forecast itself.
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
    """Rows of equal weight that would say as much. Source: Kish (1965), Survey Sampling."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0
