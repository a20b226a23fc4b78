"""A lattice has fixed nodes, and what is between them is interpolated, exactly and wherever it is read."""

import numpy as np
import pytest

from airwatch_dagster.enrich.fixed_point import FixedPointSums
from airwatch_dagster.enrich.geometry import Places, distance_km
from airwatch_dagster.enrich.lattice import Lattice, Points, bell_lattice
from airwatch_dagster_tests.enrich.networks import strewn

MESH_KM = 60.0
DEGREES = float(np.degrees(MESH_KM / 6371.0))
"""Of a mesh."""


def places(*degrees: tuple[float, float]) -> Places:
    latitude, longitude = np.radians(np.array(degrees)).T
    return Places(latitude, longitude)


def shares_of(row: float, column: float) -> dict[tuple[int, int], float]:
    """Share of each node that has one in a point, by row and column of the lattice."""
    lattice = Lattice.around([places((row * DEGREES, column * DEGREES))], mesh_km=MESH_KM)
    (point,) = lattice.points
    nodes = lattice.nodes[point.nodes[0]]
    rows, columns = (np.rint(np.degrees(at) / DEGREES).astype(int).tolist() for at in (nodes.latitude, nodes.longitude))
    shares = zip(rows, columns, point.shares[0].tolist(), strict=True)
    return {(row, column): share for row, column, share in shares if share}


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        (74.0, -160.0, {(74, -160): 1.0}),
        (74.5, -160.0, {(74, -160): 0.5, (75, -160): 0.5}),
        (74.25, -160.5, {(74, -161): 0.375, (74, -160): 0.375, (75, -161): 0.125, (75, -160): 0.125}),
        (-74.03, 0.03, {(-74, 0): 1.0}),
    ],
)
def test_a_point_is_shared_by_the_nodes_around_it_in_sixteenths_of_a_mesh(
    row: float, column: float, expected: dict[tuple[int, int], float]
) -> None:
    assert shares_of(row, column) == expected


def test_a_point_has_the_same_nodes_and_shares_whatever_points_are_there() -> None:
    many = Places.of(strewn(200, seed=8))
    together = Lattice.around([many[:50], many[50:]], mesh_km=MESH_KM)
    for number in (0, 49, 50, 199):
        alone = Lattice.around([many[[number]]], mesh_km=MESH_KM)
        point = together.points[number // 50 > 0]
        row = number % 50 if number < 50 else number - 50
        own = together.nodes[point.nodes[row]]
        np.testing.assert_array_equal(own.latitude, alone.nodes[alone.points[0].nodes[0]].latitude)
        np.testing.assert_array_equal(own.longitude, alone.nodes[alone.points[0].nodes[0]].longitude)
        np.testing.assert_array_equal(point.shares[row], alone.points[0].shares[0])


def test_the_nodes_of_a_region_do_not_grow_with_the_points() -> None:
    nodes = [len(Lattice.around([Places.of(strewn(n, seed=2))], mesh_km=MESH_KM).nodes.latitude) for n in (2000, 8000)]
    assert nodes[0] < nodes[1] < 1.1 * nodes[0]


@pytest.mark.parametrize("width_km", [50.0, 350.0])
def test_a_bell_read_between_nodes_differs_by_less_than_a_fifteenth_of_its_height(width_km: float) -> None:
    """3 % in either direction; the greatest difference is at its centre."""
    stations = Places.of(strewn(300, seed=3))
    lattice, to_nodes = bell_lattice(stations, [stations], width_km=width_km)
    one_each = FixedPointSums(np.eye(300), 1.0)
    read = one_each.at(to_nodes).read(lattice.matrices()[0]).steps.T / 65536
    exact = np.exp(-0.5 * (distance_km(stations[:, None], stations) / width_km) ** 2)
    assert np.abs(read - exact).max() < 1 / 15
    assert np.diag(read).min() > 1 - 1 / 15


def test_what_lies_beyond_the_date_line_is_read_as_what_is_close() -> None:
    stations, point = places((52.0, 179.9)), places((52.0, -179.9))
    lattice, to_nodes = bell_lattice(stations, [point], width_km=120.0)
    read = FixedPointSums(np.ones((1, 1)), 1.0).at(to_nodes).read(lattice.matrices()[0])
    assert read.steps.item() / 65536 == pytest.approx(np.exp(-0.5 * (13.7 / 120.0) ** 2), abs=0.06)


def test_log_anomalies_of_4096_stations_at_one_place_are_read_exactly() -> None:
    crowd = places(*[(41.03, -87.31)] * 4096)
    matrix = np.where(np.arange(4096) % 3, 2.0, -1.4999)[None]
    weight, total = (
        FixedPointSums.of(values, per_unit=10_000.0).at(to_nodes).read(lattice.matrices()[0]).steps[0]
        for values, stations in ((np.full((1, 1), 0.0001), crowd[:1]), (matrix, crowd))
        for lattice, to_nodes in [bell_lattice(stations, [crowd[:1]], width_km=120.0)]
    )
    steps = sum(20_000 if number % 3 else -14_999 for number in range(4096))
    assert 0.9 < weight[0] / 65536 < 1.0
    assert int(total[0] * 256) == steps * int(weight[0] * 256)


def test_points_at_nodes_read_them_alone() -> None:
    read = FixedPointSums(np.array([[1.0], [2.0], [3.0]]), 1.0).read(Points.at_nodes(3).matrix(3))
    assert read.steps.tolist() == [[1.0], [2.0], [3.0]]
