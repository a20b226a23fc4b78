"""A month's decision in the UI and in MLflow: the numbers, the table, and a person's order beside the evidence."""

import json
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster.fit.champion.choice import champion_frame, choose_champion
from airwatch_dagster.orchestration.metadata.champion import champion_figures, log_decisions, shown_decisions
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.fit.shadow_scores import ALL, MONTH, shadow, trained

PNG = b"\x89PNG\r\n\x1a\n"
ERRORS = {"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5}


def month(scores: pd.DataFrame | None = None, *, models: pd.DataFrame | None = None) -> pd.DataFrame:
    """The row of champion_model of a month in which ridge served before."""
    table = trained() if models is None else models
    evidence = shadow(ERRORS) if scores is None else scores
    choice = choose_champion(month=MONTH, trained=table, scores=evidence, incumbent="ridge")
    row = champion_frame(choice, trained=table, interval_calibration=None)
    return validated("champion_model", row.assign(decided_at=pd.Timestamp("2021-01-01 06:00")))


def with_order(chosen: pd.DataFrame, family: str) -> pd.DataFrame:
    """A person's order on top of the choice."""
    order = {"model_family": family, "decided_by": "person", "reason": "Ada appointed it", "comparison": None}
    unknown = dict.fromkeys(("skill_over_damped", "skill_over_damped_lower", "skill_over_climatology"), float("nan"))
    later = chosen.assign(**order, **unknown, compared_days=0, decided_at=pd.Timestamp("2021-01-09"))
    return pd.concat([later, chosen], ignore_index=True)


def cells(table: str, family: str) -> list[str]:
    [line] = [line for line in table.splitlines() if line.startswith("|") and family in line.split("|")[1]]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_month_says_who_serves_and_why_in_numbers_that_keep_their_names() -> None:
    chosen = month()

    figures = champion_figures(shown_decisions(chosen))["2021-01"]

    assert figures["champion"] == "catboost"
    assert figures["why"] == chosen["reason"].iloc[0]
    numbers = {name: value for name, value in figures.items() if isinstance(value, (int, float))}
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


def test_the_table_has_a_line_per_family_with_what_decided() -> None:
    table = shown_decisions(month())[0].table

    assert table is not None
    assert table.splitlines()[0] == (
        "| Family | Skill | 1 / 2 / 3 days ahead | Winter / summer / autumn | Worst region | USG days | "
        "Ahead of ridge | Verdict |"
    )
    name, skill, leads, seasons, region, usg, ahead, verdict = cells(table, "catboost")
    assert (name, region, usg, ahead, verdict) == ("**catboost**", f"{skill[:5]} (5)", "–", "100%", "serves")
    assert len(leads.split(" / ")) == 3
    assert seasons.split(" / ")[0] == "–", "December alone is no winter"
    assert cells(table, "damped persistence")[0] == "_damped persistence_"
    assert cells(table, "ridge")[6:] == ["–", "replaced by catboost"]
    assert table.endswith(
        "Not judged, as that takes 100 forecasts over 8 weeks: winter (102 over 3), USG days (0 over 0)."
    )


def test_what_a_person_ordered_stands_beside_the_evidence_against_it() -> None:
    [shown] = shown_decisions(with_order(month(), "climatology"))
    figures = champion_figures([shown])["2021-01"]

    assert (shown.champion, shown.reason, shown.compared_days) == ("climatology", "Ada appointed it", 200)
    assert figures["skill_over_damped"] < -0.4
    assert figures["runner_up_skill"] > 0.5
    assert shown.table is not None
    assert cells(shown.table, "climatology")[0] == "**_climatology_**"
    assert cells(shown.table, "climatology")[-1] == "serves by a person's order; no better than ridge"
    assert cells(shown.table, "catboost")[-1] == "chosen, but a person decided"


def test_an_order_for_a_family_that_was_not_compared_has_no_skill() -> None:
    figures = champion_figures(shown_decisions(with_order(month(), "random_forest")))["2021-01"]
    assert figures["champion"] == "random_forest"
    assert "skill_over_damped" not in figures
    assert figures["compared_days"] == 200


def test_a_month_that_nobody_serves_says_why_of_every_family() -> None:
    models = trained().assign(is_fitted=False, reason="Not fitted: 3 target days with truth.")
    [shown] = shown_decisions(month(TABLES["candidate_scores"].empty(), models=models))

    figures = champion_figures([shown])["2021-01"]

    assert figures["champion"] == "nobody"
    assert set(figures) == {"champion", "why", "compared_days", "families"}
    assert shown.table is not None
    assert cells(shown.table, "ridge") == ["ridge", *["–"] * 6, "Not fitted: 3 target days with truth."]


def test_the_picture_is_part_of_the_markdown() -> None:
    figures = champion_figures(shown_decisions(month()))["2021-01"]
    assert isinstance(figures["decision"], dg.MarkdownMetadataValue)
    assert str(figures["decision"].value).startswith("![decision](data:image/png;base64,iVBORw0KGgo")


def test_rows_of_before_decisions_were_recorded_have_who_and_why() -> None:
    old = month().assign(comparison=None)
    assert champion_figures(shown_decisions(old)) == {"2021-01": {"champion": "catboost", "why": old["reason"].iloc[0]}}


def test_an_empty_table_has_no_figures() -> None:
    assert champion_figures(shown_decisions(TABLES["champion_model"].empty())) == {}


class FakeMlflow:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def log_dict(self, content: dict[str, str], path: str) -> None:
        self.files[path] = json.dumps(content).encode()

    def log_artifacts(self, folder: str, artifact_path: str) -> None:
        self.files |= {f"{artifact_path}/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}


def test_mlflow_gets_record_table_and_picture_under_the_months_name() -> None:
    mlflow, [shown] = FakeMlflow(), shown_decisions(month())

    log_decisions(mlflow, [shown])

    assert set(mlflow.files) == {"champions.json", *(f"champions/2021-01.{kind}" for kind in ("json", "md", "png"))}
    assert json.loads(mlflow.files["champions.json"]) == {"2021-01": shown.reason}
    record = json.loads(mlflow.files["champions/2021-01.json"])
    assert {family["model_family"] for family in record["families"]} == set(ALL)
    assert mlflow.files["champions/2021-01.md"].decode() == f"{shown.reason}\n\n{shown.table}\n"
    assert mlflow.files["champions/2021-01.png"].startswith(PNG)


def test_mlflow_gets_no_picture_of_a_month_without_evidence() -> None:
    models = trained().assign(is_fitted=False, reason="Not fitted.")
    mlflow = FakeMlflow()

    log_decisions(mlflow, shown_decisions(month(TABLES["candidate_scores"].empty(), models=models)))

    assert set(mlflow.files) == {"champions.json", "champions/2021-01.json", "champions/2021-01.md"}
