"""Hyper-parameters tried on time-ordered folds of the window; the defaults stay unless others clearly beat them.

What is drawn and chosen depends on the seed, the month and how many candidates there was time for, on nothing else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.fit.champion.comparison import HORIZON_WEIGHTS, REFERENCE_FAMILY
from airwatch_dagster.fit.examples import own_examples
from airwatch_dagster.fit.models.families import MIN_TARGET_DAYS_LEARNED, TrainingSet
from airwatch_dagster.fit.models.parameters import DEFAULTS, SPACES, drawn
from airwatch_dagster.fit.training import refuse_the_future

FOLDS: Final = 6
"""Parts at the end of the window that candidates are tested on, one after the other; together two years, since what is
best in one often is not in the next. Ridge, searched for three months in each of three cities, gained 0.004 skill in
the year after with six folds, and 0.0025 with three."""

FOLD_MONTHS: Final = 4
"""Months of such a part."""

MIN_FOLDS: Final = 2
"""Folds below which there is no telling luck from skill."""

MAX_CANDIDATES: Final = 40
"""Candidates of a family, the defaults among them, however much time there is."""

PRUNING_MARGIN: Final = 0.01
"""How much loss a candidate may be behind the best on the folds so far and still be tried on the next. Around Chicago
it spared a third of the fits and never the best candidate; 0.005 lost it in two of four orders of the folds."""

MIN_GAIN: Final = 0.01
"""How much less loss than the defaults makes a candidate worth using: the best of many looks better by chance alone.
Of trees searched for months of 2020 and 2021 around three cities, those that gained less on the folds lost 0.004 skill
in the year after on average, in four cases of five; the two that gained more kept some of it."""

MAX_EXAMPLES: Final = 900_000
"""Examples that are searched on: of more, as of a nation, a part of all days and sites, which fits in half the time."""

Params = dict[str, Any]


@dataclass(frozen=True)
class Fold:
    """Fitted on target days before a cut, tested on the months after it; what candidates share is made once."""

    training: TrainingSet
    test: pd.DataFrame

    def loss(self, family: str, params: Params) -> float:
        """Share of damped persistence's squared error that is left, horizons weighted; 1 is no skill."""
        model = self.training.with_params({family: params}).recipe(family)
        errors = self._squared_errors(model.predict(self.test))
        weights = {horizon: HORIZON_WEIGHTS[horizon] for horizon in errors}
        shares = [weight * errors[horizon] / self._reference[horizon] for horizon, weight in weights.items()]
        return float(sum(shares) / sum(weights.values()))

    @cached_property
    def _reference(self) -> dict[int, float]:
        return self._squared_errors(self.training.recipe(REFERENCE_FAMILY).predict(self.test))

    def _squared_errors(self, forecast: np.ndarray) -> dict[int, float]:
        squared = (forecast - self.test["pm25_observed_ugm3"].to_numpy(dtype=float)) ** 2
        horizons = self.test["horizon_days"].to_numpy()
        return {int(horizon): float(squared[horizons == horizon].mean()) for horizon in np.unique(horizons)}


def time_ordered_folds(
    examples: pd.DataFrame, *, month: pd.Timestamp, seed: int, thread_count: int = 2
) -> tuple[Fold, ...]:
    """Folds of the training examples of ``month``, the earliest first; each is fitted on everything before its test.

    Cuts that leave fewer target days than a learned family needs make no fold. Raises ContractViolation when an
    example's target day lies in or after ``month``.
    """
    refuse_the_future(examples, month)
    thinned = _thinned(examples)
    cuts = [month - pd.DateOffset(months=FOLD_MONTHS * back) for back in range(FOLDS, -1, -1)]
    parts = (_split(thinned, cut, until) for cut, until in pairwise(cuts))
    return tuple(
        Fold(TrainingSet(before, seed=seed, thread_count=thread_count), after)
        for before, after in parts
        if len(after) and own_examples(before)["target_date"].nunique() >= MIN_TARGET_DAYS_LEARNED
    )


def _split(examples: pd.DataFrame, cut: pd.Timestamp, until: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Examples before the cut, and the area's own from it on."""
    days = examples["target_date"]
    return examples[days < cut], own_examples(examples[(days >= cut) & (days < until)])


def _thinned(examples: pd.DataFrame) -> pd.DataFrame:
    """Of too many examples an even part, dealt out over all days and all sites."""
    share = -(-len(examples) // MAX_EXAMPLES)
    if share <= 1:
        return examples
    # By issue day: sites that sample every third day would lose all their target days, or none.
    day = (examples["issue_date"] - pd.Timestamp("2000-01-01")).dt.days.to_numpy()
    site = pd.factorize(examples["site_id"], sort=True)[0]
    return examples[(day + site) % share == 0]


@dataclass(frozen=True)
class Trial:
    """One candidate and its loss on each fold it was tried on, in the folds' order."""

    number: int
    """0 is the defaults."""
    params: Params
    losses: tuple[float, ...]
    is_pruned: bool = False
    """It was behind, and spared the other folds."""

    @property
    def loss(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.losses))

    def wins(self, other: "Trial") -> int:
        """Folds on which it was better than ``other``."""
        return sum(own < theirs for own, theirs in zip(self.losses, other.losses, strict=False))


@dataclass(frozen=True)
class Search:
    """What a search of one family found."""

    family: str
    month: pd.Timestamp
    folds: int
    trials: tuple[Trial, ...] = ()
    is_out_of_time: bool = False
    """The budget ended it before all candidates were drawn."""

    @property
    def best(self) -> Trial | None:
        """The candidate to use: the defaults, unless another has clearly less loss and is better on most folds; None
        when there was no time even for the defaults."""
        return _best(self.trials, folds=self.folds) if self.trials else None

    @property
    def params(self) -> Params:
        return DEFAULTS[self.family] if self.best is None else self.best.params

    @property
    def is_default(self) -> bool:
        return self.best is None or self.best.number == 0


def search(
    folds: Sequence[Fold],
    *,
    family: str,
    month: pd.Timestamp,
    seed: int,
    time_left: Callable[[], float],
    most_candidates: int = MAX_CANDIDATES,
) -> Search:
    """The family's candidates on the folds, the defaults first, until ``time_left`` (seconds) runs out.

    A fit is begun only while there is as much time left as the last one took; a candidate that was not tried to its
    end does not count. With fewer than ``LEAST_FOLDS`` folds nothing is tried.
    """
    if len(folds) < MIN_FOLDS:
        return Search(family, month, len(folds))
    trials: list[Trial] = []
    budget = _Budget(time_left)
    for params in candidates(family, count=most_candidates, month=month, seed=seed):
        trial = _tried(params, folds, family=family, before=trials, budget=budget)
        if trial is None:
            return Search(family, month, len(folds), tuple(trials), is_out_of_time=True)
        trials.append(trial)
    return Search(family, month, len(folds), tuple(trials))


def candidates(family: str, *, count: int, month: pd.Timestamp, seed: int) -> Iterator[Params]:
    """The defaults, then what a generator of the seed, the month and the family draws from the family's space."""
    generator = np.random.default_rng([seed, month.year, month.month, list(SPACES).index(family)])
    yield DEFAULTS[family]
    yield from (drawn(family, generator) for _ in range(count - 1))


class _Budget:
    """Says before each fit whether there is still time for one as long as the last."""

    def __init__(self, time_left: Callable[[], float]) -> None:
        self._time_left, self._last = time_left, 0.0

    def spend(self, fit: Callable[[], float]) -> float | None:
        """What ``fit`` returns, or None when there is no time for it."""
        before = self._time_left()
        if before <= self._last:
            return None
        result = fit()
        self._last = before - self._time_left()
        return result


def _tried(
    params: Params, folds: Sequence[Fold], *, family: str, before: Sequence[Trial], budget: _Budget
) -> Trial | None:
    """The candidate fold by fold, until it is clearly behind; None when time runs out first."""
    trial = Trial(len(before), params, ())
    for fold in folds:
        loss = budget.spend(lambda fold=fold: fold.loss(family, params))  # type: ignore[misc]
        if loss is None:
            return None
        losses = (*trial.losses, loss)
        trial = Trial(trial.number, params, losses, _is_hopeless(losses, before, folds=len(folds)))
        if trial.is_pruned:
            break
    return trial


def _is_hopeless(losses: tuple[float, ...], before: Sequence[Trial], *, folds: int) -> bool:
    """Not at the end yet, and clearly behind the best so far or no longer able to beat the defaults on most folds."""
    tried = len(losses)
    if not before or tried == folds:
        return False
    best = _best(before, folds=folds).losses[:tried]
    defaults = before[0].losses[:tried]
    lost = sum(own >= theirs for own, theirs in zip(losses, defaults, strict=True))
    return float(np.mean(losses) - np.mean(best)) > PRUNING_MARGIN or 2 * lost >= folds


def _best(trials: Sequence[Trial], *, folds: int) -> Trial:
    """The least loss among the defaults and those that clearly beat them, and on most folds; of equal ones the
    earliest."""
    defaults = trials[0]
    whole = [one for one in trials[1:] if len(one.losses) == folds and defaults.loss - one.loss >= MIN_GAIN]
    better = [one for one in whole if 2 * one.wins(defaults) > folds]
    return min([defaults, *better], key=lambda one: one.loss)
