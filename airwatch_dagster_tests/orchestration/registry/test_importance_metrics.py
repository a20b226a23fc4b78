"""Which inputs' importance goes to MLflow."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.baselines import Persistence
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.fit.models.learned import CORRECTION_INPUTS
from airwatch_dagster.orchestration.registry.model_log import importance_metrics


@dataclass(frozen=True)
class Linear:
    """Coefficients of the inputs."""

    coefficients: np.ndarray

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        return np.zeros(len(examples))


def test_the_thirty_most_important_inputs_are_logged() -> None:
    falling = FittedModel("ridge", Linear(np.linspace(1.0, 0.0, len(CORRECTION_INPUTS))))

    assert list(importance_metrics(falling)) == [f"importance/{name}" for name in CORRECTION_INPUTS[:30]]


def test_baselines_and_families_that_were_not_fitted_have_nothing_to_log() -> None:
    assert importance_metrics(FittedModel("persistence", Persistence())) == {}
    assert importance_metrics(None) == {}
