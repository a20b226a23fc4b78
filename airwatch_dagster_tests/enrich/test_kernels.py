"""Kernels in blocks have every weight that is not 0, and each target once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.enrich.fixed_point import Block, whole_weights
from airwatch_dagster.enrich.geometry import Places, distance_km
from airwatch_dagster.enrich.kernels import BELL_REACH, GROUP_SIZE, bell, kernels
from airwatch_dagster_tests.enrich.networks import stations_at, strewn

STATIONS = 300


def across_the_date_line() -> pd.DataFrame:
    generator = np.random.default_rng(5)
    east = (generator.uniform(165.0, 200.0, STATIONS) + 180.0) % 360.0 - 180.0
    return stations_at(*zip(generator.uniform(50.0, 66.0, STATIONS), east, strict=True))


def clustered() -> pd.DataFrame:
    """Nearly all at one place, two far away."""
    generator = np.random.default_rng(6)
    near = generator.normal((41.9, -87.6), 1e-6, (STATIONS - 2, 2))
    return stations_at(*near.tolist(), (21.3, -157.9), (-14.3, -170.7))


NETWORKS = {"strewn": strewn(STATIONS, seed=1), "date line": across_the_date_line(), "clustered": clustered()}
TARGETS = {"all": np.arange(STATIONS), "some": np.arange(0, STATIONS, 7), "one": np.array([STATIONS - 1])}


def dense(kernel: Sequence[Block], *, targets: int) -> np.ndarray:
    """Weights of stations × targets; raises where two blocks have the same target."""
    assert sorted(np.concatenate([block.targets for block in kernel]).tolist()) == list(range(targets))
    found = np.zeros((STATIONS, targets))
    for block in kernel:
        found[np.ix_(block.stations, block.targets)] = block.weights
    return found


@pytest.mark.parametrize("stations", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize(
    ("width_km", "east_km", "north_km"), [(50, 0, 0), (120, 750, 0), (250, -566, 566), (400, 0, 0)]
)
def test_a_kernel_has_the_weight_of_every_pair_that_does_not_round_to_zero(
    stations: pd.DataFrame, targets: np.ndarray, width_km: int, east_km: int, north_km: int
) -> None:
    places = Places.of(stations)
    points = places[targets].moved(east_km=east_km, north_km=north_km)
    (kernel,) = kernels(places, points, bell(width_km=width_km), reach_km=BELL_REACH * width_km)
    distance = distance_km(places[:, None], points)
    expected = whole_weights(np.exp(-0.5 * (distance / width_km) ** 2))
    np.testing.assert_array_equal(dense(kernel, targets=len(targets)), expected)


def test_a_bell_is_one_at_its_centre_and_zero_below_half_a_step() -> None:
    here, km = Places(np.zeros(4), np.zeros(4)), np.array([0.0, 150.0, 720.0, 740.0])
    weights = bell(width_km=150.0)(here.moved(east_km=0.0, north_km=km), here)
    assert weights.tolist() == [[65536.0, 39750.0, 1.0, 0.0]]


def test_blocks_hold_few_pairs_beyond_the_reach() -> None:
    """Four networks side by side have four times the pairs of one, not sixteen times."""
    places = np.random.default_rng(7).uniform((30.0, 0.0), (45.0, 20.0), (2 * GROUP_SIZE, 2))
    pairs = []
    for copies in (1, 4):
        stations = stations_at(*((north, east + 90.0 * copy) for copy in range(copies) for north, east in places))
        all_of_them = Places.of(stations)
        (kernel,) = kernels(all_of_them, all_of_them, bell(width_km=120.0), reach_km=BELL_REACH * 120.0)
        pairs.append(sum(block.weights.size for block in kernel))
    assert pairs[0] < pairs[1] < 4.4 * pairs[0]
