"""What do models cost as files? CPU seconds to log, to load and to forecast, and bytes on disk, by family.

Fits every family on simulated days, logs each to an MLflow in a temporary folder, and loads it as AirWatch does.
``python -W ignore -m benchmarks.model_files --sites 40``
"""

import argparse
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.fit.examples import join_truth
from airwatch_dagster.fit.models.families import fit_families
from airwatch_dagster.fit.models.training_set import TrainingSet
from airwatch_dagster.fit.training import TrainedModel
from airwatch_dagster.schemas.columns import FAMILIES
from airwatch_dagster_tests.simulated_air import simulated_site_days

MONTH = pd.Timestamp("2021-01-01")
ROWS = 3000
"""Rows forecast: a month of 33 sites, three days ahead."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=40)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument(
        "--times", type=int, default=3, help="each model is logged and loaded so often, the least counts"
    )
    options = parser.parse_args()
    examples = simulated_examples(options.sites, options.years)
    models = fit_families(TrainingSet(examples, seed=1), FAMILIES)
    print(f"{options.sites} sites, {len(examples):,} examples; CPU s, the least of {options.times}")
    print(f"{'family':20}{'log':>8}{'load':>8}{'first':>8}{'forecast':>10}{'kB':>8}{'files':>7}")
    with TemporaryDirectory() as folder, registry(Path(folder)) as mlflow:
        for family, model in models.items():
            days = examples["target_date"]
            trained = TrainedModel(family, MONTH, model, "", {}, len(examples), days.min(), days.max())
            print(f"{family:20}{figures(mlflow, trained, examples, options.times)}")


def simulated_examples(sites: int, years: int) -> pd.DataFrame:
    first = MONTH - pd.DateOffset(years=years)
    days = simulated_site_days(sites=sites, first=f"{first:%Y-%m-%d}", days=(MONTH - first).days)
    issued = pd.date_range(first + pd.Timedelta(days=28), MONTH - pd.Timedelta(days=6))
    features = build_features(days, issue_dates=issued, area_site_ids=set(days["site_id"]))
    return join_truth(features, days, first_target=issued[0], last_target=MONTH - pd.Timedelta(days=3))


@contextmanager
def registry(folder: Path) -> Iterator[Any]:
    """An MLflow of its own: a SQLite database and a folder."""
    with patch.dict(os.environ, {"AIRWATCH_STATE": str(folder), "MLFLOW_TRACKING_URI": ""}):
        from airwatch_dagster.orchestration.registry.mlflow_client import EXPERIMENT, configure_mlflow

        uri = configure_mlflow()
        import mlflow

        mlflow.set_experiment(EXPERIMENT)
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        resource = SimpleNamespace(dagster_run_id="benchmark", tracking_uri=uri, folder=folder)
        resource.tracking_client, resource.active_run = mlflow.MlflowClient(), mlflow.active_run
        with mlflow.start_run():
            yield resource


def figures(mlflow: Any, trained: TrainedModel, examples: pd.DataFrame, times: int) -> str:
    from airwatch_dagster.orchestration.registry.model_log import TrainingData, log_trained

    training_data = TrainingData.of(examples, month=MONTH)
    logs, loads, firsts, forecasts = [], [], [], []
    rows = examples.tail(ROWS)
    expected = trained.model.predict(rows)  # type: ignore[union-attr]  # every family was fitted
    for _ in range(times):
        known = set(mlflow.folder.rglob("MLmodel"))
        started = time.process_time()
        registration = log_trained(mlflow, trained, training_data=training_data)
        logs.append(time.process_time() - started)
        load = loader(registration, trained.family)
        started = time.process_time()
        loaded = load()
        loads.append(time.process_time() - started)
        started = time.process_time()
        loaded.predict(rows.head(1))
        firsts.append(time.process_time() - started)
        started = time.process_time()
        np.testing.assert_array_equal(loaded.predict(rows), expected)
        forecasts.append(time.process_time() - started)
        [place] = set(mlflow.folder.rglob("MLmodel")) - known
    files = [path for path in place.parent.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1000
    seconds = f"{min(logs):8.3f}{min(loads):8.3f}{min(firsts):8.3f}{min(forecasts):10.3f}"
    return f"{seconds}{size:8.0f}{len(files):7d}"


def loader(registration: Any, family: str) -> Any:
    """What loads the model anew."""
    from airwatch_dagster.orchestration.registry.model_loading import LoggedModel, load_model

    load_model.cache_clear()
    logged = LoggedModel(registration.model_version, family, f"{MONTH:%Y-%m}", registration.model_files)
    return lambda: load_model(logged)


if __name__ == "__main__":
    main()
