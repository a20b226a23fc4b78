"""Weighted means over the sites around a site: by distance and by direction. Sums are exact (see ``fixed_point``)."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.fixed_point import Block, FixedPointSums, whole_weights
from airwatch_dagster.enrich.geometry import sector_number
from airwatch_dagster.enrich.grid import shifted
from airwatch_dagster.enrich.kernels import Network, Tile
from airwatch_dagster.schemas.enrich import SECTORS

NEAR_KM: Final = 400.0
"""Reach of the inner ring: about a day of light wind. Better than 250-350 km around Chicago in 2019 and 2020."""

FAR_KM: Final = 800.0
"""Reach of the outer ring: about a day of fresh wind, and the usual reach of context sites."""

DECAY_KM: Final = 150.0
"""Distance over which a neighbour's weight falls to 1/e."""

STEPS_PER_UGM3: Final = 1000.0
"""Readings are rounded to 0.001 µg/m³, finer than any monitor resolves."""


def neighbour_features(
    values: np.ndarray, means: np.ndarray, *, stations: pd.DataFrame, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """Weighted means over the neighbours of each target station, µg/m³, by column.

    They are of PM2.5, of its departure from the neighbour's own 28-day mean, and of its change since the day before.
    ``values`` and ``means`` (28-day) are days × stations in µg/m³, null where unknown; ``targets`` are column numbers
    of them. Each feature is days × targets, null where no neighbour reported. A site is never its own neighbour.
    """
    measures = {"": values, "_anomaly": values - means, "_change": values - shifted(values, 1)}
    sums = {suffix: FixedPointSums.of(matrix, per_unit=STEPS_PER_UGM3) for suffix, matrix in measures.items()}
    return {
        f"{name}{suffix}_ugm3": one.mean(kernel)
        for name, kernel in _kernels(Network(stations, targets)).items()
        for suffix, one in sums.items()
    }


def _kernels(network: Network) -> dict[str, list[Block]]:
    kernels: dict[str, list[Block]] = {}
    for tile in network.tiles(reach_km=FAR_KM):
        for name, weights in _weights(tile, sector_number(network.places[tile.stations], tile.points)):
            kernels.setdefault(name, []).append(Block.of(tile.stations, tile.targets, weights))
    return kernels


def _weights(tile: Tile, sector: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Weights by name, stations × targets of the tile."""
    distance, other = tile.distance_km, tile.is_other
    near, far = other & (distance < NEAR_KM), other & (distance >= NEAR_KM) & (distance < FAR_KM)
    decaying = whole_weights(np.exp(-distance / DECAY_KM))
    equal = whole_weights(np.ones(1))
    yield "nearby_pm25", np.where(other & (distance < FAR_KM), decaying, 0.0)
    for number, direction in enumerate(SECTORS):
        yield f"near_{direction}_pm25", np.where(near & (sector == number), decaying, 0.0)
        yield f"far_{direction}_pm25", np.where(far & (sector == number), equal, 0.0)
