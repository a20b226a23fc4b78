"""How air reaches each site: one linear law for all sites and each site's own departure from it, on a log scale.

The law reads the smoothed maps around a site today and yesterday. A site with much history learns its own winds and
sources; one with little keeps near the common law, and one never seen follows it.
"""

from collections.abc import Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import log_pm25, pm25_of_log
from airwatch_dagster.fit.feature_matrix import target_day_inputs
from airwatch_dagster.schemas.enrich import MAP_SAMPLES

COMMON_PENALTY: Final = 5.0
"""Ridge penalty of the common law: only against columns that say the same."""

SITE_PENALTY: Final = 20.0
"""Ridge penalty of a site's departures. Of 5, 10, 20 and 40, 20 did best in 2020 and no worse than 40 in 2021."""

INTERCEPT_SHARE: Final = 0.1
"""A site's mean departure is penalised this much less than its slopes: it is learned from every day."""

BLOCKS: Final = 6
"""Parts of the window that are forecast by laws fitted on the others, for what learns from these forecasts."""

GAP_DAYS: Final = 5
"""Days on either side of such a part that are left out as well: neighbouring days share their readings."""


@dataclass(frozen=True)
class SiteRegression:
    """Log PM2.5 of the target day, linear in today's and yesterday's maps and the site's own last days."""

    common: np.ndarray
    departures: dict[str, np.ndarray]

    def of_sites(self, site_ids: Set[str]) -> "SiteRegression":
        """The law with the departures of these sites only."""
        return SiteRegression(self.common, {site: own for site, own in self.departures.items() if site in site_ids})

    def predict(self, design: np.ndarray, site_ids: np.ndarray) -> np.ndarray:
        """Log above the 28-day mean's log of each row of a design (see ``design_matrix``)."""
        sites, number = np.unique(site_ids.astype(str), return_inverse=True)
        none = np.zeros(len(self.common))
        laws = np.array([self.common + self.departures.get(site, none) for site in sites.tolist()])
        return _rowwise(design, laws[number]) if len(design) else np.empty(0)


def _rowwise(design: np.ndarray, law: np.ndarray) -> np.ndarray:
    """Product row by row instead of a matrix product: bit-identical (docs/adr/0003-bit-identical-features.md)."""
    return np.asarray((design * law).sum(axis=1))


@dataclass(frozen=True)
class _Sums:
    """Normal equations of each site: design by design, and design by outcome; sites × …"""

    gram: np.ndarray
    moment: np.ndarray

    def without(self, other: "_Sums") -> "_Sums":
        return _Sums(self.gram - other.gram, self.moment - other.moment)

    def laws(self) -> tuple[np.ndarray, np.ndarray]:
        """The common law of all sites, and each site's departures from it."""
        size = self.gram.shape[1]
        common = np.linalg.solve(self.gram.sum(axis=0) + COMMON_PENALTY * np.eye(size), self.moment.sum(axis=0))
        penalty = np.full(size, SITE_PENALTY)
        penalty[0] *= INTERCEPT_SHARE
        rest = self.moment - self.gram @ common
        return common, np.linalg.solve(self.gram + np.diag(penalty), rest[:, :, None])[:, :, 0]


def fit_and_test(examples: pd.DataFrame) -> tuple[SiteRegression, np.ndarray]:
    """The law of one horizon's examples, and what laws say of each example that were fitted without it and the days
    around it: rises above the 28-day mean's log."""
    design, log_anomaly = design_matrix(examples), _rise_of_truth(examples)
    day = (examples["target_date"] - examples["target_date"].min()).dt.days.to_numpy()
    sites, rows_of = _rows_by_site(examples["site_id"].to_numpy().astype(str))
    whole = _sums(design, log_anomaly, rows_of)
    ends = np.quantile(np.unique(day), np.linspace(0.0, 1.0, BLOCKS + 1))
    ends[-1] += 1.0
    unseen = np.zeros(len(examples))
    for begin, end in pairwise(ends):
        near = (day >= begin - GAP_DAYS) & (day < end + GAP_DAYS)
        common, departures = whole.without(_sums(design, log_anomaly, [rows[near[rows]] for rows in rows_of])).laws()
        for own, rows in zip(departures, rows_of, strict=True):
            asked = rows[(day[rows] >= begin) & (day[rows] < end)]
            unseen[asked] = design[asked] @ (common + own)
    common, departures = whole.laws()
    return SiteRegression(common, dict(zip(sites, departures, strict=True))), unseen


def _sums(design: np.ndarray, log_anomaly: np.ndarray, rows_of: list[np.ndarray]) -> _Sums:
    parts = [(design[rows], log_anomaly[rows]) for rows in rows_of]
    return _Sums(np.array([x.T @ x for x, _ in parts]), np.array([x.T @ y for x, y in parts]))


def _rows_by_site(site_ids: np.ndarray) -> tuple[list[str], list[np.ndarray]]:
    order = np.argsort(site_ids, kind="stable")
    sites, first = np.unique(site_ids[order], return_index=True)
    return sites.tolist(), np.split(order, first[1:])


def design_matrix(examples: pd.DataFrame) -> np.ndarray:
    """Examples × regressors, float64, no nulls: what is not known counts as nothing unusual."""
    usual = log_mean_28d(examples)
    own = {f"lag_{lag}": _log_of(examples, f"pm25_lag_{lag}d_ugm3") - usual for lag in range(3)}
    own |= {name: _log_of(examples, f"pm25_{name}_ugm3") - usual for name in ("last", "mean_7d", "mean_14d")}
    season = [examples[name].to_numpy(dtype=float) for name in ("season_sin", "season_cos")]
    maps = [examples[f"{place}_log{day}"].to_numpy(dtype=float) for place in MAP_SAMPLES for day in ("", "_before")]
    around = examples["around_150km_log"].to_numpy(dtype=float)
    flow = [examples[name].to_numpy(dtype=float) for name in ("advected_log", "advected_broadly_log")]
    seasonal = [value * wave for value in (around, own["last"]) for wave in season]
    columns = [*own.values(), *flow, *maps, *season, *seasonal, *target_day_inputs(examples).values()]
    stacked = np.column_stack([np.ones(len(examples)), usual - _TYPICAL_LOG, *map(np.nan_to_num, columns)])
    # Stored by rows: bit-identical sums, see docs/adr/0003-bit-identical-features.md.
    return np.ascontiguousarray(stacked)


_TYPICAL_LOG: Final = 2.4
"""Log of 8 µg/m³ and the offset, the usual level: centres the column."""


def log_mean_28d(examples: pd.DataFrame) -> np.ndarray:
    """Log of each row's 28-day mean."""
    return _log_of(examples, "pm25_mean_28d_ugm3")


def _rise_of_truth(examples: pd.DataFrame) -> np.ndarray:
    """Log of what came true, above the log of the 28-day mean."""
    return _log_of(examples, "pm25_observed_ugm3") - log_mean_28d(examples)


def local_forecast(log_anomaly: np.ndarray, examples: pd.DataFrame) -> np.ndarray:
    """µg/m³ of a rise above the 28-day mean."""
    return pm25_of_log(log_anomaly + log_mean_28d(examples))


def _log_of(examples: pd.DataFrame, column: str) -> np.ndarray:
    return log_pm25(examples[column].to_numpy(dtype=float))
