"""Gradient-boosted trees (CatBoost)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from airwatch_dagster.fit.models.parameters import boosting_steps
from airwatch_dagster.fit.models.training_set import HorizonData

VOLATILE: Final = {"train_finish_time": "", "model_guid": "", "training": "{}"}
"""Entries of CatBoost's metadata that differ between equal fits, with what stands there instead: a time, a random name,
and errors by round that are added up by several threads."""


@dataclass(frozen=True)
class BoostedTrees:
    """Gradient-boosted trees; nulls are a value of their own."""

    model: Any
    values_change: np.ndarray
    """CatBoost's PredictionValuesChange of each column, float64."""

    @classmethod
    def fit(cls, data: HorizonData, *, params: Mapping[str, Any], seed: int, thread_count: int) -> Self:
        """Fitted on the area's own examples and a share of those around it (see ``HorizonData.mostly_own``)."""
        from catboost import CatBoostRegressor

        context = {name: params[name] for name in ("context_share", "context_weight")}
        boosting = {name: value for name, value in params.items() if name not in ("rounds", "learning_rate", *context)}
        inputs, residual, weights = data.mostly_own(**context, seed=seed)
        steps = boosting_steps(
            params["rounds"], params["learning_rate"], rows=len(inputs), horizon_days=data.horizon_days
        )
        quiet = {"verbose": False, "allow_writing_files": False}
        model = CatBoostRegressor(**boosting, **steps, random_seed=seed, thread_count=thread_count, **quiet)
        return cls.of(model.fit(inputs, residual, sample_weight=weights))

    @classmethod
    def of(cls, model: Any) -> Self:
        """A ``CatBoostRegressor`` as it was just fitted."""
        _make_reproducible(model.get_metadata())
        return cls(model, np.asarray(model.feature_importances_, dtype=float))

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Sum of the trees for each row, µg/m³."""
        return np.asarray(self.model.predict(inputs))

    def importance(self) -> np.ndarray:
        """CatBoost's PredictionValuesChange of each column."""
        return self.values_change


def _make_reproducible(metadata: Any) -> None:
    """Equal fits give equal files: whatever the time and the number of threads."""
    for name, value in VOLATILE.items():
        metadata[name] = value
    params = json.loads(metadata["params"])
    for options in ("system_options", "flat_params"):
        params[options]["thread_count"] = 1
    metadata["params"] = json.dumps(params, sort_keys=True)
