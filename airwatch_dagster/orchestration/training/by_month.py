"""Per-month training, scoring and prediction; a multi-month run is identical to single-month runs."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

import pandas as pd

from airwatch_dagster.fit.champion.service_periods import service_periods
from airwatch_dagster.fit.examples import rows_between
from airwatch_dagster.fit.scores import score_candidates
from airwatch_dagster.fit.training import (
    Registration,
    TrainedModel,
    train_families,
    trained_models_frame,
    trained_models_row,
)
from airwatch_dagster.fit.tuning.hyperparameters import active_params
from airwatch_dagster.fit.weather_inputs import without_unknown_weather
from airwatch_dagster.forecast.intervals import IntervalCalibration
from airwatch_dagster.forecast.predictions import predict
from airwatch_dagster.free_memory import release_free_memory
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel, load_model
from airwatch_dagster.orchestration.registry.model_log import TrainingData, log_trained
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import FAMILIES

T = TypeVar("T")

SEED: Final = 88101
"""Seed of every fit: retraining a month gives the same models."""


def months_before(frame: pd.DataFrame, *, month: pd.Timestamp, count: int, column: str = "target_date") -> pd.DataFrame:
    """Rows whose ``column`` lies in the ``count`` months before ``month``; nothing of the month itself."""
    return rows_between(frame, column, first=month - pd.DateOffset(months=count), before=month)


def of_month(frame: pd.DataFrame, *, month: pd.Timestamp, column: str = "target_date") -> pd.DataFrame:
    """Rows whose ``column`` lies in ``month``."""
    return rows_between(frame, column, first=month, before=month + pd.offsets.MonthBegin(1))


def train_months(
    months: Sequence[pd.Timestamp], *, examples: pd.DataFrame, hyperparameters: pd.DataFrame, mlflow: Any
) -> pd.DataFrame:
    """Every family of every month, fitted on the months before it with the month's active parameters, and logged to
    MLflow; in the columns of trained_models."""
    with_known = without_unknown_weather(examples)

    def fit(month: pd.Timestamp) -> tuple[list[TrainedModel], TrainingData | None]:
        window = months_before(with_known, month=month, count=TRAINING_MONTHS)
        params = active_params(hyperparameters, month=month)
        threads = os.cpu_count() or 1
        families = train_families(
            window, families=FAMILIES, month=month, seed=SEED, thread_count=threads, params=params
        )
        release_free_memory()
        is_any = any(one.is_fitted for one in families)
        return families, TrainingData.of(window, month=month) if is_any else None

    release_free_memory()
    rows = []
    for families, training_data in prefetch(months, compute=fit):
        for one in families:
            known = Registration()
            if one.is_fitted and training_data is not None:
                known = log_trained(mlflow, one, training_data=training_data)
            rows.append(trained_models_row(one, registration=known))
    return trained_models_frame(rows)


def prefetch(months: Sequence[pd.Timestamp], *, compute: Callable[[pd.Timestamp], T]) -> Iterator[T]:
    """The result of each month in order; the next month is computed while the caller works on this one.

    Fitting mostly releases the GIL, so logging to MLflow overlaps with it. An exception is raised in its month's turn.
    """
    with ThreadPoolExecutor(max_workers=1) as worker:
        following: Future[T] | None = None
        for month in months:
            current, following = following, worker.submit(compute, month)
            if current is not None:
                yield current.result()
        if following is not None:
            yield following.result()


def score_months(months: Sequence[pd.Timestamp], *, trained: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Forecasts of each month by the models trained for it, beside the observations; in the columns of
    candidate_scores."""
    return stacked("candidate_scores", [_scored(month, trained=trained, examples=examples) for month in months])


def predict_months(
    features: pd.DataFrame, *, champions: pd.DataFrame, weather: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Forecasts of every issue day by the champion of its service period; in the columns of predictions."""
    served = [
        _predicted(features, period, weather)
        for _, period in service_periods(champions).iterrows()
        if period["is_serving"]
    ]
    return stacked("predictions", served)


def stacked(table: str, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The frames as one; the empty table when none has rows."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else TABLES[table].empty()


def _scored(month: pd.Timestamp, *, trained: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    own = trained[(trained["month"] == month) & trained["is_fitted"]]
    logged = [LoggedModel.of(row) for _, row in own.iterrows()]
    models = {one.family: load_model(one) for one in logged}
    versions = dict(zip(own["model_family"], own["model_version"], strict=True))
    return score_candidates(examples, models=models, month=month, versions=versions)


def _predicted(features: pd.DataFrame, champion: pd.Series, weather: pd.DataFrame | None) -> pd.DataFrame:
    return predict(
        features[features["issue_date"].between(champion["serves_from"], champion["serves_until"])],
        model=load_model(LoggedModel.of(champion)),
        model_family=champion["model_family"],
        model_version=champion["model_version"],
        calibration=IntervalCalibration.from_json(champion["interval_calibration"]),
        weather=weather,
    )
