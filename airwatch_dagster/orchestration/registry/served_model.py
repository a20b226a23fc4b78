"""The model as MLflow serves it; imports mlflow, so import it only where a model is logged or loaded."""

from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel

from airwatch_dagster.fit.models.families import FittedModel


class ServedModel(PythonModel):  # type: ignore[misc]  # MLflow's types are not read
    """Rows of features with ``horizon_days`` in, ``pm25_ugm3`` (µg/m³) out."""

    def __init__(self, fitted: FittedModel) -> None:
        self.fitted = fitted

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Forecasts under the index of ``model_input``."""
        return pd.DataFrame({"pm25_ugm3": self.fitted.predict(model_input)}, index=model_input.index)
