"""Guard-rails that keep the most skilful family from serving, and their limits."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.champion.choice import ChampionChoice, choose_champion
from airwatch_dagster.fit.champion.comparison import Comparison, Part
from airwatch_dagster.fit.champion.guard_rails import worst_part
from airwatch_dagster_tests.fit.shadow_scores import MONTH, shadow, trained

CHICAGO = ("170310001", "170310002", "170310003", "170310004")
LOS_ANGELES = ("060370001",)
BASELINES = {"damped_persistence": 4.0, "climatology": 5.0}
BETTER = {**BASELINES, "ridge": 3.5, "catboost": 2.5}
WORSE = {**BASELINES, "ridge": 3.0, "catboost": 3.6}


def choose(*scores: pd.DataFrame, incumbent: str | None = "ridge") -> ChampionChoice:
    return choose_champion(
        month=MONTH, trained=trained(), scores=pd.concat(scores, ignore_index=True), incumbent=incumbent
    )


def outcomes(choice: ChampionChoice) -> dict[str, tuple[bool, str]]:
    assert choice.decision is not None
    return {one.model_family: (one.is_eligible, one.outcome) for one in choice.decision.verdicts}


def test_a_challenger_that_is_worse_in_one_region_does_not_replace_the_incumbent() -> None:
    choice = choose(shadow(BETTER, sites=CHICAGO), shadow(WORSE, sites=LOS_ANGELES))

    assert choice.model_family == "ridge"
    assert "catboost, 52% below, is better than ridge on the whole but worse in EPA region 9" in choice.reason
    assert outcomes(choice)["catboost"] == (
        True,
        "better than ridge on the whole but worse in EPA region 9 (+0.20 against +0.43)",
    )


def test_without_an_incumbent_a_region_where_another_family_is_better_rejects_nobody() -> None:
    choice = choose(shadow(BETTER, sites=CHICAGO), shadow(WORSE, sites=LOS_ANGELES), incumbent=None)
    assert choice.model_family == "catboost"


def test_a_region_with_little_evidence_rejects_no_challenger() -> None:
    choice = choose(shadow(BETTER, sites=CHICAGO), shadow(WORSE, sites=LOS_ANGELES, days=30))
    assert choice.model_family == "catboost"


def test_a_challenger_that_is_worse_on_usg_days_does_not_replace_the_incumbent() -> None:
    choice = choose(
        shadow(BETTER, sites=CHICAGO, days=130),
        shadow(WORSE, sites=CHICAGO, days=70, first="2020-10-09", observed=60.0),
    )

    assert choice.model_family == "ridge"
    assert "is better than ridge on the whole but worse on days Unhealthy for Sensitive Groups" in choice.reason


def test_usg_days_of_one_episode_reject_no_challenger() -> None:
    choice = choose(
        shadow(BETTER, sites=CHICAGO, days=180),
        shadow(WORSE, sites=CHICAGO, days=20, first="2020-11-28", observed=60.0),
    )

    assert choice.model_family == "catboost"
    assert choice.decision is not None
    [usg] = [part for part in choice.decision.parts if part.kind == "usg"]
    assert (usg.rows, usg.weeks, usg.is_judged) == (20 * 4 * 3, 4, False)


def test_the_next_best_challenger_replaces_the_incumbent_when_the_best_is_rejected() -> None:
    better = {**BETTER, "random_forest": 3.0}
    worse = {**WORSE, "random_forest": 2.8}
    families = (*better,)
    scores = pd.concat([shadow(better, sites=CHICAGO), shadow(worse, sites=LOS_ANGELES)], ignore_index=True)

    choice = choose_champion(month=MONTH, trained=trained(families), scores=scores, incumbent="ridge")

    assert choice.model_family == "random_forest"
    assert "it replaces ridge (better in 100% of bootstrap samples); catboost, 52% below, is better" in choice.reason


def test_a_learned_family_that_is_worse_than_damped_persistence_in_a_region_is_not_eligible() -> None:
    """Even without an incumbent."""
    choice = choose(
        shadow(BETTER, sites=CHICAGO), shadow({**WORSE, "catboost": 4.8}, sites=LOS_ANGELES), incumbent=None
    )

    assert choice.model_family == "ridge"
    is_eligible, outcome = outcomes(choice)["catboost"]
    assert not is_eligible
    assert outcome == "worse than damped persistence in EPA region 9 (-0.42)"
    assert f"catboost, 39% below, is {outcome}" in choice.reason


def test_a_learned_family_that_is_worse_than_damped_persistence_in_a_season_is_not_eligible() -> None:
    summer = {**BASELINES, "ridge": 4.4, "catboost": 4.5}
    autumn = {**BASELINES, "ridge": 2.0, "catboost": 1.5}
    choice = choose(shadow(summer, days=92), shadow(autumn, days=91, first="2020-09-01"))

    assert choice.model_family == "damped_persistence"
    assert "is worse than damped persistence in summer (" in choice.reason
    assert {family for family, (is_eligible, _) in outcomes(choice).items() if is_eligible} == set(BASELINES)


def test_a_learned_family_may_be_worse_than_damped_persistence_by_noise() -> None:
    summer = {**BASELINES, "ridge": 4.0, "catboost": 4.0}
    autumn = {**BASELINES, "ridge": 2.0, "catboost": 1.5}
    choice = choose(shadow(summer, days=92, noise=2.0), shadow(autumn, days=91, first="2020-09-01"))

    assert choice.decision is not None
    skill = {part.name: part.skill["catboost"] for part in choice.decision.parts}
    assert skill["summer"] < 0.0
    assert choice.model_family == "catboost"


def region(number: int, *, worse: int) -> Part:
    """A region in which the challenger is worse in ``worse`` of 1000 bootstrap samples."""
    challenger = np.where(np.arange(1000) < worse, -0.1, 0.1)
    skill = {"ridge": 0.0, "catboost": -0.01 * number}
    return Part(
        "region", f"EPA region {number}", 500, 20, True, skill, {"ridge": np.zeros(1000), "catboost": challenger}
    )


@pytest.mark.parametrize(
    ("regions", "worse", "is_rejected"), [(1, 900, True), (1, 899, False), (10, 990, True), (10, 989, False)]
)
def test_the_false_positive_rate_is_shared_among_the_regions(regions: int, worse: int, is_rejected: bool) -> None:
    found = Comparison(
        "x", 300, tuple(region(number, worse=worse if number == 1 else 500) for number in range(1, regions + 1))
    )

    part = worst_part(found, "catboost", than="ridge", among=("region",))

    assert (part is not None) == is_rejected


def test_of_several_regions_the_one_with_the_largest_loss_is_reported() -> None:
    found = Comparison("x", 300, tuple(region(number, worse=1000) for number in (3, 7, 5)))

    part = worst_part(found, "catboost", than="ridge", among=("region",))

    assert part is not None
    assert part.name == "EPA region 7"
