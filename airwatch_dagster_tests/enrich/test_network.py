"""Sums over the stations of other sites, exactly, wherever a site stood."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.fixed_point import FixedPointSums
from airwatch_dagster.enrich.kernels import bell
from airwatch_dagster.enrich.lattice import bell_lattice
from airwatch_dagster.enrich.network import Network
from airwatch_dagster_tests.enrich.networks import strewn

WIDTH_KM = 400.0


@pytest.fixture(scope="module")
def stations() -> pd.DataFrame:
    """Forty; the sites of the first two have moved, one of them twice."""
    found = strewn(40, seed=6)
    found.loc[[20, 39], "site_id"] = found.loc[0, "site_id"]
    found.loc[30, "site_id"] = found.loc[1, "site_id"]
    return found


def test_every_station_of_a_targets_site_is_its_own(stations: pd.DataFrame) -> None:
    network = Network.of(stations, np.array([30, 7, 0, 1]))
    pairs = [
        (int(network.targets[position]), int(station))
        for positions, own in network.own
        for position, station in zip(positions, own, strict=True)
    ]
    assert sorted(pairs) == [(0, 0), (0, 20), (0, 39), (1, 1), (1, 30), (7, 7), (30, 1), (30, 30)]


def test_sums_of_others_are_those_without_any_station_of_the_site(stations: pd.DataFrame) -> None:
    network = Network.of(stations, np.array([0, 1, 7, 20]))
    anomalies = np.random.default_rng(3).normal(0.0, 0.6, (5, 40))
    anomalies[1, [0, 20]] = np.nan
    moved = network.places[network.targets].moved(east_km=150.0, north_km=-80.0)
    lattice, to_nodes = bell_lattice(network.places, [moved], width_km=WIDTH_KM)
    (shares,) = lattice.matrices()
    own = network.own_weights(bell(width_km=WIDTH_KM), lattice.nodes, lattice.points[0])
    sums = FixedPointSums.of(anomalies, per_unit=10_000.0)

    found = network.others(sums.at(to_nodes).read(shares), sums, [one for (one,) in own])

    for position, target in enumerate(network.targets):
        is_other = (stations["site_id"] != stations.loc[target, "site_id"]).to_numpy()
        without = FixedPointSums.of(np.where(is_other, anomalies, np.nan), per_unit=10_000.0)
        expected = without.at(to_nodes).read(shares)
        np.testing.assert_array_equal(found.steps[position], expected.steps[position])
        assert (found.steps[position] != sums.at(to_nodes).read(shares).steps[position]).any()


def test_a_network_without_targets_has_no_own_stations(stations: pd.DataFrame) -> None:
    assert Network.of(stations, np.array([], dtype=int)).own == []
