"""What `airwatch doctor` is told of the models that the tables name."""

from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.training import trained_models_frame
from airwatch_dagster.orchestration.registry import model_check
from airwatch_dagster.orchestration.registry.model_check import (
    model_problems,
    serving_model,
    unreadable_months,
)
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import TableStorage

MANIFEST = '{"model.json":{"bytes":1,"sha256":"' + "0" * 64 + '"}}'


@pytest.fixture
def tables(tmp_path: Path) -> TableStorage:
    return TableStorage.open(str(tmp_path))


def store_trained(tables: TableStorage, month: str, *, files: str | None) -> None:
    row = {
        "month": pd.Timestamp(f"{month}-01"),
        "model_family": "ridge",
        "is_fitted": True,
        "reason": "Fitted.",
        "training_rows": 10,
        "holdout_rows": 0,
        "model_version": "3",
        "model_files": files,
    }
    tables.write("trained_models", {month: trained_models_frame([row])})


def store_champion(tables: TableStorage, month: str, version: str | None) -> None:
    serves = version is not None
    row = {
        "month": pd.Timestamp(f"{month}-01"),
        "is_serving": serves,
        "model_family": "ridge" if serves else None,
        "model_version": version,
        "model_files": MANIFEST if serves else None,
        "trained_for": pd.Timestamp(f"{month}-01") if serves else pd.NaT,
        "decided_by": "holdout" if serves else "no_history",
        "reason": "ridge serves",
        "compared_rows": 0,
        "compared_days": 0,
    }
    frame = pd.DataFrame([row], columns=TABLES["champion_model"].column_names)
    tables.write("champion_model", {month: validated("champion_model", frame)})


def test_the_serving_model_is_that_of_the_latest_month_with_a_champion(tables: TableStorage) -> None:
    assert serving_model(tables) is None
    assert list(model_problems(tables)) == []
    store_champion(tables, "2021-05", "7")
    store_champion(tables, "2021-06", "8")
    store_champion(tables, "2021-07", None)

    assert serving_model(tables) == LoggedModel("8", "ridge", "2021-06", MANIFEST)


def test_a_damaged_model_is_a_problem_and_a_sound_one_is_none(
    tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_champion(tables, "2021-06", "8")
    monkeypatch.setattr(model_check, "verify_files", lambda model: 1)
    assert list(model_problems(tables)) == []

    def refuse(model: LoggedModel) -> int:
        raise ModelRefused(model.name, "ridge.npz is missing", fix=model.fix)

    monkeypatch.setattr(model_check, "verify_files", refuse)
    [problem] = model_problems(tables)
    assert "ridge.npz is missing" in str(problem)


def test_months_whose_models_are_pickles_are_one_problem_with_the_command_that_mends_it(tables: TableStorage) -> None:
    store_trained(tables, "2021-04", files=None)
    store_trained(tables, "2021-05", files=None)
    store_trained(tables, "2021-06", files=MANIFEST)

    assert unreadable_months(tables) == ["2021-04", "2021-05"]
    [problem] = model_problems(tables)
    assert str(problem) == (
        "models of 2 months from 2021-04 to 2021-05: were logged as pickles, which are not read: forecasts and scores "
        "of these months cannot be computed again. Train them again: `airwatch backfill 2021-04-01 2021-05-01 "
        "--tables trained_models,champion_model --refresh`. Retrying will not help."
    )
