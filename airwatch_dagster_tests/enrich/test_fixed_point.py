"""Fixed-point sums are bit-identical whichever days, stations or threads they are computed with."""

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from airwatch_dagster.enrich.fixed_point import Block, FixedPointSums, whole_weights

DAYS, STATIONS, TARGETS = 40, 700, 60


@pytest.fixture(scope="module")
def readings() -> np.ndarray:
    generator = np.random.default_rng(0)
    values = generator.normal(10.0, 8.0, (DAYS, STATIONS))
    values[generator.random(values.shape) < 0.3] = np.nan
    return values


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    return whole_weights(np.random.default_rng(1).random((STATIONS, TARGETS)) ** 4)


def kernel(weights: np.ndarray, *, blocks: int = 1) -> list[Block]:
    """Weights of stations × targets, in blocks of targets."""
    groups = np.array_split(np.arange(weights.shape[1]), blocks)
    return [Block.of(np.arange(len(weights)), group, weights[:, group]) for group in groups]


def mean(readings: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return FixedPointSums.of(readings, per_unit=1000.0).at(kernel(weights)).mean()


def test_a_mean_equals_a_slow_obvious_loop(readings: np.ndarray, weights: np.ndarray) -> None:
    found = mean(readings, weights)
    for day, target in [(0, 0), (7, 31), (39, 59)]:
        pairs = [(v, w) for v, w in zip(readings[day], weights[:, target], strict=True) if not np.isnan(v)]
        expected = sum(v * w for v, w in pairs) / sum(w for _, w in pairs)
        assert found[day, target] == pytest.approx(expected, abs=0.0005)


def test_a_mean_is_null_where_nothing_known_has_weight() -> None:
    known = np.array([[4.0, np.nan], [np.nan, np.nan], [4.0, 6.0]])
    found = mean(known, whole_weights(np.array([[0.0, 1.0], [1.0, 1.0]])))
    np.testing.assert_array_equal(found, [[np.nan, 4.0], [np.nan, np.nan], [6.0, 5.0]])


def test_sums_are_in_units_times_weight_steps() -> None:
    steps = FixedPointSums.of(np.array([[2.5, np.nan]]), per_unit=1000.0)
    total, weight = steps.at(kernel(whole_weights(np.array([[0.5], [1.0]])))).sums()
    assert (total.item(), weight.item()) == (2.5 * 32768, 32768)


def test_weights_are_whole_numbers_of_65536ths() -> None:
    assert whole_weights(np.array([0.0, 7e-6, 9e-6, 0.25, 1.0])).tolist() == [0.0, 0.0, 1.0, 16384.0, 65536.0]


def test_the_largest_readings_of_4096_stations_still_sum_exactly() -> None:
    readings = np.full((1, 4096), 4999.999)
    readings[0, 1::2] = -49.999
    weights = whole_weights(np.linspace(0.0, 1.0, 4096))[:, None]
    found = FixedPointSums.of(readings, per_unit=1000.0)
    total, _ = replace(found, per_unit=1.0).at(kernel(weights)).sums()
    exact = sum(round(v * 1000) * int(w) for v, w in zip(readings[0], weights[:, 0], strict=True))
    assert total.item() == exact


def test_a_day_computed_alone_is_bit_identical_to_the_day_among_others(
    readings: np.ndarray, weights: np.ndarray
) -> None:
    alone = np.concatenate([mean(readings[[day]], weights) for day in range(DAYS)])
    np.testing.assert_array_equal(alone, mean(readings, weights))


def test_a_target_computed_alone_is_bit_identical_to_the_target_among_others(
    readings: np.ndarray, weights: np.ndarray
) -> None:
    alone = np.column_stack([mean(readings, weights[:, [target]]) for target in range(TARGETS)])
    np.testing.assert_array_equal(alone, mean(readings, weights))


def test_station_order_and_stations_without_weight_leave_the_mean_bit_identical(
    readings: np.ndarray, weights: np.ndarray
) -> None:
    more = np.hstack([readings, np.full((DAYS, 50), 4000.0)]), np.vstack([weights, np.zeros((50, TARGETS))])
    order = np.random.default_rng(2).permutation(STATIONS + 50)
    np.testing.assert_array_equal(mean(more[0][:, order], more[1][order]), mean(readings, weights))


def test_one_thread_and_two_are_bit_identical(readings: np.ndarray, weights: np.ndarray) -> None:
    with threadpool_limits(1):
        single = mean(readings, weights)
    with threadpool_limits(2):
        np.testing.assert_array_equal(mean(readings, weights), single)
