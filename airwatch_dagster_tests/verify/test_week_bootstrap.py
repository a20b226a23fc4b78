"""Intervals of the saved error: over whole weeks, reproducible, and honest with few weeks."""

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.verify.scoreboard import scoreboard_rows
from airwatch_dagster.verify.week_bootstrap import expanded_tail, ratio_interval, saved_interval
from airwatch_dagster_tests.verify.comparisons import candidates_of, cases, next_day, served

GENERATOR = np.random.default_rng(8)
ERRORS = GENERATOR.gamma(2.0, 30.0, size=(52, 3))
"""Sums of squared errors of a year's weeks."""


def test_the_same_weeks_give_the_same_interval() -> None:
    first, again = (saved_interval(ERRORS[:, 0], ERRORS[:, 1:]) for _ in range(2))

    assert [ends.tolist() for ends in first] == [ends.tolist() for ends in again]
    assert (first[0] < first[1]).all()


def test_a_forecaster_with_twice_the_error_every_week_is_worse_without_doubt() -> None:
    lower, upper = saved_interval(ERRORS[:, 0], 2.0 * ERRORS[:, [0]])

    assert (lower.tolist(), upper.tolist()) == ([0.5], [0.5])


def test_a_forecaster_of_the_same_quality_is_not_told_from_airwatch() -> None:
    """The same weeks in another order: as much error, but not in the same weeks."""
    lower, upper = saved_interval(ERRORS[:, 0], ERRORS[::-1, [0]])

    assert lower[0] < -0.05
    assert upper[0] > 0.05


def test_three_weeks_have_no_interval_and_four_have_one() -> None:
    assert all(np.isnan(ends).all() for ends in saved_interval(ERRORS[:3, 0], ERRORS[:3, 1:]))
    assert all(np.isfinite(ends).all() for ends in saved_interval(ERRORS[:4, 0], ERRORS[:4, 1:]))


@pytest.mark.parametrize(("weeks", "tail"), [(5, 0.0086), (53, 0.0454), (100_000, 0.05)])
def test_few_weeks_are_read_further_out(weeks: int, tail: float) -> None:
    """5 weeks: Student's t with 4 degrees of freedom is 2.132 at 95 %, and Φ(−2.132 √(5/4)) = 0.0086."""
    assert expanded_tail(weeks) == pytest.approx(tail, abs=2e-4)


@pytest.mark.parametrize("weeks", [5, 13])
def test_nine_in_ten_intervals_contain_the_truth(weeks: int) -> None:
    """Two forecasters of the same quality, 200 times: the interval should contain 0 in about 90 % of them."""
    generator = np.random.default_rng(9)
    errors = generator.gamma(4.0, 30.0, size=(200, weeks, 2))

    inside = [lower[0] <= 0.0 <= upper[0] for lower, upper in (saved_interval(one[:, 0], one[:, 1:]) for one in errors)]

    assert 0.84 <= np.mean(inside) <= 0.96


@pytest.mark.parametrize("tail", [0.05, 0.01])
def test_an_interval_of_a_ratio_misses_the_truth_as_often_as_it_says(tail: float) -> None:
    """Nine weeks of two forecasters of the same quality, 300 times: 1 lies below or above in a share of 2 × tail."""
    errors = np.random.default_rng(10).gamma(4.0, 30.0, size=(300, 9, 2))

    ends = [ratio_interval(one[:, 0], one[:, 1], tail=tail) for one in errors]

    missed = np.mean([not lower <= 1.0 <= upper for lower, upper in ends])
    assert 0.5 * tail <= missed <= 3.0 * tail


def test_a_ratio_that_every_week_has_is_certain_and_few_weeks_or_nothing_to_divide_by_are_not_judged() -> None:
    assert ratio_interval(1.5 * ERRORS[:, 0], ERRORS[:, 0], tail=0.001) == pytest.approx((1.5, 1.5))
    assert np.isnan(ratio_interval(ERRORS[:3, 0], ERRORS[:3, 1], tail=0.05)).all()
    assert np.isnan(ratio_interval(ERRORS[:9, 0], np.zeros(9), tail=0.05)).all()


def test_days_of_a_week_are_drawn_together() -> None:
    """Errors that cancel within every week leave nothing to chance; the same errors by day would."""
    days = pd.date_range("2021-07-05", periods=42)
    scores = served(*(next_day(f"{day:%Y-%m-%d}", 10.0 + day.dayofweek, 10.0) for day in days))
    rows = scoreboard_rows(cases(scores, candidates=candidates_of(scores, ("persistence",), pm25_ugm3=13.0)))

    row = rows[(rows["forecaster"] == "persistence") & (rows["group_kind"] == "all")].iloc[0]

    assert row["weeks"] == 6
    expected = 1 - (0 + 1 + 4 + 9 + 16 + 25 + 36) / (7 * 9)
    assert row[["airwatch_skill", "airwatch_skill_lower", "airwatch_skill_upper"]].tolist() == pytest.approx(
        [expected] * 3, abs=1e-6
    )
