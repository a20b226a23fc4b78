"""The files that MLflow's tools read beside a model's own: what ``mlflow.pyfunc.log_model`` would write.

That function checks requirements, asks the server for what was just sent and writes MLmodel twice, for each model anew.
"""

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import yaml

from airwatch_dagster.orchestration.registry import served_model
from airwatch_dagster.orchestration.registry.served_model import PLACE

SERVED_LIBRARIES: Final = ("pandas", "numpy", "catboost")
"""Packages that loading a logged model needs, besides this one and MLflow."""

_BUILD_PACKAGES: Final = ("pip", "setuptools", "wheel")
"""Packages that MLflow installs first where it makes an environment for a model."""

_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""A signature has 130 inputs: MLflow's own dumper in Python takes 5 ms for it, the one in C 0.4 ms."""


def write_mlmodel(folder: Path, logged: Any, *, signature: Any, model_bytes: int) -> None:
    """Write MLmodel and the files of its environment to the ``folder`` of a model whose own files are at ``PLACE``.

    ``logged`` is MLflow's ``LoggedModel`` that the folder will belong to; ``model_bytes`` the size of the own files.
    """
    import mlflow.pyfunc
    from mlflow.models import Model

    for name, content in environment_files().items():
        (folder / name).write_text(content)
    named = {"model_id": logged.model_id, "model_uuid": logged.model_id, "run_id": logged.source_run_id}
    model = Model(artifact_path=logged.artifact_location, signature=signature, model_size_bytes=model_bytes, **named)
    environment = {"conda_env": "conda.yaml", "python_env": "python_env.yaml"}
    mlflow.pyfunc.add_to_model(model, served_model.__name__, data=PLACE, streamable=False, **environment)
    (folder / "MLmodel").write_text(yaml.dump(model.to_dict(), Dumper=_DUMPER))


@lru_cache
def environment_files() -> dict[str, str]:
    """Name → content of the files that describe Python and its packages, in their installed versions.

    They are what ``mlflow.pyfunc.save_model`` writes for these packages. It would also read the files of every
    installed distribution to warn of what is missing, which takes a CPU second.
    """
    import mlflow.pyfunc

    served = [_pinned(name) for name in ("mlflow", *SERVED_LIBRARIES)]
    conda = mlflow.pyfunc.get_default_conda_env()
    conda["dependencies"][-1] = {"pip": served}
    python = {
        "python": platform.python_version(),
        "build_dependencies": [_pinned(name) for name in _BUILD_PACKAGES],
        "dependencies": ["-r requirements.txt"],
    }
    return {
        "conda.yaml": yaml.dump(conda, Dumper=_DUMPER),
        "python_env.yaml": yaml.dump(python, Dumper=_DUMPER, sort_keys=False),
        "requirements.txt": "\n".join(served),
    }


def _pinned(package: str) -> str:
    """``package==1.2.3``, or the name alone of a package that is not installed."""
    try:
        return f"{package}=={version(package)}"
    except PackageNotFoundError:
        return package
