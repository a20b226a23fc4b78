"""Where the air came from since yesterday, as far as two days' maps tell, and what it will bring if it keeps moving.

Yesterday's map is moved in eight directions by up to 750 km; the moves that make it most like today's around a site are
taken to go on for another day.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.fixed_point import WEIGHT_STEPS, FixedPointSums, whole_weights
from airwatch_dagster.enrich.geometry import Places, distance_km
from airwatch_dagster.enrich.grid import shifted
from airwatch_dagster.enrich.maps import STEPS_PER_UNIT, bell, direction

MOVES_KM: Final = (150.0, 300.0, 500.0, 750.0)
"""Distances of a day: winds of 2 to 9 m/s."""

MAP_WIDTH_KM: Final = 120.0
"""Smoothing of the maps that are compared."""

VIEW_KM: Final = 350.0
"""Width of the surroundings over which a move is judged: several sites, one weather."""

MAX_ERROR: Final = 1.0
"""Squared log error of one site from which on it counts no more: a local fire says nothing about the wind."""

SHARPNESS: Final = (0.01, 0.03)
"""Rise of the mean squared log error at which the weight of a move falls to 1/e: narrow and broad."""

MIN_MAP_WEIGHT: Final = 0.3
"""Weight, in stations at the centre, below which a map says nothing."""

MIN_VIEW_WEIGHT: Final = 1.5
"""Weight, in stations at the centre, below which a move is not judged."""


@dataclass(frozen=True)
class _Moves:
    """Every move's map today and its error since yesterday; moves × days × stations, null where unknown."""

    east_km: list[float]
    north_km: list[float]
    brought: np.ndarray
    error: np.ndarray


def advection_features(
    log_anomaly: np.ndarray, *, stations: pd.DataFrame, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """What the estimated flow brings, where it comes from and how sure it is; days × targets, null where unknown.

    ``log_anomaly`` is days × stations, cut to its bounds. Needs the day before each day.
    """
    moves = _moves(log_anomaly, Places.of(stations), targets)
    unknown = np.isnan(moves.brought) | np.isnan(moves.error)
    error = np.where(unknown, np.inf, moves.error)
    least = error.min(axis=0)
    is_known = np.isfinite(least)
    narrow, broad = (_weights(error, least, is_known, sharpness=value) for value in SHARPNESS)
    still = moves.error[0]
    return {
        "advected_log": _mean(narrow, moves.brought),
        "advected_broadly_log": _mean(broad, moves.brought),
        "flow_east_km": _mean(narrow, moves.east_km),
        "flow_north_km": _mean(narrow, moves.north_km),
        "stillness_error": still,
        "flow_gain": np.where(is_known, still - np.where(is_known, least, 0.0), np.nan),
    }


def _moves(log_anomaly: np.ndarray, places: Places, targets: np.ndarray) -> _Moves:
    steps = FixedPointSums.of(log_anomaly, per_unit=STEPS_PER_UNIT)
    view = bell(distance_km(places, places[targets]), width_km=VIEW_KM)
    east, north = [0.0], [0.0]
    for distance in MOVES_KM:
        for number in range(8):
            east.append(distance * direction(number)[0])
            north.append(distance * direction(number)[1])
    brought, error = [], []
    for east_km, north_km in zip(east, north, strict=True):
        moved = distance_km(places, places.moved(east_km=east_km, north_km=north_km))
        here = _where_heavy(steps, bell(moved, width_km=MAP_WIDTH_KM), least=MIN_MAP_WEIGHT)
        squared = np.minimum((log_anomaly - shifted(here, 1)) ** 2, MAX_ERROR)
        brought.append(here[:, targets])
        error.append(_where_heavy(FixedPointSums.of(squared, per_unit=STEPS_PER_UNIT), view, least=MIN_VIEW_WEIGHT))
    return _Moves(east, north, np.array(brought), np.array(error))


def _where_heavy(steps: FixedPointSums, weights: np.ndarray, *, least: float) -> np.ndarray:
    """Weighted mean where the stations that report weigh enough, else null."""
    total, weight = steps.sums(weights)
    enough = weight > least * WEIGHT_STEPS
    return np.where(enough, total / np.where(enough, weight, 1.0), np.nan)


def _weights(error: np.ndarray, least: np.ndarray, is_known: np.ndarray, *, sharpness: float) -> np.ndarray:
    """Whole weights of the moves by how little worse than the best they are; 0 for unknown ones."""
    log_anomaly = error - np.where(is_known, least, 0.0)
    return whole_weights(np.exp(-log_anomaly / sharpness))


def _mean(weights: np.ndarray, of_moves: np.ndarray | list[float]) -> np.ndarray:
    """Weighted mean over the moves, summed in their order; null where no move is known."""
    total, weight = np.zeros(weights.shape[1:]), np.zeros(weights.shape[1:])
    for own, value in zip(weights, of_moves, strict=True):
        total += own * np.where(own > 0, value, 0.0)
        weight += own
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)
