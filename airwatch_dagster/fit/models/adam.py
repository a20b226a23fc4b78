"""Small networks fitted side by side on the same examples: Adam in float32, at a rate that falls to nothing.

scikit-learn's ``MLPRegressor`` has no falling rate for Adam, and took five times the CPU time for a blend as good.
Source: Kingma and Ba (2015), https://arxiv.org/abs/1412.6980, algorithm 1; the cosine from Loshchilov and Hutter
(2017), https://arxiv.org/abs/1608.03983; first weights from Glorot and Bengio (2010), AISTATS.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final, Self

import numpy as np

RATE: Final = 4e-3
"""Learning rate of the first step. Half of it lost a nation's blend 0.001 in 2021, twice as much gained nothing."""

MEAN_DECAY: Final = 0.9
"""Share of the last mean slope in the next one; this and the two below are those of the paper and of scikit-learn."""

SQUARE_DECAY: Final = 0.999
"""The same of the mean square of slopes."""

EPSILON: Final = 1e-8
"""Added to the root of the mean square: no division by 0."""


@dataclass(frozen=True)
class Layers:
    """The layers of some networks side by side, float32, or a slope of each of their numbers."""

    shape: tuple[int, tuple[int, ...]]
    """Number of networks; number of inputs, then of units of each layer."""
    numbers: np.ndarray
    """All weights and biases, which are views of it."""
    weights: list[np.ndarray]
    """Of each layer networks × inputs × units."""
    biases: list[np.ndarray]
    """Of each layer networks × 1 × units."""

    @classmethod
    def zeros(cls, networks: int, sizes: Sequence[int]) -> Self:
        """Layers of zeros; ``sizes`` are the number of inputs, then of units of each layer."""
        shapes = [shape for ins, outs in pairwise(sizes) for shape in ((networks, ins, outs), (networks, 1, outs))]
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        numbers = np.zeros(ends[-1], dtype=np.float32)
        parts = [part.reshape(shape) for part, shape in zip(np.split(numbers, ends[:-1]), shapes, strict=True)]
        return cls((networks, tuple(sizes)), numbers, parts[::2], parts[1::2])

    @classmethod
    def drawn(cls, networks: int, sizes: Sequence[int], generator: np.random.Generator) -> Self:
        """Random weights and biases to begin with, by Glorot and Bengio."""
        layers = cls.zeros(networks, sizes)
        for weights, biases in zip(layers.weights, layers.biases, strict=True):
            limit = math.sqrt(6.0 / sum(weights.shape[1:]))
            for part in (weights, biases):
                part[:] = generator.uniform(-limit, limit, part.shape)
        return layers


def fit_layers(layers: Layers, batches: Iterable[tuple[np.ndarray, np.ndarray]], *, steps: int, penalty: float) -> None:
    """Changes ``layers`` by a step of Adam for each of the first ``steps`` batches; see ``set_slopes``."""
    slopes = Layers.zeros(*layers.shape)
    mean, square = np.zeros_like(layers.numbers), np.zeros_like(layers.numbers)
    for step, (inputs, outcome) in enumerate(islice(batches, steps), start=1):
        set_slopes(slopes, layers, inputs, outcome, penalty=penalty)
        mean += (1.0 - MEAN_DECAY) * (slopes.numbers - mean)
        square += (1.0 - SQUARE_DECAY) * (slopes.numbers**2 - square)
        rate = RATE * 0.5 * (1.0 + math.cos(math.pi * (step - 1) / steps))
        rate *= math.sqrt(1.0 - SQUARE_DECAY**step) / (1.0 - MEAN_DECAY**step)
        layers.numbers[:] -= rate * mean / (np.sqrt(square) + EPSILON)


def set_slopes(slopes: Layers, layers: Layers, inputs: np.ndarray, outcome: np.ndarray, *, penalty: float) -> None:
    """Sets ``slopes`` to those of the loss of a batch: inputs (rows × columns) and an outcome of each row, float32.

    The loss of a network is half the mean square of its error, and half of its squared weights times ``penalty`` by the
    number of rows, as of scikit-learn's ``MLPRegressor``. A unit gives 0 for a negative sum, but for the last layer's
    one.
    """
    rows, last, values = len(inputs), len(layers.weights) - 1, [inputs]
    for layer, (weights, biases) in enumerate(zip(layers.weights, layers.biases, strict=True)):
        sums = values[-1] @ weights
        sums += biases
        values.append(sums if layer == last else np.maximum(sums, 0.0, out=sums))
    error = (values.pop() - outcome[:, None]) / np.float32(rows)
    for layer in range(last, -1, -1):
        np.matmul(values[layer].swapaxes(-1, -2), error, out=slopes.weights[layer])
        slopes.weights[layer][:] += penalty / rows * layers.weights[layer]
        np.sum(error, axis=1, keepdims=True, out=slopes.biases[layer])
        if layer > 0:
            error = error @ layers.weights[layer].swapaxes(1, 2)
            error *= values[layer] > 0.0
