"""The files that MLflow's tools read beside a model's own: what ``mlflow.pyfunc.log_model`` would write.

That function checks requirements, asks the server for what was just sent and writes MLmodel twice, for each model anew.
"""

from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from airwatch_dagster.orchestration.registry import served_model
from airwatch_dagster.orchestration.registry.served_model import PLACE

SERVED_LIBRARIES: Final = ("pandas", "numpy", "catboost")
"""Packages that loading a logged model needs, besides this one."""


def write_mlmodel(folder: Path, logged: Any, *, signature: Any, model_bytes: int) -> None:
    """Write MLmodel and the files of its environment to the ``folder`` of a model whose own files are at ``PLACE``.

    ``logged`` is MLflow's ``LoggedModel`` that the folder will belong to; ``model_bytes`` the size of the own files.
    """
    import mlflow.pyfunc
    from mlflow.models import Model

    for name, content in _environment().items():
        (folder / name).write_bytes(content)
    named = {"model_id": logged.model_id, "model_uuid": logged.model_id, "run_id": logged.source_run_id}
    model = Model(artifact_path=logged.artifact_location, signature=signature, model_size_bytes=model_bytes, **named)
    environment = {"conda_env": "conda.yaml", "python_env": "python_env.yaml"}
    mlflow.pyfunc.add_to_model(model, served_model.__name__, data=PLACE, streamable=False, **environment)
    model.save(folder / "MLmodel")


@lru_cache
def _environment() -> dict[str, bytes]:
    """Name → content of the files that describe Python and its packages, as MLflow itself writes them: once."""
    import mlflow.pyfunc

    # The installed versions; without them MLflow infers requirements for seconds.
    pinned = [f"{name}=={version(name)}" for name in SERVED_LIBRARIES]
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "data").mkdir()
        mlflow.pyfunc.save_model(
            str(place / "model"),
            loader_module=served_model.__name__,
            data_path=str(place / "data"),
            pip_requirements=pinned,
        )
        files = [path for path in (place / "model").iterdir() if path.is_file() and path.name != "MLmodel"]
        return {path.name: path.read_bytes() for path in files}
