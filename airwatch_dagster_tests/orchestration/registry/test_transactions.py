"""Calls of MLflow's client that are stored together: seen by others at the end of the block, or never."""

import threading
from typing import Any

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.training import train_family
from airwatch_dagster.orchestration.registry import model_log
from airwatch_dagster.orchestration.registry.transactions import one_transaction
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import MONTH, logged, run_with_mlflow


@pytest.fixture
def run_id(registry: Any) -> str:
    return str(registry.create_run(registry.get_experiment_by_name("airwatch").experiment_id).info.run_id)


def tags_for_others(registry: Any, run_id: str) -> dict[str, str]:
    """Tags of the run as another thread sees them."""
    found: list[dict[str, str]] = []
    thread = threading.Thread(target=lambda: found.append(registry.get_run(run_id).data.tags))
    thread.start()
    thread.join()
    return found[0]


def test_what_a_block_stores_is_seen_by_its_own_calls_at_once_and_by_others_at_its_end(
    registry: Any, run_id: str
) -> None:
    with one_transaction(registry):
        registry.set_tag(run_id, "first", "1")
        registry.set_tag(run_id, "first", "2")
        assert registry.get_run(run_id).data.tags["first"] == "2"
        assert "first" not in tags_for_others(registry, run_id)

    assert tags_for_others(registry, run_id)["first"] == "2"


@pytest.mark.parametrize(
    "error", [ModelRefused("model.json", "is wrong", fix=""), KeyboardInterrupt(), MlflowException("no")], ids=str
)
def test_a_block_that_raises_stores_nothing_and_its_error_stays_what_it_is(
    registry: Any, run_id: str, error: BaseException
) -> None:
    def store_and_raise() -> None:
        with one_transaction(registry):
            registry.set_tag(run_id, "first", "1")
            raise error

    with pytest.raises(type(error)) as caught:
        store_and_raise()

    assert caught.value is error
    assert "first" not in registry.get_run(run_id).data.tags
    registry.set_tag(run_id, "second", "2")
    assert tags_for_others(registry, run_id)["second"] == "2", "later calls have sessions of their own again"


def test_an_error_of_the_database_is_an_error_of_mlflow(registry: Any, run_id: str) -> None:
    with pytest.raises(MlflowException, match="disk is full") as caught, one_transaction(registry):
        raise OperationalError("INSERT", {}, OSError("disk is full"))

    assert caught.value.error_code == "TEMPORARILY_UNAVAILABLE"


def test_a_model_that_cannot_be_registered_leaves_a_failed_run_without_version_metrics_or_model(
    registry: Any, examples: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> str:
        raise OSError("disk is full")

    trained = train_family(examples, family="persistence", month=MONTH, seed=1)
    monkeypatch.setattr(model_log, "manifest_of", full)  # the last step
    versions = len(registry.search_model_versions("name = 'airwatch_pm25'"))

    result = run_with_mlflow(lambda mlflow: logged(mlflow, trained, examples))

    assert not result.success
    experiment = registry.get_experiment_by_name("airwatch").experiment_id
    of_run = f"tags.dagster_run_id = '{result.run_id}'"
    [failed] = [run for run in registry.search_runs([experiment], of_run) if "mlflow.parentRunId" in run.data.tags]
    assert failed.info.status == "FAILED"
    assert (failed.data.metrics, failed.data.params, failed.outputs.model_outputs) == ({}, {}, [])
    assert len(registry.search_model_versions("name = 'airwatch_pm25'")) == versions


def test_a_model_is_one_transaction_once_its_run_is_made(
    registry: Any, examples: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.engine.default import DefaultDialect

    trained, commits = train_family(examples, family="persistence", month=MONTH, seed=1), []

    def counted(mlflow: Any) -> None:
        commit = DefaultDialect.do_commit
        with monkeypatch.context() as patch:
            patch.setattr(DefaultDialect, "do_commit", lambda *of: [commits.append(of), commit(*of)])
            logged(mlflow, trained, examples)

    assert run_with_mlflow(counted).success

    assert len(commits) <= 3, "two are of making the run"
