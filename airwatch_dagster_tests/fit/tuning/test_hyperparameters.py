"""What a search chose serves its own month and the year after it, and says why."""

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.fit.models.parameters import DEFAULTS
from airwatch_dagster.fit.tuning.hyperparameters import Searched, hyperparameters_frame, params_in_force
from airwatch_dagster.fit.tuning.search import Search, Trial
from airwatch_dagster.schemas import TABLES

MONTH = pd.Timestamp("2021-01-01")
DEFAULT = Trial(0, DEFAULTS["ridge"], (0.80, 0.82, 0.78))
BETTER = Trial(2, {"penalty": 700.0}, (0.77, 0.80, 0.79))
BEHIND = Trial(1, {"penalty": 9.0}, (0.9,), is_pruned=True)
FOUND = Search("ridge", MONTH, 3, (DEFAULT, BEHIND, BETTER))


def rows(*chosen: tuple[str, str, float | None]) -> pd.DataFrame:
    """Month, family and penalty of what was chosen; None for the defaults."""
    penalties = [penalty for *_, penalty in chosen]
    return pd.DataFrame(
        {
            "month": pd.to_datetime([month for month, *_ in chosen]),
            "model_family": [family for _, family, _ in chosen],
            "params": [json.dumps({"penalty": penalty}) for penalty in penalties],
            "is_default": [penalty is None for penalty in penalties],
        }
    )


@pytest.mark.parametrize(
    ("month", "penalty"),
    [
        ("2020-12", None),
        ("2021-01", 700.0),
        ("2021-05", 700.0),
        ("2021-06", 30.0),
        ("2022-06", 30.0),
        ("2022-07", None),
    ],
)
def test_a_search_serves_from_its_month_on_for_a_year_or_until_the_next(month: str, penalty: float | None) -> None:
    table = rows(("2021-06", "ridge", 30.0), ("2021-01", "ridge", 700.0))

    in_force = params_in_force(table, month=pd.Timestamp(month))

    assert in_force == ({} if penalty is None else {"ridge": {"penalty": penalty}})


def test_a_search_that_kept_the_defaults_ends_what_an_earlier_one_chose() -> None:
    table = rows(("2021-01", "ridge", 700.0), ("2021-01", "catboost", 5.0), ("2021-06", "ridge", None))

    assert params_in_force(table, month=pd.Timestamp("2021-07")) == {"catboost": {"penalty": 5.0}}


def test_without_any_search_the_defaults_are_in_force() -> None:
    assert params_in_force(TABLES["hyperparameters"].empty(), month=MONTH) == {}


def test_a_search_is_a_row_of_the_table() -> None:
    frame = hyperparameters_frame([Searched(FOUND, 3.0, 41.26, "run")])

    [row] = TABLES["hyperparameters"].schema.validate(frame).to_dict("records")
    assert json.loads(row["params"]) == {"penalty": 700.0}
    assert (row["is_default"], row["candidates"], row["candidates_pruned"]) == (False, 3, 1)
    assert (row["loss"], row["default_loss"]) == (pytest.approx(0.7867, abs=1e-4), pytest.approx(0.80))
    assert (row["seconds"], row["budget_minutes"], row["mlflow_run_id"]) == (41.3, 3.0, "run")


def test_a_month_without_a_search_is_a_row_of_the_table_as_well() -> None:
    frame = hyperparameters_frame([Searched(Search("catboost", MONTH, 0), 0.0)])

    [row] = TABLES["hyperparameters"].schema.validate(frame).to_dict("records")
    assert json.loads(row["params"]) == DEFAULTS["catboost"]
    assert row["is_default"]
    assert pd.isna(row["loss"])
    assert row["reason"] == "No search was asked for: AIRWATCH_SEARCH_MINUTES is 0. The defaults are used."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {},
            "The defaults left 0.8000 of damped persistence's squared error on 3 folds. The best of 2 other candidates "
            "left 0.7867, better on 2, and is used.",
        ),
        (
            {"trials": (DEFAULT, BEHIND), "is_out_of_time": True},
            "The defaults left 0.8000 of damped persistence's squared error on 3 folds. None of 1 other candidates was "
            "better on most of them and by 0.01 on the mean; the defaults are used. Its share of 3 minutes ended the "
            "search.",
        ),
        (
            {"trials": (), "is_out_of_time": True},
            "Its share of 3 minutes was too little to try the defaults on 3 folds. They are used untested.",
        ),
        (
            {"trials": (), "folds": 1},
            "Not searched: 1 of 6 folds has the 365 target days before it that a learned family needs; it takes 2. The "
            "defaults are used.",
        ),
    ],
)
def test_the_reason_says_what_is_used_and_why(changes: dict[str, Any], reason: str) -> None:
    assert Searched(replace(FOUND, **changes), 3.0).reason == reason
