"""Small neural networks: smooth where trees have steps, so that they err on other days than these."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from airwatch_dagster.enrich.log_anomaly import LOG_OFFSET_UGM3
from airwatch_dagster.fit.feature_matrix import INPUTS
from airwatch_dagster.fit.models.adam import Layers, fit_layers
from airwatch_dagster.fit.models.ridge import moments, standardised
from airwatch_dagster.fit.models.training_set import HorizonData

HIDDEN: Final = (64, 32)
"""Units of the two hidden layers."""

MAX_RELATIVE: Final = 2.0
"""Residuals are learned relative to the level, and cut at this many times the level: one fire does not decide."""

INPUT_STEPS: Final = 2.0**12
"""Inputs of every layer are rounded to 1/4096. See ``exact_product``."""

WEIGHT_STEPS: Final = 2.0**20
"""Weights are rounded to about a millionth."""

MAX_INPUT: Final = 64.0
"""Limit of the inputs of a layer; standardised ones end at 6."""

MAX_WEIGHT: Final = 16.0
"""Limit of the weights, far above any that was learned: sums of 1,000 products stay below 2**53 steps."""

MIN_EXAMPLES: Final = 150_000
"""Examples of one lead from which networks are fitted: three years of about 150 sites. Around Chicago, with 10,000 of
its own, a network had no skill in 2021, and the blend lost 0.02 by it."""

NETWORKS: Final = 2
"""Networks from different seeds, whose mean is used. In the blend four saved 0.001 more of damped persistence's squared
error than two in 2020, and 0.001 less in 2021."""

STEPS: Final = 1000
"""Steps of Adam, whatever the number of examples."""

BATCH_ROWS: Final = 1024
"""Examples of a step."""

PENALTY: Final = 1.0
"""L2 penalty of the weights, in examples of a step; with 4, with twice the units, or with twice the steps the blend
gained less in 2020."""

_MEAN, _LAST = INPUTS.index("pm25_mean_28d_ugm3"), INPUTS.index("pm25_last_ugm3")


@dataclass(frozen=True)
class NeuralNetwork:
    """The mean of some networks on standardised inputs; a null input counts as the column's mean."""

    mean: np.ndarray
    scale: np.ndarray
    weights: tuple[np.ndarray, ...]
    """Of each layer networks × inputs × units, in whole steps; the last layer has one unit."""
    biases: tuple[np.ndarray, ...]
    """Of each layer networks × units, in whole steps."""

    @classmethod
    def fit(cls, data: HorizonData, *, seed: int) -> Self:
        """Fitted by Adam to the area's own examples, of which there should be ``MIN_EXAMPLES``.

        On one thread: the order of sums would change with their number, and the layers are too small to gain by more.
        """
        from threadpoolctl import threadpool_limits

        rows = slice(None) if data.is_own.all() else data.is_own
        own, residual = data.inputs[rows], data.residual[rows]
        mean, scale = moments(own)
        relative = np.clip(residual / level_of(own), -MAX_RELATIVE, MAX_RELATIVE)
        spread = float(relative.std()) or 1.0
        generator = np.random.default_rng(seed)
        layers = Layers.drawn(NETWORKS, (own.shape[1], *HIDDEN, 1), generator)
        batches = _batches(own, (relative / spread).astype(np.float32), mean, scale, generator)
        with threadpool_limits(limits=1, user_api="blas"):
            fit_layers(layers, batches, steps=STEPS, penalty=PENALTY)
        units = [1.0] * len(HIDDEN) + [spread]
        weights = tuple(whole(part * unit) for part, unit in zip(layers.weights, units, strict=True))
        biases = tuple(whole(part[:, 0] * unit) for part, unit in zip(layers.biases, units, strict=True))
        return cls(mean, scale, weights, biases)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Forecast of each row, µg/m³; it does not depend on the rows computed with it."""
        known = standardised(inputs, self.mean, self.scale)
        relative = np.zeros(len(inputs))
        for network in range(len(self.weights[0])):
            relative += self._output(network, known)
        mean = relative / len(self.weights[0])
        return np.clip(mean, -MAX_RELATIVE, MAX_RELATIVE) * level_of(inputs)

    def importance(self) -> np.ndarray:
        """Size of each input's weights on all ways to the output, of all networks together.

        Source: Gevrey, Dimopoulos and Lek (2003), Ecological Modelling 160, 249-264, the "weights" method.
        """
        ways = np.abs(self.weights[0])
        for weights in self.weights[1:]:
            ways = ways @ np.abs(weights)
        return np.asarray(ways[:, :, 0].sum(axis=0))

    def _output(self, network: int, inputs: np.ndarray) -> np.ndarray:
        """The last layer's one unit for each row; the layers before it give 0 for a negative sum."""
        values, last = inputs, len(self.weights) - 1
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = exact_product(values, weights[network]) + biases[network]
            values = values if layer == last else np.maximum(values, 0.0)
        return values[:, 0]


def level_of(inputs: np.ndarray) -> np.ndarray:
    """By row of the inputs what residuals are relative to, µg/m³: halfway from the 28-day mean to the last reading,
    plus the offset of ``log_pm25``."""
    halfway = inputs[:, _MEAN].astype(float) + 0.5 * inputs[:, _LAST].astype(float)
    return np.maximum(np.nan_to_num(halfway), 0.0) + LOG_OFFSET_UGM3


def exact_product(inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rows × units: the matrix product of ``inputs``, limited and rounded to 1/4096, and weights in whole steps.

    Every product and every partial sum is a whole number of steps below 2**53, so the result has the same bits
    whichever rows or threads it is computed with: see docs/adr/0003-bit-identical-features.md.
    """
    steps = np.rint(np.clip(inputs, -MAX_INPUT, MAX_INPUT) * INPUT_STEPS)
    return np.asarray(steps @ (weights * WEIGHT_STEPS)) / (INPUT_STEPS * WEIGHT_STEPS)


def _batches(
    inputs: np.ndarray, outcome: np.ndarray, mean: np.ndarray, scale: np.ndarray, generator: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Standardised inputs and outcomes of rows drawn at random, without end; no row comes twice in a pass over all."""
    known = (mean.astype(np.float32), scale.astype(np.float32))
    size = min(BATCH_ROWS, len(inputs))
    while True:
        order = generator.permutation(len(inputs))
        for first in range(0, len(inputs) - size + 1, size):
            rows = order[first : first + size]
            yield standardised(inputs[rows], *known), outcome[rows]


def whole(values: np.ndarray) -> np.ndarray:
    """Weights within their limit, rounded to whole steps."""
    limited = np.clip(values.astype(float), -MAX_WEIGHT, MAX_WEIGHT)
    return np.asarray(np.rint(limited * WEIGHT_STEPS) / WEIGHT_STEPS)
