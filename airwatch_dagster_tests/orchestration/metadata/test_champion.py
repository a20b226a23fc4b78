"""A month's decision in Dagster's metadata and in MLflow, with and without an override."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.fit.champion.choice import champion_frame, choose_champion
from airwatch_dagster.orchestration.metadata.champion import champion_model_metadata, decision_plots, log_decisions
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.fit.shadow_scores import ALL, MONTH, shadow, trained

PNG = b"\x89PNG\r\n\x1a\n"
ERRORS = {"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5}


def month(scores: pd.DataFrame | None = None, *, models: pd.DataFrame | None = None) -> pd.DataFrame:
    """The row of champion_model of a month whose incumbent is ridge."""
    table = trained() if models is None else models
    evidence = shadow(ERRORS) if scores is None else scores
    choice = choose_champion(month=MONTH, trained=table, scores=evidence, incumbent="ridge")
    row = champion_frame(choice, trained=table, interval_calibration=None)
    return validated("champion_model", row.assign(decided_at=pd.Timestamp("2021-01-01 06:00")))


def overridden(chosen: pd.DataFrame, family: str) -> pd.DataFrame:
    """An override on top of the choice by evidence."""
    override = {"model_family": family, "decided_by": "person", "reason": "Ada promoted it", "comparison": None}
    unknown = dict.fromkeys(("skill_over_damped", "skill_over_damped_lower", "skill_over_climatology"), float("nan"))
    later = chosen.assign(**override, **unknown, compared_days=0, decided_at=pd.Timestamp("2021-01-09"))
    return pd.concat([later, chosen], ignore_index=True)


def metadata(champions: pd.DataFrame) -> Mapping[str, Any]:
    [own] = champion_model_metadata(champions, decision_plots(champions)).values()
    return own


def test_a_month_has_its_champion_its_reason_and_numbers_under_stable_names() -> None:
    chosen = month()

    own = metadata(chosen)

    assert own["champion"] == "catboost"
    assert own["why"] == chosen["reason"].iloc[0]
    numbers = {name: value for name, value in own.items() if isinstance(value, (int, float))}
    assert numbers == pytest.approx(
        {
            "skill_over_damped": chosen["skill_over_damped"].iloc[0],
            "skill_1d": 0.6,
            "skill_2d": 0.6,
            "skill_3d": 0.6,
            "skill_worst_region": chosen["skill_over_damped"].iloc[0],
            "runner_up_skill": 0.23,
            "compared_days": 200,
        },
        abs=0.03,
    )
    assert numbers["compared_days"] == 200


def test_an_override_has_the_skill_the_evidence_gives_its_family() -> None:
    own = metadata(overridden(month(), "climatology"))

    assert (own["champion"], own["why"], own["compared_days"]) == ("climatology", "Ada promoted it", 200)
    assert own["skill_over_damped"] < -0.4
    assert own["runner_up_skill"] > 0.5
    assert "**_climatology_**" in own["families"].value


def test_an_override_with_a_family_that_was_not_compared_has_no_skill() -> None:
    own = metadata(overridden(month(), "random_forest"))
    assert own["champion"] == "random_forest"
    assert "skill_over_damped" not in own
    assert own["compared_days"] == 200


def test_a_month_without_a_champion_has_a_table_and_no_plot() -> None:
    models = trained().assign(is_fitted=False, reason="Not fitted: 3 target days with truth.")

    own = metadata(month(TABLES["candidate_scores"].empty(), models=models))

    assert own["champion"] == "nobody"
    assert set(own) == {"champion", "why", "compared_days", "families"}


def test_the_plot_is_embedded_in_markdown() -> None:
    own = metadata(month())
    assert isinstance(own["decision"], dg.MarkdownMetadataValue)
    assert str(own["decision"].value).startswith("![decision](data:image/png;base64,iVBORw0KGgo")


def test_a_row_without_a_recorded_comparison_has_champion_and_reason() -> None:
    old = month().assign(comparison=None)
    assert metadata(old) == {"champion": "catboost", "why": old["reason"].iloc[0]}


def test_an_empty_table_has_no_metadata() -> None:
    assert champion_model_metadata(TABLES["champion_model"].empty(), {}) == {}


class FakeMlflow:
    """Stores what is logged."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def log_dict(self, content: dict[str, str], path: str) -> None:
        self.files[path] = json.dumps(content).encode()

    def log_artifacts(self, folder: str, artifact_path: str) -> None:
        self.files |= {f"{artifact_path}/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}


def logged(champions: pd.DataFrame) -> dict[str, bytes]:
    mlflow = FakeMlflow()
    log_decisions(mlflow, champions)
    return mlflow.files


def test_mlflow_gets_record_table_and_plot_under_the_name_of_the_month() -> None:
    chosen = month()
    reason = chosen["reason"].iloc[0]

    files = logged(chosen)

    assert set(files) == {"champions.json", *(f"champions/2021-01.{kind}" for kind in ("json", "md", "png"))}
    assert json.loads(files["champions.json"]) == {"2021-01": reason}
    record = json.loads(files["champions/2021-01.json"])
    assert {family["model_family"] for family in record["families"]} == set(ALL)
    assert files["champions/2021-01.md"].decode() == f"{reason}\n\n{metadata(chosen)['families'].value}\n"
    assert files["champions/2021-01.png"].startswith(PNG)


def test_mlflow_gets_no_plot_of_a_month_without_evidence() -> None:
    models = trained().assign(is_fitted=False, reason="Not fitted.")

    files = logged(month(TABLES["candidate_scores"].empty(), models=models))

    assert set(files) == {"champions.json", "champions/2021-01.json", "champions/2021-01.md"}
