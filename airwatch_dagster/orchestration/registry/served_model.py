"""The model as other tools load it with ``mlflow.pyfunc``: this module is the loader that its MLmodel file names.

AirWatch itself does not come this way (see ``model_loading``): it lets no file choose the code that reads a model.
"""

from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.fit.model_directory.reading import files_in, model_of
from airwatch_dagster.fit.models.families import FittedModel

DIRECTORY: Final = "model"
"""Name of the directory with the files of ``fit.model_directory``."""

PLACE: Final = f"data/{DIRECTORY}"
"""Where MLflow keeps that directory in a logged model."""


class ServedModel:
    """Rows of features with ``horizon_days`` in, ``pm25_ugm3`` (µg/m³) out."""

    def __init__(self, fitted: FittedModel) -> None:
        self.fitted = fitted

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Forecasts under the index of ``model_input``; there are no ``params``."""
        return pd.DataFrame({"pm25_ugm3": self.fitted.predict(model_input)}, index=model_input.index)


def _load_pyfunc(path: str) -> ServedModel:
    """The model in a directory; MLflow calls this by its name. Raises ModelRefused for other files."""
    return ServedModel(model_of(files_in(Path(path))))
