"""Smoothed maps of the other sites' log anomalies, sampled at each site and up to 800 km away, today and yesterday.

A smoothed map has a value in every direction regardless of monitor locations, so its samples are usable as fixed
features.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.fixed_point import WEIGHT_STEPS, Block, FixedPointSums
from airwatch_dagster.enrich.grid import shifted
from airwatch_dagster.enrich.kernels import Network
from airwatch_dagster.schemas.enrich import SECTORS

AROUND_KM: Final = (50, 150, 400)
"""Smoothing widths of the map that is sampled at the site itself."""

OFFSETS_KM: Final = {300: 120.0, 800: 250.0}
"""Distance of the samples from the site, and the smoothing width there: a day of light and of fresh wind. More rings,
from 150 to 1200 km, added nothing in 2020."""

PRIOR_WEIGHT: Final = 0.5
"""Weight of an anomaly of 0, in stations at the centre: where few stations report, the map stays near 0."""

STEPS_PER_UNIT: Final = 10_000.0
"""Log anomalies are rounded to 0.0001, a hundredth of a per cent."""


def map_features(log_anomaly: np.ndarray, *, stations: pd.DataFrame, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Samples of the smoothed map for each target station, on the day and the day before, by ``MAP_SAMPLES`` column.

    ``log_anomaly`` is days × stations, clipped, null where unknown; ``targets`` are column numbers of it. Each feature
    is days × targets: 0 where no station reports, and for the day before the first day. A site is never part of its own
    map, wherever it stood.
    """
    anomalies = FixedPointSums.of(log_anomaly, per_unit=STEPS_PER_UNIT)
    features = {}
    for name, kernel in _kernels(Network(stations, targets)):
        smoothed = smooth(anomalies, kernel)
        features[f"{name}_log"] = smoothed
        features[f"{name}_log_before"] = shifted(smoothed, 1, fill=0.0)
    return features


def smooth(sums: FixedPointSums, kernel: Sequence[Block]) -> np.ndarray:
    """Weighted mean, shrunk towards 0 by ``PRIOR_WEIGHT``; days × targets, never null."""
    total, weight = sums.sums(kernel)
    return total / (weight + PRIOR_WEIGHT * WEIGHT_STEPS)


def direction(number: int) -> tuple[float, float]:
    """East and north component of the unit vector to the middle of sector ``number``; 0 = north, clockwise."""
    angle = number * np.pi / 4
    return float(np.sin(angle)), float(np.cos(angle))


def _kernels(network: Network) -> Iterator[tuple[str, list[Block]]]:
    for width in AROUND_KM:
        yield f"around_{width}km", network.bell(width_km=width, with_own_site=False)
    for offset, width_km in OFFSETS_KM.items():
        for number, sector in enumerate(SECTORS):
            east, north = direction(number)
            yield (
                f"offset_{offset}km_{sector}",
                network.bell(width_km=width_km, east_km=offset * east, north_km=offset * north, with_own_site=False),
            )
