"""MLflow: what is kept of a fitted model, which version is champion, and how a server that is away is told."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from airwatch_dagster import __version__
from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.enrich.weather import WEATHER_COLUMNS
from airwatch_dagster.errors import ConfigurationError, SourceUnavailable
from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.fit.models.learned import CORRECTION_INPUTS
from airwatch_dagster.fit.training import Registration, TrainedModel, train_family
from airwatch_dagster.orchestration.registry.mlflow_client import (
    connect,
    load_model,
    mlflow_resource,
    registered,
    set_champion_alias,
    tag_served_months,
)
from airwatch_dagster.orchestration.registry.model_log import TrainingData, log_trained, logged_importance
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.registry.test_importance_metrics import Linear
from airwatch_dagster_tests.simulated_air import simulated_site_days

MONTH = pd.Timestamp("2021-06-01")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.at(tmp_path_factory.mktemp("experiments"))


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    days = pd.date_range("2021-03-01", "2021-05-31")
    site_days = simulated_site_days(sites=3, first="2021-02-01", days=120)
    features = build_features(site_days, issue_dates=days, area_site_ids=set(site_days["site_id"]))
    return join_truth(features, site_days=site_days, first_target=days[0], last_target=days[-1])


def run_with_mlflow(use: Any) -> dg.ExecuteInProcessResult:
    """A Dagster run whose only step gets the resource."""

    @dg.op(required_resource_keys={"mlflow"})
    def step(context: dg.OpExecutionContext) -> None:
        use(context.resources.mlflow)

    @dg.job(resource_defs={"mlflow": mlflow_resource})
    def training() -> None:
        step()

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow has notes for developers, as on the command line
        return training.execute_in_process(raise_on_error=False, run_config=quiet)


def logged(mlflow: Any, trained: TrainedModel, examples: pd.DataFrame) -> Registration:
    return log_trained(mlflow, trained, learned_from=TrainingData.of(examples, month=MONTH))


def parent_status(registry: Any, run_id: str) -> str:
    experiment = registry.get_experiment_by_name("airwatch")
    runs = registry.search_runs([experiment.experiment_id], f"tags.dagster_run_id = '{run_id}'")
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return str(parent.info.status)


def test_a_fitted_family_is_logged_registered_and_loads_as_it_was(registry: Any, examples: pd.DataFrame) -> None:
    trained = train_family(examples, family="damped_persistence", month=MONTH, seed=1)
    kept: list[Any] = []

    result = run_with_mlflow(lambda mlflow: kept.append(logged(mlflow, trained, examples)))

    assert result.success
    [registration] = kept
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


def test_a_model_with_weather_asks_for_it_and_tells_how_much_it_saw(registry: Any, examples: pd.DataFrame) -> None:
    first_day = examples["issue_date"] == examples["issue_date"].min()
    weather = pd.DataFrame({name: np.float32(3.0) for name in WEATHER_COLUMNS.values()}, index=examples.index)
    windy = pd.concat([examples, weather.where(first_day)], axis=1)
    trained, kept = train_family(windy, family="persistence", month=MONTH, seed=1), []

    run_with_mlflow(lambda mlflow: kept.append(logged(mlflow, trained, windy)))
    run_with_mlflow(lambda mlflow: kept.append(logged(mlflow, trained, examples)))

    params = [registry.get_run(one.mlflow_run_id).data.params for one in kept]
    assert params[0]["examples_with_weather"] == str(first_day.sum())
    assert "examples_with_weather" not in params[1]
    asked = [set(inputs_of(one.model_uri)) & set(WEATHER_COLUMNS.values()) for one in kept]
    assert asked == [set(WEATHER_COLUMNS.values()), set()]


def inputs_of(model_uri: str) -> list[str]:
    """What a logged model asks of those who serve it."""
    from mlflow.models import get_model_info

    return list(get_model_info(model_uri).signature.inputs.input_names())


def test_the_importance_of_a_learned_familys_inputs_is_logged_and_read_back(
    registry: Any, examples: pd.DataFrame
) -> None:
    baseline = train_family(examples, family="damped_persistence", month=MONTH, seed=1)
    weights = np.where(np.arange(len(CORRECTION_INPUTS)) == 3, 3.0, 1.0)
    learned = replace(baseline, family="ridge", model=FittedModel("ridge", Linear(weights)))
    kept: list[Any] = []

    run_with_mlflow(lambda mlflow: kept.append(logged(mlflow, learned, examples)))

    told = logged_importance(kept[0].mlflow_run_id)
    assert max(told, key=lambda name: told[name]) == CORRECTION_INPUTS[3]
    assert told[CORRECTION_INPUTS[0]] == pytest.approx(1.0 / weights.sum(), abs=1e-5)
    assert not [name for name in told if name.startswith("holdout")]


def test_every_run_leads_to_the_dagster_run_that_made_it(
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


def test_the_registry_knows_what_a_version_learned_from(registry: Any, examples: pd.DataFrame) -> None:
    trained = train_family(examples, family="persistence", month=MONTH, seed=1)
    kept: list[Any] = []
    run_with_mlflow(lambda mlflow: kept.append(logged(mlflow, trained, examples)))

    assert registered(kept[0].model_version) == {
        "mlflow_run_id": kept[0].mlflow_run_id,
        "training_rows": len(examples),
        "month": MONTH,
        "first_target_date": pd.Timestamp("2021-03-02"),
        "last_target_date": pd.Timestamp("2021-05-31"),
    }
    with pytest.raises(ConfigurationError, match="version 4711: is not in the registry"):
        registered("4711")


def test_a_run_whose_step_failed_is_failed_in_mlflow_too(registry: Any) -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError

    result = run_with_mlflow(fail)

    assert not result.success
    assert parent_status(registry, result.run_id) == "FAILED"


def test_the_champion_alias_follows_the_latest_month_and_never_moves_back(registry: Any) -> None:
    if not registry.search_registered_models():
        registry.create_registered_model("airwatch_pm25")
    sources = [f"file:///models/{number}" for number in range(3)]
    versions = [str(registry.create_model_version("airwatch_pm25", source=source).version) for source in sources]

    months = ["2021-05-01", "2021-06-01", "2021-04-01"]

    moved = [
        set_champion_alias(version, month=pd.Timestamp(month)) for version, month in zip(versions, months, strict=True)
    ]

    assert moved == [True, True, False], "the last one is a backfill's"
    assert str(registry.get_model_version_by_alias("airwatch_pm25", "champion").version) == versions[1]
    assert set_champion_alias(versions[2], month=pd.Timestamp("2021-06-01")), "chosen anew"
    assert str(registry.get_model_version_by_alias("airwatch_pm25", "champion").version) == versions[2]


@pytest.mark.parametrize(("person", "decider"), [("Ada", "Ada"), (None, "holdout")])
def test_a_version_is_tagged_with_what_it_serves_and_who_decided_when(
    registry: Any, person: str | None, decider: str
) -> None:
    version = str(registry.create_model_version("airwatch_pm25", source="file:///models/tagged").version)
    decision = {
        "month": pd.Timestamp("2021-05-01"),
        "model_version": version,
        "serves_from": pd.Timestamp("2021-05-18"),
        "reason": "smoke season",
        "decided_by": "person" if person else decider,
        "decided_by_person": person,
        "decided_at": pd.Timestamp("2026-07-01 12:00:05.25"),
    }

    tag_served_months(pd.Series(decision))

    assert registry.get_model_version("airwatch_pm25", version).tags == {
        "serves_2021-05": "smoke season",
        "serves_2021-05_from": "2021-05-18",
        "serves_2021-05_decided_by": decider,
        "serves_2021-05_decided_at": "2026-07-01 12:00:05 UTC",
    }


def test_artifacts_lie_in_the_state_folder(registry: Any, installation: Installation) -> None:
    location = registry.get_experiment_by_name("airwatch").artifact_location

    assert location == (installation.folder / "state" / "mlflow-artifacts").as_uri()


def test_a_server_that_is_away_is_named_without_a_password(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:9")

    with installation.entered(), pytest.raises(SourceUnavailable) as caught:
        connect()

    assert caught.value.culprit == "MLFLOW_TRACKING_URI"
    assert caught.value.problem == "no MLflow server answers at http://127.0.0.1:9 (ConnectionError)"
    assert caught.value.retry_helps


def test_credentials_in_the_address_of_a_server_are_not_shown(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path, MLFLOW_TRACKING_URI="http://me:hunter2@127.0.0.1:9")

    with installation.entered(), pytest.raises(SourceUnavailable) as caught:
        connect()

    assert "hunter2" not in str(caught.value)
