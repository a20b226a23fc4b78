"""The record of a decision: every family's verdict, and back from JSON as it was."""

import json

import pandas as pd

from airwatch_dagster.fit.champion.choice import ChampionChoice, choose_champion
from airwatch_dagster.fit.champion.decision import Decision, Verdict
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.fit.shadow_scores import ALL, MONTH, shadow, trained

ERRORS = {"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5}
UNFITTED = "Not fitted: 90 target days with an observed value; random_forest is a learned family and needs 365."


def models() -> pd.DataFrame:
    """Models of the month; random forest could not be fitted."""
    table = trained((*ALL, "random_forest"))
    is_forest = table["model_family"] == "random_forest"
    table["is_fitted"] = ~is_forest
    table["reason"] = table["reason"].where(~is_forest, UNFITTED)
    return table


def choose(
    scores: pd.DataFrame, *, table: pd.DataFrame | None = None, incumbent: str | None = "ridge"
) -> ChampionChoice:
    chosen = models() if table is None else table
    return choose_champion(month=MONTH, trained=chosen, scores=scores, incumbent=incumbent)


def recorded(choice: ChampionChoice) -> Decision:
    assert choice.decision is not None
    return Decision.from_json(choice.decision.to_json())


def test_every_family_of_the_month_has_an_outcome_most_skilful_first() -> None:
    outcomes = [(one.model_family, one.is_eligible, one.outcome) for one in recorded(choose(shadow(ERRORS))).verdicts]
    assert outcomes == [
        ("catboost", True, "serves"),
        ("ridge", True, "replaced by catboost"),
        ("damped_persistence", True, "no better than ridge"),
        ("climatology", True, "no better than ridge"),
        ("random_forest", False, UNFITTED),
    ]


def test_the_record_holds_the_numbers_behind_a_verdict() -> None:
    choice = choose(shadow(ERRORS))
    best, replaced = recorded(choice).verdicts[:2]
    assert choice.comparison is not None
    assert best.skill == round(choice.comparison.skill["catboost"], 4)
    assert best.skill_lower is not None
    assert best.skill_upper is not None
    assert best.skill_lower < best.skill < best.skill_upper
    assert (best.chance_better, replaced.chance_better) == (1.0, None)


def test_parts_survive_json_and_an_undefined_skill_is_null() -> None:
    decision = recorded(choose(shadow(ERRORS)))
    parts = {part.name: part for part in decision.parts}
    assert decision.incumbent == "ridge"
    names = ["all", "1 day", "2 days", "3 days", "winter", "summer", "autumn", "EPA region 5", "USG days"]
    assert list(parts) == names
    assert (parts["summer"].rows, parts["summer"].weeks, parts["summer"].is_judged) == (92 * 2 * 3, 14, True)
    assert parts["summer"].where == "in summer"
    assert parts["USG days"].skill == dict.fromkeys(ALL)


def test_without_shadow_scores_and_holdouts_families_are_not_tested_yet() -> None:
    choice = choose(TABLES["candidate_scores"].empty())
    assert choice.decided_by == "no_history"
    assert recorded(choice).verdicts == (
        Verdict("damped_persistence", None, None, None, None, True, "serves"),
        Verdict("climatology", None, None, None, None, False, "not tested yet"),
        Verdict("ridge", None, None, None, None, False, "not tested yet"),
        Verdict("random_forest", None, None, None, None, False, UNFITTED),
        Verdict("catboost", None, None, None, None, False, "not tested yet"),
    )


def test_a_holdout_has_skill_by_lead_and_no_range() -> None:
    skill = {"damped_persistence": 0.0, "climatology": -0.2, "ridge": 0.15, "catboost": 0.2}
    decision = recorded(choose(TABLES["candidate_scores"].empty(), table=trained(skill=skill)))
    assert decision.verdicts[0] == Verdict("catboost", 0.2, None, None, None, True, "serves")
    assert {part.name: part.skill["ridge"] for part in decision.parts} == dict.fromkeys(
        ("all", "1 day", "2 days", "3 days"), 0.15
    )


def test_the_record_is_json_that_any_tool_reads() -> None:
    choice = choose(shadow(ERRORS))
    assert choice.decision is not None
    stored = json.loads(choice.decision.to_json())
    assert list(stored) == ["incumbent", "families", "parts"]
    assert list(stored["parts"][0]) == ["kind", "name", "rows", "weeks", "is_judged", "skill"]
    assert stored["families"][0]["verdict"] == "serves", "the key of decisions stored earlier"
    assert "NaN" not in choice.decision.to_json()
