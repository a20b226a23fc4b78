"""Regressors of trees: a random forest (scikit-learn) and gradient boosting (CatBoost)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from airwatch_dagster.fit.models.parameters import boosting_steps
from airwatch_dagster.fit.models.training_set import HorizonData

MIN_ROWS_FOR_THREADS: Final = 2000
"""Rows per tree from which threads save time; smaller trees grow faster on one thread."""


@dataclass(frozen=True)
class RandomForest:
    """A forest that reads null as 0, which for a departure means nothing unusual: splits with nulls are slow."""

    forest: Any

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
        forest.fit(np.nan_to_num(data.inputs), data.residual)
        # Threads add up trees in the order they finish; see docs/adr/0003-bit-identical-features.md.
        return cls(forest.set_params(n_jobs=1))

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Mean of the trees for each row, µg/m³."""
        return np.asarray(self.forest.predict(np.nan_to_num(inputs)))

    def importance(self) -> np.ndarray:
        """Mean decrease of the squared error by splits on each column."""
        return np.asarray(self.forest.feature_importances_, dtype=float)


@dataclass(frozen=True)
class BoostedTrees:
    """Gradient-boosted trees; nulls are a value of their own."""

    model: Any

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
        return cls(model.fit(inputs, residual, sample_weight=weights))

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Sum of the trees for each row, µg/m³."""
        return np.asarray(self.model.predict(inputs))

    def importance(self) -> np.ndarray:
        """CatBoost's PredictionValuesChange of each column."""
        return np.asarray(self.model.feature_importances_, dtype=float)
