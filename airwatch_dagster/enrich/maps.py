"""Smoothed maps of the other sites' log anomalies, sampled at each site and up to 800 km away, today and yesterday.

A smoothed map has a value in every direction regardless of monitor locations, so its samples are usable as fixed
features.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from airwatch_dagster.enrich.fixed_point import WEIGHT_STEPS, Block, FixedPointSums
from airwatch_dagster.enrich.grid import shifted
from airwatch_dagster.enrich.kernels import bell
from airwatch_dagster.enrich.lattice import bell_lattice
from airwatch_dagster.enrich.network import Network
from airwatch_dagster.schemas.enrich import SECTORS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

AROUND_KM: Final = (50, 150, 400)
"""Smoothing widths of the map that is sampled at the site itself."""

OFFSETS_KM: Final = {300: 120.0, 800: 250.0}
"""Distance of the samples from the site, and the smoothing width there: a day of light and of fresh wind. More rings,
from 150 to 1200 km, added nothing in 2020."""

PRIOR_WEIGHT: Final = 0.5
"""Weight of an anomaly of 0, in stations at the centre: where few stations report, the map stays near 0."""

STEPS_PER_UNIT: Final = 10_000.0
"""Log anomalies are rounded to 0.0001, a hundredth of a per cent."""


@dataclass(frozen=True)
class Maps:
    """The weights by which the maps around the targets of a network are sampled, the same every day."""

    network: Network
    widths: list["_Map"]

    @classmethod
    def of(cls, network: Network) -> Self:
        """The weights for a network."""
        return cls(network, [_Map.of(network, width_km, points) for width_km, points in _POINTS.items()])

    def features(self, log_anomaly: np.ndarray) -> dict[str, np.ndarray]:
        """Samples of the maps at each target, on the day and the day before, by ``MAP_SAMPLES`` column.

        ``log_anomaly`` is days × stations, clipped, null where unknown. Each feature is days × targets: 0 where no
        station reports, and for the day before the first day. A site is never part of its own map, wherever it stood.
        """
        anomalies = FixedPointSums.of(log_anomaly, per_unit=STEPS_PER_UNIT)
        found = {}
        for one in self.widths:
            at_nodes = anomalies.at(one.to_nodes)
            for name, shares, own in zip(one.names, one.shares, one.own, strict=True):
                found[f"{name}_log"] = smooth(self.network.others(at_nodes.read(shares), anomalies, own))
                found[f"{name}_log_before"] = shifted(found[f"{name}_log"], 1, fill=0.0)
        return found


@dataclass(frozen=True)
class _Map:
    """The weights for the map of one width, and for the points where it is sampled."""

    to_nodes: list[Block]
    """Of the stations, on the nodes of its lattice."""
    names: list[str]
    """Of the points."""
    shares: list["csr_array"]
    """Of the nodes at the point of each target, by point."""
    own: list[list[np.ndarray]]
    """What the network's ``own`` weigh at it, by point."""

    @classmethod
    def of(cls, network: Network, width_km: float, points: dict[str, tuple[float, float]]) -> Self:
        targets = network.places[network.targets]
        places = [targets.moved(east_km=east, north_km=north) for east, north in points.values()]
        lattice, to_nodes = bell_lattice(network.places, places, width_km=width_km)
        weigh = bell(width_km=width_km)
        own = [[one for (one,) in network.own_weights(weigh, lattice.nodes, read)] for read in lattice.points]
        return cls(to_nodes, list(points), lattice.matrices(), own)


def smooth(sums: FixedPointSums) -> np.ndarray:
    """Weighted mean, shrunk towards 0 by ``PRIOR_WEIGHT``; days × targets, never null."""
    total, weight = sums.sums()
    return total / (weight + PRIOR_WEIGHT * WEIGHT_STEPS)


def direction(number: int) -> tuple[float, float]:
    """East and north component of the unit vector to the middle of sector ``number``; 0 = north, clockwise."""
    angle = number * np.pi / 4
    return float(np.sin(angle)), float(np.cos(angle))


def _points() -> dict[float, dict[str, tuple[float, float]]]:
    """Displacements east and north (km) of the points where a map is sampled, by its width and by name."""
    found: dict[float, dict[str, tuple[float, float]]] = {km: {f"around_{km}km": (0.0, 0.0)} for km in AROUND_KM}
    for offset, width_km in OFFSETS_KM.items():
        for number, sector in enumerate(SECTORS):
            east, north = direction(number)
            found.setdefault(width_km, {})[f"offset_{offset}km_{sector}"] = offset * east, offset * north
    return found


_POINTS: Final = _points()
