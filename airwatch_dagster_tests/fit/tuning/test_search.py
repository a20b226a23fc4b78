"""Other hyper-parameters are tried in time order, dropped when behind, and used only where they beat the defaults."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.fit.models.families import TrainingSet
from airwatch_dagster.fit.models.parameters import DEFAULTS, SPACES
from airwatch_dagster.fit.tuning import search as searching
from airwatch_dagster.fit.tuning.search import Fold, Search, candidates, search, time_ordered_folds

MONTH = pd.Timestamp("2021-01-01")
DEFAULT_PENALTY = DEFAULTS["ridge"]["penalty"]


@dataclass
class Known:
    """A fold on which the losses are known beforehand: of the defaults, then of each further candidate."""

    losses: Sequence[float]
    tried: list[Any] = field(default_factory=list)

    def loss(self, family: str, params: dict[str, Any]) -> float:
        known = [one["penalty"] for one in candidates(family, count=len(self.losses), month=MONTH, seed=1)]
        number = known.index(params["penalty"])
        self.tried.append(number)
        return self.losses[number]


def found(*folds: Known, time_left: Callable[[], float] = lambda: 60.0) -> Search:
    count = len(folds[0].losses)
    settings: dict[str, Any] = {"month": MONTH, "seed": 1, "time_left": time_left, "most_candidates": count}
    return search(folds, family="ridge", **settings)  # type: ignore[arg-type]


def seconds(*readings: float) -> Callable[[], float]:
    """A clock that shows these seconds left, one after the other."""
    left = iter(readings)
    return lambda: next(left)


@pytest.fixture(scope="module")
def folds(two_years: pd.DataFrame) -> tuple[Fold, ...]:
    return time_ordered_folds(two_years, month=MONTH, seed=1)


def test_each_fold_is_fitted_on_all_days_before_the_months_that_test_it(folds: tuple[Fold, ...]) -> None:
    spans = [(fold.training.examples["target_date"], fold.test["target_date"]) for fold in folds]

    assert [(fitted.min(), fitted.max()) for fitted, _ in spans] == [
        (pd.Timestamp("2019-02-01"), pd.Timestamp("2020-04-30")),
        (pd.Timestamp("2019-02-01"), pd.Timestamp("2020-08-31")),
    ], "before January 2020 lie fewer than 365 days"
    assert [(tested.min(), tested.max()) for _, tested in spans] == [
        (pd.Timestamp("2020-05-01"), pd.Timestamp("2020-08-31")),
        (pd.Timestamp("2020-09-01"), pd.Timestamp("2020-12-31")),
    ]


def test_sites_around_the_area_are_learned_from_and_not_tested_on(two_years: pd.DataFrame) -> None:
    around = two_years.assign(is_context=two_years["site_id"] == two_years["site_id"].max())

    fold = time_ordered_folds(around, month=MONTH, seed=1)[-1]

    assert fold.training.context_rows == (around["is_context"] & (around["target_date"] < "2020-09-01")).sum()
    assert not fold.test["is_context"].any()


def test_a_target_day_in_the_month_is_refused(two_years: pd.DataFrame) -> None:
    with pytest.raises(ContractViolation, match="the latest 2020-12-31"):
        time_ordered_folds(two_years, month=pd.Timestamp("2020-12-01"), seed=1)


def test_a_year_and_a_half_is_too_little_to_search_on(two_years: pd.DataFrame) -> None:
    short = two_years[two_years["target_date"] < "2020-08-01"]
    folds = time_ordered_folds(short, month=pd.Timestamp("2020-08-01"), seed=1)

    tried = search(folds, family="ridge", month=MONTH, seed=1, time_left=lambda: 60.0)

    assert (tried.folds, tried.trials, tried.is_default) == (1, (), True)
    assert tried.params == DEFAULTS["ridge"]


def test_no_examples_make_no_folds(two_years: pd.DataFrame) -> None:
    assert time_ordered_folds(two_years[:0], month=MONTH, seed=1) == ()


def test_a_nation_is_thinned_evenly_over_its_days_and_sites(
    two_years: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MAX_EXAMPLES", len(two_years) // 2 - 1)
    fold = time_ordered_folds(two_years, month=MONTH, seed=1)[-1]
    whole = two_years[two_years["target_date"] >= "2020-09-01"]

    assert set(fold.test["target_date"]) == set(whole["target_date"])
    kept = fold.test["site_id"].value_counts() / whole["site_id"].value_counts()
    assert kept.tolist() == pytest.approx([1 / 3] * 5, abs=0.02), "one of them samples every third day"


def test_what_learns_nothing_is_as_bad_as_damped_persistence(folds: tuple[Fold, ...]) -> None:
    assert folds[0].loss("ridge", {"penalty": 1e15}) == pytest.approx(1.0, abs=0.02)
    assert folds[0].loss("ridge", {"penalty": 300.0}) < 0.95


def test_tomorrow_counts_as_much_as_the_two_days_after_it(folds: tuple[Fold, ...]) -> None:
    fold, params = folds[0], {"penalty": 300.0}
    by_horizon = [Fold(fold.training, fold.test[fold.test["horizon_days"] == lead]) for lead in (1, 2, 3)]

    first, second, third = (one.loss("ridge", params) for one in by_horizon)

    assert fold.loss("ridge", params) == pytest.approx(first / 2 + second / 4 + third / 4)


def test_candidates_share_lessons_and_are_fitted_as_if_alone(two_years: pd.DataFrame) -> None:
    params = {"ridge": {"penalty": 50.0}}
    shared = TrainingSet(two_years, seed=1)
    shared.recipe("ridge")

    other = shared.with_params(params)

    assert other.training_matrix is shared.training_matrix
    alone = TrainingSet(two_years, seed=1, params=params).recipe("ridge").predict(two_years)
    np.testing.assert_array_equal(other.recipe("ridge").predict(two_years), alone)
    assert not np.array_equal(shared.recipe("ridge").predict(two_years), alone)


@pytest.mark.parametrize("family", SPACES)
def test_candidates_lie_in_the_familys_space_and_begin_with_its_defaults(family: str) -> None:
    first, *others = candidates(family, count=30, month=MONTH, seed=1)

    assert first == DEFAULTS[family]
    for params in others:
        assert set(params) == set(DEFAULTS[family])
        assert all(space.low <= params[name] <= space.high for name, space in SPACES[family].items())


def test_no_candidate_costs_more_than_twice_the_defaults() -> None:
    def work(params: dict[str, Any]) -> float:
        return float(params["rounds"] * params["depth"] * params["rsm"])

    drawn = list(candidates("catboost", count=200, month=MONTH, seed=1))

    assert max(map(work, drawn)) <= 2.0 * work(DEFAULTS["catboost"])


def test_a_seed_and_a_month_always_give_the_same_candidates() -> None:
    def penalties(month: str, seed: int) -> list[float]:
        drawn = candidates("ridge", count=5, month=pd.Timestamp(month), seed=seed)
        return [params["penalty"] for params in drawn]

    assert penalties("2021-01", 1) == penalties("2021-01", 1)
    assert penalties("2021-01", 1)[1:] != penalties("2021-01", 2)[1:]
    assert penalties("2021-01", 1)[1:] != penalties("2022-01", 1)[1:]


def test_the_best_on_the_mean_and_on_most_folds_is_used() -> None:
    result = found(Known([0.80, 0.79, 0.78]), Known([0.80, 0.79, 0.78]), Known([0.80, 0.801, 0.801]))

    assert result.best is not None
    assert result.best.number == 2
    assert result.params["penalty"] != DEFAULT_PENALTY


@pytest.mark.parametrize(
    ("losses", "why"),
    [
        ([0.80, 0.80, 0.80], "a tie"),
        ([0.60, 0.801, 0.801], "one lucky fold"),
        ([0.77, 0.77, 0.87], "more often better, once much worse"),
        ([0.791, 0.791, 0.791], "a gain that chance alone could make"),
    ],
)
def test_the_defaults_stay_against(losses: list[float], why: str) -> None:
    result = found(*(Known([0.80, loss]) for loss in losses))

    assert result.is_default, why
    assert result.params == DEFAULTS["ridge"]


def test_a_candidate_clearly_behind_is_not_tried_on_the_next_fold() -> None:
    folds = [Known([0.80, 0.85, 0.801]), Known([0.80, 0.60, 0.77]), Known([0.80, 0.60, 0.77])]

    result = found(*folds)

    assert [fold.tried for fold in folds] == [[0, 1, 2], [0, 2], [0, 2]]
    assert [trial.is_pruned for trial in result.trials] == [False, True, False]
    assert result.trials[1].losses == (0.85,)
    assert result.best == result.trials[2]


def test_a_candidate_that_cannot_win_most_folds_any_more_is_dropped() -> None:
    folds = [Known([0.80, 0.801]), Known([0.80, 0.801]), Known([0.80, 0.5])]

    result = found(*folds)

    assert result.trials[1].losses == (0.801, 0.801)
    assert result.is_default


def test_no_fit_is_begun_with_less_time_than_the_last_one_took() -> None:
    clock = seconds(60.0, 50.0, 50.0, 40.0, 40.0, 25.0, 20.0, 8.0, 8.0)
    folds = [Known([0.80, 0.70, 0.60]), Known([0.80, 0.70, 0.60])]

    result = found(*folds, time_left=clock)

    assert [fold.tried for fold in folds] == [[0, 1], [0, 1]]
    assert result.is_out_of_time
    assert result.best == result.trials[1]


def test_a_search_ended_by_time_found_what_as_many_candidates_find(folds: tuple[Fold, ...]) -> None:
    settings: dict[str, Any] = {"family": "ridge", "month": MONTH, "seed": 1}
    clock = iter(np.arange(24.0, -1.0, -1.0))
    ended = search(folds, **settings, time_left=lambda: float(next(clock)))
    count = len(ended.trials)

    again = search(folds, **settings, time_left=lambda: 60.0, most_candidates=count)

    assert 2 < count < searching.MAX_CANDIDATES
    assert ended.is_out_of_time
    assert again.trials == ended.trials
    assert again.best == ended.best


def test_time_for_less_than_the_defaults_leaves_them_untested() -> None:
    result = found(Known([0.80, 0.70]), Known([0.80, 0.70]), time_left=seconds(5.0, 1.0, 1.0))

    assert (result.best, result.trials, result.is_out_of_time) == (None, (), True)
    assert result.params == DEFAULTS["ridge"]
