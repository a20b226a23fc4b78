"""Month after month, in order: a backfill of many months makes exactly what single months would."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import pandas as pd

from airwatch_dagster.fit.champion.service_periods import service_periods
from airwatch_dagster.fit.scores import score_candidates
from airwatch_dagster.fit.training import (
    Registration,
    TrainedModel,
    train_families,
    trained_models_frame,
    trained_models_row,
)
from airwatch_dagster.fit.tuning.hyperparameters import params_in_force
from airwatch_dagster.forecast.intervals import IntervalCalibration
from airwatch_dagster.forecast.predictions import predict
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.registry.mlflow_client import load_model
from airwatch_dagster.orchestration.registry.model_log import TrainingData, log_trained
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import FAMILIES

T = TypeVar("T")

SEED: Final = 88101
"""Seed of every fit, so that a retrained month is the same month."""


def months_before(frame: pd.DataFrame, *, month: pd.Timestamp, count: int, column: str = "target_date") -> pd.DataFrame:
    """Rows whose ``column`` lies in the ``count`` months before ``month``; nothing of the month itself."""
    first = month - pd.DateOffset(months=count)
    return frame[(frame[column] >= first) & (frame[column] < month)]


def of_month(frame: pd.DataFrame, *, month: pd.Timestamp, column: str = "target_date") -> pd.DataFrame:
    """Rows whose ``column`` lies in ``month``."""
    return frame[(frame[column] >= month) & (frame[column] < month + pd.offsets.MonthBegin(1))]


def train_months(
    months: Sequence[pd.Timestamp], *, examples: pd.DataFrame, hyperparameters: pd.DataFrame, mlflow: Any
) -> pd.DataFrame:
    """Every family of every month, fitted on the months before it with the parameters then in force, and logged; in
    the columns of trained_models."""

    def fitted(month: pd.Timestamp) -> "_Fitted":
        window = months_before(examples, month=month, count=TRAINING_MONTHS)
        return _Fitted.on(window, month=month, params=params_in_force(hyperparameters, month=month))

    rows = [row for month in prefetch(months, make=fitted) for row in month.logged(mlflow)]
    return trained_models_frame(rows)


@dataclass(frozen=True)
class _Fitted:
    """A month's families, and what they learned from as MLflow is told it; nothing as large as the examples."""

    families: Sequence[TrainedModel]
    learned_from: TrainingData | None
    """Null when no family could be fitted."""

    @classmethod
    def on(cls, window: pd.DataFrame, *, month: pd.Timestamp, params: Mapping[str, Mapping[str, Any]]) -> Self:
        settings: dict[str, Any] = {"seed": SEED, "thread_count": os.cpu_count() or 1, "params": params}
        families = train_families(window, families=FAMILIES, month=month, **settings)
        is_any = any(one.is_fitted for one in families)
        return cls(families, TrainingData.of(window, month=month) if is_any else None)

    def logged(self, mlflow: Any) -> Iterator[dict[str, Any]]:
        """Rows of trained_models, with where MLflow keeps those that could be fitted."""
        for one in self.families:
            known = Registration()
            if one.is_fitted and self.learned_from is not None:
                known = log_trained(mlflow, one, learned_from=self.learned_from)
            yield trained_models_row(one, registration=known)


def prefetch(months: Sequence[pd.Timestamp], *, make: Callable[[pd.Timestamp], T]) -> Iterator[T]:
    """What is made of each month in order, the next one while the caller is still busy with this one.

    Most of fitting leaves Python's lock to others, such as the telling of MLflow, where a core is free for it.
    """
    with ThreadPoolExecutor(max_workers=1) as worker:
        coming: Future[T] | None = None
        for month in months:
            this, coming = coming, worker.submit(make, month)
            if this is not None:
                yield this.result()
        if coming is not None:
            yield coming.result()


def score_months(months: Sequence[pd.Timestamp], *, trained: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """How the models of each month did in it; in the columns of candidate_scores."""
    return stacked("candidate_scores", [_scored(month, trained=trained, examples=examples) for month in months])


def predict_months(
    features: pd.DataFrame, *, champions: pd.DataFrame, weather: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Forecasts of every issue day by the champion in force on it; in the columns of predictions."""
    served = [
        _predicted(features, term, weather) for term in service_periods(champions).itertuples() if term.is_serving
    ]
    return stacked("predictions", served)


def stacked(table: str, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One frame of all that have rows; the empty table when none has."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else TABLES[table].empty()


def _scored(month: pd.Timestamp, *, trained: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    own = trained[(trained["month"] == month) & trained["is_fitted"]]
    models = {family: load_model(uri) for family, uri in zip(own["model_family"], own["model_uri"], strict=True)}
    versions = dict(zip(own["model_family"], own["model_version"], strict=True))
    return score_candidates(examples, models=models, month=month, versions=versions)


def _predicted(features: pd.DataFrame, champion: Any, weather: pd.DataFrame | None) -> pd.DataFrame:
    return predict(
        features[features["issue_date"].between(champion.serves_from, champion.serves_until)],
        model=load_model(champion.model_uri),
        model_family=champion.model_family,
        model_version=champion.model_version,
        calibration=IntervalCalibration.from_json(champion.interval_calibration),
        weather=weather,
    )
