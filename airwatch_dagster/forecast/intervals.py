"""Predictive distribution around a forecast: 90 % intervals and probabilities of exceeding the AQI's limits."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import LOG_OFFSET_UGM3
from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.forecast.error_prior import PROBABILITIES, prior_quantiles, smoke_share
from airwatch_dagster.schemas.columns import HIGHEST_PM25_UGM3, HORIZONS_DAYS
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

LEVELS_UGM3: Final = (2.0, 4.0, 6.0, 8.0, 10.0, 13.0, 17.0, 22.0, 30.0, 40.0, 55.0, 80.0, 130.0)
"""Forecast levels at which errors are stored; between levels they are interpolated, beyond them constant."""

_GRID: Final = {"levels_ugm3": list(LEVELS_UGM3), "probabilities": list(PROBABILITIES)}
"""Grid of a calibration; a stored one on another grid cannot be applied."""

SMOKE_ALIKE: Final = 0.5
"""Share of a site's own width that is dropped in smoke. Of 0, 0.5 and 1, this came nearest to holding 90 % of the
observations at forecasts above 35.4 µg/m³ in 2020 and 2021."""

MEDIAN: Final = 0.5

LOWER_END: Final = PROBABILITIES.index(0.05)
UPPER_END: Final = PROBABILITIES.index(0.95)
"""Indices in ``PROBABILITIES`` of the ends of the 90 % interval."""


@dataclass(frozen=True)
class LeadErrors:
    """Errors of one lead: the distribution of log((observed + offset) / (forecast + offset)) by level."""

    horizon_days: int
    rows: int
    """Number of past forecasts used; 0 for the prior."""
    stale_width: float
    """Errors at sites not observed on the issue day, as a multiple of those at sites that were."""
    quantiles: tuple[tuple[float, ...], ...]
    """Per level of ``LEVELS_UGM3``, the log ratio at each of ``PROBABILITIES``."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """From its JSON object; lists become tuples."""
        return cls(**{**stored, "quantiles": tuple(tuple(level) for level in stored["quantiles"])})


@dataclass(frozen=True)
class Outlook:
    """90 % intervals and exceedance probabilities, one entry per forecast."""

    lower_ugm3: np.ndarray
    upper_ugm3: np.ndarray
    probabilities: Mapping[str, np.ndarray]
    """Probability of exceeding each limit, by column of ``predictions``."""


@dataclass(frozen=True)
class IntervalCalibration:
    """Errors by lead, level and site, which turn a point forecast into a predictive distribution."""

    source: str
    """shadow_scores, holdout or prior."""
    leads: tuple[LeadErrors, ...]
    """One for each horizon, in order."""
    site_widths: Mapping[str, float] = field(default_factory=dict)
    """Error size of a site as a multiple of the area's; 1 for other sites."""

    @classmethod
    def prior(cls) -> Self:
        """The calibration of a model without past forecasts."""
        return cls("prior", tuple(prior_errors(horizon) for horizon in HORIZONS_DAYS))

    def to_json(self) -> str:
        """The calibration and its grid as JSON."""
        return json.dumps({**_GRID, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The calibration that ``to_json`` wrote. Raises ContractViolation when it is on another grid."""
        stored = json.loads(text)
        if {name: stored.get(name) for name in _GRID} != _GRID:
            raise ContractViolation(
                "champion_model.interval_calibration",
                f"it was written by another version of AirWatch; it holds {', '.join(sorted(stored)) or 'nothing'}",
                fix="Materialize champion_model of that month, then its predictions",
            )
        leads = tuple(LeadErrors.of(lead) for lead in stored["leads"])
        return cls(stored["source"], leads, stored["site_widths"])

    def apply(
        self,
        pm25_ugm3: np.ndarray,
        *,
        horizon_days: np.ndarray,
        days_since_observed: np.ndarray,
        site_ids: pd.Series,
    ) -> Outlook:
        """Interval and exceedance probabilities of each forecast (µg/m³), independent of the others in the call.

        Intervals hold their forecast, never fall below 0, and at one level only widen with the lead. The probability of
        exceeding a limit falls as the limit rises; that of exceeding the upper end is 5 %.
        """
        log_level = np.log(pm25_ugm3 + LOG_OFFSET_UGM3)
        width = width_at(log_level, site_ids=site_ids, widths=self.site_widths)
        ratios = np.zeros((len(PROBABILITIES), len(log_level)))
        for horizon in HORIZONS_DAYS:
            rows = horizon_days == horizon
            ratios[:, rows] = self._ratios(horizon, log_level[rows], days_since_observed[rows] > 0, width[rows])
        lower, upper = (np.exp(log_level + ratios[end]) - LOG_OFFSET_UGM3 for end in (LOWER_END, UPPER_END))
        probabilities = {
            column: _probability_above(np.log(limit + LOG_OFFSET_UGM3) - log_level, ratios)
            for limit, column in PROBABILITY_COLUMNS.items()
        }
        return Outlook(np.clip(lower, 0.0, pm25_ugm3), np.clip(upper, pm25_ugm3, HIGHEST_PM25_UGM3), probabilities)

    def _ratios(
        self, horizon_days: int, log_level: np.ndarray, is_stale: np.ndarray, site_width: np.ndarray
    ) -> np.ndarray:
        """Log ratios, probabilities × forecasts: below the median the lowest of all leads up to this one, above it the
        highest, so that uncertainty never shrinks with the lead."""
        knots, each = np.log(np.array(LEVELS_UGM3) + LOG_OFFSET_UGM3), []
        for lead in self.leads:
            if lead.horizon_days <= horizon_days:
                by_probability = zip(*lead.quantiles, strict=True)
                at_level = np.array([np.interp(log_level, knots, quantile) for quantile in by_probability])
                each.append(at_level * np.where(is_stale, lead.stale_width, 1.0) * site_width)
        lowest, highest, own = np.min(each, axis=0), np.max(each, axis=0), each[-1]
        probability = np.array(PROBABILITIES)[:, None]
        return np.where(probability < MEDIAN, lowest, np.where(probability > MEDIAN, highest, own))


def width_at(log_level: np.ndarray, *, site_ids: pd.Series, widths: Mapping[str, float]) -> np.ndarray:
    """Error size of each forecast as a multiple of the area's: the width of its site, damped in smoke, where sites are
    alike."""
    of_site = site_ids.map(dict(widths)).fillna(1.0).to_numpy(dtype=float)
    return of_site ** (1.0 - SMOKE_ALIKE * smoke_share(log_level))


def prior_errors(horizon_days: int) -> LeadErrors:
    """Prior errors of one lead."""
    levels = [prior_quantiles(level, horizon_days=horizon_days) for level in LEVELS_UGM3]
    return LeadErrors(horizon_days, 0, 1.0, tuple(tuple(np.round(level, 4).tolist()) for level in levels))


def _probability_above(log_ratio: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Probability of a higher log ratio; ``ratios`` are those of ``_ratios``.

    Between and beyond the quantiles the log odds are linear in the log ratio, so the tails decay exponentially.
    """
    log_odds = np.log(np.array(PROBABILITIES) / (1.0 - np.array(PROBABILITIES)))
    segment = np.clip((ratios <= log_ratio).sum(axis=0) - 1, 0, len(PROBABILITIES) - 2)
    column = np.arange(len(log_ratio))
    start, end = ratios[segment, column], ratios[segment + 1, column]
    slope = (log_odds[segment + 1] - log_odds[segment]) / np.maximum(end - start, 1e-6)
    return 1.0 / (1.0 + np.exp(np.clip(log_odds[segment] + slope * (log_ratio - start), -50.0, 50.0)))
