"""Networks fitted side by side by Adam."""

from collections.abc import Iterator
from itertools import repeat

import numpy as np
import pytest

from airwatch_dagster.fit.models.adam import RATE, Layers, fit_layers, set_slopes

SIZES = (5, 8, 4, 1)
Batch = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def batch() -> Batch:
    """A product of two inputs, which no line fits."""
    inputs = np.random.default_rng(1).normal(size=(2000, 5)).astype(np.float32)
    return inputs, inputs[:, 0] * inputs[:, 1]


def drawn(networks: int, *, seed: int = 2) -> Layers:
    return Layers.drawn(networks, SIZES, np.random.default_rng(seed))


def slow_loss(numbers: np.ndarray, batch: Batch, *, penalty: float) -> float:
    """Loss of one network, row by row and unit by unit, in double precision."""
    layers = Layers.zeros(1, SIZES)
    parts, first = [], 0
    for weights in layers.weights:
        ins, outs = weights.shape[1:]
        parts.append((numbers[first : first + ins * outs].reshape(ins, outs), first + ins * outs))
        first += (ins + 1) * outs
    squares = 0.0
    for row, wanted in zip(*batch, strict=True):
        values = [float(value) for value in row]
        for number, (weights, end) in enumerate(parts):
            sums = [
                sum(value * weights[i, unit] for i, value in enumerate(values)) + numbers[end + unit]
                for unit in range(weights.shape[1])
            ]
            values = sums if number == len(parts) - 1 else [max(one, 0.0) for one in sums]
        squares += 0.5 * (values[0] - float(wanted)) ** 2
    return (squares + 0.5 * penalty * sum((weights**2).sum() for weights, _ in parts)) / len(batch[0])


def test_slopes_are_those_of_the_loss(batch: Batch) -> None:
    few = batch[0][:40], batch[1][:40]
    layers, slopes = drawn(1), Layers.zeros(1, SIZES)
    set_slopes(slopes, layers, *few, penalty=3.0)

    numbers = layers.numbers.astype(float)
    for place in range(0, len(numbers), 7):
        step = np.zeros(len(numbers))
        step[place] = 1e-5
        change = slow_loss(numbers + step, few, penalty=3.0) - slow_loss(numbers - step, few, penalty=3.0)
        assert slopes.numbers[place] == pytest.approx(change / 2e-5, rel=1e-3, abs=1e-5)


def test_the_loss_gets_as_small_as_scikit_learns(batch: Batch) -> None:
    from sklearn.neural_network import MLPRegressor

    peer = MLPRegressor(hidden_layer_sizes=SIZES[1:-1], alpha=1.0, batch_size=100, random_state=1)
    for _ in range(30):
        peer.partial_fit(*batch)
    layers = drawn(2)
    fit_layers(layers, parts_of(batch, 100), steps=600, penalty=1.0)

    losses = [slow_loss(one.astype(float), batch, penalty=0.0) for one in of_each(layers)]
    theirs = 0.5 * float(((peer.predict(batch[0]) - batch[1]) ** 2).mean())
    assert max(losses) < 1.05 * theirs
    assert theirs < 0.25 * float(batch[1].var()), "the product is learned"


def parts_of(batch: Batch, rows: int) -> Iterator[Batch]:
    while True:
        for first in range(0, len(batch[0]), rows):
            yield batch[0][first : first + rows], batch[1][first : first + rows]


def of_each(layers: Layers) -> list[np.ndarray]:
    """The numbers of each network, in the order of ``Layers.numbers``."""
    pairs = zip(layers.weights, layers.biases, strict=True)
    parts = [part.reshape(len(part), -1) for pair in pairs for part in pair]
    return list(np.concatenate(parts, axis=1))


def test_the_first_step_is_as_long_as_the_rate_whatever_the_slope(batch: Batch) -> None:
    layers, slopes = drawn(2), Layers.zeros(2, SIZES)
    before = layers.numbers.copy()
    set_slopes(slopes, layers, *batch, penalty=1.0)
    fit_layers(layers, [batch], steps=1, penalty=1.0)

    has_slope = np.abs(slopes.numbers) > 1e-3
    moved = (layers.numbers - before)[has_slope]
    np.testing.assert_allclose(moved, -RATE * np.sign(slopes.numbers[has_slope]), rtol=1e-2)


def test_steps_get_shorter_and_end_after_their_number(batch: Batch) -> None:
    at = []
    for taken in (0, 1, 199, 200, 400):
        layers = drawn(1)
        fit_layers(layers, [batch] * min(taken, 200), steps=200, penalty=0.0)
        at.append(layers.numbers.copy())
    fit_layers(endless := drawn(1), repeat(batch), steps=200, penalty=0.0)

    first, last = np.abs(at[1] - at[0]).max(), np.abs(at[3] - at[2]).max()
    assert last < 0.01 * first
    np.testing.assert_array_equal(endless.numbers, at[3])


def test_networks_side_by_side_learn_what_each_learns_alone(batch: Batch) -> None:
    together, alone = drawn(2), drawn(1, seed=3)
    for own, other in zip((*together.weights, *together.biases), (*alone.weights, *alone.biases), strict=True):
        own[1] = other[0]
    fit_layers(together, repeat(batch), steps=30, penalty=1.0)
    fit_layers(alone, repeat(batch), steps=30, penalty=1.0)

    np.testing.assert_allclose(of_each(together)[1], alone.numbers, atol=1e-4)
    assert np.abs(of_each(together)[0] - alone.numbers).max() > 0.1
