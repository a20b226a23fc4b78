"""Advection: motion of the air since yesterday, estimated from the maps of two days and continued for another day.

Yesterday's map is displaced in eight directions by up to 750 km. The displacements that fit today's readings around a
site best are assumed to go on for another day.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from airwatch_dagster.enrich.fixed_point import WEIGHT_STEPS, Block, FixedPointSums, whole_weights
from airwatch_dagster.enrich.grid import shifted
from airwatch_dagster.enrich.lattice import bell_lattice
from airwatch_dagster.enrich.maps import STEPS_PER_UNIT, direction
from airwatch_dagster.enrich.network import Network

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOVES_KM: Final = (150.0, 300.0, 500.0, 750.0)
"""Displacements in a day: winds of 2 to 9 m/s."""

WAYS_KM: Final = ((0.0, 0.0), *((km * east, km * north) for km in MOVES_KM for east, north in map(direction, range(8))))
"""Displacements to the east and north; the first is none."""

MAP_WIDTH_KM: Final = 120.0
"""Smoothing of the maps that are compared."""

VIEW_KM: Final = 350.0
"""Width of the surroundings in which the fit is measured: several sites in one weather."""

MAX_ERROR: Final = 1.0
"""Upper limit of one site's squared log error: a local fire is not evidence of the wind."""

SHARPNESS: Final = (0.01, 0.03)
"""Increase of the mean squared log error at which the weight of a displacement falls to 1/e: narrow and broad."""

CACHED_VALUES: Final = 1024
"""Days × targets that are estimated at once: for every displacement, they stay in the processor's cache."""

TOGETHER: Final = 8
"""Displacements whose errors are summed in one matrix product, which reads the weights once."""

MIN_MAP_WEIGHT: Final = 0.3
"""Weight, in stations at the centre, below which a map is unknown."""

MIN_VIEW_WEIGHT: Final = 1.5
"""Weight, in stations at the centre, below which the fit of a displacement is unknown."""


@dataclass(frozen=True)
class Advection:
    """The weights by which displaced maps are compared around the targets of a network, the same every day."""

    targets: np.ndarray
    """Numbers of stations."""
    to_map: list[Block]
    """Of the stations, on the nodes of the lattice of maps."""
    displaced: list["csr_array"]
    """Of these nodes at every station, by displacement."""
    to_view: list[Block]
    """Of the stations, on the nodes of the lattice of errors."""
    around: "csr_array"
    """Of these nodes at the targets."""

    @classmethod
    def of(cls, network: Network) -> Self:
        """The weights for a network."""
        places, targets = network.places, network.targets
        moved = [places.moved(east_km=east_km, north_km=north_km) for east_km, north_km in WAYS_KM]
        maps, to_map = bell_lattice(places, moved, width_km=MAP_WIDTH_KM)
        views, to_view = bell_lattice(places, [places[targets]], width_km=VIEW_KM)
        (around,) = views.matrices()
        return cls(targets, to_map, maps.matrices(), to_view, around)

    def features(self, log_anomaly: np.ndarray) -> dict[str, np.ndarray]:
        """The columns ``ADVECTION``: arriving log anomaly, origin of the air (km) and fit of the estimate.

        ``log_anomaly`` is days × stations, clipped, null where unknown. Each feature is days × targets, null on the
        first day and where too few stations report.
        """
        moves = self._displacements(np.asfortranarray(log_anomaly))
        few = max(1, CACHED_VALUES // len(log_anomaly))
        parts = [_estimates(moves.part(slice(start, start + few))) for start in range(0, len(self.targets), few)]
        return {name: np.concatenate([part[name] for part in parts]).T for name in parts[0]}

    def _displacements(self, log_anomaly: np.ndarray) -> "_Displacements":
        anomalies = FixedPointSums.of(log_anomaly, per_unit=STEPS_PER_UNIT).at(self.to_map)
        arriving = np.empty((len(WAYS_KM), len(self.targets), len(log_anomaly)))
        error = np.empty_like(arriving)
        for start in range(0, len(WAYS_KM), TOGETHER):
            few = slice(start, start + TOGETHER)
            maps = [_supported_mean(anomalies.read(one), min_weight=MIN_MAP_WEIGHT) for one in self.displaced[few]]
            squared = [np.minimum((log_anomaly - shifted(here, 1)) ** 2, MAX_ERROR) for here in maps]
            sums = FixedPointSums.of(np.concatenate(squared), per_unit=STEPS_PER_UNIT).at(self.to_view)
            errors = _supported_mean(sums.read(self.around), min_weight=MIN_VIEW_WEIGHT)
            arriving[few] = [here.T[self.targets] for here in maps]
            error[few] = [one.T for one in np.split(errors, len(maps))]
        return _Displacements([east for east, _ in WAYS_KM], [north for _, north in WAYS_KM], arriving, error)


@dataclass(frozen=True)
class _Displacements:
    """Today's map and yesterday's error by displacement; arrays are displacements × targets × days, null where
    unknown."""

    east_km: list[float]
    north_km: list[float]
    arriving: np.ndarray
    """Log anomaly that arrives tomorrow if the displacement goes on."""
    error: np.ndarray
    """Mean squared log error of yesterday's displaced map, around the target."""

    def part(self, chosen: slice) -> "_Displacements":
        """Those of some targets."""
        return _Displacements(self.east_km, self.north_km, self.arriving[:, chosen], self.error[:, chosen])


def _estimates(moves: _Displacements) -> dict[str, np.ndarray]:
    """The features, targets × days."""
    unknown = np.isnan(moves.arriving) | np.isnan(moves.error)
    error = np.where(unknown, np.inf, moves.error)
    lowest = error.min(axis=0)
    is_known = np.isfinite(lowest)
    lowest = np.where(is_known, lowest, 0.0)
    # Displacements weigh by their excess error over the best one; 0 where unknown.
    narrow, broad = (whole_weights(np.exp(-(error - lowest) / sharpness)) for sharpness in SHARPNESS)
    still = moves.error[0]
    return {
        "advected_log": _mean(narrow, moves.arriving),
        "advected_broadly_log": _mean(broad, moves.arriving),
        "flow_east_km": _mean(narrow, moves.east_km),
        "flow_north_km": _mean(narrow, moves.north_km),
        "stillness_error": still,
        "flow_gain": np.where(is_known, still - lowest, np.nan),
    }


def _supported_mean(sums: FixedPointSums, *, min_weight: float) -> np.ndarray:
    """Weighted mean over the stations, days × targets; null where the reporting ones weigh too little."""
    total, weight = sums.sums()
    enough = weight > min_weight * WEIGHT_STEPS
    return np.where(enough, total / np.where(enough, weight, 1.0), np.nan)


def _mean(weights: np.ndarray, values: np.ndarray | list[float]) -> np.ndarray:
    """Weighted mean over the displacements, null where none is known.

    They are summed one by one in their order: see docs/adr/0003-bit-identical-features.md.
    """
    total, weight = np.zeros(weights.shape[1:]), np.zeros(weights.shape[1:])
    for own, value in zip(weights, values, strict=True):
        total += own * np.where(own > 0, value, 0.0)
        weight += own
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)
