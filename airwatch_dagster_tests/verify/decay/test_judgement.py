"""Windows of served forecasts judged against noise: how often wrongly, and what is found of a known decay."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.verify.decay.judgement import FALSE_ALARMS, Judgement, judged_months, judged_window
from airwatch_dagster.verify.decay.measures import CLIMATOLOGY, COVERAGE, PROBABILITIES, SERVED, SKILL
from airwatch_dagster.verify.decay.totals import WHOLE_AREA, daily_totals
from airwatch_dagster_tests.verify.decay.simulated import COAST, LAKE, LAST, forecasts, totals

JUNE = pd.Timestamp("2021-06-01")
WORLDS = range(40)


def found_in(judgements: list[Judgement]) -> set[str]:
    return {one.measure.check for one in judgements if one.is_found}


def found_of(**options: object) -> Counter[str]:
    """Check → in how many of the simulated worlds it finds something."""
    windows = [judged_window(totals(seed, **options), ends_on=LAST) for seed in WORLDS]  # type: ignore[arg-type]
    return Counter(check for window in windows for check in found_in(window))


@pytest.mark.slow
def test_healthy_forecasts_are_not_blamed() -> None:
    assert found_of(error=0.85) == {}


@pytest.mark.slow
def test_forecasts_that_just_equal_damped_persistence_are_blamed_seldom() -> None:
    """Of 40 worlds 0.8 are promised; of 150 it were 5."""
    assert FALSE_ALARMS == 0.02
    assert found_of(error=1.0)[SKILL] <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("error", "at_least"), [(1.1, 12), (1.2, 34), (1.5, 40)])
def test_a_loss_is_found_the_more_surely_the_larger_it_is(error: float, at_least: int) -> None:
    assert found_of(error=error)[SKILL] >= at_least


@pytest.mark.slow
@pytest.mark.parametrize(("spread", "check"), [(0.6, COVERAGE), (1.6, COVERAGE)])
def test_intervals_that_are_too_narrow_or_too_wide_are_found(spread: float, check: str) -> None:
    assert found_of(spread=spread)[check] == len(WORLDS)


def test_probabilities_that_are_too_low_or_say_nothing_are_found() -> None:
    scores, candidates = forecasts(1)
    low = scores.assign(probability_above_9_0=0.4 * scores["probability_above_9_0"])
    order = np.random.default_rng(1).permutation(len(scores))
    shuffled = scores.assign(probability_above_9_0=scores["probability_above_9_0"].to_numpy()[order])

    for damaged, measure in ((low, "frequency_9_0"), (shuffled, "slope_9_0")):
        window = judged_window(daily_totals(damaged, candidates=candidates), ends_on=LAST)
        assert measure in {one.measure.name for one in window if one.is_found and one.measure.check == PROBABILITIES}


def test_a_lead_below_climatology_is_found() -> None:
    assert CLIMATOLOGY in found_in(judged_window(totals(1, error=3.5), ends_on=LAST))


def test_a_fault_in_serving_is_found_within_two_weeks_however_good_the_forecasts_are() -> None:
    """One input of the served model is shuffled for the last ten days: its forecasts move by a third of its error."""
    scores, candidates = forecasts(2)
    is_late = (scores["target_date"] > LAST - pd.Timedelta(days=10)).to_numpy()
    moved = scores["pm25_ugm3"] + is_late * np.random.default_rng(3).normal(0.0, 0.7, size=len(scores))

    window = judged_window(daily_totals(scores.assign(pm25_ugm3=moved), candidates=candidates), ends_on=LAST)

    assert found_in(window) == {SERVED}


def test_a_region_that_fails_is_found_and_named_beside_a_healthy_one() -> None:
    healthy, failing = forecasts(5, sites=COAST), forecasts(6, sites=LAKE, error=2.0)
    scores, candidates = (
        pd.concat([one, other], ignore_index=True) for one, other in zip(healthy, failing, strict=True)
    )

    window = judged_window(daily_totals(scores, candidates=candidates), ends_on=LAST)

    regions = [one.group_name for one in window if one.is_found and one.measure.check == SKILL]
    assert "region 5" in regions
    assert "region 9" not in regions


def test_an_area_of_one_region_is_judged_as_a_whole_alone() -> None:
    assert {one.group_name for one in judged_window(totals(1, sites=LAKE), ends_on=LAST)} == {WHOLE_AREA}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"first": "2021-06-01"}, "30 scored days; 42 needed"),
        ({"sites": LAKE[:1]}, "63 forecasts; 150 needed"),
        ({}, ""),
    ],
)
def test_too_few_days_or_forecasts_are_not_judged(options: dict[str, object], why: str) -> None:
    window = judged_window(totals(1, **options), ends_on=LAST)  # type: ignore[arg-type]

    skill = [one for one in window if one.measure.check == SKILL and one.group_name == WHOLE_AREA]
    assert [one.not_judged for one in skill] == [why] * 3
    assert not any(one.is_found for one in window if one.not_judged)


def test_probabilities_of_a_limit_that_is_hardly_exceeded_are_not_judged() -> None:
    window = judged_window(totals(1), ends_on=LAST)

    assert {one.not_judged for one in window if one.measure.needs == "35_4"} == {"0 exceedances; 30 needed"}


def test_days_without_damped_persistence_count_for_what_needs_none() -> None:
    scores, candidates = forecasts(1, error=2.0)

    window = judged_window(daily_totals(scores, candidates=candidates[:0]), ends_on=LAST)

    by_check = {one.measure.check: one.not_judged for one in window if one.horizon_days == 1}
    assert (by_check[SKILL], by_check[SERVED]) == ("0 forecasts; 150 needed", "0 forecasts; 30 needed")
    assert by_check[COVERAGE] == ""


SPRING = [pd.Timestamp(f"2021-{month:02d}-01") for month in (3, 4, 5, 6)]


def by_month(ratio_of_weeks: Mapping[str, tuple[float, float]]) -> list[list[Judgement]]:
    """Judgements of skill at the ends of March to June, of the whole area a day ahead: in each month even weeks have
    the first ratio of squared errors, and odd weeks the second."""
    whole = totals(9, first="2021-01-01")
    ratios = pd.DataFrame.from_dict(ratio_of_weeks, orient="index")
    month, week = whole["target_date"].dt.strftime("%m"), whole["target_date"].dt.isocalendar().week % 2
    ratio = [ratios.loc[one, int(odd)] for one, odd in zip(month, week, strict=True)]
    judged = judged_months(whole.assign(own_damped=whole["theirs_damped"] * ratio), SPRING)
    return [[one for one in judged[month] if (one.measure.check, one.horizon_days) == (SKILL, 1)] for month in SPRING]


STEADY, WAVERING, GOOD = (1.5, 1.5), (0.5, 1.4), (0.8, 0.8)


def test_a_loss_opens_when_it_is_certain_stays_while_it_is_not_back_and_closes_when_it_is() -> None:
    judged = by_month({"01": GOOD, "02": GOOD, "03": STEADY, "04": STEADY, "05": WAVERING, "06": GOOD})

    assert [(one.is_found, one.is_beyond, one.is_open) for [one] in judged] == [
        (False, True, False),
        (True, True, True),
        (False, True, True),
        (False, False, False),
    ]


def test_a_loss_that_was_never_certain_does_not_open() -> None:
    judged = by_month(dict.fromkeys(("01", "02", "03", "04", "05", "06"), WAVERING))

    assert not any(one.is_open for [one] in judged)


def test_an_open_loss_says_since_which_week() -> None:
    judged = by_month({"01": GOOD, "02": GOOD, "03": STEADY, "04": STEADY, "05": STEADY, "06": STEADY})

    [may] = judged[2]
    assert may.since is not None
    assert abs((may.since - pd.Timestamp("2021-03-01")).days) < 7


def test_a_month_sees_no_later_day_and_several_months_are_judged_as_each_alone() -> None:
    whole = totals(4, error=1.1, first="2021-01-01")
    both = judged_months(whole, [pd.Timestamp("2021-05-01"), JUNE])

    alone = judged_months(whole[whole["target_date"] < JUNE], [pd.Timestamp("2021-05-01")])

    assert _plain(both[pd.Timestamp("2021-05-01")]) == _plain(alone[pd.Timestamp("2021-05-01")])
    assert _plain(both[JUNE]) == _plain(judged_months(whole, [JUNE])[JUNE])


def _plain(window: list[Judgement]) -> list[str]:
    return [repr(replace(one, measure=None)) for one in window]  # type: ignore[arg-type]


def test_a_month_without_scores_has_no_judgement() -> None:
    assert judged_months(totals(1), [pd.Timestamp("2021-07-01")]) == {pd.Timestamp("2021-07-01"): []}
