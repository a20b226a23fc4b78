"""What the monitors around a site say: distance-weighted and by direction, near and far.

Sums are exact. Readings and weights are rounded to whole steps, so every product and every partial sum of a matrix
product is a whole number below 2**53, which float64 holds exactly. A row is therefore bitwise the same whichever days,
stations or threads it is computed with.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.grid import shifted
from airwatch_dagster.schemas.enrich import SECTORS

EARTH_RADIUS_KM: Final = 6371.0
"""Mean radius of the Earth, km (IUGG)."""

NEAR_KM: Final = 400.0
"""Reach of the inner ring: about a day of light wind. Better than 250-350 km around Chicago in 2019 and 2020."""

FAR_KM: Final = 800.0
"""Reach of the outer ring: about a day of fresh wind, and as far as context sites are usually read."""

DECAY_KM: Final = 150.0
"""Distance over which a neighbour's weight falls to 1/e."""

_STEPS_PER_UGM3: Final = 1000.0
"""Readings are rounded to 0.001 µg/m³, finer than any monitor resolves."""

_WEIGHT_STEPS: Final = 2.0**16
"""Weights are rounded to 1/65536: with readings below 2**23 steps and 4,096 stations, sums stay below 2**51."""


def neighbour_features(
    values: np.ndarray, means: np.ndarray, *, stations: pd.DataFrame, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """Weighted means around each target station: level, departure from the neighbours' own 28-day mean, change since
    yesterday.

    ``values`` and ``means`` (28-day) are days × stations in µg/m³; ``targets`` are column numbers. The result is days ×
    targets, null where no neighbour reported. A site is never its own neighbour.
    """
    fields = {"": values, "_anomaly": values - means, "_change": values - shifted(values, 1)}
    prepared = {suffix: _whole_steps(field) for suffix, field in fields.items()}
    features = {}
    for name, weights in _kernels(stations, targets):
        for suffix, (steps, present) in prepared.items():
            features[f"{name}{suffix}_ugm3"] = _weighted_mean(steps, present, weights)
    return features


def _whole_steps(field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    present = ~np.isnan(field)
    return np.where(present, np.rint(np.where(present, field, 0.0) * _STEPS_PER_UGM3), 0.0), present.astype(float)


def _weighted_mean(steps: np.ndarray, present: np.ndarray, weights: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return (steps @ weights) / (present @ weights) / _STEPS_PER_UGM3


def _kernels(stations: pd.DataFrame, targets: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    distance_km, sector = _geometry(stations, targets)
    site = stations["site_id"].to_numpy()
    other = site[:, None] != site[None, targets]
    near, far = other & (distance_km < NEAR_KM), other & (distance_km >= NEAR_KM) & (distance_km < FAR_KM)
    decaying = np.rint(np.exp(-distance_km / DECAY_KM) * _WEIGHT_STEPS)
    yield "nearby_pm25", np.where(other & (distance_km < FAR_KM), decaying, 0.0)
    for number, direction in enumerate(SECTORS):
        yield f"near_{direction}_pm25", np.where(near & (sector == number), decaying, 0.0)
        yield f"far_{direction}_pm25", np.where(far & (sector == number), _WEIGHT_STEPS, 0.0)


def _geometry(stations: pd.DataFrame, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Great-circle distance in km from each target to each station, and the sector the station lies in."""
    latitude, longitude = np.radians(stations["latitude"].to_numpy()), np.radians(stations["longitude"].to_numpy())
    here_lat, here_lon = latitude[None, targets], longitude[None, targets]
    d_lat, d_lon = latitude[:, None] - here_lat, longitude[:, None] - here_lon
    chord = np.sin(d_lat / 2) ** 2 + np.cos(latitude)[:, None] * np.cos(here_lat) * np.sin(d_lon / 2) ** 2
    distance_km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
    east = np.sin(d_lon) * np.cos(latitude)[:, None]
    north = np.cos(here_lat) * np.sin(latitude)[:, None] - np.sin(here_lat) * np.cos(latitude)[:, None] * np.cos(d_lon)
    bearing = np.degrees(np.arctan2(east, north))
    return distance_km, (np.rint(bearing / 45.0) % 8).astype(int)
