"""A search's outcome is used in its own month and the year after it, with a reason."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.models.parameters import DEFAULTS
from airwatch_dagster.fit.tuning.hyperparameters import active_params, hyperparameters_frame, reason
from airwatch_dagster.fit.tuning.search import Search
from airwatch_dagster.schemas import TABLES

MONTH = pd.Timestamp("2021-01-01")
PARAMS = (DEFAULTS["ridge"], {"penalty": 9.0}, {"penalty": 700.0})
LOSSES = np.array([[0.80, 0.82, 0.78], [0.9, np.nan, np.nan], [0.77, 0.80, 0.79]])
FOUND = Search("ridge", MONTH, PARAMS, LOSSES, budget_minutes=3.0, seconds=41.26, mlflow_run_id="run")


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
def test_a_search_is_used_from_its_month_on_for_a_year_or_until_the_next(month: str, penalty: float | None) -> None:
    table = rows(("2021-06", "ridge", 30.0), ("2021-01", "ridge", 700.0))

    active = active_params(table, month=pd.Timestamp(month))

    assert active == ({} if penalty is None else {"ridge": {"penalty": penalty}})


def test_a_search_that_kept_the_defaults_ends_the_outcome_of_an_earlier_one() -> None:
    table = rows(("2021-01", "ridge", 700.0), ("2021-01", "catboost", 5.0), ("2021-06", "ridge", None))

    assert active_params(table, month=pd.Timestamp("2021-07")) == {"catboost": {"penalty": 5.0}}


def test_without_any_search_the_defaults_are_active() -> None:
    assert active_params(TABLES["hyperparameters"].empty(), month=MONTH) == {}


def test_a_search_is_a_row_of_the_table() -> None:
    [row] = TABLES["hyperparameters"].schema.validate(hyperparameters_frame([FOUND])).to_dict("records")

    assert json.loads(row["params"]) == {"penalty": 700.0}
    assert (row["is_default"], row["candidates"], row["candidates_pruned"], row["folds"]) == (False, 3, 1, 3)
    assert (row["loss"], row["default_loss"]) == (pytest.approx(0.7867, abs=1e-4), pytest.approx(0.80))
    assert (row["seconds"], row["budget_minutes"], row["mlflow_run_id"]) == (41.3, 3.0, "run")


def test_a_month_without_a_search_is_a_row_of_the_table_as_well() -> None:
    frame = hyperparameters_frame([Search("catboost", MONTH)])

    [row] = TABLES["hyperparameters"].schema.validate(frame).to_dict("records")
    assert json.loads(row["params"]) == DEFAULTS["catboost"]
    assert row["is_default"]
    assert pd.isna(row["loss"])
    assert "AIRWATCH_SEARCH_MINUTES is 0" in row["reason"]


UNTRIED: dict[str, Any] = {"params": (), "losses": np.empty((0, 3))}


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({}, ["defaults left 0.8000", "3 folds", "best of 2 others left 0.7867", "better on 2"]),
        (
            {"params": PARAMS[:2], "losses": LOSSES[:2], "is_out_of_time": True},
            ["none of 1 others", "by 0.01 on the mean", "defaults are used", "share of 3 min ended the search"],
        ),
        ({**UNTRIED, "is_out_of_time": True}, ["share of 3 min was too little", "3 folds", "untested"]),
        ({"params": (), "losses": np.empty((0, 1))}, ["1 of 6 folds", "365 target days", "at least 2"]),
    ],
)
def test_the_reason_names_the_losses_and_what_is_used(changes: dict[str, Any], facts: list[str]) -> None:
    text = reason(replace(FOUND, **changes))

    assert [fact for fact in facts if fact not in text] == [], text
