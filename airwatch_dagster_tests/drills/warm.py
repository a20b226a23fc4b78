"""Imported by the process that attempts are forked from; it ingests two days, so that every import is in memory."""

import gc
import tempfile
from pathlib import Path

import boto3  # noqa: F401
import catboost  # noqa: F401
import evidently  # noqa: F401
import mlflow.pyfunc  # noqa: F401
import sklearn.ensemble  # noqa: F401

from airwatch_dagster_tests.installations import Installation

with tempfile.TemporaryDirectory() as folder:
    Installation.at(Path(folder, "warm")).run("backfill", "2021-05-01", "2021-05-02", "--tables", "raw_readings")
gc.collect()
gc.freeze()
