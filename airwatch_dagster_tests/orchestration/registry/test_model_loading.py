"""Models are loaded by the hashes in their rows: whatever is planted, swapped or lost in MLflow, nothing of it runs."""

import gc
import pickle
import shutil
import sqlite3
import sys
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.fit.training import train_family
from airwatch_dagster.orchestration.registry import mlflow_client, model_loading
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel, load_model, verify_files
from airwatch_dagster.schemas.columns import FAMILIES
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.mlflow_servers import MlflowServer
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import MONTH, as_stored, logged, run_with_mlflow
from airwatch_dagster_tests.s3_servers import S3Server

RETRAIN = "rain the month again: `airwatch backfill 2021-06-01 2021-06-01 --tables trained_models,champion_model --refr"

NAME = "model version {} (climatology, trained for 2021-06): "

ran: list[str] = []
"""What code from a planted file has left behind."""

events: list[str] = []
"""Audit events of pickles, while ``is_watching`` holds a true value."""

is_watching = [False]


def audit(event: str, _: tuple[Any, ...]) -> None:
    # When the interpreter ends, the list is gone before the hook.
    if is_watching and is_watching[0] and event.startswith("pickle."):
        events.append(event)


sys.addaudithook(audit)


class Malicious:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return ran.append, ("code of a file ran",)


EVIL = f"""
import {__name__} as test
test.ran.append("code of a module ran")
def _load_pyfunc(path):
    test.ran.append("a planted loader ran")
"""


@dataclass(frozen=True)
class Stored:
    """A registered model and where its files are."""

    installation: Installation
    model: LoggedModel
    folder: Path
    """MLmodel and the like."""
    database: Path

    @property
    def files(self) -> Path:
        return self.folder / "data" / "model"

    @property
    def name(self) -> str:
        return NAME.format(self.model.version)

    def refusal(self, model: LoggedModel | None = None) -> str:
        """The sentence that refuses the model."""
        load_model.cache_clear()
        with self.installation.activated(), pytest.raises(AirWatchError) as caught:
            load_model(model or self.model)
        assert "\n" not in str(caught.value)
        return str(caught.value)


def log_climatology(installation: Installation, examples: pd.DataFrame) -> LoggedModel:
    registrations: list[Any] = []
    trained = train_family(examples, family="climatology", month=MONTH, seed=1)
    with installation.activated():
        result = run_with_mlflow(lambda resource: registrations.append(logged(resource, trained, examples)))
    assert result.success
    return as_stored(registrations[0], "climatology")


@pytest.fixture(scope="module")
def in_a_folder(tmp_path_factory: pytest.TempPathFactory, examples: pd.DataFrame) -> tuple[Installation, LoggedModel]:
    """An installation with one registered model; tests copy it."""
    installation = Installation.at(tmp_path_factory.mktemp("trained") / "first")
    before = mlflow.get_tracking_uri()
    model = log_climatology(installation, examples)
    mlflow.set_tracking_uri(before)
    return installation, model


@pytest.fixture(params=["folder", pytest.param("server", marks=pytest.mark.slow)])
def stored(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    examples: pd.DataFrame,
    in_a_folder: tuple[Installation, LoggedModel],
) -> Iterator[Stored]:
    """A model in a state folder, or on an MLflow server."""
    before = mlflow.get_tracking_uri()
    ran.clear()
    load_model.cache_clear()
    if request.param == "folder":
        shutil.copytree(in_a_folder[0].folder, tmp_path / "copy")
        installation, model = Installation(tmp_path / "copy"), in_a_folder[1]
        files, database = tmp_path / "copy" / "state" / "mlflow-artifacts", tmp_path / "copy" / "state" / "mlflow.db"
    else:
        server: MlflowServer = request.getfixturevalue("mlflow_server")
        installation = Installation.at(tmp_path / "own", MLFLOW_TRACKING_URI=server.address)
        model = log_climatology(installation, examples)
        files, database = server.artifacts, server.folder / "server.db"
    newest = max(files.rglob("MLmodel"), key=lambda path: path.stat().st_mtime_ns)
    yield Stored(installation, model, newest.parent, database)
    load_model.cache_clear()
    mlflow.set_tracking_uri(before)
    assert ran == []


def test_a_logged_model_has_no_pickle_among_its_files(stored: Stored) -> None:
    files = [path for path in stored.folder.rglob("*") if path.is_file()]

    assert {path.relative_to(stored.folder).as_posix() for path in files} == {
        *("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "data/model/model.json")
    }
    for path in files:
        data = path.read_bytes()
        assert not data.startswith((b"\x80", b"PK")), path
        assert b"pickle" not in data.replace(b"cloudpickle: null", b""), path
        assert b"python_model" not in data, path
    assert (
        "loader_module: airwatch_dagster.orchestration.registry.served_model" in (stored.folder / "MLmodel").read_text()
    )


def test_planted_code_beside_the_files_is_not_looked_at(stored: Stored, examples: pd.DataFrame) -> None:
    with stored.installation.activated():
        before = load_model(stored.model).predict(examples)
    load_model.cache_clear()
    (stored.folder / "python_model.pkl").write_bytes(pickle.dumps(Malicious()))
    (stored.folder / "code").mkdir()
    (stored.folder / "code" / "planted_loader.py").write_text(EVIL)
    (stored.folder / "MLmodel").write_text(
        "flavors:\n  python_function:\n    code: code\n    loader_module: planted_loader\n    data: data\n"
        "    python_model: python_model.pkl\n    cloudpickle_version: 3.1.1\n"
    )
    (stored.files / "python_model.pkl").write_bytes(pickle.dumps(Malicious()))
    events.clear()
    is_watching[0] = True
    try:
        with stored.installation.activated():
            after = load_model(stored.model).predict(examples)
    finally:
        is_watching[0] = False

    assert after.tobytes() == before.tobytes()
    assert events == []
    assert "planted_loader" not in sys.modules


def test_a_model_on_this_disk_is_loaded_without_mlflow_and_one_on_a_server_with_it(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    asked: list[str] = []

    def connected() -> AbstractContextManager[Any]:
        asked.append("mlflow")
        return mlflow_client.connected()

    monkeypatch.setattr(model_loading, "connected", connected)

    with stored.installation.activated():
        assert load_model(stored.model).family == "climatology"

    assert asked == ([] if "folder" in request.node.name else ["mlflow"])


def test_a_pickle_in_place_of_a_file_is_refused(stored: Stored) -> None:
    (stored.files / "model.json").write_bytes(pickle.dumps(Malicious()))

    sentence = stored.refusal()
    assert sentence.startswith(f"{stored.name}model.json has ")
    assert "Restore the file from a backup, or t" + RETRAIN in sentence


def test_a_swapped_file_is_refused_before_it_is_read(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    own = stored.files / "model.json"
    own.write_bytes(own.read_bytes().replace(b'"overall": 9.', b'"overall": 8.'))
    monkeypatch.setattr(model_loading, "model_of", lambda _: pytest.fail("a file was read that is not the logged one"))

    sentence = stored.refusal()
    assert sentence.startswith(f"{stored.name}model.json is not the file that was logged: its SHA-256 is not ")
    assert "t" + RETRAIN in sentence


def test_a_truncated_file_and_a_longer_one_are_refused(stored: Stored) -> None:
    own = stored.files / "model.json"
    whole = own.read_bytes()

    own.write_bytes(whole[:-10])
    assert f"model.json has {len(whole) - 10:,} bytes instead of {len(whole):,}" in stored.refusal()
    own.write_bytes(b"")
    assert "model.json has 0 bytes" in stored.refusal()
    own.write_bytes(whole * 1000)
    assert f"model.json has more than {len(whole):,} bytes" in stored.refusal()
    own.write_bytes(whole)
    with stored.installation.activated():
        assert verify_files(stored.model) == 1


def test_a_missing_file_and_missing_files_are_named(stored: Stored) -> None:
    shutil.rmtree(stored.files)

    sentence = stored.refusal()
    assert sentence.startswith(f"{stored.name}model.json is missing ")
    assert "t" + RETRAIN in sentence
    shutil.rmtree(stored.folder)
    assert stored.refusal().startswith(f"{stored.name}model.json is missing ")


def test_a_version_that_was_deleted_from_the_registry_is_refused(stored: Stored) -> None:
    with stored.installation.activated():
        mlflow_client.mlflow_client().delete_model_version("airwatch_pm25", stored.model.version)

    sentence = stored.refusal()
    assert sentence.startswith(f"{stored.name}is not in the registry of MLflow at ")
    assert "Set MLFLOW_TRACKING_URI to the registry that has it, restore MLflow's database, or t" + RETRAIN in sentence


def test_a_version_that_was_logged_as_a_pickle_is_never_read(stored: Stored) -> None:
    (stored.folder / "python_model.pkl").write_bytes(pickle.dumps(Malicious()))

    sentence = stored.refusal(replace(stored.model, files=None))
    assert sentence.startswith(f"{stored.name}was logged as a pickle, without hashes, and is not read. T" + RETRAIN)
    of_a_person = stored.refusal(replace(stored.model, files=None, is_override=True))
    assert "not read. Promote another version with `airwatch models promote`, or t" + RETRAIN in of_a_person


@pytest.mark.parametrize("manifest", ["{}", "no JSON", '{"../../mlflow.db":{"bytes":1,"sha256":"' + "0" * 64 + '"}}'])
def test_a_row_that_lists_no_files_of_a_model_is_refused(stored: Stored, manifest: str) -> None:
    sentence = stored.refusal(replace(stored.model, files=manifest))
    assert sentence.startswith(f"{stored.name}model_files does not list names, sizes and SHA-256 of a model's files")


@pytest.mark.parametrize(
    "place", ["ftp://ada:hunter2@127.0.0.1:9/models", "mlflow-artifacts://127.0.0.1:9/1/models", "hdfs://h/models"]
)
def test_files_at_an_address_of_another_kind_are_not_fetched(stored: Stored, place: str) -> None:
    """Whoever writes to MLflow's database must not choose where this process sends its login."""
    with sqlite3.connect(stored.database, timeout=30) as connection:
        connection.execute(
            "UPDATE model_versions SET storage_location = ? WHERE version = ?", (place, int(stored.model.version))
        )
    connection.close()

    load_model.cache_clear()
    with stored.installation.activated(), pytest.raises(ConfigurationError) as caught:
        load_model(stored.model)
    assert "keeps the files of models at" in str(caught.value)
    assert "which AirWatch does not read" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_files_of_another_version_are_not_this_version(stored: Stored, examples: pd.DataFrame) -> None:
    other = log_climatology(stored.installation, examples.head(len(examples) // 2))

    assert "model.json" in stored.refusal(replace(stored.model, version=other.version))


def test_a_link_in_place_of_a_file_is_not_followed(stored: Stored, tmp_path: Path) -> None:
    own = stored.files / "model.json"
    own.rename(tmp_path / "elsewhere.json")
    own.symlink_to("/dev/zero")

    assert stored.refusal().startswith((f"{stored.name}model.json ", "MLFLOW_TRACKING_URI: "))


@pytest.mark.slow
def test_a_process_holds_the_models_of_one_month_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        pass

    held: list[weakref.ref[Model]] = []

    def model_of(_: Any) -> Model:
        model = Model()
        held.append(weakref.ref(model))
        return model

    monkeypatch.setattr(model_loading, "_verified_files", lambda _: {})
    monkeypatch.setattr(model_loading, "model_of", model_of)
    load_model.cache_clear()
    versions = [LoggedModel(str(number), "ridge", "2021-06", "{}") for number in range(3 * len(FAMILIES))]
    for one in versions:
        load_model(one)
    load_model(versions[-1])
    gc.collect()

    assert len(held) == 3 * len(FAMILIES), "the last model is read once"
    assert sum(model() is not None for model in held) == len(FAMILIES)
    load_model.cache_clear()


def test_a_row_names_its_model() -> None:
    row = {
        "model_version": "7",
        "model_family": "random_forest",
        "model_files": None,
        "month": pd.Timestamp("2021-06-01"),
    }
    trained = LoggedModel.of(pd.Series(row))
    later = {**row, "model_files": np.nan, "trained_for": pd.Timestamp("2021-02-01"), "decided_by": "person"}

    assert trained == LoggedModel("7", "random_forest", "2021-06", None)
    assert trained.name == "model version 7 (random forest, trained for 2021-06)"
    assert LoggedModel.of(pd.Series(later)) == LoggedModel("7", "random_forest", "2021-02", None, is_override=True)


@pytest.mark.slow
def test_models_are_loaded_from_s3_where_mlflow_keeps_files_there(
    s3_server: S3Server, tmp_path: Path, examples: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", s3_server.endpoint)
    installation, before = Installation.at(tmp_path / "own"), mlflow.get_tracking_uri()
    prefix = f"models-{tmp_path.name}"
    mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'own' / 'state' / 'mlflow.db'}").create_experiment(
        "airwatch", artifact_location=f"s3://{s3_server.bucket}/{prefix}"
    )
    model = log_climatology(installation, examples)
    client = s3_server.client()
    listed = client.list_objects_v2(Bucket=s3_server.bucket, Prefix=prefix)["Contents"]
    [key] = [one["Key"] for one in listed if one["Key"].endswith("data/model/model.json")]
    stored = Stored(installation, model, tmp_path, tmp_path)
    with installation.activated():
        assert load_model(model).family == "climatology"

    data = client.get_object(Bucket=s3_server.bucket, Key=key)["Body"].read()
    client.put_object(Bucket=s3_server.bucket, Key=key, Body=data.replace(b'"overall": 9.', b'"overall": 8.'))
    assert "model.json is not the file that was logged" in stored.refusal()
    client.put_object(Bucket=s3_server.bucket, Key=key, Body=data + b" ")
    assert f"model.json has {len(data) + 1:,} bytes instead of {len(data):,}" in stored.refusal()
    client.delete_object(Bucket=s3_server.bucket, Key=key)
    assert f"model.json is missing at s3://{s3_server.bucket}/" in stored.refusal()
    mlflow.set_tracking_uri(before)
