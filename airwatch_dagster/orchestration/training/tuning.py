"""Searches of hyper-parameters within minutes: the clock they are held to, and what MLflow and the UI show of them."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.fit.models.parameters import SPACES
from airwatch_dagster.fit.tuning.hyperparameters import Searched
from airwatch_dagster.fit.tuning.search import Fold, Search, Trial, search, time_ordered_folds
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.registry.mlflow_client import runs_of_dagster_run
from airwatch_dagster.orchestration.supplied_weather import with_weather
from airwatch_dagster.orchestration.training.by_month import SEED, months_before

SHOWN: Final = 5
"""Candidates of each family in the UI's table; MLflow has all."""


Clock = Callable[[], float]
"""Seconds since some moment, never going back."""


def search_months(
    months: Sequence[pd.Timestamp],
    *,
    examples: pd.DataFrame,
    minutes: float,
    mlflow: Any,
    clock: Clock = time.monotonic,
) -> list[Searched]:
    """Every family of every month on the months before it, logged; ``minutes`` are a month's, 0 searches nothing."""
    if minutes <= 0:
        return [Searched(Search(family, month, 0), 0.0) for month in months for family in SPACES]
    found, known = [], with_weather(examples)
    for month in months:
        deadline = clock() + 60.0 * minutes
        window = months_before(known, month=month, count=TRAINING_MONTHS)
        folds = time_ordered_folds(window, month=month, seed=SEED, thread_count=os.cpu_count() or 1)
        for number, family in enumerate(SPACES):
            # What a family leaves of its share is the next ones'.
            share = (deadline - clock()) / (len(SPACES) - number)
            timed = _timed_search(folds, family=family, month=month, seconds=share, clock=clock)
            found.append(replace(timed, budget_minutes=minutes, mlflow_run_id=_logged(mlflow, timed.search)))
    return found


def _timed_search(folds: Sequence[Fold], *, family: str, month: pd.Timestamp, seconds: float, clock: Clock) -> Searched:
    started = clock()
    result = search(folds, family=family, month=month, seed=SEED, time_left=lambda: started + seconds - clock())
    return Searched(result, seconds / 60.0, clock() - started)


def _logged(mlflow: Any, found: Search) -> str | None:
    return log_search(mlflow, found) if found.trials else None


def log_search(mlflow: Any, found: Search) -> str:
    """A nested MLflow run: what was chosen, every candidate as a row of ``candidates.json`` and as a step of ``loss``
    and ``loss_fold_1``…; returns its id."""
    month = f"{found.month:%Y-%m}"
    tags = {"family": found.family, "month": month, "kind": "search", **runs_of_dagster_run(mlflow.dagster_run_id)}
    with mlflow.start_run(nested=True, run_name=f"search {found.family} {month}", tags=tags) as run:
        mlflow.log_params({**found.params, "month": month, "seed": SEED, "is_default": found.is_default})
        mlflow.log_table(data=candidates_frame(found), artifact_file="candidates.json")
        # All in one request: each by itself would cost more than many a fit.
        mlflow.tracking_client.log_batch(run.info.run_id, metrics=_metrics(found))
        return str(run.info.run_id)


def candidates_frame(found: Search) -> pd.DataFrame:
    """A row per candidate: its parameters, its loss on each fold, and what became of it."""
    rows = [
        {
            "candidate": trial.number,
            **trial.params,
            **{f"loss_fold_{fold}": loss for fold, loss in enumerate(trial.losses, 1)},
            "loss": trial.loss,
            "is_pruned": trial.is_pruned,
            "is_chosen": trial is found.best,
        }
        for trial in found.trials
    ]
    return pd.DataFrame(rows)


def _metrics(found: Search) -> list[Any]:
    """Losses by candidate, then the outcome; pruned candidates lack the later folds and have no mean to compare."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    losses = [
        Metric(f"loss_fold_{fold}", loss, now, trial.number)
        for trial in found.trials
        for fold, loss in enumerate(trial.losses, 1)
    ]
    means = [Metric("loss", trial.loss, now, trial.number) for trial in found.trials if not trial.is_pruned]
    return [*losses, *means, *(Metric(name, float(value), now, 0) for name, value in _numbers(found).items())]


def search_figures(searched: Sequence[Searched]) -> PartitionMetadata:
    """Per month: each family's least loss and its gain over the defaults, the best candidates, and the reasons."""
    months: dict[str, list[Searched]] = {}
    for one in searched:
        months.setdefault(f"{one.search.month:%Y-%m}", []).append(one)
    return {month: _figures(found) for month, found in months.items()}


def _figures(searched: Sequence[Searched]) -> dict[str, Any]:
    numbers = {f"{one.search.family}_{name}": value for one in searched for name, value in _numbers(one.search).items()}
    reasons = [f"- {one.search.family}: {one.reason}" for one in searched]
    tables = [line for one in searched if one.search.trials for line in ("", *_table(one.search))]
    return {**numbers, "candidates": dg.MetadataValue.md("\n".join([*reasons, *tables]))}


def _numbers(found: Search) -> dict[str, float]:
    if found.best is None:
        return {}
    gain = found.trials[0].loss - found.best.loss
    tried, pruned = len(found.trials), sum(trial.is_pruned for trial in found.trials)
    return {"best_loss": round(found.best.loss, 5), "gain": round(gain, 5), "tried": tried, "pruned": pruned}


def _table(found: Search) -> list[str]:
    """The best candidates of a family and the defaults; the one in use is bold."""
    whole = sorted((trial for trial in found.trials if not trial.is_pruned), key=lambda trial: trial.loss)
    shown = whole[:SHOWN] if found.trials[0] in whole[:SHOWN] else [*whole[: SHOWN - 1], found.trials[0]]
    heads = [found.family, "loss", "by fold", *found.params]
    return [_line(heads), "|---" * len(heads) + "|", *(_line(_cells(trial, found)) for trial in shown)]


def _cells(trial: Trial, found: Search) -> list[str]:
    name = f"candidate {trial.number}" if trial.number else "defaults"
    by_fold = " / ".join(f"{loss:.3f}" for loss in trial.losses)
    values = [f"{trial.params[name]:g}" for name in found.params]
    return [f"**{name}**" if trial is found.best else name, f"{trial.loss:.4f}", by_fold, *values]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
