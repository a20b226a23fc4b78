"""A month's models in Dagster's metadata: numbers under stable names, a table, plots."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures import models as model_figures
from airwatch_dagster.fit.training import (
    HoldoutMetrics,
    Registration,
    TrainedModel,
    trained_models_frame,
    trained_models_row,
)
from airwatch_dagster.orchestration.metadata.training import candidate_scores_metadata, trained_models_metadata
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


def numbers(metadata: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in metadata.items() if isinstance(value, float)}


def test_scores_of_a_month_are_numbers_by_family_and_lead() -> None:
    metadata = candidate_scores_metadata(TWO_FAMILIES)

    assert list(metadata) == ["2021-05"]
    assert numbers(metadata["2021-05"]) == {
        "damped_persistence_rmse_1d_ugm3": 2.0,
        "damped_persistence_mae_1d_ugm3": 2.0,
        "damped_persistence_bias_1d_ugm3": 2.0,
        "ridge_skill_1d": 0.75,
        "ridge_rmse_1d_ugm3": 1.0,
        "ridge_mae_1d_ugm3": 1.0,
        "ridge_bias_1d_ugm3": 1.0,
    }


def test_an_undefined_measure_is_not_a_number() -> None:
    metadata = candidate_scores_metadata(scores({}))["2021-05"]

    assert "ridge_skill_1d" not in metadata
    assert "| ridge | – | 1.00 |" in metadata["scores"].value


def test_every_month_has_its_own_scores() -> None:
    late = {"issue_date": pd.Timestamp("2021-06-03"), "target_date": pd.Timestamp("2021-06-04"), "pm25_ugm3": 13.0}

    metadata = candidate_scores_metadata(scores(late, {}))

    assert [metadata[month]["ridge_mae_1d_ugm3"] for month in ("2021-05", "2021-06")] == [1.0, 3.0]


def test_the_table_has_a_line_per_family_with_the_leads_side_by_side() -> None:
    two_leads = scores(
        *[
            {"model_family": family, "horizon_days": lead, "pm25_ugm3": 10.0 + error * lead}
            for family, error in (("damped_persistence", 2.0), ("ridge", -1.0))
            for lead in (1, 2)
        ]
    )

    assert candidate_scores_metadata(two_leads)["2021-05"]["scores"].value.splitlines() == [
        "| Family | Skill 1 / 2 d | RMSE, µg/m³ 1 / 2 d | MAE, µg/m³ 1 / 2 d | Bias, µg/m³ 1 / 2 d |",
        "|---|---|---|---|---|",
        "| damped persistence | +0.00 / +0.00 | 2.00 / 4.00 | 2.00 / 4.00 | +2.00 / +4.00 |",
        "| ridge | +0.75 / +0.75 | 1.00 / 2.00 | 1.00 / 2.00 | -1.00 / -2.00 |",
        "",
        "Forecasts per lead: 1. Skill: share of damped persistence's mean squared error saved.",
    ]


def test_the_title_of_a_months_plot_has_season_and_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []

    def plot(*_: pd.DataFrame, title: str) -> bytes:
        titles.append(title)
        return b"PNG"

    monkeypatch.setattr(model_figures, "performance_plot", plot)
    metadata = candidate_scores_metadata(scores({}, {"site_id": "170310002"}))["2021-05"]

    assert titles == ["Out of sample, May 2021 (spring): 2 sites"]
    assert metadata["performance"].value == "![performance](data:image/png;base64,UE5H)"


def test_no_scores_have_no_metadata() -> None:
    assert candidate_scores_metadata(TABLES["candidate_scores"].empty()) == {}


def test_holdouts_of_a_month_are_numbers_by_family_and_lead() -> None:
    metadata = trained_models_metadata(trained("damped_persistence", "ridge"), importance_of=no_importance)["2021-05"]

    assert metadata["ridge_holdout_skill_1d"] == 0.25
    assert metadata["ridge_holdout_skill_2d"] == 0.125
    assert metadata["ridge_holdout_rmse_1d_ugm3"] == 5.0
    assert metadata["damped_persistence_holdout_mae_2d_ugm3"] == 4.0
    assert "damped_persistence_holdout_skill_1d" not in metadata, "it is the reference"
    assert "ridge_holdout_skill_3d" not in metadata, "no forecast was held out at that lead"
    assert "| ridge | +0.25 / +0.12 / – | 5.00 / 6.00 / – |" in metadata["holdouts"].value


def test_months_are_apart_and_a_month_without_a_model_has_no_metadata() -> None:
    table = pd.concat(
        [
            trained("ridge"),
            trained("ridge", month=JUNE, skill=0.5),
            trained("ridge", month=pd.Timestamp("2021-07-01"), is_fitted=False),
        ]
    )

    metadata = trained_models_metadata(table, importance_of=no_importance)

    assert {month: own["ridge_holdout_skill_1d"] for month, own in metadata.items()} == {
        "2021-05": 0.25,
        "2021-06": 0.5,
    }


def test_the_importance_plot_is_of_the_learned_families_with_logged_importance(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Any, str]] = []

    def plot(shares: Any, *, title: str) -> bytes:
        drawn.append((shares, title))
        return b"PNG"

    monkeypatch.setattr(model_figures, "importance_plot", plot)
    logged = {"run of ridge": {"smoke": 1.0}, "run of climatology": {"wind": 1.0}, "run of catboost": {}}

    table = trained("climatology", "ridge", "catboost")
    metadata = trained_models_metadata(table, importance_of=lambda run_id: logged[run_id])["2021-05"]

    [(shares, title)] = drawn
    assert shares == {"ridge": {"smoke": 1.0}}
    assert "May 2021" in title
    assert metadata["importance"].value.startswith(
        "![importance](data:image/png;base64,UE5H)\n\nFeatures of the correction"
    )


def test_a_month_of_baselines_has_no_importance_plot() -> None:
    metadata = trained_models_metadata(trained("damped_persistence"), importance_of=no_importance)

    assert "importance" not in metadata["2021-05"]
