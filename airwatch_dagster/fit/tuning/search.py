"""Hyperparameter search by Optuna on time-ordered folds of the training window, the same for the same seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.fit.champion.comparison import HORIZON_WEIGHTS
from airwatch_dagster.fit.examples import own_examples
from airwatch_dagster.fit.models.families import MIN_TARGET_DAYS_LEARNED, fit_families
from airwatch_dagster.fit.models.parameters import DEFAULTS, SPACES, suggested
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.fit.training import refuse_the_future
from airwatch_dagster.schemas.columns import REFERENCE_FAMILY

FOLDS: Final = 6
"""Tests of ``FOLD_MONTHS`` months each at the end of the window: two years, since the best values of one test are often
not those of the next. Ridge, searched for three months in each of three cities, gained 0.004 skill in the year after
with six folds, and 0.0025 with three."""

FOLD_MONTHS: Final = 4

MIN_FOLDS: Final = 2
"""Folds below which luck cannot be told from skill."""

MAX_CANDIDATES: Final = 40
"""Candidates of a family, the defaults included, however much time there is."""

PRUNING_MARGIN: Final = 0.01
"""A candidate is not tried on further folds when its mean loss so far is this much above the best candidate's on the
same folds, or when it can no longer beat the defaults on most folds. Around Chicago this margin spared a third of the
fits and never the best candidate; 0.005 lost it in two of four orders of the folds."""

MIN_GAIN: Final = 0.01
"""Least loss saved that makes a candidate replace the defaults: the best of many looks better by chance alone. Of trees
searched for months of 2020 and 2021 around three cities, those that gained less on the folds lost 0.004 skill in the
year after on average, in four cases of five; the two that gained more kept some of it."""

MAX_EXAMPLES: Final = 900_000
"""Examples that are searched on; of more, as of a nation, an even part, which fits in half the time."""


@dataclass(frozen=True)
class Fold:
    """A training set of all target days before a cut, and the area's examples of the months after it."""

    training: TrainingSet
    test: pd.DataFrame

    def loss(self, family: str, params: dict[str, Any]) -> float:
        """Share of damped persistence's mean squared error that is left, horizons weighted; 1 is no skill."""
        models = fit_families(self.training, [family, REFERENCE_FAMILY], params={family: params})
        observed, horizon = self.test["pm25_observed_ugm3"], self.test["horizon_days"]
        squared = {name: (model.predict(self.test) - observed) ** 2 for name, model in models.items()}
        errors = pd.DataFrame(squared).groupby(horizon).mean()
        weights = pd.Series(HORIZON_WEIGHTS)[errors.index]
        return float((weights * errors[family] / errors[REFERENCE_FAMILY]).sum() / weights.sum())


def time_ordered_folds(
    examples: pd.DataFrame, *, month: pd.Timestamp, seed: int, thread_count: int = 2
) -> tuple[Fold, ...]:
    """Folds of the training examples of ``month``, the earliest first; none for a cut with too little history.

    Raises ContractViolation when an example's target day lies in or after ``month``.
    """
    refuse_the_future(examples, month)
    share = -(-len(examples) // MAX_EXAMPLES)
    if share > 1:
        # By issue day: sites that sample every third day would lose all their target days, or none.
        day = (examples["issue_date"] - pd.Timestamp("2000-01-01")).dt.days.to_numpy()
        examples = examples[(day + pd.factorize(examples["site_id"], sort=True)[0]) % share == 0]
    days, own_days, folds = examples["target_date"], own_examples(examples)["target_date"], []
    for cut, until in pairwise(month - pd.DateOffset(months=FOLD_MONTHS * back) for back in range(FOLDS, -1, -1)):
        test = own_examples(examples[(days >= cut) & (days < until)])
        if len(test) and own_days[own_days < cut].nunique() >= MIN_TARGET_DAYS_LEARNED:
            folds.append(Fold(TrainingSet(examples[days < cut], seed=seed, thread_count=thread_count), test))
    return tuple(folds)


@dataclass(frozen=True, eq=False)
class Search:
    """The candidates of one family and month, the defaults first."""

    family: str
    month: pd.Timestamp
    params: tuple[dict[str, Any], ...] = ()
    losses: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    """Candidates × folds; null on the folds that a pruned candidate was not tried on."""
    is_out_of_time: bool = False
    """Time ran out before all candidates were tried."""
    budget_minutes: float = 0.0
    """Time of all families of the month together; 0 for no search."""
    seconds: float = 0.0
    mlflow_run_id: str | None = None

    @property
    def is_pruned(self) -> np.ndarray:
        """Of each candidate, whether it was not tried on every fold."""
        return np.asarray(np.isnan(self.losses).any(axis=1))

    @property
    def mean_losses(self) -> np.ndarray:
        """Of each candidate over its folds."""
        return np.asarray(np.nanmean(self.losses, axis=1)) if self.params else np.empty(0)

    @property
    def wins(self) -> np.ndarray:
        """Folds on which each candidate is better than the defaults."""
        return np.asarray((self.losses < self.losses[:1]).sum(axis=1))

    @property
    def chosen(self) -> int:
        """Number of the candidate to use: the least loss among the defaults, 0, and those better than them on most
        folds and by ``MIN_GAIN`` on the mean; the earliest of equal ones, and 0 when nothing was tried."""
        loss = np.where(self.is_pruned, np.nan, self.mean_losses)
        is_better = (loss[:1].sum() - loss >= MIN_GAIN) & (2 * self.wins > self.losses.shape[1])
        return int(np.argmin(np.where(is_better, loss, np.inf))) if is_better.any() else 0

    @property
    def chosen_params(self) -> dict[str, Any]:
        """The defaults when nothing was tried."""
        return self.params[self.chosen] if self.params else DEFAULTS[self.family]

    @property
    def chosen_loss(self) -> float:
        """Mean over the folds; null when nothing was tried."""
        return float(self.mean_losses[self.chosen]) if self.params else float("nan")

    @property
    def default_loss(self) -> float:
        """Mean over the folds; null when nothing was tried."""
        return float(self.mean_losses[0]) if self.params else float("nan")


@dataclass
class _Objective:
    """What Optuna minimises: a candidate's mean loss over the folds."""

    folds: Sequence[Fold]
    found: Search
    time_left: Callable[[], float]
    last_fit_seconds: float = 0.0

    def __call__(self, trial: Any) -> float:
        from optuna import TrialPruned

        params, losses = suggested(self.found.family, trial), np.full(len(self.folds), np.nan)
        for number, fold in enumerate(self.folds):
            if (before := self.time_left()) <= self.last_fit_seconds:
                trial.study.stop()
                raise TrialPruned
            losses[number] = fold.loss(self.found.family, params)
            self.last_fit_seconds = before - self.time_left()
            if self.found.params:
                defaults, best = self.found.losses[[0, self.found.chosen], : number + 1]
                trial.report(float(np.mean(losses[: number + 1]) - np.mean(best)), number)
                if trial.should_prune() or 2 * (losses[: number + 1] >= defaults).sum() >= len(self.folds):
                    break
        tried = (*self.found.params, params)
        self.found = replace(self.found, params=tried, losses=np.vstack([self.found.losses, losses]))
        if np.isnan(losses).any():
            raise TrialPruned
        return float(np.mean(losses))


def search(
    folds: Sequence[Fold],
    *,
    family: str,
    month: pd.Timestamp,
    seed: int,
    time_left: Callable[[], float],
    max_candidates: int = MAX_CANDIDATES,
) -> Search:
    """The defaults and candidates that Optuna draws from the family's space, tried while there is time.

    A fit starts only while ``time_left`` (seconds) is more than the last one took; an interrupted candidate does not
    count. With fewer than ``MIN_FOLDS`` folds nothing is tried.
    """
    untried = Search(family, month, losses=np.empty((0, len(folds))))
    if len(folds) < MIN_FOLDS:
        return untried
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    draws = np.random.SeedSequence([seed, month.year, month.month, list(SPACES).index(family)]).generate_state(1)
    sampler = optuna.samplers.TPESampler(seed=int(draws[0]))
    study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.ThresholdPruner(upper=PRUNING_MARGIN))
    study.enqueue_trial({name: DEFAULTS[family][name] for name in SPACES[family]})
    objective = _Objective(folds, untried, time_left)
    study.optimize(objective, n_trials=max_candidates)
    return replace(objective.found, is_out_of_time=len(objective.found.params) < max_candidates)
