"""Which inputs a fitted family listens to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass

import numpy as np

from airwatch_dagster.fit.models.families import Blend, FittedModel
from airwatch_dagster.fit.models.learned import CORRECTION_INPUTS, LearnedCorrection


def importance(model: FittedModel, *, names: Sequence[str] = CORRECTION_INPUTS) -> dict[str, float]:
    """Share of each input in what the family learned, the largest first, together 1; empty for a baseline.

    Of a linear correction it is the size of the standardised input's coefficient, of trees what their splits on the
    input change. The leads of a family count alike, the members of a blend by their weights. Raises ValueError when a
    regressor saw another number of columns than there are ``names`` and columns of weather.
    """
    shares = _shares(model, names)
    return dict(sorted(shares.items(), key=lambda share: -share[1]))


def _shares(part: object, names: Sequence[str]) -> dict[str, float]:
    weights = _weights(part)
    if weights is not None:
        return _normalised(dict(zip(names, weights.tolist(), strict=True)))
    if isinstance(part, Blend):
        return _mean([_shares(member, names) for member in part.members], part.weights)
    seen = (*names, *part.weather) if isinstance(part, LearnedCorrection) else names
    told = [shares for inner in _parts(part) if (shares := _shares(inner, seen))]
    return _mean(told, [1.0] * len(told))


def _weights(part: object) -> np.ndarray | None:
    """What each column weighs in a regressor; None for what is no regressor on columns."""
    for attribute in ("feature_importances_", "coefficients"):
        weights = getattr(part, attribute, None)
        if weights is not None:
            return np.abs(np.asarray(weights, dtype=float))
    return None


def _parts(part: object) -> Iterable[object]:
    """What an estimator is made of: a family's regressors lie in it by lead."""
    if is_dataclass(part):
        return [getattr(part, one.name) for one in fields(part)]
    return part.values() if isinstance(part, Mapping) else ()


def _normalised(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total > 0 else {}


def _mean(parts: Sequence[Mapping[str, float]], weights: Sequence[float]) -> dict[str, float]:
    names, total = dict.fromkeys(name for part in parts for name in part), sum(weights)
    weighted = list(zip(parts, weights, strict=True))
    return {name: sum(weight * part.get(name, 0.0) for part, weight in weighted) / total for name in names}
