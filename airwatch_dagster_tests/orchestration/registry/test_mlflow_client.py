"""The connection to MLflow: runs, registered versions, the champion alias, loaded models, errors of the server."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import mlflow
import pandas as pd
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster_mlflow.resources import MlFlow

from airwatch_dagster.errors import ConfigurationError, SourceUnavailable
from airwatch_dagster.fit.training import Registration, TrainedModel, train_family
from airwatch_dagster.orchestration.registry.mlflow_client import (
    configure_mlflow,
    end_lost_mlflow_runs,
    mlflow_resource,
    registered_version,
    set_champion_alias,
    tag_served_months,
)
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel
from airwatch_dagster.orchestration.registry.model_log import TrainingData, log_trained
from airwatch_dagster_tests.installations import Installation

MONTH = pd.Timestamp("2021-06-01")


def run_with_mlflow(use: Any) -> dg.ExecuteInProcessResult:
    """A Dagster run whose only step calls ``use`` with the resource."""

    @dg.op(required_resource_keys={"mlflow"})
    def step(context: dg.OpExecutionContext) -> None:
        use(context.resources.mlflow)

    @dg.job(resource_defs={"mlflow": mlflow_resource})
    def training() -> None:
        step()

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes of mlflow for developers, hidden on the command line too
        return training.execute_in_process(raise_on_error=False, run_config=quiet)


def logged(mlflow: Any, trained: TrainedModel, examples: pd.DataFrame) -> Registration:
    return log_trained(mlflow, trained, training_data=TrainingData.of(examples, month=MONTH))


def as_stored(registration: Registration, family: str = "persistence") -> LoggedModel:
    """The model as its row of trained_models names it."""
    assert registration.model_version is not None
    return LoggedModel(registration.model_version, family, f"{MONTH:%Y-%m}", registration.model_files)


def parent_status(registry: Any, run_id: str) -> str:
    experiment = registry.get_experiment_by_name("airwatch")
    runs = registry.search_runs([experiment.experiment_id], f"tags.dagster_run_id = '{run_id}'")
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return str(parent.info.status)


def test_a_registered_version_has_its_training_window(registry: Any, examples: pd.DataFrame) -> None:
    trained = train_family(examples, family="persistence", month=MONTH, seed=1)
    registrations: list[Any] = []
    run_with_mlflow(lambda mlflow: registrations.append(logged(mlflow, trained, examples)))

    assert registered_version(registrations[0].model_version) == {
        "mlflow_run_id": registrations[0].mlflow_run_id,
        "training_rows": len(examples),
        "month": MONTH,
        "first_target_date": pd.Timestamp("2021-03-02"),
        "last_target_date": pd.Timestamp("2021-05-31"),
    }
    with pytest.raises(ConfigurationError, match=r"version 4711.*MLFLOW_TRACKING_URI"):
        registered_version("4711")


def test_an_mlflow_run_is_failed_when_a_step_of_its_dagster_run_failed(registry: Any) -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError

    result = run_with_mlflow(fail)

    assert not result.success
    assert parent_status(registry, result.run_id) == "FAILED"


def test_an_mlflow_run_names_its_dagster_run_from_its_first_moment(
    registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_here(_: MlFlow) -> None:
        """In place of dagster-mlflow's tags, which come after the run is made."""

    monkeypatch.setattr(MlFlow, "_set_all_tags", killed_here)
    result = run_with_mlflow(lambda _: None)

    assert parent_status(registry, result.run_id) == "FINISHED"


def test_the_champion_alias_follows_the_latest_month_and_never_moves_back(registry: Any) -> None:
    if not registry.search_registered_models():
        registry.create_registered_model("airwatch_pm25")
    sources = [f"file:///models/{number}" for number in range(3)]
    versions = [str(registry.create_model_version("airwatch_pm25", source=source).version) for source in sources]

    months = ["2021-05-01", "2021-06-01", "2021-04-01"]

    moved = [
        set_champion_alias(version, month=pd.Timestamp(month)) for version, month in zip(versions, months, strict=True)
    ]

    assert moved == [True, True, False], "the last month is a backfill"
    assert str(registry.get_model_version_by_alias("airwatch_pm25", "champion").version) == versions[1]
    assert set_champion_alias(versions[2], month=pd.Timestamp("2021-06-01")), "a new choice"
    assert str(registry.get_model_version_by_alias("airwatch_pm25", "champion").version) == versions[2]


@pytest.mark.parametrize(("person", "decider"), [("Ada", "Ada"), (None, "holdout")])
def test_a_version_is_tagged_with_the_month_it_serves_and_the_decision(
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


@pytest.fixture
def another_tracking_uri(registry: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Other code set mlflow's global tracking URI to an empty database; AirWatch's own setting is as before."""
    configured = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'other.db'}")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    yield
    mlflow.set_tracking_uri(configured)


def test_alias_and_tags_go_to_the_configured_registry_whatever_mlflow_is_set_to(
    registry: Any, another_tracking_uri: None
) -> None:
    version = str(registry.create_model_version("airwatch_pm25", source="file:///models/elsewhere").version)
    decision = {
        "month": pd.Timestamp("2031-05-01"),
        "model_version": version,
        "serves_from": pd.Timestamp("2031-05-01"),
        "reason": "smoke season",
        "decided_by": "holdout",
        "decided_by_person": None,
        "decided_at": pd.Timestamp("2031-05-01 12:00"),
    }

    tag_served_months(pd.Series(decision))
    moved = set_champion_alias(version, month=pd.Timestamp("2031-05-01"))

    assert moved
    assert str(registry.get_model_version_by_alias("airwatch_pm25", "champion").version) == version
    assert registry.get_model_version("airwatch_pm25", version).tags["serves_2031-05"] == "smoke season"


def test_artifacts_are_stored_in_the_state_folder(registry: Any, installation: Installation) -> None:
    experiment = registry.get_experiment_by_name("airwatch")
    assert experiment.tags["mlflow.note.content"].startswith("PM2.5 forecasts of AirWatch")
    location = experiment.artifact_location

    assert location == (installation.folder / "state" / "mlflow-artifacts").as_uri()


def test_an_unreachable_server_is_an_error_that_retrying_may_fix(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:9")

    with installation.activated(), pytest.raises(SourceUnavailable) as caught:
        configure_mlflow()

    assert caught.value.culprit == "MLFLOW_TRACKING_URI"
    assert "http://127.0.0.1:9" in caught.value.problem
    assert caught.value.retry_helps


def test_an_error_does_not_show_the_credentials_of_a_server(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path, MLFLOW_TRACKING_URI="http://me:hunter2@127.0.0.1:9")

    with installation.activated(), pytest.raises(SourceUnavailable) as caught:
        configure_mlflow()

    assert "hunter2" not in str(caught.value)


def test_runs_of_killed_processes_end_and_those_under_way_and_of_another_dagster_instance_stay(registry: Any) -> None:
    run_with_mlflow(lambda _: None)
    experiment = registry.get_experiment_by_name("airwatch").experiment_id
    statuses = {
        "ended": dg.DagsterRunStatus.FAILURE,
        "done": dg.DagsterRunStatus.SUCCESS,
        "under way": dg.DagsterRunStatus.STARTED,
    }
    with dg.DagsterInstance.ephemeral() as instance:
        known = {name: create_run_for_test(instance, status=status).run_id for name, status in statuses.items()}
        left = {
            name: registry.create_run(experiment, tags={"dagster_run_id": run_id}).info.run_id
            for name, run_id in {**known, "another": "of another instance"}.items()
        }

        end_lost_mlflow_runs(instance)

    found = {name: registry.get_run(run_id).info.status for name, run_id in left.items()}
    assert found == {"ended": "KILLED", "done": "FINISHED", "under way": "RUNNING", "another": "RUNNING"}
