"""Weighted means over the sites around a site: by distance and by direction. Sums are exact (see ``fixed_point``)."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from airwatch_dagster.enrich.fixed_point import WEIGHT_STEPS, Block, FixedPointSums, whole_weights
from airwatch_dagster.enrich.geometry import Places, distance_km, sector_number
from airwatch_dagster.enrich.grid import shifted
from airwatch_dagster.enrich.kernels import kernels
from airwatch_dagster.enrich.lattice import Points
from airwatch_dagster.enrich.network import Network
from airwatch_dagster.schemas.enrich import SECTORS

NEAR_KM: Final = 400.0
"""Reach of the inner ring: about a day of light wind. Better than 250-350 km around Chicago in 2019 and 2020."""

FAR_KM: Final = 800.0
"""Reach of the outer ring: about a day of fresh wind, and the usual reach of context sites."""

DECAY_KM: Final = 150.0
"""Distance over which a neighbour's weight falls to 1/e."""

STEPS_PER_UGM3: Final = 1000.0
"""Readings are rounded to 0.001 µg/m³, finer than any monitor resolves."""


@dataclass(frozen=True)
class Neighbours:
    """The weights of the sites around the targets of a network, the same every day."""

    network: Network
    kernels: list[list[Block]]
    """Of the stations on the targets, by number of ``_KERNELS``."""
    own: list[np.ndarray]
    """What the network's ``own`` weigh in them; kernels × pairs."""

    @classmethod
    def of(cls, network: Network) -> Self:
        """The weights for a network."""
        places = network.places[network.targets]
        every = kernels(network.places, places, _weights, reach_km=FAR_KM)
        return cls(network, every, network.own_weights(_weights, places, Points.at_nodes(len(network.targets))))

    def features(self, values: np.ndarray, means: np.ndarray) -> dict[str, np.ndarray]:
        """Weighted means over the neighbours of each target, µg/m³, by column.

        They are of PM2.5, of its departure from the neighbour's own 28-day mean, and of its change since the day
        before. ``values`` and ``means`` (28-day) are days × stations in µg/m³, null where unknown. Each feature is days
        × targets, null where no neighbour reported. A site is never its own neighbour.
        """
        measures = {"": values, "_anomaly": values - means, "_change": values - shifted(values, 1)}
        sums = FixedPointSums.of(np.concatenate(list(measures.values())), per_unit=STEPS_PER_UGM3)
        found = {}
        for number, name in enumerate(_KERNELS):
            own = [weights[number] for weights in self.own]
            others = self.network.others(sums.at(self.kernels[number]), sums, own)
            for suffix, mean in zip(measures, np.split(others.mean(), len(measures)), strict=True):
                found[f"{name}_pm25{suffix}_ugm3"] = mean
        return found


_KERNELS: Final = (*(f"{ring}_{sector}" for ring in ("near", "far") for sector in SECTORS), "nearby")


def _weights(stations: Places, points: Places) -> np.ndarray:
    """By number of ``_KERNELS``."""
    distance, sector = distance_km(stations, points), sector_number(stations, points)
    decaying = whole_weights(np.exp(-distance / DECAY_KM))
    is_near, is_within = distance < NEAR_KM, distance < FAR_KM
    found = np.zeros((len(_KERNELS), *distance.shape))
    number = np.where(is_near, sector, np.where(is_within, len(SECTORS) + sector, len(_KERNELS) - 1))
    np.put_along_axis(found, number[None], np.where(is_near, decaying, WEIGHT_STEPS)[None], axis=0)
    found[-1] = np.where(is_within, decaying, 0.0)
    return found
