"""What MLflow stores of a fitted model, and that it loads as it was logged."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

from airwatch_dagster import __version__
from airwatch_dagster.enrich.weather import EXAMPLE_COLUMNS
from airwatch_dagster.fit.models.baselines import DampedPersistence, Persistence
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.fit.models.learned import LearnedCorrection
from airwatch_dagster.fit.models.ridge import StandardisedRidge
from airwatch_dagster.fit.models.site_regression import SiteRegression, design_columns
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS
from airwatch_dagster.fit.training import train_family
from airwatch_dagster.orchestration.registry import served_model
from airwatch_dagster.orchestration.registry.mlmodel import SERVED_LIBRARIES, environment_files
from airwatch_dagster.orchestration.registry.model_loading import load_model
from airwatch_dagster.orchestration.registry.model_log import importance_metrics, logged_importance
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import (
    MONTH,
    as_stored,
    logged,
    parent_status,
    run_with_mlflow,
)


def linear(coefficients: np.ndarray) -> FittedModel:
    """A ridge regression whose inputs have these shares."""
    zeros, ones = np.zeros(len(coefficients)), np.ones(len(coefficients))
    regression = StandardisedRidge(zeros, ones, coefficients, 0.0)
    sites = SiteRegression(np.zeros(design_columns()), {})
    return FittedModel("ridge", LearnedCorrection(DampedPersistence((0.5,) * 7), {1: sites}, {1: regression}))


def test_a_fitted_family_is_logged_and_registered_and_loads_bit_identical(
    registry: Any, examples: pd.DataFrame
) -> None:
    trained = train_family(examples, family="damped_persistence", month=MONTH, seed=1)
    registrations: list[Any] = []

    result = run_with_mlflow(lambda mlflow: registrations.append(logged(mlflow, trained, examples)))

    assert result.success
    [registration] = registrations
    version = registry.get_model_version("airwatch_pm25", registration.model_version)
    assert version.run_id == registration.mlflow_run_id
    run = registry.get_run(registration.mlflow_run_id)
    assert run.data.params["training_rows"] == str(len(examples))
    assert run.data.metrics == pytest.approx(trained.metrics)
    assert run.data.tags["family"] == "damped_persistence"
    assert trained.model is not None
    loaded = load_model(as_stored(registration, "damped_persistence"))
    np.testing.assert_array_equal(loaded.predict(examples), trained.model.predict(examples))
    assert parent_status(registry, result.run_id) == "FINISHED"


def test_a_model_with_weather_has_it_in_its_signature_and_logs_the_number_of_such_examples(
    registry: Any, examples: pd.DataFrame
) -> None:
    first_day = examples["issue_date"] == examples["issue_date"].min()
    numbers = {name: np.float32(3.0) for name in EXAMPLE_COLUMNS if "class" not in name}
    weather = pd.DataFrame(numbers, index=examples.index).where(first_day)
    windy = examples.assign(**weather, weather_class=np.where(first_day, None, "fog"))
    trained, registrations = train_family(windy, family="persistence", month=MONTH, seed=1), []

    run_with_mlflow(lambda mlflow: registrations.append(logged(mlflow, trained, windy)))
    run_with_mlflow(lambda mlflow: registrations.append(logged(mlflow, trained, examples)))

    params = [registry.get_run(one.mlflow_run_id).data.params for one in registrations]
    assert params[0]["examples_with_weather"] == str(len(examples))
    assert "examples_with_weather" not in params[1]
    weather_inputs = [set(inputs_of(one.model_uri)) & set(EXAMPLE_COLUMNS) for one in registrations]
    assert weather_inputs == [{*numbers, "weather_class"}, set()]


def inputs_of(model_uri: str) -> list[str]:
    """Input columns of a logged model's signature."""
    from mlflow.models import get_model_info

    return list(get_model_info(model_uri).signature.inputs.input_names())


def test_the_feature_importance_of_a_learned_family_is_logged_and_read_back(
    registry: Any, examples: pd.DataFrame
) -> None:
    baseline = train_family(examples, family="damped_persistence", month=MONTH, seed=1)
    weights = np.where(np.arange(len(CORRECTION_INPUTS)) == 3, 3.0, 1.0)
    learned = replace(baseline, family="ridge", model=linear(weights))
    registrations: list[Any] = []

    run_with_mlflow(lambda mlflow: registrations.append(logged(mlflow, learned, examples)))

    shares = logged_importance(registrations[0].mlflow_run_id)
    assert max(shares, key=lambda name: shares[name]) == CORRECTION_INPUTS[3]
    assert shares[CORRECTION_INPUTS[0]] == pytest.approx(1.0 / weights.sum(), abs=1e-5)
    assert not [name for name in shares if name.startswith("holdout")]


def test_every_mlflow_run_has_the_id_and_url_of_its_dagster_run(
    registry: Any, examples: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_UI_URL", "http://dagster.example/")
    trained = train_family(examples, family="persistence", month=MONTH, seed=1)

    result = run_with_mlflow(lambda mlflow: logged(mlflow, trained, examples))

    runs = registry.search_runs(
        [registry.get_experiment_by_name("airwatch").experiment_id], f"tags.dagster_run_id = '{result.run_id}'"
    )
    assert sorted("mlflow.parentRunId" in run.data.tags for run in runs) == [False, True]
    for run in runs:
        assert run.data.tags["dagster_run_url"] == f"http://dagster.example/runs/{result.run_id}"
        assert run.data.tags["airwatch_version"] == __version__
        assert run.data.tags["project"] == "airwatch"
        assert run.data.tags["mlflow.source.type"] == "LOCAL"
        assert run.data.tags["mlflow.user"] == run.info.user_id


def test_the_thirty_most_important_features_are_logged() -> None:
    falling = linear(np.linspace(1.0, 0.0, len(CORRECTION_INPUTS)))

    assert list(importance_metrics(falling)) == [f"importance/{name}" for name in CORRECTION_INPUTS[:30]]


def test_baselines_and_unfitted_families_log_no_importance() -> None:
    assert importance_metrics(FittedModel("persistence", Persistence())) == {}
    assert importance_metrics(None) == {}


def test_other_tools_load_and_serve_a_logged_model_with_its_signature(registry: Any, examples: pd.DataFrame) -> None:
    trained = train_family(examples, family="climatology", month=MONTH, seed=1)
    registrations: list[Any] = []
    run_with_mlflow(lambda resource: registrations.append(logged(resource, trained, examples)))
    assert trained.model is not None

    loaded = mlflow.pyfunc.load_model(registrations[0].model_uri)
    served = loaded.predict(examples.drop(columns=["pm25_observed_ugm3", "is_context"]))

    assert served["pm25_ugm3"].tolist() == trained.model.predict(examples).tolist()
    assert served.index.equals(examples.index)
    assert loaded.metadata.signature.outputs.input_names() == ["pm25_ugm3"]
    with pytest.raises(mlflow.exceptions.MlflowException, match="Model is missing inputs"):
        loaded.predict(examples[["site_id"]])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_environment_of_a_logged_model_is_described_as_mlflow_itself_does(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    pinned = [f"{name}=={version(name)}" for name in SERVED_LIBRARIES]

    mlflow.pyfunc.save_model(
        str(tmp_path / "model"),
        loader_module=served_model.__name__,
        data_path=str(tmp_path / "data"),
        pip_requirements=pinned,
    )

    by_mlflow = {path.name: path.read_text() for path in (tmp_path / "model").iterdir() if path.is_file()}
    assert environment_files() == {name: text for name, text in by_mlflow.items() if name != "MLmodel"}


@pytest.mark.slow
def test_mlflows_command_forecasts_with_a_logged_model(registry: Any, examples: pd.DataFrame, tmp_path: Path) -> None:
    trained = train_family(examples, family="damped_persistence", month=MONTH, seed=1)
    registrations: list[Any] = []
    run_with_mlflow(lambda resource: registrations.append(logged(resource, trained, examples)))
    assert trained.model is not None
    inputs = inputs_of(registrations[0].model_uri)
    asked = examples[inputs].head(5)
    (tmp_path / "asked.json").write_text(f'{{"dataframe_split": {asked.to_json(orient="split", date_format="iso")}}}')
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "models", "predict", "--env-manager", "local"]
    command += ["-m", registrations[0].model_uri, "-i", str(tmp_path / "asked.json"), "-o", str(tmp_path / "told.json")]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri()}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 0, done.stderr
    told = [row["pm25_ugm3"] for row in json.loads((tmp_path / "told.json").read_text())["predictions"]]
    assert told == pytest.approx(trained.model.predict(examples.head(5)).tolist())
