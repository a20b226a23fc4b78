"""What MLflow stores of a fitted model, and that it loads as it was logged."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster import __version__
from airwatch_dagster.enrich.weather import WEATHER_COLUMNS
from airwatch_dagster.fit.models.baselines import Persistence
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS
from airwatch_dagster.fit.training import train_family
from airwatch_dagster.orchestration.registry.mlflow_client import load_model
from airwatch_dagster.orchestration.registry.model_log import importance_metrics, logged_importance
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import (
    MONTH,
    logged,
    parent_status,
    run_with_mlflow,
)


@dataclass(frozen=True)
class Weighted:
    """An estimator whose inputs have these shares."""

    shares: np.ndarray

    def predict(self, examples: pd.DataFrame) -> np.ndarray:
        return np.zeros(len(examples))

    def importance(self) -> dict[str, float]:
        return dict(zip(CORRECTION_INPUTS, self.shares.tolist(), strict=True))


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
    loaded = load_model(registration.model_uri)
    np.testing.assert_array_equal(loaded.predict(examples), trained.model.predict(examples))
    assert parent_status(registry, result.run_id) == "FINISHED"


def test_a_model_with_weather_has_it_in_its_signature_and_logs_the_number_of_such_examples(
    registry: Any, examples: pd.DataFrame
) -> None:
    first_day = examples["issue_date"] == examples["issue_date"].min()
    weather = pd.DataFrame({name: np.float32(3.0) for name in WEATHER_COLUMNS.values()}, index=examples.index)
    windy = pd.concat([examples, weather.where(first_day)], axis=1)
    trained, registrations = train_family(windy, family="persistence", month=MONTH, seed=1), []

    run_with_mlflow(lambda mlflow: registrations.append(logged(mlflow, trained, windy)))
    run_with_mlflow(lambda mlflow: registrations.append(logged(mlflow, trained, examples)))

    params = [registry.get_run(one.mlflow_run_id).data.params for one in registrations]
    assert params[0]["examples_with_weather"] == str(first_day.sum())
    assert "examples_with_weather" not in params[1]
    weather_inputs = [set(inputs_of(one.model_uri)) & set(WEATHER_COLUMNS.values()) for one in registrations]
    assert weather_inputs == [set(WEATHER_COLUMNS.values()), set()]


def inputs_of(model_uri: str) -> list[str]:
    """Input columns of a logged model's signature."""
    from mlflow.models import get_model_info

    return list(get_model_info(model_uri).signature.inputs.input_names())


def test_the_feature_importance_of_a_learned_family_is_logged_and_read_back(
    registry: Any, examples: pd.DataFrame
) -> None:
    baseline = train_family(examples, family="damped_persistence", month=MONTH, seed=1)
    weights = np.where(np.arange(len(CORRECTION_INPUTS)) == 3, 3.0, 1.0)
    learned = replace(baseline, family="ridge", model=FittedModel("ridge", Weighted(weights / weights.sum())))
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


def test_the_thirty_most_important_features_are_logged() -> None:
    falling = FittedModel("ridge", Weighted(np.linspace(1.0, 0.0, len(CORRECTION_INPUTS))))

    assert list(importance_metrics(falling)) == [f"importance/{name}" for name in CORRECTION_INPUTS[:30]]


def test_baselines_and_unfitted_families_log_no_importance() -> None:
    assert importance_metrics(FittedModel("persistence", Persistence())) == {}
    assert importance_metrics(None) == {}
