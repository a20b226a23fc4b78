"""Weighted sums over stations at the nodes of a fixed lattice, read at any point between them.

However many stations stand together, the lattice has the same nodes: sums at them take time in proportion to the
stations, and so does reading them at the stations' own places (docs/adr/0012-maps-on-a-lattice.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from airwatch_dagster.enrich.fixed_point import Block
from airwatch_dagster.enrich.geometry import Places
from airwatch_dagster.enrich.kernels import BELL_REACH, bell, kernels
from airwatch_dagster.geo import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MESH_WIDTHS: Final = 0.5
"""Distance of two parallels of the lattice of a bell, in widths of the bell: between them, what is read of it differs
by up to 3 % of its height."""

SHARE_STEPS: Final = 16
"""A point is taken to be a whole number of sixteenths of a mesh from the nodes. Their shares are then multiples of
1/256, so sums of what is read stay exact."""


@dataclass(frozen=True)
class Points:
    """Points, and the nodes that each is read from."""

    nodes: np.ndarray
    """Numbers of nodes, points × nodes of a point."""
    shares: np.ndarray
    """Of these nodes in what is read; those of a point add up to 1."""

    @classmethod
    def at_nodes(cls, count: int) -> Self:
        """So many points, each at the node of its number."""
        return cls(np.arange(count)[:, None], np.ones((count, 1)))

    def matrix(self, node_count: int) -> "csr_array":
        """The shares as a sparse matrix of points × nodes."""
        from scipy.sparse import csr_array

        points, each = self.nodes.shape
        starts = np.arange(0, points * each + 1, each)
        return csr_array((self.shares.ravel(), self.nodes.ravel(), starts), shape=(points, node_count))


@dataclass(frozen=True)
class Lattice:
    """Nodes of meridians and parallels at fixed degrees, those around sets of points."""

    nodes: Places
    points: list[Points]
    """Each set; what is between nodes is interpolated between the four around it (bilinear)."""

    def matrices(self) -> list["csr_array"]:
        """Of each set, the shares of the nodes as a sparse matrix of points × nodes."""
        return [points.matrix(len(self.nodes.latitude)) for points in self.points]

    @classmethod
    def around(cls, sets: Sequence[Places], *, mesh_km: float) -> Self:
        """The nodes around the points; parallels are ``mesh_km`` apart, meridians as many degrees."""
        mesh = mesh_km / EARTH_RADIUS_KM
        south, up = _before(np.concatenate([places.latitude for places in sets]) / mesh)
        west, right = _before(np.concatenate([places.longitude for places in sets]) / mesh)
        # Numbers of meridians are far below 2**30 either way, so one number holds both.
        numbers = (south[:, None] + [0, 0, 1, 1]) * 2**31 + (west[:, None] + [0, 1, 0, 1])
        distinct, node = np.unique(numbers, return_inverse=True)
        meridian = (distinct + 2**30) % 2**31 - 2**30
        nodes = Places((distinct - meridian) // 2**31 * mesh, meridian * mesh)
        shares = np.stack([(1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right], axis=1)
        ends = np.cumsum([len(places.latitude) for places in sets])[:-1]
        each = zip(np.split(node.reshape(shares.shape), ends), np.split(shares, ends), strict=True)
        return cls(nodes, [Points(*one) for one in each])


def bell_lattice(stations: Places, sets: Sequence[Places], *, width_km: float) -> tuple[Lattice, list[Block]]:
    """The lattice on which a bell is summed to be read at the points, and the weights of the stations on its nodes."""
    lattice = Lattice.around(sets, mesh_km=MESH_WIDTHS * width_km)
    weigh = bell(width_km=width_km)
    (to_nodes,) = kernels(stations, lattice.nodes, weigh, reach_km=BELL_REACH * width_km)
    return lattice, to_nodes


def _before(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of the last line before each position, which is counted in meshes, and the part of a mesh after it."""
    steps = np.rint(position * SHARE_STEPS).astype(np.int64)
    line = steps // SHARE_STEPS
    return line, steps / SHARE_STEPS - line
