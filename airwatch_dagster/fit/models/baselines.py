"""The baselines. A learned family is eligible as champion only if it beats damped persistence and climatology."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd

SEASONS: Final = ("winter", "spring", "summer", "autumn")
"""Meteorological seasons, December to February first."""

_PRIOR_DAYS: Final = 30.0
"""Weight, in days, of the wider mean towards which a climatological mean is shrunk: about a month of evidence outweighs
it."""

MAX_LEAD_DAYS: Final = 7
"""Leads (horizon plus age of the last reading) from here on share one damping factor."""

_PRIOR_PHI: Final = 0.5
"""One-day damping factor before any evidence; 0.53 nationwide over 434 sites."""

_PRIOR_ROWS: Final = 50.0
"""Typical rows that the prior damping factor is worth."""


class Baseline:
    """A forecast without learned inputs."""

    def importance(self) -> dict[str, float]:
        """Nothing: a baseline has no inputs to compare."""
        return {}


@dataclass(frozen=True)
class Persistence(Baseline):
    """Every target day is like the last valid reading."""

    @classmethod
    def fit(cls, examples: pd.DataFrame) -> Self:
        """Nothing is fitted."""
        return cls()

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        """The last valid reading of each row's site, µg/m³."""
        return examples["pm25_last_ugm3"].to_numpy(dtype=float)


@dataclass(frozen=True)
class DampedPersistence(Baseline):
    """The last departure from the 28-day mean, shrunk by a factor fitted per lead."""

    phi: tuple[float, ...]
    """Damping factor, 0 to 1, for leads of 1, 2, … days since the last reading; the last holds for all longer leads."""

    @classmethod
    def fit(cls, examples: pd.DataFrame) -> Self:
        """Damping factors by least squares; they lean on a prior, which is all without examples."""
        mean, departure = _mean_and_departure(examples)
        outcome = examples["pm25_observed_ugm3"].to_numpy(dtype=float) - mean
        lead = _lead(examples)
        typical = float(np.mean(departure**2)) if len(examples) else 1.0
        return cls(
            tuple(_damping(departure[lead == n], outcome[lead == n], n, typical) for n in range(1, MAX_LEAD_DAYS + 1))
        )

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        """The 28-day mean plus the damped departure, µg/m³; null where either is null."""
        mean, departure = _mean_and_departure(examples)
        return mean + np.asarray(self.phi)[_lead(examples) - 1] * departure


def _mean_and_departure(examples: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    mean = examples["pm25_mean_28d_ugm3"].to_numpy(dtype=float)
    return mean, examples["pm25_last_ugm3"].to_numpy(dtype=float) - mean


def _lead(examples: pd.DataFrame) -> np.ndarray:
    lead = examples["horizon_days"].to_numpy(dtype=int) + examples["days_since_observed"].to_numpy(dtype=int)
    return np.minimum(lead, MAX_LEAD_DAYS)


def _damping(departure: np.ndarray, outcome: np.ndarray, lead: int, typical: float) -> float:
    """Least squares through the origin, with ``_PRIOR_ROWS`` of typical size behind the prior; between 0 and 1."""
    weight = _PRIOR_ROWS * max(typical, 1e-6)
    # Without a matrix product, whose rounding depends on the threads: see docs/adr/0003-bit-identical-features.md.
    both, squares = float(np.sum(departure * outcome)), float(np.sum(departure * departure))
    phi = (both + weight * _PRIOR_PHI**lead) / (squares + weight)
    return float(np.clip(phi, 0.0, 1.0))


@dataclass(frozen=True)
class Climatology(Baseline):
    """The site's mean in the season of the target day; means of few days shrink towards wider ones."""

    overall: float
    by_season: tuple[float, ...]
    """Departure of each season from the overall mean, µg/m³."""
    by_site: dict[str, float]
    """Departure of each site from the seasonal mean, µg/m³."""
    by_site_season: dict[tuple[str, int], float]
    """Departure of each site and season from both, µg/m³."""

    @classmethod
    def fit(cls, examples: pd.DataFrame) -> Self:
        """Means of each site's observed days, whatever the horizon; ``examples`` must not be empty."""
        days = examples.drop_duplicates(["site_id", "target_date"])
        season, observed = season_number(days["target_date"]), days["pm25_observed_ugm3"].to_numpy(dtype=float)
        overall = float(observed.mean())
        seasonal = _shrunk(pd.Series(observed - overall), [season])
        by_season = np.array([seasonal.get(number, 0.0) for number in range(len(SEASONS))])
        rest = observed - overall - by_season[season]
        sites = days["site_id"].to_numpy()
        by_site = _shrunk(pd.Series(rest), [sites])
        rest = rest - np.array([by_site[site] for site in sites])
        return cls(overall, tuple(by_season.tolist()), by_site, _shrunk(pd.Series(rest), [sites, season]))

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        """The climatological mean of each row's site and season, µg/m³; a site not known has its season's."""
        season, sites = season_number(examples["target_date"]), examples["site_id"]
        site = sites.map(self.by_site).fillna(0.0).to_numpy(dtype=float)
        both = [self.by_site_season.get(key, 0.0) for key in zip(sites, season, strict=True)]
        return self.overall + np.asarray(self.by_season)[season] + site + np.asarray(both, dtype=float)


def season_number(days: pd.Series) -> np.ndarray:
    """Index in ``SEASONS`` of each day's meteorological season."""
    return (days.dt.month.to_numpy() % 12) // 3


def _shrunk(values: pd.Series, by: list[np.ndarray]) -> dict[Any, float]:
    groups = values.groupby(by)
    return (groups.sum() / (groups.count() + _PRIOR_DAYS)).to_dict()
