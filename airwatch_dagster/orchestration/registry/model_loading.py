"""Registered models loaded for forecasts: by the hashes in the tables, never by what MLflow says of them.

A row of ``trained_models`` or ``champion_model`` holds size and SHA-256 of every file. MLflow only says where the files
of a version are; where its database is a file of this machine, that is read without MLflow. They are read by
``fit.model_directory``, which knows numbers and names, no code.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.fit.model_directory.manifest import FileRecord, records_of, verified
from airwatch_dagster.fit.model_directory.reading import model_of
from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.orchestration.configuration.addresses import without_credentials
from airwatch_dagster.orchestration.configuration.settings import RegistrySettings
from airwatch_dagster.orchestration.registry.artifacts import artifact_files
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL
from airwatch_dagster.orchestration.registry.mlflow_client import EXPERIMENT, connected
from airwatch_dagster.orchestration.registry.model_files import place_of_version
from airwatch_dagster.orchestration.registry.tracking import sqlite_path
from airwatch_dagster.schemas.columns import FAMILIES

MAX_LOADED_MODELS: Final = len(FAMILIES)
"""Models that a process holds in memory: as many as a month has. Scoring a month reads each of them once, its daily
forecasts read the champion; with more, a backfill of years would hold the forests of every month."""


@dataclass(frozen=True)
class LoggedModel:
    """A registered version as a table names it."""

    version: str
    family: str
    month: str
    """Month it was trained for, YYYY-MM."""
    files: str | None
    """Manifest of its files; None for a version that was logged as a pickle."""
    is_override: bool = False
    """A person chose it."""

    @classmethod
    def of(cls, row: pd.Series) -> "LoggedModel":
        """From a row of ``trained_models`` or ``champion_model`` that has a model."""
        month = row["trained_for"] if "trained_for" in row else row["month"]
        files = row["model_files"]
        is_override = row.get("decided_by") == "person"
        known = None if pd.isna(files) else str(files)
        return cls(str(row["model_version"]), str(row["model_family"]), f"{month:%Y-%m}", known, is_override)

    @property
    def name(self) -> str:
        """``model version 12 (CatBoost, trained for 2021-07)``."""
        return f"model version {self.version} ({display_name(self.family)}, trained for {self.month})"

    @property
    def fix(self) -> str:
        """How to come to a model that can be loaded."""
        command = f"airwatch backfill {self.month}-01 {self.month}-01 --tables trained_models,champion_model --refresh"
        again = f"train the month again: `{command}`"
        return f"promote another version with `airwatch models promote`, or {again}" if self.is_override else again


@lru_cache(maxsize=MAX_LOADED_MODELS)
def load_model(logged: LoggedModel) -> FittedModel:
    """The fitted model as it was logged; the last ``MAX_LOADED_MODELS`` stay in memory.

    Raises ModelRefused, naming the version, when MLflow does not have it, when a file is missing, when one is not what
    the table says, and for a version that was logged as a pickle. Raises SourceUnavailable when MLflow does not answer.
    """
    with _refusals_of(logged):
        return model_of(_verified_files(logged))


def verify_files(logged: LoggedModel) -> int:
    """Read the model's files, check them against their hashes and use none; returns their number. Raises as
    ``load_model``."""
    with _refusals_of(logged):
        return len(_verified_files(logged))


@contextmanager
def _refusals_of(logged: LoggedModel) -> Iterator[None]:
    """What is wrong with a file, under the name of the version and with the command that trains it again."""
    try:
        yield
    except ModelRefused as error:
        problem, fix = f"{error.culprit} {error.problem}".strip(), f"{error.fix}, or {logged.fix}".removeprefix(", or ")
        raise ModelRefused(logged.name, problem, fix=fix[0].upper() + fix[1:]) from error


def _verified_files(logged: LoggedModel) -> dict[str, bytes]:
    """Name → content of each file."""
    if logged.files is None:
        raise ModelRefused("", "was logged as a pickle, without hashes, and is not read", fix="")
    records = records_of(logged.files)
    return _files_on_disk(logged, records) or _files_of_registry(logged, records)


def _files_on_disk(logged: LoggedModel, records: Mapping[str, FileRecord]) -> dict[str, bytes] | None:
    """Verified files from where AirWatch's own database says, without MLflow; None when one is not as it should be:
    MLflow may know another place, and says what is wrong."""
    settings = RegistrySettings.from_environment()
    database = sqlite_path(settings.mlflow_tracking_uri)
    if database is None:
        return None
    place = place_of_version(
        logged.version, model=REGISTERED_MODEL, database=database, experiment=EXPERIMENT, state=settings.state
    )
    if place is None:
        return None
    try:
        return _verified(artifact_files(place.as_uri(), records, tracking_uri=""), records)
    except ModelRefused:
        return None


def _files_of_registry(logged: LoggedModel, records: Mapping[str, FileRecord]) -> dict[str, bytes]:
    with connected() as client:
        place = _place(client, logged.version)
        files = artifact_files(place, records, tracking_uri=client.tracking_uri)
    return _verified(files, records)


def _verified(files: Mapping[str, bytes], records: Mapping[str, FileRecord]) -> dict[str, bytes]:
    return {name: verified(name, files[name], record) for name, record in records.items()}


def _place(client: Any, version: str) -> str:
    """Where MLflow keeps the files of a version."""
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_model_version_download_uri(REGISTERED_MODEL, version))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        problem = f"is not in the registry of MLflow at {without_credentials(client.tracking_uri)}"
        fix = "Set MLFLOW_TRACKING_URI to the registry that has it, restore MLflow's database"
        raise ModelRefused("", problem, fix=fix) from error
