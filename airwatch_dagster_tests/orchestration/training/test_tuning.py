"""Hyperparameter searches stay within their minutes, are logged to MLflow, and serve from their month on."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.runs import materialize_step
from airwatch_dagster.fit.models.parameters import DEFAULTS, SPACES
from airwatch_dagster.fit.tuning.hyperparameters import hyperparameters_frame
from airwatch_dagster.fit.tuning.search import Search
from airwatch_dagster.orchestration.training import by_month as monthly
from airwatch_dagster.orchestration.training import tuning as searches
from airwatch_dagster.orchestration.training.by_month import train_months
from airwatch_dagster.orchestration.training.tuning import log_search, search_metadata, search_months
from airwatch_dagster_tests.fit.conftest import two_years as two_years
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import run_with_mlflow

MONTH = pd.Timestamp("2021-01-01")
PARAMS = (DEFAULTS["ridge"], {"penalty": 9.0}, {"penalty": 700.0})
LOSSES = np.array([[0.80, 0.82], [0.9, np.nan], [0.79, 0.80]])
FOUND = Search("ridge", MONTH, PARAMS, LOSSES, budget_minutes=3.0)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.at(tmp_path_factory.mktemp("searches"))


def in_a_run(use: Any) -> Any:
    """What ``use`` returns when a Dagster run gives it the MLflow resource."""
    results: list[Any] = []
    assert run_with_mlflow(lambda mlflow: results.append(use(mlflow))).success
    return results[0]


def test_every_candidate_is_in_mlflow_with_its_losses(registry: Any, tmp_path: Path) -> None:
    run_id = in_a_run(lambda mlflow: log_search(mlflow, FOUND))

    run = registry.get_run(run_id)
    assert run.data.params["penalty"] == "700.0"
    assert run.data.tags["mlflow.parentRunId"]
    assert (run.data.tags["family"], run.data.tags["month"]) == ("ridge", "2021-01")
    assert run.data.metrics["gain"] == pytest.approx(0.015)
    table = json.loads(Path(registry.download_artifacts(run_id, "candidates.json", str(tmp_path))).read_text())
    assert table["columns"] == ["candidate", "penalty", "loss_fold_1", "loss_fold_2", "loss", "is_pruned", "is_chosen"]
    assert [row[2] for row in table["data"]] == [0.80, 0.9, 0.79]
    assert [row[-2:] for row in table["data"]] == [[False, False], [True, False], [False, True]]


def test_zero_minutes_search_and_log_nothing() -> None:
    months = [MONTH, pd.Timestamp("2021-02-01")]

    searched = search_months(months, examples=pd.DataFrame(), minutes=0.0, mlflow=None)

    table = hyperparameters_frame(searched)
    assert table["model_family"].tolist() == 2 * list(SPACES)
    assert table["month"].tolist() == [MONTH] * len(SPACES) + [months[1]] * len(SPACES)
    assert table["is_default"].all()
    assert table["mlflow_run_id"].isna().all()


def test_a_family_that_needs_less_than_its_share_leaves_the_rest_to_the_next(
    two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: dict[str, float] = {}

    def quick(folds: Any, *, family: str, month: pd.Timestamp, time_left: Any, **_: Any) -> Search:
        shares[family] = time_left()
        return Search(family, month)

    monkeypatch.setattr(searches, "search", quick)
    ticks = itertools.count()

    search_months([MONTH], examples=two_years, minutes=1.5, mlflow=None, clock=lambda: float(next(ticks)))

    # Of ninety seconds one passes at every reading of the clock: a third of 89, half of 86, all of 83, each less one.
    assert list(shares.values()) == pytest.approx([89 / 3 - 1, 86 / 2 - 1, 83 - 1])
    assert list(shares) == list(SPACES)


@pytest.mark.slow
def test_a_month_is_searched_on_days_before_it_alone_and_logged(
    registry: Any, two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "SPACES", {"ridge": SPACES["ridge"]})
    december = pd.Timestamp("2020-12-01")

    def searched(examples: pd.DataFrame) -> Search:
        [one] = in_a_run(lambda mlflow: search_months([december], examples=examples, minutes=1.0, mlflow=mlflow))
        return one

    after = two_years["target_date"] >= december
    corrupted = two_years.assign(pm25_observed_ugm3=two_years["pm25_observed_ugm3"].mask(after, 999.0))
    one, other = searched(two_years), searched(corrupted)

    assert one.params == other.params
    np.testing.assert_array_equal(one.losses, other.losses)
    assert len(one.params) == 40
    assert 0.0 < one.seconds < 60.0
    assert registry.get_run(one.mlflow_run_id).data.metrics["tried"] == 40


def test_the_ui_shows_why_parameters_are_used_and_numbers_that_chart() -> None:
    unsearched = Search("catboost", MONTH, budget_minutes=3.0)

    metadata = search_metadata([FOUND, unsearched])["2021-01"]

    assert metadata["least loss, ridge"] == 0.795
    assert metadata["gain over the defaults, ridge"] == 0.015
    assert [name for name in metadata if "catboost" in name] == ["why, catboost"]
    assert "0.7950" in metadata["why, ridge"]
    assert metadata["why, catboost"].startswith("Not searched: 0 of 6 folds")


def test_models_are_trained_with_the_outcome_of_a_search_for_their_month_or_earlier(
    registry: Any, two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monthly, "FAMILIES", ("ridge",))
    table = hyperparameters_frame([FOUND])
    months = [pd.Timestamp("2020-12-01"), MONTH]

    trained = in_a_run(lambda mlflow: train_months(months, examples=two_years, hyperparameters=table, mlflow=mlflow))

    runs = [registry.get_run(run_id) for run_id in trained["mlflow_run_id"]]
    assert [run.data.params["penalty"] for run in runs] == ["1500.0", "700.0"]


@pytest.mark.slow
def test_a_month_can_be_searched_in_a_run_of_its_own(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path, AIRWATCH_SEARCH_MINUTES="1")
    with installation.with_definitions() as (definitions, instance):
        materialize_step(definitions, Step("hyperparameters", "2021-05", "2021-06", 2), instance=instance)

    table = installation.tables.read("hyperparameters", ["2021-05", "2021-06"])
    assert table["model_family"].tolist() == 2 * list(SPACES)
    assert set(table["reason"].str[:14]) == {"Not searched: "}, "no examples are stored"
    assert set(table["budget_minutes"]) == {1.0}
