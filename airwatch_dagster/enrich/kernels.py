"""Weights of stations on points, block by block: groups of points close together, with the stations in their reach.

A weight outside the blocks is 0 and would add nothing to a sum: sums over the blocks have the bits of sums over all
stations (docs/adr/0003-bit-identical-features.md), at a cost that grows with the pairs in reach.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from airwatch_dagster.enrich.fixed_point import WEIGHT_STEPS, Block, whole_weights
from airwatch_dagster.enrich.geometry import Places, distance_km
from airwatch_dagster.geo import EARTH_RADIUS_KM

GROUP_SIZE: Final = 64
"""Points of a group. Larger groups reach further than each of their points, smaller ones make slow matrix
products: 16 to 128 took about the same time for 700 sites."""

MARGIN_KM: Final = 1.0
"""Added to every reach: far more than the rounding of distances."""

BELL_REACH: Final = float(np.sqrt(2.0 * np.log(2.0 * WEIGHT_STEPS)))
"""Widths after which a bell weighs less than half a step, 4.85."""

Weigh = Callable[[Places, Places], np.ndarray]
"""Weights of stations on points, which broadcast, in whole steps; the first axis is the number of the kernel."""


def kernels(stations: Places, points: Places, weigh: Weigh, *, reach_km: float) -> list[list[Block]]:
    """Weights of the stations on the points, by number of the kernel; 0 beyond ``reach_km``, where ``weigh`` is 0."""
    here, there = stations.unit_vectors(), points.unit_vectors()
    tiles = []
    for group in groups(points):
        middle = there[group].mean(axis=0)
        middle /= np.linalg.norm(middle)
        radius = np.arccos(np.clip((there[group] @ middle).min(), -1.0, 1.0))
        angle = min(np.pi, radius + (reach_km + MARGIN_KM) / EARTH_RADIUS_KM)
        near = np.flatnonzero(here @ middle >= np.cos(angle))
        tiles.append([Block.of(near, group, weights) for weights in weigh(stations[near][:, None], points[group])])
    return [list(blocks) for blocks in zip(*tiles, strict=True)]


def groups(points: Places) -> list[np.ndarray]:
    """Numbers of the points, in groups of neighbours."""
    return _halved(points.unit_vectors(), np.arange(len(points.latitude)))


def _halved(places: np.ndarray, members: np.ndarray) -> list[np.ndarray]:
    """``members``, row numbers of unit vectors, halved across their longest extent until no part is too large."""
    if len(members) <= GROUP_SIZE:
        return [members]
    longest = np.ptp(places[members], axis=0).argmax()
    ordered = members[np.argsort(places[members, longest], kind="stable")]
    return [part for half in np.array_split(ordered, 2) for part in _halved(places, half)]


def bell(*, width_km: float) -> Weigh:
    """Gaussian weights by distance, 1 at the centre; they end at ``BELL_REACH`` widths, below half a step."""

    def weigh(stations: Places, points: Places) -> np.ndarray:
        return whole_weights(np.exp(-0.5 * (distance_km(stations, points) / width_km) ** 2))[None]

    return weigh
