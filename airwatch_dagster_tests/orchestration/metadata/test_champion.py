"""A month's decision in Dagster's metadata and in MLflow, with and without an override."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.figures.champion_table import decision_table
from airwatch_dagster.fit.champion.choice import champion_frame, choose_champion
from airwatch_dagster.fit.champion.decision import Decision
from airwatch_dagster.orchestration.metadata.champion import champion_model_metadata, decision_plots, log_decisions
from airwatch_dagster.orchestration.pages import Pages
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.fit.shadow_scores import ALL, MONTH, shadow, trained

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


Metadata = Callable[[pd.DataFrame], Mapping[str, Any]]


@pytest.fixture
def metadata(pages: Pages) -> Metadata:
    """The metadata of the one month in rows of champion_model."""

    def of(champions: pd.DataFrame) -> Mapping[str, Any]:
        [own] = champion_model_metadata(champions, decision_plots(champions), pages=pages).values()
        return own

    return of


def test_a_month_has_its_champion_its_reason_and_numbers_under_stable_names(metadata: Metadata) -> None:
    chosen = month()

    own = metadata(chosen)

    assert own["champion"] == "catboost"
    assert own["why"] == chosen["reason"].iloc[0]
    numbers = {name: value for name, value in own.items() if isinstance(value, (int, float))}
    assert numbers == pytest.approx(
        {
            "champion's skill": chosen["skill_over_damped"].iloc[0],
            "skill 1 day ahead": 0.6,
            "skill 2 days ahead": 0.6,
            "skill 3 days ahead": 0.6,
            "skill in the worst region": chosen["skill_over_damped"].iloc[0],
            "runner-up's skill": 0.23,
            "compared days": 200,
        },
        abs=0.03,
    )
    assert numbers["compared days"] == 200


def test_an_override_has_the_skill_the_evidence_gives_its_family(metadata: Metadata) -> None:
    own = metadata(overridden(month(), "climatology"))

    assert (own["champion"], own["why"], own["compared days"]) == ("climatology", "Ada promoted it", 200)
    assert own["champion's skill"] < -0.4
    assert own["runner-up's skill"] > 0.5
    assert "**_climatology_**" in own["families"].value


def test_an_override_with_a_family_that_was_not_compared_has_no_skill(metadata: Metadata) -> None:
    own = metadata(overridden(month(), "random_forest"))
    assert own["champion"] == "random forest"
    assert "champion's skill" not in own
    assert own["compared days"] == 200


def test_a_month_without_a_champion_has_a_table_and_no_plot(metadata: Metadata) -> None:
    models = trained().assign(is_fitted=False, reason="Not fitted: 3 target days with an observed value.")

    own = metadata(month(TABLES["candidate_scores"].empty(), models=models))

    assert own["champion"] == "nobody"
    assert set(own) == {"champion", "why", "compared days", "families", "skill by lead and season", "about skill"}


def test_the_plot_is_a_file_that_the_ui_shows_and_links(metadata: Metadata, tmp_path: Path) -> None:
    url = "http://air.example/figures/champion_model/2021-01-decision.svg"
    assert metadata(month())["decision"].value == f"[![Decision of January 2021]({url})]({url})"
    assert (tmp_path / "site/figures/champion_model/2021-01-decision.svg").read_bytes().startswith(b"<?xml")


def test_what_is_shown_of_a_month_needs_no_click(metadata: Metadata) -> None:
    texts = [value.value for value in metadata(month()).values() if isinstance(value, dg.MarkdownMetadataValue)]
    assert len(texts) == 3
    assert max(map(len, texts)) < 1000


def test_a_row_without_a_recorded_comparison_has_champion_and_reason(metadata: Metadata) -> None:
    old = month().assign(comparison=None)
    assert metadata(old) == {"champion": "catboost", "why": old["reason"].iloc[0]}


def test_an_empty_table_has_no_metadata(pages: Pages) -> None:
    assert champion_model_metadata(TABLES["champion_model"].empty(), {}, pages=pages) == {}


class FakeMlflow:
    """Stores what is logged."""

    tracking_uri = "sqlite:///mlflow.db"

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def log_dict(self, content: dict[str, str], path: str) -> None:
        self.files[path] = json.dumps(content).encode()

    def log_artifacts(self, folder: str, artifact_path: str) -> None:
        self.files |= {f"{artifact_path}/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}


def table_of(chosen: pd.DataFrame) -> str:
    return decision_table(Decision.from_json(chosen["comparison"].iloc[0]), champion="catboost")


def logged(champions: pd.DataFrame) -> dict[str, bytes]:
    mlflow = FakeMlflow()
    log_decisions(mlflow, champions)
    return mlflow.files


def test_mlflow_gets_record_table_and_plot_under_the_name_of_the_month() -> None:
    chosen = month()
    reason = chosen["reason"].iloc[0]

    files = logged(chosen)

    assert set(files) == {"champions.json", *(f"champions/2021-01.{kind}" for kind in ("json", "md", "svg"))}
    assert json.loads(files["champions.json"]) == {"2021-01": reason}
    record = json.loads(files["champions/2021-01.json"])
    assert {family["model_family"] for family in record["families"]} == set(ALL)
    assert files["champions/2021-01.md"].decode() == f"{reason}\n\n{table_of(chosen)}\n"
    assert files["champions/2021-01.svg"].startswith(b"<?xml")


def test_mlflow_gets_no_plot_of_a_month_without_evidence() -> None:
    models = trained().assign(is_fitted=False, reason="Not fitted.")

    files = logged(month(TABLES["candidate_scores"].empty(), models=models))

    assert set(files) == {"champions.json", "champions/2021-01.json", "champions/2021-01.md"}
