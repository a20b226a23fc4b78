"""What the sites around a site have, in plain NumPy: the part of ``nation_year_polars`` that works on matrices."""

from collections.abc import Iterator
from typing import Final

import numpy as np

SECTORS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")


def distances(
    latitude: np.ndarray, longitude: np.ndarray, to_latitude: np.ndarray, to_longitude: np.ndarray
) -> np.ndarray:
    """Distance in km of each site (row) from each point (column)."""
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
    km, turn = distances(latitude, longitude, latitude, longitude), longitude[:, None] - longitude
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


class Lattice:
    """Nodes half a width apart around the points at displacements from the sites, and sums of sites at these nodes."""

    def __init__(
        self, latitude: np.ndarray, longitude: np.ndarray, moves: list[tuple[float, float]], width_km: float
    ) -> None:
        mesh = width_km / 2 / 6371.0
        east, north = np.array(moves).T[:, :, None]
        to_latitude, to_longitude = latitude + north / 6371.0, longitude + east / (6371.0 * np.cos(latitude))
        (south, up), (west, right) = (
            np.divmod(np.rint(degrees / mesh * 16.0), 16.0) for degrees in (to_latitude, to_longitude)
        )
        up, right = up / 16.0, right / 16.0
        shares = (1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right
        corners = [(south + row) * 1e6 + west + column for row in (0, 1) for column in (0, 1)]
        nodes, self.corners = np.unique(np.stack(corners, axis=-1), return_inverse=True)
        rows = np.rint(nodes / 1e6)
        self.shares = np.stack(shares, axis=-1)
        self.corners = self.corners.reshape(self.shares.shape)
        self.weights = bell(distances(latitude, longitude, rows * mesh, (nodes - rows * 1e6) * mesh), width_km)

    def sums(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At the nodes."""
        return sums(matrix, self.weights)

    def read(self, at_nodes: np.ndarray, move: int) -> np.ndarray:
        """At the points of a displacement."""
        four = zip(self.corners[move].T, self.shares[move].T, strict=True)
        return np.asarray(sum(at_nodes[:, node] * share for node, share in four))

    def own(self, move: int) -> np.ndarray:
        """What each site weighs at its own point."""
        four = zip(self.corners[move].T, self.shares[move].T, strict=True)
        each = np.arange(len(self.weights))
        return np.asarray(sum(self.weights[each, node] * share for node, share in four))


def maps(anomaly: np.ndarray, latitude: np.ndarray, longitude: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    points = {width: {f"around_{width}km": (0.0, 0.0)} for width in (50, 150, 400)}
    for offset, width in ((300, 120), (800, 250)):
        points[width] = {f"offset_{offset}km_{name}": (offset * east, offset * north) for name, east, north in ways()}
    known, filled = (~np.isnan(anomaly)).astype(float), np.nan_to_num(anomaly)
    for width, named in points.items():
        lattice = Lattice(latitude, longitude, list(named.values()), width)
        total, weight = lattice.sums(anomaly)
        for move, name in enumerate(named):
            own = lattice.own(move)
            others = lattice.read(weight, move) - own * known
            smoothed = (lattice.read(total, move) - own * filled) / (others + 0.5)
            yield f"{name}_log", smoothed
            yield f"{name}_log_before", before(smoothed, fill=0.0)


def advection(anomaly: np.ndarray, latitude: np.ndarray, longitude: np.ndarray) -> dict[str, np.ndarray]:
    moves = [(0.0, 0.0), *((km * east, km * north) for km in (150, 300, 500, 750) for _, east, north in ways())]
    lattice, view = (Lattice(latitude, longitude, *one) for one in ((moves, 120.0), (moves[:1], 350.0)))
    total, weight = lattice.sums(anomaly)
    arriving, errors = [], []
    for move in range(len(moves)):
        here = divided(lattice.read(total, move), lattice.read(weight, move), enough=0.3)
        squared = np.minimum((anomaly - before(here)) ** 2, 1.0)
        arriving.append(here)
        seen, reporting = view.sums(squared)
        errors.append(divided(view.read(seen, 0), view.read(reporting, 0), enough=1.5))
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
