"""Hyperparameter searches of each month: their time, their runs in MLflow, and their metadata in the UI."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.fit.models.parameters import SPACES
from airwatch_dagster.fit.tuning.hyperparameters import reason
from airwatch_dagster.fit.tuning.search import Search, search, time_ordered_folds
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.registry.model_log import log_numbers
from airwatch_dagster.orchestration.registry.nested_runs import nested_run
from airwatch_dagster.orchestration.training.by_month import SEED, months_before


def search_months(
    months: Sequence[pd.Timestamp],
    *,
    examples: pd.DataFrame,
    minutes: float,
    mlflow: Any,
    clock: Callable[[], float] = time.monotonic,
) -> list[Search]:
    """A search of every family for every month, on the months before it, logged to MLflow.

    ``minutes`` are for all families of a month together, 0 for no search; ``clock`` returns seconds.
    """
    if minutes <= 0:
        return [Search(family, month) for month in months for family in SPACES]
    searches = []
    for month in months:
        month_end = clock() + 60.0 * minutes
        window = months_before(examples, month=month, count=TRAINING_MONTHS)
        folds = time_ordered_folds(window, month=month, seed=SEED, thread_count=os.cpu_count() or 1)
        for number, family in enumerate(SPACES):
            started = clock()
            # The time that a family leaves is shared by the next ones.
            end = started + (month_end - started) / (len(SPACES) - number)

            def time_left(end: float = end) -> float:
                return end - clock()

            found = search(folds, family=family, month=month, seed=SEED, time_left=time_left)
            run_id = log_search(mlflow, found) if found.params else None
            seconds = clock() - started
            searches.append(replace(found, budget_minutes=minutes, seconds=seconds, mlflow_run_id=run_id))
    return searches


def log_search(mlflow: Any, found: Search) -> str:
    """A nested MLflow run with the chosen parameters, what they gain, and every candidate as a row of
    ``candidates.json``; returns the run's id."""
    month = f"{found.month:%Y-%m}"
    tags = {"family": found.family, "month": month, "kind": "search"}
    with nested_run(mlflow, name=f"search {found.family} {month}", tags=tags) as run:
        of_search = {"month": month, "seed": SEED, "is_default": found.chosen == 0}
        client, run_id = mlflow.tracking_client, str(run.info.run_id)
        client.log_table(run_id, candidates_frame(found), "candidates.json")
        log_numbers(client, run_id, params={**found.chosen_params, **of_search}, metrics=_outcome(found))
        return run_id


def candidates_frame(found: Search) -> pd.DataFrame:
    """A row per candidate: its number, parameters, loss on each fold (null when pruned), mean loss, is_pruned and
    is_chosen."""
    folds = pd.DataFrame(found.losses).rename(columns=lambda fold: f"loss_fold_{fold + 1}")
    frame = pd.DataFrame(list(found.params)).join(folds)
    frame = frame.assign(loss=found.mean_losses, is_pruned=found.is_pruned, is_chosen=frame.index == found.chosen)
    return frame.rename_axis("candidate").reset_index()


CHARTED: Final = {"best_loss": "least loss", "gain": "gain over the defaults"}
"""Outcome of a search → its name in charts; how many parameters were tried is in MLflow and in the reason."""


def search_metadata(searches: Sequence[Search]) -> PartitionMetadata:
    """Per month: each family's least loss and its gain over the defaults, and why its parameters are used."""
    by_month: dict[str, Mapping[str, Any]] = {}
    for month in dict.fromkeys(found.month for found in searches):
        of_month = [found for found in searches if found.month == month]
        numbers = {
            f"{title}, {display_name(one.family)}": _outcome(one)[name]
            for one in of_month
            for name, title in CHARTED.items()
            if one.params
        }
        reasons = {f"why, {display_name(one.family)}": reason(one) for one in of_month}
        by_month[f"{month:%Y-%m}"] = {**reasons, **numbers}
    return by_month


def _outcome(found: Search) -> dict[str, float]:
    if not found.params:
        return {}
    best, gain = round(found.chosen_loss, 5), round(found.default_loss - found.chosen_loss, 5)
    return {"best_loss": best, "gain": gain, "tried": len(found.params), "pruned": int(found.is_pruned.sum())}
