"""The sites around a site, of every network, and whether they show the same rise."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.watch.sensors.medians import median

NEIGHBOUR_KM: Final = 250.0
"""Farthest neighbour. Only the nearest count, so this is for lonely sites: with 250 instead of 150 km 2.6 instead of 11
percent of the nation's site-days have no residual, and no more of them are suspect."""

MAX_NEIGHBOURS: Final = 15
"""Nearest sites within NEIGHBOUR_KM whose median says what the air did."""

MIN_NEIGHBOURS: Final = 3
"""Neighbours with a reading of the day that a residual needs: of two nobody knows which is wrong."""

NEAREST_WITNESSES: Final = 5
"""Nearest neighbours with a reading of the day that may show the same rise: a plume that reaches one of them is in the
air."""

SHARED_SHARE: Final = 0.5
"""Share of a site's rise that a neighbour must show for the rise to be in the air: the edge of a plume halves it, and a
fault leaves the neighbours where they were."""


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of each site, nearest first: their column, or -1."""

    index: np.ndarray

    @classmethod
    def of(cls, latitude: np.ndarray, longitude: np.ndarray) -> "Neighbours":
        """Those of sites at these positions, degrees."""
        count = len(latitude)
        lat, lon = np.radians(latitude), np.radians(longitude)
        distance = np.round(great_circle_km(lat[:, None], lon[:, None], lat[None, :], lon[None, :]), 3)
        np.fill_diagonal(distance, np.inf)
        nearest = np.argsort(distance, axis=1, kind="stable")[:, : min(MAX_NEIGHBOURS, count)]
        is_near = np.take_along_axis(distance, nearest, axis=1) <= NEIGHBOUR_KM
        return cls(np.where(is_near, nearest, -1))

    def values(self, of_sites: np.ndarray) -> np.ndarray:
        """Of a matrix … × sites: the values of each site's neighbours, … × sites × neighbours; null without one."""
        padded = np.concatenate([of_sites, np.full((*of_sites.shape[:-1], 1), np.nan)], axis=-1)
        found: np.ndarray = padded[..., self.index]
        return found

    def medians(self, of_sites: np.ndarray) -> np.ndarray:
        """The median of each site's neighbours, … × sites; null where fewer than MIN_NEIGHBOURS have a value."""
        return median(self.values(of_sites), axis=of_sites.ndim, at_least=MIN_NEIGHBOURS)

    def witnesses(self, change: np.ndarray) -> "Witnesses":
        """What the nearest neighbours with a value say of each site's ``change``."""
        values = self.values(change)
        values = np.where((~np.isnan(values)).cumsum(axis=1) <= NEAREST_WITNESSES, values, np.nan)
        same_way = np.where(change[:, None] >= 0, values, -values)
        most = np.where(np.isnan(same_way), -np.inf, same_way).max(axis=1, initial=-np.inf)
        return Witnesses(most >= SHARED_SHARE * np.abs(change), np.isfinite(most))


@dataclass(frozen=True)
class Witnesses:
    """Per site."""

    is_shared: np.ndarray
    """A neighbour changed the same way, by SHARED_SHARE of the site's own change or more."""
    are_there: np.ndarray
    """At least one neighbour has a reading to tell."""

    def of_rises(self, change: np.ndarray) -> "Witnesses":
        """The same for rises alone: a fall is shared by nobody, and needs no witness."""
        return Witnesses(self.is_shared & (change > 0), self.are_there | ~(change > 0))
