"""What the UI says of a month's models: numbers under stable names, a table, a picture."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures import models as model_plots
from airwatch_dagster.fit.training import (
    HoldoutMetrics,
    Registration,
    TrainedModel,
    trained_models_frame,
    trained_models_row,
)
from airwatch_dagster.orchestration.metadata.training import candidate_figures, training_figures
from airwatch_dagster.schemas import TABLES

MAY, JUNE = pd.Timestamp("2021-05-01"), pd.Timestamp("2021-06-01")

SCORE: dict[str, Any] = {
    "model_family": "ridge",
    "site_id": "170310001",
    "issue_date": pd.Timestamp("2021-05-03"),
    "target_date": pd.Timestamp("2021-05-04"),
    "horizon_days": 1,
    "pm25_ugm3": 11.0,
    "pm25_observed_ugm3": 10.0,
    "days_since_observed": 0,
    "model_version": "7",
}


def scores(*changes: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame([SCORE | change for change in changes])
    validated: pd.DataFrame = TABLES["candidate_scores"].schema.validate(frame)
    return validated


TWO_FAMILIES = scores({"model_family": "damped_persistence", "pm25_ugm3": 12.0}, {})


def trained(*families: str, month: pd.Timestamp = MAY, is_fitted: bool = True, skill: float = 0.25) -> pd.DataFrame:
    """One row of trained_models each, logged to the MLflow run ``run of <family>``."""
    holdout = tuple(HoldoutMetrics(lead, 40, 4.0 + lead, 2.0 + lead, -0.5, skill / lead) for lead in (1, 2))
    models = [
        TrainedModel(family, month, object(), "Fitted.", {}, 400, month, month, holdout)  # type: ignore[arg-type]
        for family in families
    ]
    rows = [trained_models_row(model, registration=Registration(f"run of {model.family}")) for model in models]
    return trained_models_frame(rows).assign(is_fitted=is_fitted)


def no_importance(run_id: str) -> dict[str, float]:
    return {}


def numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if isinstance(value, float)}


def test_scores_of_a_month_are_numbers_by_family_and_lead() -> None:
    figures = candidate_figures(TWO_FAMILIES)

    assert list(figures) == ["2021-05"]
    assert numbers(figures["2021-05"]) == {
        "damped_persistence_rmse_1d_ugm3": 2.0,
        "damped_persistence_mae_1d_ugm3": 2.0,
        "damped_persistence_bias_1d_ugm3": 2.0,
        "ridge_skill_1d": 0.75,
        "ridge_rmse_1d_ugm3": 1.0,
        "ridge_mae_1d_ugm3": 1.0,
        "ridge_bias_1d_ugm3": 1.0,
    }


def test_what_is_not_known_is_no_number() -> None:
    figures = candidate_figures(scores({}))["2021-05"]

    assert "ridge_skill_1d" not in figures
    assert "| ridge | – | 1.00 |" in figures["scores"].value


def test_every_month_is_scored_apart() -> None:
    late = {"issue_date": pd.Timestamp("2021-06-03"), "target_date": pd.Timestamp("2021-06-04"), "pm25_ugm3": 13.0}

    figures = candidate_figures(scores(late, {}))

    assert [figures[month]["ridge_mae_1d_ugm3"] for month in ("2021-05", "2021-06")] == [1.0, 3.0]


def test_the_table_has_a_line_per_family_and_the_leads_side_by_side() -> None:
    two_leads = scores(
        *[
            {"model_family": family, "horizon_days": lead, "pm25_ugm3": 10.0 + error * lead}
            for family, error in (("damped_persistence", 2.0), ("ridge", -1.0))
            for lead in (1, 2)
        ]
    )

    assert candidate_figures(two_leads)["2021-05"]["scores"].value.splitlines() == [
        "| Family | Skill 1 / 2 d | RMSE, µg/m³ 1 / 2 d | MAE, µg/m³ 1 / 2 d | Bias, µg/m³ 1 / 2 d |",
        "|---|---|---|---|---|",
        "| damped_persistence | +0.00 / +0.00 | 2.00 / 4.00 | 2.00 / 4.00 | +2.00 / +4.00 |",
        "| ridge | +0.75 / +0.75 | 1.00 / 2.00 | 1.00 / 2.00 | -1.00 / -2.00 |",
        "",
        "Forecasts per lead: 1. Skill: share of damped persistence's mean squared error saved.",
    ]


def test_a_months_picture_says_season_and_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []

    def plot(*_: pd.DataFrame, title: str) -> bytes:
        titles.append(title)
        return b"PNG"

    monkeypatch.setattr(model_plots, "performance_plot", plot)
    figures = candidate_figures(scores({}, {"site_id": "170310002"}))["2021-05"]

    assert titles == ["Out of sample, May 2021 (spring): 2 sites"]
    assert figures["performance"].value == "![performance](data:image/png;base64,UE5H)"


def test_no_scores_have_no_figures() -> None:
    assert candidate_figures(TABLES["candidate_scores"].empty()) == {}


def test_holdouts_of_a_month_are_numbers_by_family_and_lead() -> None:
    figures = training_figures(trained("damped_persistence", "ridge"), importance_of=no_importance)["2021-05"]

    assert figures["ridge_holdout_skill_1d"] == 0.25
    assert figures["ridge_holdout_skill_2d"] == 0.125
    assert figures["ridge_holdout_rmse_1d_ugm3"] == 5.0
    assert figures["damped_persistence_holdout_mae_2d_ugm3"] == 4.0
    assert "damped_persistence_holdout_skill_1d" not in figures, "it is the reference"
    assert "ridge_holdout_skill_3d" not in figures, "nothing was held out at that lead"
    assert "| ridge | +0.25 / +0.12 / – | 5.00 / 6.00 / – |" in figures["holdouts"].value


def test_months_are_told_apart_and_months_without_a_model_have_no_figures() -> None:
    table = pd.concat(
        [
            trained("ridge"),
            trained("ridge", month=JUNE, skill=0.5),
            trained("ridge", month=pd.Timestamp("2021-07-01"), is_fitted=False),
        ]
    )

    figures = training_figures(table, importance_of=no_importance)

    assert {month: told["ridge_holdout_skill_1d"] for month, told in figures.items()} == {
        "2021-05": 0.25,
        "2021-06": 0.5,
    }


def test_importance_is_that_of_the_learned_families_as_it_was_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Any, str]] = []

    def plot(shares: Any, *, title: str) -> bytes:
        drawn.append((shares, title))
        return b"PNG"

    monkeypatch.setattr(model_plots, "importance_plot", plot)
    logged = {"run of ridge": {"smoke": 1.0}, "run of climatology": {"wind": 1.0}, "run of catboost": {}}

    table = trained("climatology", "ridge", "catboost")
    figures = training_figures(table, importance_of=lambda run_id: logged[run_id])["2021-05"]

    assert drawn == [({"ridge": {"smoke": 1.0}}, "What the models of May 2021 listen to")]
    assert figures["importance"].value.startswith(
        "![importance](data:image/png;base64,UE5H)\n\nInputs of the correction"
    )


def test_months_of_baselines_have_no_picture_of_importance() -> None:
    figures = training_figures(trained("damped_persistence"), importance_of=no_importance)

    assert "importance" not in figures["2021-05"]
