"""The champion earns its place on the same site-days, keeps it against noise, and says why."""

import numpy as np
import pandas as pd

from airwatch_dagster.fit.champion import champion_frame, choose_champion
from airwatch_dagster.fit.training import trained_models_frame
from airwatch_dagster.schemas import TABLES

MONTH = pd.Timestamp("2021-01-01")
ALL = ("damped_persistence", "climatology", "ridge", "catboost")


def trained(families: tuple[str, ...] = ALL, *, skill: dict[str, float] | None = None) -> pd.DataFrame:
    known = skill or {}
    rows = [
        {
            "month": MONTH,
            "model_family": family,
            "is_fitted": True,
            "reason": "Fitted.",
            "training_rows": 1000,
            "first_target_date": pd.Timestamp("2019-01-01"),
            "last_target_date": pd.Timestamp("2020-12-31"),
            "holdout_rows": 300 if family in known else 0,
            **{f"holdout_skill_{horizon}d": known.get(family, np.nan) for horizon in (1, 2, 3)},
            "model_version": f"{family}-1",
            "model_uri": f"models:/{family}/1",
        }
        for family in families
    ]
    return trained_models_frame(rows)


def shadow(errors: dict[str, float], *, days: int = 200, noise: float = 0.5, first: str = "2020-06-01") -> pd.DataFrame:
    """Scores of two sites; a family's error has the given standard deviation, alike on a day for all families."""
    generator = np.random.default_rng(0)
    dates = np.tile(np.repeat(pd.date_range(first, periods=days), 3), 2)
    horizons, sites = np.tile([1, 2, 3], days * 2), np.repeat(["170310001", "170310002"], days * 3)
    common = generator.normal(0.0, 1.0, len(dates))
    frames = []
    for family, size in errors.items():
        error = size * common + noise * generator.normal(0.0, 1.0, len(dates))
        frames.append(
            pd.DataFrame(
                {
                    "model_family": family,
                    "site_id": sites,
                    "issue_date": dates - pd.to_timedelta(horizons, unit="D"),
                    "target_date": dates,
                    "horizon_days": horizons,
                    "pm25_ugm3": 20.0 + error,
                    "pm25_observed_ugm3": 20.0,
                    "days_since_observed": 0,
                    "model_version": "1",
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def choose(scores: pd.DataFrame, *, incumbent: str | None = None, table: pd.DataFrame | None = None):
    return choose_champion(
        month=MONTH, trained=trained() if table is None else table, scores=scores, incumbent=incumbent
    )


def test_a_clearly_better_challenger_replaces_the_incumbent() -> None:
    choice = choose(
        shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5}), incumbent="ridge"
    )
    assert choice.model_family == "catboost"
    assert choice.decided_by == "shadow_scores"
    assert "it replaces ridge (ahead in 100% of resampled weeks)" in choice.reason


def test_the_incumbent_stays_when_the_challenger_is_ahead_by_noise_only() -> None:
    scores = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.0, "catboost": 3.0}, noise=1.5)
    best = choose(scores).model_family
    other = "ridge" if best == "catboost" else "catboost"
    kept = choose(scores, incumbent=other)
    assert kept.model_family == other
    assert "not better beyond noise" in kept.reason


def test_no_learned_family_below_damped_persistence_serves() -> None:
    choice = choose(
        shadow({"damped_persistence": 3.0, "climatology": 5.0, "ridge": 3.3, "catboost": 3.2}), incumbent="catboost"
    )
    assert choice.model_family == "damped_persistence"
    assert "no learned family beats both damped persistence and climatology" in choice.reason


def test_no_learned_family_below_climatology_serves() -> None:
    choice = choose(shadow({"damped_persistence": 5.0, "climatology": 3.0, "ridge": 4.0, "catboost": 3.5}))
    assert choice.model_family == "climatology"


def test_families_are_compared_on_identical_rows_only() -> None:
    scores = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 3.0})
    easy = (scores["model_family"] == "ridge") & (scores["target_date"] > "2020-09-01")
    choice = choose(scores[~easy])
    assert choice.comparison is not None
    assert choice.comparison.days == 93
    assert choice.comparison.rows == 93 * 2 * 3


def test_scores_in_the_month_or_older_than_a_year_do_not_count() -> None:
    good = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 2.5})
    lies = {"damped_persistence": 1.0, "climatology": 9.0, "ridge": 9.0, "catboost": 9.0}
    late, old = shadow(lies, days=30, first="2021-01-01"), shadow(lies, days=300, first="2019-01-01")
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


def test_nothing_fitted_means_nobody_serves_and_says_why() -> None:
    table = trained(("persistence",)).assign(
        is_fitted=False, reason="Not fitted: 3 target days with truth; persistence is a baseline and needs 21."
    )
    choice = choose(TABLES["candidate_scores"].empty(), table=table)
    assert not choice.is_serving
    assert choice.decided_by == "no_history"
    assert "3 target days" in choice.reason
    row = champion_frame(choice, trained=table, interval_calibration=None)
    assert TABLES["champion_model"].schema.validate(row)["model_family"].isna().all()


def test_the_row_of_the_table_names_the_registered_model_and_its_advantage() -> None:
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


def test_the_same_evidence_gives_the_same_choice() -> None:
    scores = shadow({"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.1, "catboost": 3.0}, noise=1.0)
    assert (
        choose(scores, incumbent="ridge").reason
        == choose(scores.sample(frac=1.0, random_state=1), incumbent="ridge").reason
    )
