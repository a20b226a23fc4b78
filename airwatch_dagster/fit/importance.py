"""Which inputs a fitted family listens to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass

import numpy as np

from airwatch_dagster.fit.families import FittedModel
from airwatch_dagster.fit.learned import CORRECTION_INPUTS, LearnedCorrection


def importance(model: FittedModel, *, names: Sequence[str] = CORRECTION_INPUTS) -> dict[str, float]:
    """Share of each input in what the family learned, the largest first, together 1; empty for a baseline.

    Of a linear correction it is the size of the standardised input's coefficient, of trees what their splits on the
    input change. The leads of a family, and the members of a blend, count alike. Raises ValueError when a regressor saw
    another number of columns than there are ``names`` and columns of weather.
    """
    shares = _shares(model, names)
    return dict(sorted(shares.items(), key=lambda share: -share[1]))


def _shares(part: object, names: Sequence[str]) -> dict[str, float]:
    weights = _weights(part)
    if weights is not None:
        return _normalised(dict(zip(names, weights.tolist(), strict=True)))
    seen = (*names, *part.weather) if isinstance(part, LearnedCorrection) else names
    return _mean([shares for inner in _parts(part) if (shares := _shares(inner, seen))])


def _weights(part: object) -> np.ndarray | None:
    """What each column weighs in a regressor; None for what is no regressor on columns."""
    for attribute in ("feature_importances_", "coefficients"):
        weights = getattr(part, attribute, None)
        if weights is not None:
            return np.abs(np.asarray(weights, dtype=float))
    return None


def _parts(part: object) -> Iterable[object]:
    """What an estimator is made of: a family's regressors lie in it by lead, a blend's families side by side."""
    if is_dataclass(part):
        return [getattr(part, one.name) for one in fields(part)]
    if isinstance(part, Mapping):
        return part.values()
    return part if isinstance(part, tuple) else ()


def _normalised(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total > 0 else {}


def _mean(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: sum(part.get(name, 0.0) for part in parts) / len(parts) for name in names}
