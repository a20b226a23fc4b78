"""Feature importance as shares: each input's part of what a model learned."""

from collections.abc import Mapping, Sequence

import numpy as np


def shares(names: Sequence[str], weights: np.ndarray) -> dict[str, float]:
    """Each name's share of the weights, together 1; empty when all weights are 0.

    Raises ValueError when there are more names than weights or the reverse.
    """
    by_name = dict(zip(names, np.asarray(weights, dtype=float).tolist(), strict=True))
    total = sum(by_name.values())
    return {name: weight / total for name, weight in by_name.items()} if total > 0 else {}


def mean_shares(parts: Sequence[Mapping[str, float]], weights: Sequence[float]) -> dict[str, float]:
    """Weighted mean of shares by name; a name that a part lacks has share 0 in it."""
    names, total = dict.fromkeys(name for part in parts for name in part), sum(weights)
    weighted = list(zip(parts, weights, strict=True))
    return {name: sum(weight * part.get(name, 0.0) for part, weight in weighted) / total for name in names}
