"""Random streams: a draw depends on its seed, stream, day and item only."""

import numpy as np
import pytest

from airwatch_dagster.practice.world.random_streams import normal, uniform


def test_a_draw_depends_on_seed_stream_day_and_item_only() -> None:
    many = uniform(1, "wind", days=np.arange(700_000, 700_100), items=np.arange(50))
    one = uniform(1, "wind", days=np.array([700_042]), items=np.array([7]))
    assert one[0, 0] == many[42, 7]


def test_draws_are_the_same_on_every_machine() -> None:
    drawn = uniform(1, "wind", days=np.array([700_000]), items=np.arange(3))[0]
    assert drawn.tolist() == [0.2025907809946656, 0.2547948441370748, 0.7428376350748833]


def test_uniform_draws_are_uniform_and_normal_ones_normal() -> None:
    days, items = np.arange(1000), np.arange(100)
    flat, bell = uniform(5, "a", days=days, items=items), normal(5, "b", days=days, items=items)
    assert np.histogram(flat, bins=10, range=(0.0, 1.0))[0] / flat.size == pytest.approx(np.full(10, 0.1), abs=0.004)
    assert (bell.mean(), bell.std(), (np.abs(bell) > 1.96).mean()) == pytest.approx((0.0, 1.0, 0.05), abs=0.005)
    assert abs(np.corrcoef(bell[:-1].ravel(), bell[1:].ravel())[0, 1]) < 0.01


def test_neighbouring_seeds_have_uncorrelated_draws() -> None:
    one, other = (normal(seed, "a", days=np.arange(1000), items=np.arange(100)).ravel() for seed in (1, 2))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.01
