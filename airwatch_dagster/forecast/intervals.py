"""90 % intervals from how forecasts really erred: quantiles of genuine out-of-sample errors, by lead, staleness and
level."""

import json
from dataclasses import asdict, dataclass
from typing import Final, Self

import numpy as np
import pandas as pd

from airwatch_dagster.fit.scores import evidence_from_json
from airwatch_dagster.schemas.columns import HIGHEST_PM25_UGM3, HORIZONS_DAYS

COVERAGE: Final = 0.9
"""Share of observations an interval should hold."""

OFFSET_UGM3: Final = 3.0
"""Added to forecast and observation before their ratio is taken: errors grow with the level, but not from nothing at
0."""

ROWS_PER_KNOT: Final = 400
"""Past forecasts behind each pair of quantiles: 20 lie beyond each end."""

MOST_KNOTS: Final = 6
"""Levels at which quantiles are taken per lead; between them they are interpolated."""

MIN_ROWS: Final = 150
"""Fewer past forecasts than this cannot place a 5 % quantile; the prior width is used instead."""

PRIOR_LOG_ERROR: Final = {1: (-0.54, 0.43), 2: (-0.61, 0.50), 3: (-0.61, 0.53)}
"""5 % and 95 % quantiles of the log ratio by horizon, used only before there is evidence: damped persistence fitted on
2019 and tested on 2020, 42 states, 556,513 forecasts."""


@dataclass(frozen=True)
class Band:
    """Quantiles of log((observed + offset) / (forecast + offset)) at rising levels of the forecast."""

    horizon_days: int
    is_stale: bool
    """For sites not observed on the issue day."""
    rows: int
    levels_ugm3: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]


@dataclass(frozen=True)
class IntervalCalibration:
    """What turns a point forecast into a 90 % interval."""

    source: str
    """shadow_scores, holdout or prior."""
    bands: tuple[Band, ...]

    @classmethod
    def prior(cls) -> Self:
        """Intervals for a model without any past forecast."""
        return cls(
            "prior", tuple(_prior_band(horizon, is_stale) for horizon in HORIZONS_DAYS for is_stale in (False, True))
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The calibration that ``to_json`` wrote."""
        stored = json.loads(text)
        listed = ("levels_ugm3", "lower", "upper")
        bands = [Band(**{**band, **{name: tuple(band[name]) for name in listed}}) for band in stored["bands"]]
        return cls(stored["source"], tuple(bands))

    def apply(
        self, pm25_ugm3: np.ndarray, *, horizon_days: np.ndarray, days_since_observed: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper end in µg/m³ of each forecast's interval.

        They hold the forecast, never fall below 0, and at one level only widen with the lead.
        """
        lower, upper = np.zeros(len(pm25_ugm3)), np.zeros(len(pm25_ugm3))
        for horizon in HORIZONS_DAYS:
            for is_stale in (False, True):
                rows = (horizon_days == horizon) & ((days_since_observed > 0) == is_stale)
                if rows.any():
                    lower[rows], upper[rows] = self._ends(pm25_ugm3[rows], horizon, is_stale)
        return np.clip(lower, 0.0, pm25_ugm3), np.clip(upper, pm25_ugm3, HIGHEST_PM25_UGM3)

    def _ends(self, level: np.ndarray, horizon_days: int, is_stale: bool) -> tuple[np.ndarray, np.ndarray]:
        shorter = [band for band in self.bands if band.is_stale == is_stale and band.horizon_days <= horizon_days]
        low = np.min([np.interp(level, band.levels_ugm3, band.lower) for band in shorter], axis=0)
        high = np.max([np.interp(level, band.levels_ugm3, band.upper) for band in shorter], axis=0)
        shifted = level + OFFSET_UGM3
        return shifted * np.exp(low) - OFFSET_UGM3, shifted * np.exp(high) - OFFSET_UGM3


def calibrate(evidence: pd.DataFrame, *, source: str) -> IntervalCalibration:
    """Intervals that would have held 90 % of past observations.

    ``evidence`` holds genuine out-of-sample forecasts: horizon_days, days_since_observed, pm25_ugm3,
    pm25_observed_ugm3. Leads with too few rows use all ages of the last reading together, then the prior width.
    """
    bands = [_band(evidence, horizon, is_stale) for horizon in HORIZONS_DAYS for is_stale in (False, True)]
    return IntervalCalibration(source if any(band.rows for band in bands) else "prior", tuple(bands))


def calibrate_champion(
    scores: pd.DataFrame, *, trained: pd.DataFrame, model_family: str, month: pd.Timestamp
) -> IntervalCalibration:
    """Intervals for the family that serves ``month``: from its shadow scores of the trailing year, else from its
    holdout.

    ``scores`` are ``candidate_scores`` of earlier months; target days in or after the month are left out.
    """
    first = month - pd.DateOffset(months=12)
    own = scores[
        (scores["model_family"] == model_family) & (scores["target_date"] >= first) & (scores["target_date"] < month)
    ]
    if (own["horizon_days"].value_counts().reindex(HORIZONS_DAYS).fillna(0) >= MIN_ROWS).all():
        return calibrate(own, source="shadow_scores")
    texts = trained.loc[trained["model_family"] == model_family, "holdout_evidence"].dropna()
    held_out = [evidence_from_json(text) for text in texts]
    return calibrate(pd.concat([own, *held_out], ignore_index=True) if held_out else own, source="holdout")


def _band(evidence: pd.DataFrame, horizon_days: int, is_stale: bool) -> Band:
    at_lead = evidence[evidence["horizon_days"] == horizon_days]
    same_age = at_lead[(at_lead["days_since_observed"] > 0) == is_stale]
    used = same_age if len(same_age) >= MIN_ROWS else at_lead
    if len(used) < MIN_ROWS:
        return _prior_band(horizon_days, is_stale)
    level = used["pm25_ugm3"].to_numpy(dtype=float)
    observed = np.maximum(used["pm25_observed_ugm3"].to_numpy(dtype=float), 0.0)
    ratio = np.log((observed + OFFSET_UGM3) / (level + OFFSET_UGM3))
    groups = np.array_split(np.argsort(level, kind="stable"), int(np.clip(len(used) // ROWS_PER_KNOT, 1, MOST_KNOTS)))
    knots = [float(np.median(level[group])) for group in groups]
    ends = [_conformal(ratio[group]) for group in groups]
    return Band(horizon_days, is_stale, len(used), tuple(knots), tuple(e[0] for e in ends), tuple(e[1] for e in ends))


def _prior_band(horizon_days: int, is_stale: bool) -> Band:
    low, high = PRIOR_LOG_ERROR[horizon_days]
    return Band(horizon_days, is_stale, 0, (0.0,), (low,), (high,))


def _conformal(ratio: np.ndarray) -> tuple[float, float]:
    """Ends that hold ``COVERAGE`` of the errors, also at finite sample size, and always the forecast itself."""
    tail = (1.0 - COVERAGE) / 2.0
    level = min(1.0, (1.0 - tail) * (len(ratio) + 1) / len(ratio))
    low, high = -np.quantile(-ratio, level), np.quantile(ratio, level)
    return round(float(min(low, 0.0)), 5), round(float(max(high, 0.0)), 5)
