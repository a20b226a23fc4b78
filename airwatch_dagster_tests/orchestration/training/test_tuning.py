"""Searches of hyper-parameters: held to their minutes, kept in MLflow, shown in the UI, used from their month on."""

import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.runs import materialize_step
from airwatch_dagster.fit.models.parameters import DEFAULTS, SPACES
from airwatch_dagster.fit.tuning.hyperparameters import Searched, hyperparameters_frame
from airwatch_dagster.fit.tuning.search import Search, Trial
from airwatch_dagster.orchestration.training import by_month as monthly
from airwatch_dagster.orchestration.training import tuning as searches
from airwatch_dagster.orchestration.training.by_month import train_months
from airwatch_dagster.orchestration.training.tuning import log_search, search_figures, search_months
from airwatch_dagster_tests.fit.conftest import two_years as two_years
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.registry.test_mlflow_client import run_with_mlflow

MONTH = pd.Timestamp("2021-01-01")
DEFAULT = Trial(0, DEFAULTS["ridge"], (0.80, 0.82))
BEHIND = Trial(1, {"penalty": 9.0}, (0.9,), is_pruned=True)
BETTER = Trial(2, {"penalty": 700.0}, (0.79, 0.80))
FOUND = Search("ridge", MONTH, 2, (DEFAULT, BEHIND, BETTER))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.at(tmp_path_factory.mktemp("searches"))


def in_a_run(use: Any) -> Any:
    """What ``use`` returns when a Dagster run gives it the MLflow resource."""
    kept: list[Any] = []
    assert run_with_mlflow(lambda mlflow: kept.append(use(mlflow))).success
    return kept[0]


def test_every_candidate_is_in_mlflow_with_its_losses(registry: Any, tmp_path: Path) -> None:
    run_id = in_a_run(lambda mlflow: log_search(mlflow, FOUND))

    run = registry.get_run(run_id)
    assert run.data.params["penalty"] == "700.0"
    assert run.data.tags["mlflow.parentRunId"]
    assert (run.data.tags["family"], run.data.tags["month"]) == ("ridge", "2021-01")
    steps = {point.step: point.value for point in registry.get_metric_history(run_id, "loss_fold_1")}
    assert steps == {0: 0.80, 1: 0.9, 2: 0.79}
    assert [point.step for point in registry.get_metric_history(run_id, "loss")] == [0, 2], "one was pruned"
    assert run.data.metrics["gain"] == pytest.approx(0.015)
    table = json.loads(Path(registry.download_artifacts(run_id, "candidates.json", str(tmp_path))).read_text())
    assert table["columns"] == ["candidate", "penalty", "loss_fold_1", "loss_fold_2", "loss", "is_pruned", "is_chosen"]
    assert [row[-2:] for row in table["data"]] == [[False, False], [True, False], [False, True]]


def test_without_minutes_nothing_is_searched_nor_logged() -> None:
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
        return Search(family, month, len(folds))

    monkeypatch.setattr(searches, "search", quick)
    ticks = itertools.count()

    search_months([MONTH], examples=two_years, minutes=1.5, mlflow=None, clock=lambda: float(next(ticks)))

    # Of ninety seconds one is gone at every look at the clock: a third of 89, half of 85, all of 81, each less one.
    assert list(shares.values()) == pytest.approx([89 / 3 - 1, 41.5, 80.0])
    assert list(shares) == list(SPACES)


def test_a_month_is_searched_on_days_before_it_alone_and_logged(
    registry: Any, two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "SPACES", {"ridge": SPACES["ridge"]})
    december = pd.Timestamp("2020-12-01")

    def searched(examples: pd.DataFrame) -> Searched:
        [one] = in_a_run(lambda mlflow: search_months([december], examples=examples, minutes=1.0, mlflow=mlflow))
        return one

    after = two_years["target_date"] >= december
    corrupted = two_years.assign(pm25_observed_ugm3=two_years["pm25_observed_ugm3"].mask(after, 999.0))
    one = searched(two_years)

    assert one.search.trials == searched(corrupted).search.trials
    assert len(one.search.trials) == 40
    assert 0.0 < one.seconds < 60.0
    assert registry.get_run(one.mlflow_run_id).data.metrics["tried"] == 40


def test_the_ui_shows_the_best_candidates_and_numbers_that_chart() -> None:
    unsearched = Searched(Search("catboost", MONTH, 0), 3.0)

    figures = search_figures([Searched(FOUND, 3.0), unsearched])["2021-01"]

    assert figures["ridge_best_loss"] == 0.795
    assert figures["ridge_gain"] == 0.015
    assert figures["ridge_tried"] == 3
    assert not [name for name in figures if name.startswith("catboost")]
    lines = figures["candidates"].value.splitlines()
    assert "| **candidate 2** | 0.7950 | 0.790 / 0.800 | 700 |" in lines
    assert "| defaults | 0.8100 | 0.800 / 0.820 | 1500 |" in lines
    assert not [line for line in lines if "candidate 1 " in line]
    assert lines[1].startswith("- catboost: Not searched: 0 of 6 folds")


def test_models_are_trained_with_what_was_searched_for_their_month_or_earlier(
    registry: Any, two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monthly, "FAMILIES", ("ridge",))
    table = hyperparameters_frame([Searched(FOUND, 3.0)])
    months = [pd.Timestamp("2020-12-01"), MONTH]

    trained = in_a_run(lambda mlflow: train_months(months, examples=two_years, hyperparameters=table, mlflow=mlflow))

    runs = [registry.get_run(run_id) for run_id in trained["mlflow_run_id"]]
    assert [run.data.params["penalty"] for run in runs] == ["1500.0", "700.0"]


def test_a_month_can_be_searched_by_a_run_of_its_own(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path, AIRWATCH_SEARCH_MINUTES="1")
    with installation.opened() as (definitions, instance):
        materialize_step(definitions, Step("hyperparameters", "2021-05", "2021-06", 2), instance=instance)

    table = installation.tables.read("hyperparameters", ["2021-05", "2021-06"])
    assert table["model_family"].tolist() == 2 * list(SPACES)
    assert set(table["reason"].str[:14]) == {"Not searched: "}, "no examples are stored"
    assert set(table["budget_minutes"]) == {1.0}
