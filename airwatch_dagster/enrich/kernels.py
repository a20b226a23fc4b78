"""Weights of stations on targets, block by block: groups of targets close together, with the stations in their reach.

A weight outside the blocks is 0 and would add nothing to a sum: sums over the blocks have the bits of sums over all
stations (docs/adr/0003-bit-identical-features.md), at a cost that grows with the pairs in reach.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.fixed_point import WEIGHT_STEPS, Block, whole_weights
from airwatch_dagster.enrich.geometry import Places, distance_km
from airwatch_dagster.geo import EARTH_RADIUS_KM

GROUP_SIZE: Final = 64
"""Targets of a group. Larger groups reach further than each of their targets, smaller ones make slow matrix
products: 16 to 128 took about the same time for 700 sites."""

MARGIN_KM: Final = 1.0
"""Added to every reach: far more than the rounding of distances."""

BELL_REACH: Final = float(np.sqrt(2.0 * np.log(2.0 * WEIGHT_STEPS)))
"""Widths after which a bell weighs less than half a step, 4.85."""


@dataclass(frozen=True)
class Tile:
    """A group of targets, seen from points at a displacement from them, and the stations in reach of these points."""

    stations: np.ndarray
    """Numbers of stations."""
    targets: np.ndarray
    """Positions among the targets."""
    points: Places
    is_other: np.ndarray
    """Whether a station belongs to another site than a target; stations × targets."""
    distance_km: np.ndarray
    """Of the stations to the points; stations × targets."""


@dataclass(frozen=True)
class Network:
    """Stations, and those of them for which features are computed."""

    stations: pd.DataFrame
    """site_id, latitude, longitude."""
    targets: np.ndarray
    """Row numbers in ``stations``."""

    @cached_property
    def places(self) -> Places:
        """Of the stations."""
        return Places.of(self.stations)

    @cached_property
    def groups(self) -> list[np.ndarray]:
        """Positions among the targets, in groups of neighbours."""
        return _halved(self.places[self.targets].unit_vectors(), np.arange(len(self.targets)))

    def tiles(self, *, reach_km: float, east_km: float = 0.0, north_km: float = 0.0) -> Iterator[Tile]:
        """Every target once, with each station within ``reach_km`` of the point at the displacement from it."""
        points, site = self.places[self.targets].moved(east_km=east_km, north_km=north_km), self._site
        stations, centred = self.places.unit_vectors(), points.unit_vectors()
        for group in self.groups:
            middle = centred[group].mean(axis=0)
            middle /= np.linalg.norm(middle)
            radius = np.arccos(np.clip((centred[group] @ middle).min(), -1.0, 1.0))
            angle = min(np.pi, radius + (reach_km + MARGIN_KM) / EARTH_RADIUS_KM)
            near = np.flatnonzero(stations @ middle >= np.cos(angle))
            is_other = site[near, None] != site[self.targets[group]]
            yield Tile(near, group, points[group], is_other, distance_km(self.places[near], points[group]))

    @cached_property
    def _site(self) -> np.ndarray:
        """Number of the site of each station."""
        return pd.factorize(self.stations["site_id"])[0]

    def bell(
        self, *, width_km: float, east_km: float = 0.0, north_km: float = 0.0, with_own_site: bool = True
    ) -> list[Block]:
        """Gaussian weights, 1 at the point at the displacement from a target, by distance to it; in whole steps, so
        that it ends where it weighs less than half a step."""
        tiles = self.tiles(reach_km=BELL_REACH * width_km, east_km=east_km, north_km=north_km)
        weights = ((tile, bell(tile.distance_km, width_km=width_km)) for tile in tiles)
        return [
            Block.of(tile.stations, tile.targets, found if with_own_site else found * tile.is_other)
            for tile, found in weights
        ]


def _halved(places: np.ndarray, members: np.ndarray) -> list[np.ndarray]:
    """``members``, row numbers of unit vectors, halved across their longest extent until no part is too large."""
    if len(members) <= GROUP_SIZE:
        return [members]
    longest = np.ptp(places[members], axis=0).argmax()
    ordered = members[np.argsort(places[members, longest], kind="stable")]
    return [part for half in np.array_split(ordered, 2) for part in _halved(places, half)]


def bell(distance: np.ndarray, *, width_km: float) -> np.ndarray:
    """Gaussian weights of distances (km), 1 at the centre, in whole steps; weights below half a step are 0."""
    return whole_weights(np.exp(-0.5 * (distance / width_km) ** 2))
