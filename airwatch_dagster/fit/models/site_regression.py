"""Pooled ridge regression of log PM2.5 with per-site deviations.

The regressors are the smoothed maps around a site, today and yesterday, and the site's own last days. A site with much
history gets coefficients for its own winds and sources. One with little stays near the pooled coefficients, and one
without history uses them.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import log_pm25, pm25_of_log
from airwatch_dagster.fit.feature_matrix import FIREWORKS, target_day_inputs
from airwatch_dagster.fit.models.day_blocks import day_blocks
from airwatch_dagster.schemas.enrich import MAP_SAMPLES

POOLED_PENALTY: Final = 5.0
"""Ridge penalty of the pooled coefficients: only against collinear columns."""

SITE_PENALTY: Final = 20.0
"""Ridge penalty of a site's deviations. Of 5, 10, 20 and 40, 20 did best in 2020 and no worse than 40 in 2021."""

INTERCEPT_SHARE: Final = 0.1
"""Share of the penalty on a site's mean deviation: every day gives evidence of it."""

_TYPICAL_LOG: Final = 2.4
"""Log of 8 µg/m³ plus the offset, the usual level: centres the column of the 28-day mean."""


@dataclass(frozen=True)
class SiteRegression:
    """Log PM2.5 of the target day, linear in the columns of ``design_matrix``."""

    pooled: np.ndarray
    """Coefficients of all sites together."""
    deviations: dict[str, np.ndarray]
    """Each site's coefficients minus the pooled ones."""

    def of_sites(self, site_ids: Set[str]) -> "SiteRegression":
        """The regression with the deviations of these sites only."""
        return SiteRegression(self.pooled, {site: own for site, own in self.deviations.items() if site in site_ids})

    def predict(self, design: np.ndarray, site_ids: np.ndarray) -> np.ndarray:
        """Log anomaly of each row of a design: log of the forecast minus log of the 28-day mean."""
        if not len(design):
            return np.empty(0)
        sites, number = np.unique(site_ids.astype(str), return_inverse=True)
        none = np.zeros(len(self.pooled))
        coefficients = np.array([self.pooled + self.deviations.get(site, none) for site in sites.tolist()])
        # Summed by row instead of as a matrix product: see docs/adr/0003-bit-identical-features.md.
        return np.asarray((design * coefficients[number]).sum(axis=1))


@dataclass(frozen=True)
class _NormalEquations:
    """Sums of each site: design by design (sites × columns × columns), and by outcome (sites × columns)."""

    gram: np.ndarray
    moment: np.ndarray

    @classmethod
    def of(cls, design: np.ndarray, outcome: np.ndarray, rows_of: list[np.ndarray]) -> "_NormalEquations":
        # A site at a time: all together would be the design once more.
        sums = [(x.T @ x, x.T @ outcome[rows]) for rows in rows_of for x in [design[rows]]]
        return cls(np.array([gram for gram, _ in sums]), np.array([moment for _, moment in sums]))

    def without(self, other: "_NormalEquations") -> "_NormalEquations":
        return _NormalEquations(self.gram - other.gram, self.moment - other.moment)

    def solve(self) -> tuple[np.ndarray, np.ndarray]:
        """The pooled coefficients, and each site's deviations from them."""
        size = self.gram.shape[1]
        pooled = np.linalg.solve(self.gram.sum(axis=0) + POOLED_PENALTY * np.eye(size), self.moment.sum(axis=0))
        penalty = np.full(size, SITE_PENALTY)
        penalty[0] *= INTERCEPT_SHARE
        rest = self.moment - self.gram @ pooled
        return pooled, np.linalg.solve(self.gram + np.diag(penalty), rest[:, :, None])[:, :, 0]


def fit_with_out_of_block(examples: pd.DataFrame) -> tuple[SiteRegression, np.ndarray]:
    """The regression of one horizon's examples, and an out-of-sample forecast of each example (log anomaly).

    That forecast comes from a fit without the days around the example (see ``day_blocks``). ``examples`` need the
    columns of ``design_matrix``, site_id and pm25_observed_ugm3 (µg/m³, not null), in any order.
    """
    design = design_matrix(examples)
    outcome = _log_of(examples, "pm25_observed_ugm3") - log_mean_28d(examples)
    sites, rows_of = _rows_by_site(examples["site_id"].to_numpy().astype(str))
    whole = _NormalEquations.of(design, outcome, rows_of)
    out_of_block = np.zeros(len(examples))
    for is_inside, near in day_blocks(examples["target_date"]):
        left_out = _NormalEquations.of(design, outcome, [rows[near[rows]] for rows in rows_of])
        pooled, deviations = whole.without(left_out).solve()
        for own, rows in zip(deviations, rows_of, strict=True):
            inside = rows[is_inside[rows]]
            out_of_block[inside] = design[inside] @ (pooled + own)
    pooled, deviations = whole.solve()
    return SiteRegression(pooled, dict(zip(sites, deviations, strict=True))), out_of_block


def _rows_by_site(site_ids: np.ndarray) -> tuple[list[str], list[np.ndarray]]:
    order = np.argsort(site_ids, kind="stable")
    sites, first = np.unique(site_ids[order], return_index=True)
    return sites.tolist(), np.split(order, first[1:])


def design_matrix(examples: pd.DataFrame) -> np.ndarray:
    """Examples × regressors, float64, without nulls: an unknown value counts as nothing unusual, 0.

    Columns: 1, the centred log of the 28-day mean, the log anomalies of the site's last days, the advected and smoothed
    maps, the season, the season times two of the anomalies, and the calendar of the target day.
    """
    log_mean = log_mean_28d(examples)
    own = {f"lag_{lag}": _log_of(examples, f"pm25_lag_{lag}d_ugm3") - log_mean for lag in range(3)}
    own |= {name: _log_of(examples, f"pm25_{name}_ugm3") - log_mean for name in ("last", "mean_7d", "mean_14d")}
    season = [examples[name].to_numpy(dtype=float) for name in ("season_sin", "season_cos")]
    maps = [examples[f"{place}_log{day}"].to_numpy(dtype=float) for place in MAP_SAMPLES for day in ("", "_before")]
    around = examples["around_150km_log"].to_numpy(dtype=float)
    flow = [examples[name].to_numpy(dtype=float) for name in ("advected_log", "advected_broadly_log")]
    seasonal = [value * wave for value in (around, own["last"]) for wave in season]
    columns = [*own.values(), *flow, *maps, *season, *seasonal, *target_day_inputs(examples).values()]
    # Row-major for any number of rows: see docs/adr/0003-bit-identical-features.md.
    stacked = np.empty((len(examples), 2 + len(columns)))
    stacked[:, 0], stacked[:, 1] = 1.0, log_mean - _TYPICAL_LOG
    for number, column in enumerate(columns, start=2):
        stacked[:, number] = np.nan_to_num(column)
    return stacked


def design_columns() -> int:
    """Number of columns of ``design_matrix``."""
    own, flow, season, seasonal = 6, 2, 2, 4
    return 2 + own + flow + 2 * len(MAP_SAMPLES) + season + seasonal + 1 + len(FIREWORKS)


def log_mean_28d(examples: pd.DataFrame) -> np.ndarray:
    """Log of each row's 28-day mean (see ``log_pm25``)."""
    return _log_of(examples, "pm25_mean_28d_ugm3")


def pm25_of_log_anomaly(log_anomaly: np.ndarray, examples: pd.DataFrame) -> np.ndarray:
    """PM2.5 in µg/m³ of a log anomaly of each row."""
    return pm25_of_log(log_anomaly + log_mean_28d(examples))


def _log_of(examples: pd.DataFrame, column: str) -> np.ndarray:
    return log_pm25(examples[column].to_numpy(dtype=float))
