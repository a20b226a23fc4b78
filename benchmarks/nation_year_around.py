"""What the sites around a site have, in plain NumPy: the part of ``nation_year_polars`` that works on matrices."""

from collections.abc import Iterator
from typing import Final

import numpy as np

SECTORS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")


def distances(latitude: np.ndarray, longitude: np.ndarray, *, east: float = 0.0, north: float = 0.0) -> np.ndarray:
    """Distance in km of each site (row) from the point at a displacement from each site (column)."""
    to_latitude, to_longitude = latitude + north / 6371.0, longitude + east / (6371.0 * np.cos(latitude))
    chord = np.sin((latitude[:, None] - to_latitude) / 2) ** 2
    across = np.cos(latitude)[:, None] * np.cos(to_latitude)
    chord += across * np.sin((longitude[:, None] - to_longitude) / 2) ** 2
    return 2 * 6371.0 * np.arcsin(np.sqrt(chord))


def before(matrix: np.ndarray, *, fill: float = np.nan) -> np.ndarray:
    """The matrix of the day before."""
    return np.concatenate([np.full_like(matrix[:1], fill), matrix[:-1]])


def sums(matrix: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = ~np.isnan(matrix)
    return np.where(known, matrix, 0.0) @ weights, known.astype(float) @ weights


def divided(total: np.ndarray, weight: np.ndarray, *, enough: float = 1e-9) -> np.ndarray:
    return np.where(weight > enough, total / np.where(weight > enough, weight, 1.0), np.nan)


def neighbours(
    values: np.ndarray, means: np.ndarray, latitude: np.ndarray, longitude: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    km, turn = distances(latitude, longitude), longitude[:, None] - longitude
    east, here, there = np.sin(turn) * np.cos(latitude)[:, None], latitude, latitude[:, None]
    north = np.cos(here) * np.sin(there) - np.sin(here) * np.cos(there) * np.cos(turn)
    sector = np.rint(np.degrees(np.arctan2(east, north)) / 45.0) % 8
    other = ~np.eye(len(latitude), dtype=bool)
    near, far = other & (km < 400.0), other & (km >= 400.0) & (km < 800.0)
    decaying = np.rint(np.exp(-km / 150.0) * 65536.0) / 65536.0
    kernels = {"nearby": np.where(other & (km < 800.0), decaying, 0.0)}
    for number, name in enumerate(SECTORS):
        kernels[f"near_{name}"] = np.where(near & (sector == number), decaying, 0.0)
        kernels[f"far_{name}"] = np.where(far & (sector == number), 1.0, 0.0)
    measures = {"": values, "_anomaly": values - means, "_change": values - before(values)}
    for name, weights in kernels.items():
        for suffix, measure in measures.items():
            yield f"{name}_pm25{suffix}_ugm3", divided(*sums(measure, weights))


def bell(km: np.ndarray, width_km: float) -> np.ndarray:
    return np.rint(np.exp(-0.5 * (km / width_km) ** 2) * 65536.0) / 65536.0


def ways() -> Iterator[tuple[str, float, float]]:
    """Unit vectors to the middles of the sectors."""
    for number, name in enumerate(SECTORS):
        yield name, np.sin(number * np.pi / 4), np.cos(number * np.pi / 4)


def maps(anomaly: np.ndarray, latitude: np.ndarray, longitude: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    other, km = ~np.eye(len(latitude), dtype=bool), distances(latitude, longitude)
    kernels = {f"around_{width}km": bell(km, width) for width in (50, 150, 400)}
    for offset, width in ((300, 120.0), (800, 250.0)):
        for name, east, north in ways():
            moved = distances(latitude, longitude, east=offset * east, north=offset * north)
            kernels[f"offset_{offset}km_{name}"] = bell(moved, width)
    for name, weights in kernels.items():
        total, weight = sums(anomaly, other * weights)
        yield f"{name}_log", total / (weight + 0.5)
        yield f"{name}_log_before", before(total / (weight + 0.5), fill=0.0)


def advection(anomaly: np.ndarray, latitude: np.ndarray, longitude: np.ndarray) -> dict[str, np.ndarray]:
    moves = [(0.0, 0.0), *((km * east, km * north) for km in (150, 300, 500, 750) for _, east, north in ways())]
    view, arriving, errors = bell(distances(latitude, longitude), 350.0), [], []
    for east, north in moves:
        weights = bell(distances(latitude, longitude, east=east, north=north), 120.0)
        here = divided(*sums(anomaly, weights), enough=0.3)
        squared = np.minimum((anomaly - before(here)) ** 2, 1.0)
        arriving.append(here)
        errors.append(divided(*sums(squared, view), enough=1.5))
    brought, error = np.array(arriving), np.array(errors)
    error = np.where(np.isnan(brought) | np.isnan(error), np.inf, error)
    lowest = error.min(axis=0)
    known = np.isfinite(lowest)
    excess, brought = error - np.where(known, lowest, 0.0), np.nan_to_num(brought)
    narrow, broad = (np.rint(np.exp(-excess / sharpness) * 65536.0) for sharpness in (0.01, 0.03))
    weight, broadly = narrow.sum(axis=0), broad.sum(axis=0)
    return {
        "advected_log": divided((narrow * brought).sum(axis=0), weight),
        "advected_broadly_log": divided((broad * brought).sum(axis=0), broadly),
        "flow_east_km": divided(np.tensordot([east for east, _ in moves], narrow, 1), weight),
        "flow_north_km": divided(np.tensordot([north for _, north in moves], narrow, 1), weight),
        "stillness_error": errors[0],
        "flow_gain": np.where(known, errors[0] - lowest, np.nan),
    }
