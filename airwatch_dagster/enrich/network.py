"""Stations, those for which features are computed, and sums over the stations of other sites."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.fixed_point import FixedPointSums
from airwatch_dagster.enrich.geometry import Places
from airwatch_dagster.enrich.kernels import Weigh
from airwatch_dagster.enrich.lattice import Points


@dataclass(frozen=True)
class Network:
    """Stations, and those of them for which features are computed."""

    places: Places
    """Of the stations."""
    targets: np.ndarray
    """Numbers of stations."""
    own: list[tuple[np.ndarray, np.ndarray]]
    """Positions of targets, and a station of the same site: first one of each target, then second ones where the site
    has moved, and so on."""

    @classmethod
    def of(cls, stations: pd.DataFrame, targets: np.ndarray) -> Self:
        """``stations`` have site_id, latitude and longitude; ``targets`` are row numbers."""
        site = pd.factorize(stations["site_id"])[0]
        by_site = np.argsort(site, kind="stable")
        first, end = (np.searchsorted(site[by_site], site[targets], side=side) for side in ("left", "right"))
        own = []
        for rank in range((end - first).max(initial=0)):
            position = np.flatnonzero(first + rank < end)
            own.append((position, by_site[first[position] + rank]))
        return cls(Places.of(stations), targets, own)

    def own_weights(self, weigh: Weigh, nodes: Places, points: Points) -> list[np.ndarray]:
        """What each of ``own`` weighs in what is read at the point of its target; kernels × pairs."""
        return [
            (weigh(self.places[station][:, None], nodes[points.nodes[target]]) * points.shares[target]).sum(axis=-1)
            for target, station in self.own
        ]

    def others(
        self, found: FixedPointSums, stations: FixedPointSums, own_weights: Sequence[np.ndarray]
    ) -> FixedPointSums:
        """``found``, sums of ``stations`` for each target, less what the stations of its own site add to them."""
        steps = found.steps.copy()
        for (target, station), weights in zip(self.own, own_weights, strict=True):
            if weights.any():
                steps[target] -= weights[:, None] * stations.steps[station]
        return replace(found, steps=steps)
