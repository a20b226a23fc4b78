"""Skill overall and by part: which forecasts count, and how large its sampling noise is."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.fit.champion.comparison import RESAMPLES, Comparison, Part, compare
from airwatch_dagster_tests.fit.shadow_scores import ALL, shadow

ERRORS = {"damped_persistence": 4.0, "climatology": 5.0, "ridge": 3.5, "catboost": 3.0}
CHICAGO, LOS_ANGELES, TIJUANA = "170310001", "060370002", "800020001"


def compared(scores: pd.DataFrame) -> Comparison:
    found = compare(scores, families=ALL, seed=1)
    assert found is not None
    return found


def part(found: Comparison, name: str) -> Part:
    [one] = [part for part in found.parts if part.name == name]
    return one


def slow_skill(rows: pd.DataFrame, family: str) -> float:
    """The same skill by a plain loop over horizons and rows."""
    saved = {}
    for horizon in (1, 2, 3):
        squares = {"damped_persistence": 0.0, family: 0.0}
        for row in rows.itertuples():
            if row.horizon_days == horizon and row.model_family in squares:
                squares[row.model_family] += (row.pm25_ugm3 - row.pm25_observed_ugm3) ** 2
        saved[horizon] = 1.0 - squares[family] / squares["damped_persistence"]
    return 0.5 * saved[1] + 0.25 * saved[2] + 0.25 * saved[3]


@pytest.fixture(scope="module")
def two_regions() -> pd.DataFrame:
    """Thirty days around the turn of a season at three sites: one abroad, one with smoke on some days."""
    scores = shadow(ERRORS, days=30, first="2020-08-15", sites=(CHICAGO, LOS_ANGELES, TIJUANA))
    is_bad = (scores["site_id"] == LOS_ANGELES) & (scores["target_date"].dt.day % 2 == 0)
    raised = scores[["pm25_ugm3", "pm25_observed_ugm3"]].add(np.where(is_bad, 16.0, 0.0), axis="index")
    return scores.assign(**raised)


def test_every_part_has_the_skill_a_slow_loop_finds(two_regions: pd.DataFrame) -> None:
    found = compared(two_regions)
    dates, state = two_regions["target_date"], two_regions["site_id"].str[:2]
    rows = {
        "all": two_regions,
        "summer": two_regions[dates < "2020-09-01"],
        "autumn": two_regions[dates >= "2020-09-01"],
        "EPA region 5": two_regions[state == "17"],
        "EPA region 9": two_regions[state == "06"],
        "USG days": two_regions[two_regions["pm25_observed_ugm3"] > 35.4],
    }
    leads = ["1 day", "2 days", "3 days"]
    assert [one.name for one in found.parts] == ["all", *leads, "summer", "autumn", *list(rows)[3:]]
    for name, own in rows.items():
        assert part(found, name).rows == len(own) / len(ALL)
        for family in ALL:
            assert part(found, name).skill[family] == pytest.approx(slow_skill(own, family))


def test_a_lead_counts_only_its_own_forecasts(two_regions: pd.DataFrame) -> None:
    tomorrow = two_regions[two_regions["horizon_days"] == 1]
    error = (tomorrow["pm25_ugm3"] - tomorrow["pm25_observed_ugm3"]) ** 2
    mean = error.groupby(tomorrow["model_family"]).mean()
    assert part(compared(two_regions), "1 day").skill["ridge"] == pytest.approx(
        1.0 - mean["ridge"] / mean["damped_persistence"]
    )


def test_rows_in_any_order_give_bit_identical_results(two_regions: pd.DataFrame) -> None:
    found, shuffled = compared(two_regions), compared(two_regions.sample(frac=1.0, random_state=3))
    assert found == shuffled
    for one, other in zip(found.parts, shuffled.parts, strict=True):
        assert one.resampled is not None
        assert other.resampled is not None
        for family in ALL:
            np.testing.assert_array_equal(one.resampled[family], other.resampled[family])


def test_a_forecast_missing_for_one_family_counts_for_no_family(two_regions: pd.DataFrame) -> None:
    is_late = (two_regions["model_family"] == "ridge") & (two_regions["target_date"] > "2020-09-01")
    found = compared(two_regions[~is_late])
    assert (found.days, found.rows) == (18, 18 * 3 * 3)
    assert found.skill["catboost"] == pytest.approx(
        slow_skill(two_regions[two_regions["target_date"] <= "2020-09-01"], "catboost")
    )


def test_scores_of_other_families_are_ignored(two_regions: pd.DataFrame) -> None:
    others = two_regions[two_regions["model_family"] == "ridge"].assign(model_family="random_forest", pm25_ugm3=99.0)
    assert compared(pd.concat([two_regions, others], ignore_index=True)) == compared(two_regions)


def test_a_part_of_few_weeks_is_not_judged_however_many_its_forecasts() -> None:
    """Two episodes of four weeks on many sites; a season of thirteen weeks on one."""
    sites = [f"1703100{number:02d}" for number in range(30)]
    bad = shadow(ERRORS, days=28, first="2020-06-01", sites=sites, observed=50.0)
    autumn = shadow(ERRORS, days=91, first="2020-09-01", sites=sites[:1])
    found = compared(pd.concat([bad, autumn], ignore_index=True))
    usg, season = part(found, "USG days"), part(found, "autumn")
    assert (usg.rows, usg.weeks, usg.is_judged) == (28 * 30 * 3, 4, False)
    assert (season.rows, season.weeks, season.is_judged) == (91 * 3, 14, True)


def test_a_part_of_few_forecasts_is_not_judged_however_many_its_weeks() -> None:
    rare = shadow(ERRORS, days=200, sites=[LOS_ANGELES])
    rare = rare[(rare["target_date"].dt.day % 7 == 0) & (rare["target_date"] >= "2020-06-10")]
    found = compared(pd.concat([rare, shadow(ERRORS)], ignore_index=True))
    region = part(found, "EPA region 9")
    assert (region.rows, region.is_judged) == (75, False)
    assert region.weeks >= 8


def test_noise_that_hangs_together_for_days_widens_the_range() -> None:
    """Days taken one by one would not see that a bad week is one event: ridge fails in one of 28 weeks."""
    scores = shadow(ERRORS, days=196, noise=0.0)
    weeks = (scores["target_date"] - scores["target_date"].min()).dt.days // 7
    failed = (weeks == 5) & (scores["model_family"] == "ridge")
    scores["pm25_ugm3"] += np.where(failed, 15.0, 0.0)
    overall = compared(scores).overall
    spread = overall.spread("ridge")
    assert spread is not None
    assert spread[0] < overall.skill["ridge"] - 0.3
    assert spread[1] == pytest.approx(1.0 - (3.5 / 4.0) ** 2, abs=0.01), "draws without that week"


def test_a_family_is_never_better_than_its_twin() -> None:
    scores = shadow(ERRORS)
    twin = scores[scores["model_family"] == "ridge"].assign(model_family="catboost")
    scores = pd.concat([scores[scores["model_family"] != "catboost"], twin], ignore_index=True)
    overall = compared(scores).overall
    assert overall.chance_better("catboost", "ridge") == 0.0
    assert overall.chance_better("ridge", "catboost") == 0.0
    assert overall.resampled is not None
    assert len(overall.resampled["ridge"]) == RESAMPLES


def test_there_is_no_comparison_without_damped_persistence_or_a_forecast_in_common() -> None:
    scores = shadow(ERRORS)
    early = (scores["model_family"] == "ridge") & (scores["target_date"] > "2020-07-01")
    late = (scores["model_family"] == "catboost") & (scores["target_date"] <= "2020-07-01")
    assert compare(scores, families=["climatology", "ridge"], seed=1) is None
    assert compare(scores[~early & ~late], families=ALL, seed=1) is None
    assert compare(scores[:0], families=ALL, seed=1) is None


def test_there_is_no_skill_over_a_reference_that_was_always_right() -> None:
    scores = shadow(ERRORS)
    is_reference = scores["model_family"] == "damped_persistence"
    right = scores.assign(pm25_ugm3=scores["pm25_ugm3"].where(~is_reference, scores["pm25_observed_ugm3"]))
    assert compare(right, families=ALL, seed=1) is None
