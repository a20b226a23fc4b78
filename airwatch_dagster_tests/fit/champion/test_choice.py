"""The champion is the best family on the same site-days, stays against noise, and has a reason."""

import pandas as pd

from airwatch_dagster.fit.champion.choice import ChampionChoice, champion_frame, choose_champion
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.fit.shadow_scores import MONTH, shadow, trained


def choose(
    scores: pd.DataFrame,
    *,
    incumbent: str | None = None,
    table: pd.DataFrame | None = None,
    month: pd.Timestamp = MONTH,
) -> ChampionChoice:
    models = trained() if table is None else table
    return choose_champion(month=month, trained=models, scores=scores, incumbent=incumbent)


def row_of(choice: ChampionChoice) -> str:
    return str(champion_frame(choice, trained=trained(), interval_calibration="{}").to_json())


def test_a_clearly_better_challenger_replaces_the_incumbent() -> None:
    choice = choose(
        shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5}), incumbent="ridge"
    )
    assert choice.model_family == "catboost"
    assert choice.decided_by == "shadow_scores"
    assert "it replaces ridge (better in 100% of bootstrap samples)" in choice.reason


def test_the_incumbent_stays_when_the_challenger_is_ahead_by_noise_only() -> None:
    scores = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.0, "catboost": 3.0}, noise=1.5)
    best = choose(scores).model_family
    other = "ridge" if best == "catboost" else "catboost"
    retained = choose(scores, incumbent=other)
    assert retained.model_family == other
    assert f"is not better than {other} beyond noise" in retained.reason
    assert "(better in 83% of bootstrap samples; 90% required)" in retained.reason


def test_no_learned_family_below_damped_persistence_serves() -> None:
    choice = choose(
        shadow({"damped_persistence": 3.0, "climatology": 5.0, "ridge": 3.3, "catboost": 3.2}), incumbent="catboost"
    )
    assert choice.model_family == "damped_persistence"
    assert choice.reason.startswith("damped persistence serves 2021-01: ")
    assert "(200 days, 1,200 forecasts)" in choice.reason
    assert "no learned family is eligible; the best, catboost, is no better than damped persistence" in choice.reason


def test_no_learned_family_below_climatology_serves() -> None:
    choice = choose(shadow({"damped_persistence": 5.0, "climatology": 3.0, "ridge": 4.0, "catboost": 3.5}))
    assert choice.model_family == "climatology"


def test_families_are_compared_on_identical_site_days_only() -> None:
    scores = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 3.0})
    easy = (scores["model_family"] == "ridge") & (scores["target_date"] > "2020-09-01")
    choice = choose(scores[~easy])
    assert choice.comparison is not None
    assert choice.comparison.days == 93
    assert choice.comparison.rows == 93 * 2 * 3


def test_scores_in_the_month_or_older_than_a_year_do_not_count() -> None:
    good = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5})
    misleading = {"damped_persistence": 1.0, "climatology": 9.0, "ridge": 9.0, "catboost": 9.0}
    late, old = shadow(misleading, days=30, first="2021-01-01"), shadow(misleading, days=300, first="2019-01-01")
    choice = choose(pd.concat([good, late, old], ignore_index=True))
    assert choice.model_family == "catboost"
    assert choice.comparison is not None
    assert choice.comparison.days == 200


def test_without_shadow_scores_the_holdouts_decide() -> None:
    skill = {"damped_persistence": 0.0, "climatology": -0.2, "ridge": 0.15, "catboost": 0.2}
    choice = choose(TABLES["candidate_scores"].empty(), table=trained(skill=skill))
    assert choice.model_family == "catboost"
    assert choice.decided_by == "holdout"
    assert "20% below damped persistence's" in choice.reason


def test_on_holdouts_a_small_lead_does_not_replace_the_incumbent() -> None:
    skill = {"damped_persistence": 0.0, "climatology": -0.2, "ridge": 0.19, "catboost": 0.2}
    choice = choose(TABLES["candidate_scores"].empty(), table=trained(skill=skill), incumbent="ridge")
    assert choice.model_family == "ridge"


def test_an_incumbent_that_could_not_be_fitted_is_replaced() -> None:
    scores = shadow({"damped_persistence": 4.0, "climatology": 5.0})
    choice = choose(scores, table=trained(("damped_persistence", "climatology")), incumbent="catboost")
    assert choice.model_family == "damped_persistence"
    assert "no learned family has enough history" in choice.reason


def test_without_a_fitted_family_nobody_serves_and_the_reason_names_the_missing_history() -> None:
    table = trained(("persistence",)).assign(
        is_fitted=False,
        reason="Not fitted: 3 target days with an observed value; persistence is a baseline and needs 21.",
    )
    choice = choose(TABLES["candidate_scores"].empty(), table=table)
    assert not choice.is_serving
    assert choice.decided_by == "no_history"
    assert "3 target days" in choice.reason
    row = champion_frame(choice, trained=table, interval_calibration=None)
    assert TABLES["champion_model"].schema.validate(row)["model_family"].isna().all()


def test_the_row_of_the_table_has_the_registered_model_and_its_skill() -> None:
    choice = choose(
        shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.0}, noise=0.1),
        incumbent="ridge",
    )
    row = (
        TABLES["champion_model"]
        .schema.validate(champion_frame(choice, trained=trained(), interval_calibration="{}"))
        .iloc[0]
    )
    assert row["model_version"] == "catboost-1"
    assert row["model_uri"] == "models:/catboost/1"
    assert round(row["skill_over_damped"], 2) == 0.75
    assert round(row["skill_over_climatology"], 2) == 0.84
    assert row["skill_over_damped_lower"] < row["skill_over_damped"]
    assert row["chance_better_than_previous"] == 1.0


def test_the_reason_names_why_a_replaced_incumbent_is_not_eligible() -> None:
    scores = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 4.4, "catboost": 3.0})
    choice = choose(scores, incumbent="ridge")
    assert choice.model_family == "catboost"
    assert "it replaces ridge, which is no better than damped persistence" in choice.reason


def test_an_incumbent_that_no_challenger_beats_stays() -> None:
    choice = choose(
        shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 2.5, "catboost": 3.5}), incumbent="ridge"
    )
    assert choice.model_family == "ridge"
    assert "no challenger is better" in choice.reason


def test_the_same_evidence_gives_the_same_choice() -> None:
    scores = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.1, "catboost": 3.0}, noise=1.0)
    shuffled = scores.sample(frac=1.0, random_state=1)
    assert row_of(choose(scores, incumbent="ridge")) == row_of(choose(shuffled, incumbent="ridge"))


def test_months_chosen_in_one_run_are_those_chosen_one_by_one() -> None:
    """A run of one month reads the twelve months before it, a run of several the months of all of them."""
    scores = shadow(
        {"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.1, "catboost": 3.0}, days=700, first="2019-02-01"
    )
    months = pd.date_range("2020-09-01", "2021-01-01", freq="MS")
    dated = scores["target_date"]
    for month in months:
        own = scores[(dated >= month - pd.DateOffset(months=12)) & (dated < month)]
        assert row_of(choose(own, month=month)) == row_of(choose(scores, month=month))
