"""The table ``hyperparameters``: the outcome of each search, and the parameters that a month uses."""

import json
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.fit.models.families import MIN_TARGET_DAYS_LEARNED
from airwatch_dagster.fit.tuning.search import FOLDS, MIN_FOLDS, MIN_GAIN, Search
from airwatch_dagster.schemas import TABLES

VALID_MONTHS: Final = 12
"""Months after its own in which a search's outcome is used, unless a later search replaces it."""


def reason(found: Search) -> str:
    """Which parameters are used and why, in a sentence or two."""
    folds, others = found.losses.shape[1], len(found.params) - 1
    within = f"The family's share of {found.budget_minutes:g} min"
    if found.budget_minutes <= 0:
        return "No search: AIRWATCH_SEARCH_MINUTES is 0. The defaults are used."
    if folds < MIN_FOLDS:
        enough = f"have the {MIN_TARGET_DAYS_LEARNED} target days before them that a learned family needs"
        return f"Not searched: {folds} of {FOLDS} folds {enough}; at least {MIN_FOLDS} must. The defaults are used."
    if not found.params:
        return f"{within} was too little to try the defaults on {folds} folds. They are used untested."
    outcome = f"none of {others} others was better on most folds and by {MIN_GAIN} on the mean; the defaults are used"
    if found.chosen:
        best = f"the best of {others} others left {found.chosen_loss:.4f}, better on {found.wins[found.chosen]}"
        outcome = f"{best}, and is used"
    text = (
        f"The defaults left {found.default_loss:.4f} of damped persistence's squared error on {folds} folds; {outcome}."
    )
    return f"{text} {within} ended the search." if found.is_out_of_time else text


def hyperparameters_frame(searches: Sequence[Search]) -> pd.DataFrame:
    """A row per search, in the columns of ``hyperparameters``."""
    rows = [
        {
            **{name: getattr(found, name) for name in ("month", "is_out_of_time", "budget_minutes", "mlflow_run_id")},
            "model_family": found.family,
            "params": json.dumps(found.chosen_params, sort_keys=True),
            "is_default": found.chosen == 0,
            "loss": found.chosen_loss,
            "default_loss": found.default_loss,
            "candidates": len(found.params),
            "candidates_pruned": int(found.is_pruned.sum()),
            "folds": found.losses.shape[1],
            "seconds": round(found.seconds, 1),
            "reason": reason(found),
        }
        for found in searches
    ]
    frame = pd.DataFrame(rows, columns=TABLES["hyperparameters"].column_names)
    return frame.assign(month=pd.to_datetime(frame["month"]).astype("datetime64[ns]"))


def active_params(hyperparameters: pd.DataFrame, *, month: pd.Timestamp) -> dict[str, dict[str, Any]]:
    """By family, the parameters that the newest search of this month or the ``VALID_MONTHS`` before it chose.

    A family is left out when that search kept the defaults, or when there was none. A search for a later month is never
    used: it saw days that this month's models must not know.
    """
    first = month - pd.DateOffset(months=VALID_MONTHS)
    known = hyperparameters[hyperparameters["month"].between(first, month)]
    newest = known.sort_values("month").drop_duplicates("model_family", keep="last")
    chosen = newest[~newest["is_default"].astype(bool)]
    return {family: json.loads(params) for family, params in zip(chosen["model_family"], chosen["params"], strict=True)}
