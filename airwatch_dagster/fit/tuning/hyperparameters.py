"""The table ``hyper_parameters``: what a month's search found, why, and which parameters are in force in a month."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from airwatch_dagster.fit.models.families import MIN_TARGET_DAYS_LEARNED
from airwatch_dagster.fit.tuning.search import FOLDS, MIN_FOLDS, MIN_GAIN, Search
from airwatch_dagster.schemas import TABLES

IN_FORCE_MONTHS: Final = 12
"""Months after its own for which a search holds; then the defaults do again, unless another search was made."""


@dataclass(frozen=True)
class Searched:
    """A search with what it was allowed and what it took."""

    search: Search
    budget_minutes: float
    """For all families of the month together; 0 asks for no search."""
    seconds: float = 0.0
    mlflow_run_id: str | None = None

    @property
    def reason(self) -> str:
        """What is used and why, in a sentence or two."""
        found = self.search
        if self.budget_minutes <= 0:
            return "No search was asked for: AIRWATCH_SEARCH_MINUTES is 0. The defaults are used."
        if found.folds < MIN_FOLDS:
            before = "has" if found.folds == 1 else "have"
            days = f"the {MIN_TARGET_DAYS_LEARNED} target days before it that a learned family needs"
            folds = f"{found.folds} of {FOLDS} folds {before} {days}; it takes {MIN_FOLDS}"
            return f"Not searched: {folds}. The defaults are used."
        if found.best is None:
            return f"{self._within} was too little to try the defaults on {found.folds} folds. They are used untested."
        return f"{self._outcome}{f' {self._within} ended the search.' if found.is_out_of_time else ''}"

    @property
    def _within(self) -> str:
        return f"Its share of {self.budget_minutes:g} minutes" if self.budget_minutes != 1 else "Its share of 1 minute"

    @property
    def _outcome(self) -> str:
        found, best, defaults = self.search, self.search.best, self.search.trials[0]
        assert best is not None
        others = len(found.trials) - 1
        left = f"{defaults.loss:.4f} of damped persistence's squared error on {found.folds} folds"
        if found.is_default:
            worse = f"None of {others} other candidates was better on most of them and by {MIN_GAIN} on the mean"
            return f"The defaults left {left}. {worse}; the defaults are used."
        better = f"The best of {others} other candidates left {best.loss:.4f}, better on {best.wins(defaults)}"
        return f"The defaults left {left}. {better}, and is used."


def hyperparameters_frame(searched: Sequence[Searched]) -> pd.DataFrame:
    """A row per search, in the columns of ``hyper_parameters``."""
    frame = pd.DataFrame([_row(one) for one in searched], columns=TABLES["hyperparameters"].column_names)
    return frame.assign(month=pd.to_datetime(frame["month"]).astype("datetime64[ns]"))


def _row(one: Searched) -> dict[str, Any]:
    found = one.search
    return {
        "month": found.month,
        "model_family": found.family,
        "params": json.dumps(found.params, sort_keys=True),
        "is_default": found.is_default,
        "loss": found.best.loss if found.best else float("nan"),
        "default_loss": found.trials[0].loss if found.trials else float("nan"),
        "candidates": len(found.trials),
        "candidates_pruned": sum(trial.is_pruned for trial in found.trials),
        "is_out_of_time": found.is_out_of_time,
        "folds": found.folds,
        "budget_minutes": one.budget_minutes,
        "seconds": round(one.seconds, 1),
        "mlflow_run_id": one.mlflow_run_id,
        "reason": one.reason,
    }


def params_in_force(hyperparameters: pd.DataFrame, *, month: pd.Timestamp) -> dict[str, dict[str, Any]]:
    """By family what the newest search of this month or the twelve before it chose; without the family where that
    was the defaults, or nothing was searched.

    What was searched for a later month is never used: it looked at days that this month's models may not know.
    """
    first = month - pd.DateOffset(months=IN_FORCE_MONTHS)
    known = hyperparameters[hyperparameters["month"].between(first, month)]
    newest = known.sort_values("month").drop_duplicates("model_family", keep="last")
    chosen = newest[~newest["is_default"].astype(bool)]
    return {family: json.loads(params) for family, params in zip(chosen["model_family"], chosen["params"], strict=True)}
