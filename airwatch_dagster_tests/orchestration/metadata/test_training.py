"""A month's models in Dagster's metadata: numbers under stable names, a table, plots."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.fit.training import (
    HoldoutMetrics,
    Registration,
    TrainedModel,
    trained_models_frame,
    trained_models_row,
)
from airwatch_dagster.orchestration.metadata import training
from airwatch_dagster.orchestration.metadata.training import candidate_scores_metadata, trained_models_metadata
from airwatch_dagster.orchestration.pages import Pages
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import FAMILIES

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


def test_a_month_charts_skill_and_rmse_one_day_ahead(pages: Pages) -> None:
    late = {"horizon_days": 2, "target_date": pd.Timestamp("2021-05-05")}
    metadata = candidate_scores_metadata(pd.concat([TWO_FAMILIES, scores(late)]), pages=pages)

    assert list(metadata) == ["2021-05"]
    assert numbers(metadata["2021-05"]) == {
        "skill 1 day ahead, ridge": 0.75,
        "RMSE 1 day ahead, ridge (µg/m³)": 1.0,
        "RMSE 1 day ahead, damped persistence (µg/m³)": 2.0,
    }


def test_at_most_a_dozen_numbers_are_charted_whatever_families_there_are(pages: Pages) -> None:
    everything = candidate_scores_metadata(scores(*({"model_family": family} for family in FAMILIES)), pages=pages)
    trained_all = trained_models_metadata(trained(*FAMILIES), importance_of=no_importance, pages=pages)

    assert 0 < len(numbers(everything["2021-05"])) <= 12
    assert 0 < len(numbers(trained_all["2021-05"])) <= 12


def test_an_undefined_measure_is_not_a_number(pages: Pages) -> None:
    metadata = candidate_scores_metadata(scores({}), pages=pages)["2021-05"]

    assert "skill 1 day ahead, ridge" not in metadata
    assert "| ridge | – |" in metadata["skill"].value


def test_every_month_has_its_own_scores(pages: Pages) -> None:
    late = {"issue_date": pd.Timestamp("2021-06-03"), "target_date": pd.Timestamp("2021-06-04"), "pm25_ugm3": 13.0}

    metadata = candidate_scores_metadata(scores(late, {}), pages=pages)

    name = "RMSE 1 day ahead, ridge (µg/m³)"
    assert [metadata[month][name] for month in ("2021-05", "2021-06")] == [1.0, 3.0]


def test_tables_have_a_line_per_family_best_first_and_bold(pages: Pages) -> None:
    two_leads = scores(
        *[
            {"model_family": family, "horizon_days": lead, "pm25_ugm3": 10.0 + error * lead}
            for family, error in (("damped_persistence", 2.0), ("ridge", -1.0))
            for lead in (1, 2)
        ]
    )

    own = candidate_scores_metadata(two_leads, pages=pages)["2021-05"]

    assert own["skill"].value.splitlines() == [
        "| Family | 2 days (tomorrow) | 1 day |",
        "|---|---|---|",
        "| ridge | **+0.75** | **+0.75** |",
        "| damped persistence | +0.00 | +0.00 |",
    ]
    assert own["errors 2 days ahead"].value.splitlines()[2:] == [
        "| ridge | **2.00** | 2.00 | -2.00 |",
        "| damped persistence | 4.00 | 4.00 | +4.00 |",
    ]
    assert "1 forecasts per lead" in own["about skill"]


def test_the_title_of_a_months_plot_has_season_and_sites(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []

    def plot(*_: pd.DataFrame, title: str) -> bytes:
        titles.append(title)
        return b"<svg/>"

    monkeypatch.setattr(training, "performance_plot", plot)
    metadata = candidate_scores_metadata(scores({}, {"site_id": "170310002"}), pages=pages)["2021-05"]

    assert titles == ["Out of sample, May 2021 (spring): 2 sites"]
    assert "figures/candidate_scores/2021-05-performance.svg" in metadata["performance"].value


def test_no_scores_have_no_metadata(pages: Pages) -> None:
    assert candidate_scores_metadata(TABLES["candidate_scores"].empty(), pages=pages) == {}


def test_holdouts_of_a_month_are_numbers_and_tables(pages: Pages) -> None:
    table = trained("damped_persistence", "ridge")
    metadata = trained_models_metadata(table, importance_of=no_importance, pages=pages)["2021-05"]

    assert numbers(metadata) == {
        "skill 1 day ahead, ridge": 0.25,
        "RMSE 1 day ahead, ridge (µg/m³)": 5.0,
        "RMSE 1 day ahead, damped persistence (µg/m³)": 5.0,
    }
    assert "| ridge | **+0.12** | **+0.25** |" in metadata["skill"].value
    assert "| ridge | **6.00** | 4.00 | -0.50 |" in metadata["errors 2 days ahead"].value
    assert "errors 3 days ahead" not in metadata, "no forecast was held out at that lead"


def test_months_are_apart_and_a_month_without_a_model_has_no_metadata(pages: Pages) -> None:
    table = pd.concat(
        [
            trained("ridge"),
            trained("ridge", month=JUNE, skill=0.5),
            trained("ridge", month=pd.Timestamp("2021-07-01"), is_fitted=False),
        ]
    )

    metadata = trained_models_metadata(table, importance_of=no_importance, pages=pages)

    assert {month: own["skill 1 day ahead, ridge"] for month, own in metadata.items()} == {
        "2021-05": 0.25,
        "2021-06": 0.5,
    }


def test_the_importance_plot_is_of_the_learned_families_with_logged_importance(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[Any, str]] = []

    def plot(shares: Any, *, title: str) -> bytes:
        drawn.append((shares, title))
        return b"<svg/>"

    monkeypatch.setattr(training, "importance_plot", plot)
    logged = {"run of ridge": {"smoke": 1.0}, "run of climatology": {"wind": 1.0}, "run of catboost": {}}

    table = trained("climatology", "ridge", "catboost")
    metadata = trained_models_metadata(table, importance_of=lambda run_id: logged[run_id], pages=pages)["2021-05"]

    [(shares, title)] = drawn
    assert shares == {"ridge": {"smoke": 1.0}}
    assert "May 2021" in title
    assert metadata["importance"].value.startswith(f"[![{title}](http://air.example/figures/trained_models/2021-05")
    assert metadata["about importance"].startswith("Features of the correction")


def test_a_month_of_baselines_has_no_importance_plot(pages: Pages) -> None:
    metadata = trained_models_metadata(trained("damped_persistence"), importance_of=no_importance, pages=pages)

    assert "importance" not in metadata["2021-05"]
