"""The table of a decision."""

import pandas as pd

from airwatch_dagster.figures.champion_table import decision_table, outcome_table, parts_table
from airwatch_dagster.fit.champion.choice import choose_champion
from airwatch_dagster.fit.champion.decision import Decision
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.fit.shadow_scores import MONTH, shadow, trained

ERRORS = {"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5}


def decided(scores: pd.DataFrame | None = None, *, models: pd.DataFrame | None = None) -> Decision:
    """The decision on a month whose incumbent is ridge."""
    evidence = shadow(ERRORS) if scores is None else scores
    table = trained() if models is None else models
    choice = choose_champion(month=MONTH, trained=table, scores=evidence, incumbent="ridge")
    assert choice.decision is not None
    return choice.decision


def cells(table: str, family: str) -> list[str]:
    [line] = [line for line in table.splitlines() if line.startswith("|") and family in line.split("|")[1]]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_a_line_per_family_with_the_numbers_that_decided() -> None:
    table = decision_table(decided(), champion="catboost")

    assert cells(table, "Family")[-2:] == ["Better than ridge", "Outcome"]
    assert "Winter / summer / autumn" in cells(table, "Family")
    name, skill, leads, seasons, region, usg, better, outcome = cells(table, "catboost")
    assert (name, region, usg, better, outcome) == ("**catboost**", f"{skill[:5]} (5)", "–", "100%", "serves")
    assert len(leads.split(" / ")) == 3
    assert seasons.split(" / ")[0] == "–", "December alone is not a winter"
    assert cells(table, "damped persistence")[0] == "_damped persistence_"
    assert cells(table, "ridge")[6:] == ["–", "replaced by catboost"]


def test_parts_with_too_little_evidence_are_listed_with_their_forecasts_and_weeks() -> None:
    last = decision_table(decided(), champion="catboost").splitlines()[-1]

    assert "100 forecasts" in last
    assert "winter (102 over 3), USG days (0 over 0)" in last


def test_an_override_is_shown_beside_the_outcome_by_evidence() -> None:
    table = decision_table(decided(), champion="climatology")

    assert cells(table, "climatology")[0] == "**_climatology_**"
    assert cells(table, "climatology")[-1] == "serves by manual override; no better than ridge"
    assert cells(table, "catboost")[-1] == "chosen by evidence, but overridden"


def test_a_family_that_could_not_be_fitted_has_its_reason_and_no_numbers() -> None:
    models = trained().assign(is_fitted=False, reason="Not fitted: 3 target days with an observed value.")

    table = decision_table(decided(TABLES["candidate_scores"].empty(), models=models), champion=None)

    assert cells(table, "ridge") == ["ridge", *["–"] * 6, "Not fitted: 3 target days with an observed value."]


def test_the_table_of_outcomes_fits_what_the_ui_shows_at_once() -> None:
    table = outcome_table(decided(), champion="catboost")

    name, skill, skill_range, outcome = next(row for row in table.rows if "catboost" in row[0])
    assert (name, outcome) == ("**catboost**", "serves")
    assert skill.startswith("+0.6")
    assert len(skill_range.split(" to ")) == 2
    assert len(str(table)) < 1000


def test_the_table_of_parts_has_a_number_in_each_cell() -> None:
    decision = decided()
    table = parts_table(decision, champion="catboost")

    leads = ("1 day", "2 days (tomorrow)", "3 days")
    assert table.header == ("Family", *leads, "Winter", "Summer", "Autumn", "Region", "USG")
    catboost = next(row for row in table.rows if "catboost" in row[0])
    assert catboost[1:4] == tuple(f"{skill:+.2f}" for skill in decision.lead_skills("catboost") if skill is not None)
    assert (catboost[4], catboost[8]) == ("–", "–"), "December alone is not a winter"
    assert not [cell for row in table.rows for cell in row if "/" in cell]
