"""A state folder that was moved, renamed or copied: the models in it are found, and what is missing is named."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from airwatch_dagster.errors import ConfigurationError, ModelRefused
from airwatch_dagster.fit.training import Registration, train_family
from airwatch_dagster.orchestration.registry.mlflow_client import configure_mlflow, describe_mlflow
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel, load_model
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import MONTH, as_stored, logged, run_with_mlflow

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, examples: pd.DataFrame) -> tuple[Installation, Registration]:
    """An installation with one registered model; tests copy it."""
    installation = Installation.at(tmp_path_factory.mktemp("trained") / "first")
    return installation, log_model(installation, examples)


def log_model(installation: Installation, examples: pd.DataFrame) -> Registration:
    before = mlflow.get_tracking_uri()
    registrations: list[Registration] = []
    model = train_family(examples, family="persistence", month=MONTH, seed=1)
    with installation.activated():
        run_with_mlflow(lambda resource: registrations.append(logged(resource, model, examples)))
    mlflow.set_tracking_uri(before)
    return registrations[0]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Each test connects like a process of its own, and leaves mlflow as it was."""
    before = mlflow.get_tracking_uri()
    load_model.cache_clear()
    yield
    load_model.cache_clear()
    mlflow.set_tracking_uri(before)


def copied(trained: tuple[Installation, Registration], folder: Path) -> tuple[Installation, LoggedModel]:
    """A copy of the installation, and its model."""
    shutil.copytree(trained[0].folder, folder)
    return Installation(folder), as_stored(trained[1])


def loaded(installation: Installation, model: LoggedModel) -> str:
    """The family of the model, loaded as by a process of its own."""
    load_model.cache_clear()
    with installation.activated():
        return load_model(model).family


def folder_of(registration: Registration) -> str:
    """Where the files of a model are, below the folder of all files."""
    return f"models/{str(registration.model_uri).removeprefix('models:/')}"


@pytest.mark.parametrize("name", ["renamed", "with blanks and ümlauts", "issue #1", "a@b", "50%", "why?"])
def test_models_load_after_the_folder_was_moved(
    trained: tuple[Installation, Registration], tmp_path: Path, name: str
) -> None:
    _, model = copied(trained, tmp_path / "before")
    with Installation(tmp_path / "before").activated():
        configure_mlflow()
    (tmp_path / "before").rename(tmp_path / name)

    assert loaded(Installation(tmp_path / name), model) == "persistence"


def test_doctor_says_that_the_folder_has_moved_once(trained: tuple[Installation, Registration], tmp_path: Path) -> None:
    installation, model = copied(trained, tmp_path / "moved")
    shutil.move(tmp_path / "moved", tmp_path / "again")
    installation = Installation(tmp_path / "again")

    with installation.activated():
        says = describe_mlflow()

    old = (trained[0].folder / "state" / "mlflow-artifacts").as_uri()
    assert says.startswith(f"sqlite:///{tmp_path / 'again' / 'state' / 'mlflow.db'} responds")
    assert says.endswith(f"; addresses of files in {old} were corrected, because the folder has moved")
    assert loaded(installation, model) == "persistence"


def test_a_copy_uses_its_own_files_and_new_models_are_stored_in_it(
    trained: tuple[Installation, Registration], tmp_path: Path, examples: pd.DataFrame
) -> None:
    copy, model = copied(trained, tmp_path / "copy")
    files = copy.folder / "state" / "mlflow-artifacts"
    before = set(trained[0].folder.rglob("MLmodel"))

    second = log_model(copy, examples)

    assert len(list(files.rglob("MLmodel"))) == 2
    assert set(trained[0].folder.rglob("MLmodel")) == before
    shutil.rmtree(files / folder_of(trained[1]))
    with pytest.raises(ModelRefused, match=r"model\.json is missing at .*/data/model"):
        loaded(copy, model)
    assert loaded(copy, as_stored(second)) == "persistence"
    assert loaded(trained[0], model) == "persistence", "the original is as it was"


def test_models_that_were_trained_at_the_old_place_after_the_move_are_found_too(
    trained: tuple[Installation, Registration], tmp_path: Path, examples: pd.DataFrame
) -> None:
    """An AirWatch that did not follow the move stored their files at the recorded address, where a folder was made."""
    copy, model = copied(trained, tmp_path / "copy")
    later = log_model(copy, examples)
    name = Path("mlflow-artifacts") / folder_of(later)
    shutil.copytree(copy.folder / "state", tmp_path / "old" / "state")
    shutil.rmtree(tmp_path / "old" / "state" / "mlflow-artifacts")
    with copy.activated():
        configure_mlflow()
    (tmp_path / "old" / "state" / name).parent.mkdir(parents=True)
    database = copy.folder / "state" / "mlflow.db"
    rename_addresses(database, copy.folder, tmp_path / "old")
    shutil.move(copy.folder / "state" / name, tmp_path / "old" / "state" / name)
    (tmp_path / "copy").rename(tmp_path / "new")

    assert loaded(Installation(tmp_path / "new"), as_stored(later)) == "persistence"
    assert loaded(Installation(tmp_path / "new"), model) == "persistence"


def rename_addresses(database: Path, old: Path, new: Path) -> None:
    """What an MLflow database holds that was filled at ``new``."""
    columns = [("experiments", "artifact_location"), ("runs", "artifact_uri"), ("logged_models", "artifact_location")]
    with sqlite3.connect(database) as connection:
        for table, column in [*columns, ("model_versions", "storage_location")]:
            connection.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (old.as_uri(), new.as_uri()))
    connection.close()


def test_a_link_to_the_folder_changes_nothing(trained: tuple[Installation, Registration], tmp_path: Path) -> None:
    copy, model = copied(trained, tmp_path / "copy")
    with copy.activated():
        configure_mlflow()
    before = (copy.folder / "state" / "mlflow.db").read_bytes()
    (tmp_path / "link").symlink_to(copy.folder)

    assert loaded(Installation(tmp_path / "link"), model) == "persistence"
    assert (copy.folder / "state" / "mlflow.db").read_bytes() == before


def test_a_database_outside_the_state_folder_follows_a_move_but_no_copy(
    trained: tuple[Installation, Registration], tmp_path: Path
) -> None:
    """Two state folders that share one database must not take each other's addresses."""
    copy, model = copied(trained, tmp_path / "copy")
    with copy.activated():
        configure_mlflow()
    shared = tmp_path / "mlflow.db"
    shutil.move(copy.folder / "state" / "mlflow.db", shared)
    installation = copy.with_settings(MLFLOW_TRACKING_URI=f"sqlite:///{shared}")
    shutil.copytree(copy.folder, tmp_path / "other")
    other = Installation(tmp_path / "other").with_settings(MLFLOW_TRACKING_URI=f"sqlite:///{shared}")

    with other.activated():
        assert "corrected" not in describe_mlflow()
    shutil.rmtree(installation.folder)
    (tmp_path / "other").rename(tmp_path / "third")
    third = Installation(tmp_path / "third").with_settings(MLFLOW_TRACKING_URI=f"sqlite:///{shared}")

    assert loaded(third, model) == "persistence"


def test_files_that_did_not_move_along_are_named(trained: tuple[Installation, Registration], tmp_path: Path) -> None:
    copy, model = copied(trained, tmp_path / "copy")
    with copy.activated():
        configure_mlflow()
    (tmp_path / "new" / "state").mkdir(parents=True)
    shutil.move(copy.folder / "state" / "mlflow.db", tmp_path / "new" / "state")
    shutil.rmtree(copy.folder)
    installation = Installation(tmp_path / "new")

    with installation.activated(), pytest.raises(ConfigurationError) as described:
        describe_mlflow()
    with pytest.raises(ModelRefused) as caught:
        loaded(installation, model)

    assert "the files of 1 registered models are not at file:///" in described.value.problem
    assert described.value.fix.startswith("Move the folder mlflow-artifacts beside mlflow.db")
    assert caught.value.culprit == "model version 1 (persistence, trained for 2021-06)"
    assert caught.value.fix.startswith("Move the folder mlflow-artifacts beside mlflow.db")
