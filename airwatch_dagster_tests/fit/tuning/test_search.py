"""Candidates are tried in time order, pruned when behind, and used only where they clearly beat the defaults."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.fit.models.parameters import DEFAULTS, MAX_WORK, SPACES, work
from airwatch_dagster.fit.tuning import search as searching
from airwatch_dagster.fit.tuning.search import Fold, Search, search, time_ordered_folds

MONTH = pd.Timestamp("2021-01-01")


@dataclass
class Known:
    """A fold on which the losses are given beforehand: of the defaults, then of each further candidate."""

    losses: Sequence[float]
    tried: list[dict[str, Any]] = field(default_factory=list)
    """Parameters of each fit, in order."""

    def loss(self, family: str, params: dict[str, Any]) -> float:
        self.tried.append(params)
        return self.losses[candidate_number(params)]


CANDIDATES: list[dict[str, Any]] = []


def candidate_number(params: dict[str, Any]) -> int:
    """In the order in which candidates were first tried."""
    if params not in CANDIDATES:
        CANDIDATES.append(params)
    return CANDIDATES.index(params)


def found(*folds: Any, time_left: Callable[[], float] = lambda: 60.0, family: str = "ridge", **settings: Any) -> Search:
    CANDIDATES.clear()
    settings = {"month": MONTH, "seed": 1, "max_candidates": len(getattr(folds[0], "losses", [])), **settings}
    return search(folds, family=family, time_left=time_left, **settings)


def tried(fold: Known) -> list[int]:
    """Candidates that were tried on the fold, by number."""
    return [CANDIDATES.index(params) for params in fold.tried]


@dataclass
class Even:
    """A fold on which every candidate has the same loss."""

    def loss(self, family: str, params: dict[str, Any]) -> float:
        return 0.8


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


def test_sites_around_the_area_are_in_the_training_set_and_not_in_the_test(two_years: pd.DataFrame) -> None:
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

    result = search(folds, family="ridge", month=MONTH, seed=1, time_left=lambda: 60.0)

    assert (result.params, result.losses.shape, result.is_out_of_time, result.chosen) == ((), (0, 1), False, 0)


def test_without_examples_there_are_no_folds(two_years: pd.DataFrame) -> None:
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


def test_a_correction_of_zero_has_the_loss_of_damped_persistence(folds: tuple[Fold, ...]) -> None:
    assert folds[0].loss("ridge", {"penalty": 1e15}) == pytest.approx(1.0, abs=0.02)
    assert folds[0].loss("ridge", {"penalty": 300.0}) < 0.95


def test_tomorrow_counts_as_much_as_the_two_days_after_it(folds: tuple[Fold, ...]) -> None:
    fold, params = folds[0], {"penalty": 300.0}
    by_horizon = [Fold(fold.training, fold.test[fold.test["horizon_days"] == lead]) for lead in (1, 2, 3)]

    first, second, third = (one.loss("ridge", params) for one in by_horizon)

    assert fold.loss("ridge", params) == pytest.approx(first / 2 + second / 4 + third / 4)


@pytest.mark.parametrize("family", SPACES)
def test_candidates_lie_in_the_familys_space_and_begin_with_its_defaults(family: str) -> None:
    first, *others = found(Even(), Even(), family=family, max_candidates=30).params

    assert first == DEFAULTS[family]
    assert len(others) == 29
    for params in others:
        assert set(params) == set(DEFAULTS[family])
        assert all(space.low <= params[name] <= space.high for name, space in SPACES[family].items())


@pytest.mark.slow
@pytest.mark.parametrize("family", ["random_forest", "catboost"])
def test_no_candidate_costs_more_than_twice_the_defaults(family: str) -> None:
    result = found(Even(), Even(), family=family, max_candidates=100)

    assert max(work(family, params) for params in result.params) <= MAX_WORK * work(family, DEFAULTS[family])


def test_a_seed_and_a_month_always_give_the_same_candidates() -> None:
    def params(month: str, seed: int) -> tuple[dict[str, Any], ...]:
        return found(Even(), Even(), month=pd.Timestamp(month), seed=seed, max_candidates=15).params

    assert params("2021-01", 1) == params("2021-01", 1)
    assert params("2021-01", 1)[1] != params("2021-01", 2)[1]
    assert params("2021-01", 1)[1] != params("2022-01", 1)[1]


def test_the_best_on_the_mean_and_on_most_folds_is_used() -> None:
    result = found(Known([0.80, 0.79, 0.78]), Known([0.80, 0.79, 0.78]), Known([0.80, 0.801, 0.801]))

    assert result.chosen == 2
    assert result.wins.tolist() == [0, 2, 2]


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

    assert len(result.params) == 2
    assert result.chosen == 0, why


def test_a_candidate_clearly_behind_is_not_tried_on_the_next_fold() -> None:
    folds = [Known([0.80, 0.85, 0.801]), Known([0.70, 0.60, 0.67]), Known([0.80, 0.60, 0.77])]

    result = found(*folds)

    assert [tried(fold) for fold in folds] == [[0, 1, 2], [0, 2], [0, 2]]
    assert result.is_pruned.tolist() == [False, True, False]
    np.testing.assert_array_equal(result.losses[1], [0.85, np.nan, np.nan])
    assert result.chosen == 2


def test_a_candidate_clearly_behind_the_best_is_pruned_although_it_beats_the_defaults() -> None:
    folds = [Known([0.80, 0.70, 0.75]), Known([0.80, 0.70, 0.75])]

    result = found(*folds)

    assert result.is_pruned.tolist() == [False, False, True]
    assert result.chosen == 1


def test_a_candidate_with_one_lucky_fold_prunes_no_other() -> None:
    folds = [
        Known([0.80, 0.60, 0.78]),
        Known([0.80, 0.79, 0.78]),
        Known([0.80, 0.801, 0.78]),
        Known([0.8, 0.801, 0.78]),
    ]

    result = found(*folds)

    assert result.chosen == 2


def test_a_candidate_is_pruned_by_its_mean_over_the_folds_so_far() -> None:
    folds = [Known([0.80, 0.79]), Known([0.80, 0.84]), Known([0.80, 0.5])]

    result = found(*folds)

    assert result.is_pruned.tolist() == [False, True]
    assert [tried(fold) for fold in folds] == [[0, 1], [0, 1], [0]]


def test_a_candidate_that_can_no_longer_win_most_folds_is_pruned() -> None:
    folds = [Known([0.80, 0.801]), Known([0.80, 0.801]), Known([0.80, 0.5])]

    result = found(*folds)

    np.testing.assert_array_equal(result.losses[1], [0.801, 0.801, np.nan])
    assert result.chosen == 0


def test_no_fit_starts_with_less_time_than_the_last_one_took() -> None:
    clock = seconds(60.0, 50.0, 50.0, 40.0, 40.0, 25.0, 20.0, 8.0, 8.0)
    folds = [Known([0.80, 0.70, 0.60]), Known([0.80, 0.70, 0.60])]

    result = found(*folds, time_left=clock)

    assert [tried(fold) for fold in folds] == [[0, 1], [0, 1]]
    assert result.is_out_of_time
    assert result.chosen == 1


def test_time_for_less_than_the_defaults_leaves_them_untested() -> None:
    result = found(Known([0.80, 0.70]), Known([0.80, 0.70]), time_left=seconds(5.0, 1.0, 1.0))

    assert (result.params, result.losses.shape, result.is_out_of_time, result.chosen) == ((), (0, 2), True, 0)


def test_a_search_ended_by_time_found_what_as_many_candidates_find(folds: tuple[Fold, ...]) -> None:
    clock = iter(np.arange(24.0, -1.0, -1.0))
    ended = found(*folds, time_left=lambda: float(next(clock)), max_candidates=searching.MAX_CANDIDATES)

    repeated = found(*folds, max_candidates=len(ended.params))

    assert 2 < len(ended.params) < searching.MAX_CANDIDATES
    assert (ended.is_out_of_time, repeated.is_out_of_time) == (True, False)
    assert repeated.params == ended.params
    np.testing.assert_array_equal(repeated.losses, ended.losses)


@pytest.mark.slow
def test_a_search_with_time_for_all_candidates_is_the_same_every_time(folds: tuple[Fold, ...]) -> None:
    first, second = (found(*folds, max_candidates=12) for _ in range(2))

    assert first.params == second.params
    np.testing.assert_array_equal(first.losses, second.losses)


def test_optuna_writes_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    found(Even(), Even(), max_candidates=3)

    assert tuple(capfd.readouterr()) == ("", "")
