"""A random forest as arrays of nodes: grown by scikit-learn, forecast without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from airwatch_dagster.fit.models.training_set import HorizonData

MIN_ROWS_FOR_THREADS: Final = 2000
"""Rows per tree from which threads save time; smaller trees grow faster on one thread."""

CHUNK_ROWS: Final = 8192
"""Rows sent through the trees at a time: their inputs stay in the processor's cache."""

LEVELS_AT_A_TIME: Final = 6
"""Levels that all rows descend before those in a leaf are set aside: to look for them costs about one level."""


@dataclass(frozen=True)
class RandomForest:
    """A forest that reads null as 0, which for a departure means nothing unusual: splits with nulls are slow.

    The nodes of all trees stand one after the other, those of a tree with its root first. A row goes from a node to
    ``left`` if its input is at most the threshold, else to ``right``; a leaf is its own left and right.
    """

    roots: np.ndarray
    """Index of each tree's first node, int64."""
    feature: np.ndarray
    """Column of the inputs that each node compares, int16; 0 in a leaf."""
    threshold: np.ndarray
    """Largest float32 that goes left."""
    left: np.ndarray
    """Index of the next node, int32."""
    right: np.ndarray
    """Index of the next node, int32."""
    value: np.ndarray
    """Mean residual of the training examples in each node, µg/m³, float64."""
    impurity_decrease: np.ndarray
    """Share of each column in the decrease of the squared error, float64."""

    @classmethod
    def fit(cls, data: HorizonData, *, params: Mapping[str, Any], seed: int, thread_count: int) -> Self:
        """The same forest on any number of threads; a tree draws ``rows_per_tree`` examples, or ``share_per_tree`` of
        them if that is more."""
        from sklearn.ensemble import RandomForestRegressor

        trees = {name: value for name, value in params.items() if not name.endswith("_per_tree")}
        examples = len(data.inputs)
        rows = min(examples, max(params["rows_per_tree"], round(params["share_per_tree"] * examples)))
        threads = thread_count if rows >= MIN_ROWS_FOR_THREADS else 1
        forest = RandomForestRegressor(**trees, max_samples=rows, random_state=seed, n_jobs=threads)
        return cls.of(forest.fit(np.nan_to_num(data.inputs), data.residual))

    @classmethod
    def of(cls, forest: Any) -> Self:
        """The trees of a fitted ``RandomForestRegressor``, with the same forecasts to the last bit."""
        trees = [tree.tree_ for tree in forest.estimators_]
        sizes = [tree.node_count for tree in trees]
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        own, first = np.arange(sum(sizes)), np.repeat(roots, sizes)
        left, right = (np.concatenate([getattr(tree, side) for tree in trees]) for side in _SIDES)
        is_leaf = left < 0
        return cls(
            roots,
            np.where(is_leaf, 0, np.concatenate([tree.feature for tree in trees])).astype(np.int16),
            _at_most(np.where(is_leaf, 0.0, np.concatenate([tree.threshold for tree in trees]))),
            np.where(is_leaf, own, left + first).astype(np.int32),
            np.where(is_leaf, own, right + first).astype(np.int32),
            np.concatenate([tree.value[:, 0, 0] for tree in trees]),
            np.asarray(forest.feature_importances_, dtype=float),
        )

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Mean of the trees for each row, µg/m³."""
        known = np.nan_to_num(np.asarray(inputs, dtype=np.float32))
        total = np.zeros(len(known))
        for rows in (slice(first, first + CHUNK_ROWS) for first in range(0, len(known), CHUNK_ROWS)):
            chunk = np.ascontiguousarray(known[rows])
            # The trees are added in their order, as scikit-learn does on one thread.
            for root in self.roots.tolist():
                total[rows] += self.value.take(self._leaves(chunk, root))
        return total / len(self.roots)

    def importance(self) -> np.ndarray:
        """Mean decrease of the squared error by splits on each column."""
        return self.impurity_decrease

    @cached_property
    def _walk(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each node its column, its two next nodes (right, then left, in one row), and whether it is a leaf; as
        integers of the machine's own size, which index fastest."""
        feature, left, right = (nodes.astype(np.intp) for nodes in (self.feature, self.left, self.right))
        return feature, np.column_stack([right, left]).ravel(), left == np.arange(len(left))

    def _leaves(self, inputs: np.ndarray, root: int) -> np.ndarray:
        """The leaf of each row in one tree."""
        feature, next_nodes, is_leaf = self._walk
        leaves, flat = np.empty(len(inputs), dtype=np.intp), inputs.ravel()
        rows, first = np.arange(len(inputs)), np.arange(0, inputs.size, inputs.shape[1])
        node = np.full(len(inputs), root)
        while len(rows):
            for _ in range(LEVELS_AT_A_TIME):
                goes_left = flat.take(first + feature.take(node)) <= self.threshold.take(node)
                node = next_nodes.take(2 * node + goes_left)
            leaves[rows] = node
            on_the_way = ~is_leaf.take(node)
            rows, first, node = rows[on_the_way], first[on_the_way], node[on_the_way]
        return leaves


_SIDES: Final = ("children_left", "children_right")


def _at_most(thresholds: np.ndarray) -> np.ndarray:
    """The largest float32 not above each threshold: inputs are float32, so every comparison stays as it is."""
    nearest = thresholds.astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest).astype(np.float32)
