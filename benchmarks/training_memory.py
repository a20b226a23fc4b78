"""How much memory and time does training take, month after month in one run?

    python -W ignore -m benchmarks.training_memory STORAGE 2021-01 --months 12

STORAGE holds training_examples of the months and of the 36 before. They are read as a run of trained_models reads them,
every family of every month is fitted and logged to an MLflow in a temporary folder. Prints for each month its seconds,
the highest resident memory while it was fitted, what stayed when it was over, and a digest of its model files: two
versions of AirWatch that print the same digests fit the same models to the last bit.
"""

import argparse
import hashlib
import logging
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pandas as pd

from airwatch_dagster.fit.training import TrainedModel
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.training import by_month
from airwatch_dagster.storage.tables import TableStorage
from benchmarks.model_files import registry

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("storage")
    parser.add_argument("first", type=pd.Timestamp)
    parser.add_argument("--months", type=int, default=12)
    options = parser.parse_args()
    months = list(pd.date_range(options.first, periods=options.months, freq="MS"))
    with TemporaryDirectory() as folder, registry(Path(folder)) as mlflow:
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        print(f"{'':10}{'rows':>10}{'seconds':>9}{'CPU-s':>8}{'peak GiB':>10}{'left GiB':>10}", flush=True)
        examples = read_examples(options.storage, months)
        with patch.object(by_month, "train_families", Measured(by_month.train_families)):
            trained = by_month.train_months(
                months, examples=examples, hyperparameters=no_hyperparameters(), mlflow=mlflow
            )
    for month, own in trained.groupby("month"):
        digest = hashlib.sha256("\n".join(own["model_files"].dropna()).encode()).hexdigest()
        print(f"{month:%Y-%m}  {int(own['is_fitted'].sum())} families, SHA-256 {digest}")


def no_hyperparameters() -> pd.DataFrame:
    """No search: the defaults are used."""
    from airwatch_dagster.schemas import TABLES

    return TABLES["hyperparameters"].empty()


def read_examples(root: str, months: list[pd.Timestamp]) -> pd.DataFrame:
    """The examples of a run of these months, in one frame."""
    first, last = months[0] - pd.DateOffset(months=TRAINING_MONTHS), months[-1] - pd.DateOffset(months=1)
    started, cpu = time.perf_counter(), time.process_time()
    keys = [f"{month:%Y-%m}" for month in pd.date_range(first, last, freq="MS")]
    examples = TableStorage.open(root).read("training_examples", keys, allow_missing=True)
    line("reading", len(examples), time.perf_counter() - started, time.process_time() - cpu)
    return examples


class Measured:
    """``train_families`` that prints what a call took."""

    def __init__(self, train_families: Any) -> None:
        self.train_families = train_families

    def __call__(self, examples: pd.DataFrame, *, month: pd.Timestamp, **options: Any) -> list[TrainedModel]:
        CLEAR.write_text("5")
        started, cpu, rows = time.perf_counter(), time.process_time(), len(examples)
        trained: list[TrainedModel] = self.train_families(examples, month=month, **options)
        line(f"{month:%Y-%m}", rows, time.perf_counter() - started, time.process_time() - cpu)
        return trained


def line(what: str, rows: int, seconds: float, cpu: float) -> None:
    """One line of figures; memory is the process's peak since the last reset, and what it holds now."""
    print(f"{what:10}{rows:>10,}{seconds:>9.1f}{cpu:>8.1f}{gib('VmHWM'):>10.2f}{gib('VmRSS'):>10.2f}", flush=True)


def gib(name: str) -> float:
    """A size of this process in Linux's words, VmHWM (highest) or VmRSS (now), in GiB."""
    [size] = [row.split()[1] for row in STATUS.read_text().splitlines() if row.startswith(f"{name}:")]
    return int(size) / 2**20


if __name__ == "__main__":
    assert os.name == "posix", "memory is read from Linux's /proc"
    main()
