"""Squared errors of several families on the forecasts they have in common, as one array."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from airwatch_dagster.fit.champion.regions import NO_REGION, region_numbers
from airwatch_dagster.fit.models.baselines import SEASONS, season_number
from airwatch_dagster.schemas.columns import HORIZONS_DAYS, MODERATE_TOP_UGM3


@dataclass(frozen=True)
class PairedErrors:
    """Squared errors where every family has a forecast, 0 elsewhere: about 50 MB for a year of the whole country."""

    families: tuple[str, ...]
    days: pd.DatetimeIndex
    """Target days with a forecast of all families, in order."""
    sites: tuple[str, ...]
    squared: np.ndarray
    """Family × day × horizon × site, (µg/m³)²."""
    is_common: np.ndarray
    """Day × horizon × site: whether all families have a forecast and the observed value is known."""
    observed_ugm3: np.ndarray
    """Day × horizon × site; null where not common."""

    @classmethod
    def of(cls, scores: pd.DataFrame, *, families: Sequence[str]) -> Self | None:
        """From rows of ``candidate_scores`` in any order, those of other families ignored.

        None when the families have no forecast in common.
        """
        day, days = pd.factorize(scores["target_date"], sort=True)
        site, sites = pd.factorize(scores["site_id"], sort=True)
        family = pd.Categorical(scores["model_family"], categories=list(families)).codes
        place = (day, np.searchsorted(HORIZONS_DAYS, scores["horizon_days"]), site)
        shape = (len(days), len(HORIZONS_DAYS), len(sites))
        truth = _block(shape, place, scores["pm25_observed_ugm3"])
        # Other families have code -1: their rows fill the last layer, which is dropped.
        squared = _block((len(families) + 1, *shape), (family, *place), scores["pm25_ugm3"])[:-1]
        squared -= truth
        squared *= squared
        is_common = ~np.isnan(squared).any(axis=0)
        paired = cls(tuple(families), pd.DatetimeIndex(days), tuple(sites), squared, is_common, truth)
        return paired._trimmed()

    def _trimmed(self) -> Self | None:
        """Common forecasts only, without days and sites that have none; None when there is none at all."""
        if not self.is_common.any():
            return None
        days, sites = self.is_common.any(axis=(1, 2)), self.is_common.any(axis=(0, 1))
        self.squared[:, ~self.is_common] = 0.0
        self.observed_ugm3[~self.is_common] = np.nan
        return replace(
            self,
            days=self.days[np.flatnonzero(days)],
            sites=tuple(np.asarray(self.sites, dtype=object)[sites]),
            squared=self.squared[:, days][..., sites],
            is_common=self.is_common[days][..., sites],
            observed_ugm3=self.observed_ugm3[days][..., sites],
        )

    def daily_totals(self, where: np.ndarray) -> np.ndarray:
        """Sums of squared errors, (µg/m³)², by day × horizon × family, where ``where`` (day × horizon × site) holds."""
        return np.moveaxis((self.squared * where).sum(axis=-1), 0, -1)

    def everywhere(self) -> np.ndarray:
        """Mask of all forecasts."""
        return np.ones((1, 1, 1), dtype=bool)

    def by_horizon(self) -> dict[str, np.ndarray]:
        """Name of each horizon → mask of its forecasts."""
        number = np.array(HORIZONS_DAYS)
        return {horizon_name(horizon): (number == horizon)[None, :, None] for horizon in HORIZONS_DAYS}

    def by_season(self) -> dict[str, np.ndarray]:
        """Meteorological season → mask of its forecasts."""
        number = season_number(self.days.to_series())
        return {SEASONS[season]: (number == season)[:, None, None] for season in np.unique(number)}

    def by_region(self) -> dict[str, np.ndarray]:
        """EPA region → mask of its forecasts; sites abroad are in none."""
        number = region_numbers(self.sites)
        present = [region for region in np.unique(number) if region != NO_REGION]
        return {f"EPA region {region}": (number == region)[None, None, :] for region in present}

    def on_usg_days(self) -> np.ndarray:
        """Mask of days observed Unhealthy for Sensitive Groups or worse."""
        return self.observed_ugm3 > MODERATE_TOP_UGM3


def horizon_name(horizon_days: int) -> str:
    """``1 day``, ``2 days``, ``3 days``."""
    return f"{horizon_days} day{'s' if horizon_days > 1 else ''}"


def _block(shape: tuple[int, ...], place: tuple[np.ndarray, ...], values: pd.Series) -> np.ndarray:
    """The values at their places, null elsewhere."""
    block = np.full(shape, np.nan)
    block[place] = values
    return block
