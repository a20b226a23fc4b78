"""Old models in MLflow that never served: their files, their versions in the registry and their runs.

MLflow's own `mlflow gc` deletes what is in its trash, whether it served or not; here it is decided what may go there.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import pandas as pd

from airwatch_dagster.orchestration.configuration.settings import RegistrySettings
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL
from airwatch_dagster.orchestration.registry.mlflow_client import EXPERIMENT, mlflow_client
from airwatch_dagster.orchestration.registry.model_files import local_path
from airwatch_dagster.orchestration.registry.tracking import is_server, mlflow_errors
from airwatch_dagster.orchestration.retention.kinds import MIN_DAYS, Item, oldest_first
from airwatch_dagster.storage.tables import TableStorage

_SERVED: Final = "serves_"
"""What begins the tags of a version that served a month."""

_PAGE: Final = 1000
"""Runs or versions of one response; MLflow allows more for runs only."""


_PARTITIONS: Final = 31
"""Days of forecasts read at a time: a year of the nation would take a gigabyte."""


@dataclass(frozen=True)
class Trained:
    """A registered version of a model family."""

    version: str
    run_id: str
    model_id: str | None
    month: pd.Period
    """The month it was trained for."""
    created_at: datetime
    has_role: bool
    """Whether an alias or a month of service names it."""


class UnservedModels:
    """Versions of past months that no alias, champion or stored forecast names."""

    name = "models"

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    def items(self, before: datetime) -> list[Item]:
        """Versions whose month was over before a time; those of the newest month stay in any case."""
        with mlflow_errors(RegistrySettings.from_environment().mlflow_tracking_uri):
            client = mlflow_client()
            found = [one for one in self._removable(client) if _over_at(one) < before]
            return oldest_first([Item(one.version, _size(client, one), _over_at(one)) for one in found], before)

    def remove(self, items: Sequence[Item]) -> None:
        """Delete files, run and registry entry of each version that still has no role, in this order: what was
        interrupted is listed again."""
        wanted = {item.name for item in items}
        with mlflow_errors(RegistrySettings.from_environment().mlflow_tracking_uri):
            client = mlflow_client()
            for one in self._removable(client):
                if one.version in wanted:
                    _delete(client, one)

    def _removable(self, client: Any) -> list[Trained]:
        known = list(_trained(client))
        newest = max((one.month for one in known), default=None)
        young = datetime.now(UTC) - timedelta(days=MIN_DAYS)
        named = self._named()
        return [
            one
            for one in known
            if not one.has_role and one.version not in named and one.month != newest and one.created_at < young
        ]

    def _named(self) -> set[str]:
        """Versions that the stored decisions and forecasts name."""
        named: set[str] = set()
        for table in ("champion_model", "predictions", "early_predictions"):
            stored = iter(self._tables.stored_partitions(table))
            while some := list(islice(stored, _PARTITIONS)):
                rows = self._tables.read(table, some, columns=["model_version"])
                named.update(rows["model_version"].dropna().astype(str).unique())
        return named


def _over_at(one: Trained) -> datetime:
    """The begin of the next month, UTC."""
    return (one.month + 1).start_time.to_pydatetime().replace(tzinfo=UTC)


def _trained(client: Any) -> Iterator[Trained]:
    """Every version of the registered model that a run of the experiment logged for a month."""
    months = dict(_months(client))
    roles = {str(version) for version in client.get_registered_model(REGISTERED_MODEL).aliases.values()}
    for one in _pages(client.search_model_versions, filter_string=f"name = '{REGISTERED_MODEL}'", max_results=_PAGE):
        if one.run_id not in months:
            continue
        yield Trained(
            version=str(one.version),
            run_id=one.run_id,
            model_id=_model_id(one.source),
            month=pd.Period(months[one.run_id], "M"),
            created_at=datetime.fromtimestamp(one.creation_timestamp / 1000, UTC),
            has_role=str(one.version) in roles or any(name.startswith(_SERVED) for name in one.tags),
        )


def _model_id(source: str) -> str | None:
    """``m-0123…`` of ``models:/m-0123…``; a version of a database has it nowhere else. None for another source."""
    scheme, _, name = source.partition(":/")
    return name if scheme == "models" and name.startswith("m-") else None


def _months(client: Any) -> Iterator[tuple[str, str]]:
    """Run id and month of each run that logged a model, runs in MLflow's trash included: they may be half deleted."""
    from mlflow.entities import ViewType

    experiment = client.get_experiment_by_name(EXPERIMENT)
    pages = _pages(
        client.search_runs,
        experiment_ids=[experiment.experiment_id],
        run_view_type=ViewType.ALL,
        max_results=_PAGE,
    )
    return ((run.info.run_id, run.data.tags["month"]) for run in pages if {"month", "family"} <= run.data.tags.keys())


def _pages(search: Any, **options: Any) -> Iterator[Any]:
    token = None
    while True:
        page = search(page_token=token, **options)
        yield from page
        token = page.token
        if not token:
            return


def _size(client: Any, one: Trained) -> int:
    return sum(size for repository in _repositories(client, one) for size in _file_sizes(repository, None))


def _file_sizes(repository: Any, folder: str | None) -> Iterator[int]:
    for entry in repository.list_artifacts(folder):
        if entry.is_dir:
            yield from _file_sizes(repository, entry.path)
        else:
            yield int(entry.file_size or 0)


def _repositories(client: Any, one: Trained) -> list[Any]:
    """Where the files of the model and of its run are; without those that MLflow does not know any more."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    places = []
    with _unless_gone():
        places += [client.get_logged_model(one.model_id).artifact_location] if one.model_id else []
    with _unless_gone():
        places.append(client.get_run(one.run_id).info.artifact_uri)
    return [get_artifact_repository(place) for place in places]


def _delete(client: Any, one: Trained) -> None:
    for repository in _repositories(client, one):
        repository.delete_artifacts()
        folder = local_path(repository.artifact_uri)
        if folder is not None and folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()
    with _unless_gone():
        if one.model_id:
            client.delete_logged_model(one.model_id)
    with _unless_gone():
        client.delete_run(one.run_id)
    client.delete_model_version(REGISTERED_MODEL, one.version)
    _empty_trash(one)


def _empty_trash(one: Trained) -> None:
    """Delete the rows too where MLflow's database is opened directly, as `mlflow gc` does.

    A server's API has no such request; its administrator runs `mlflow gc` beside it.
    """
    uri = RegistrySettings.from_environment().mlflow_tracking_uri
    if is_server(uri):
        return
    from mlflow.tracking._tracking_service.utils import _get_store

    store = _get_store()
    with _unless_gone():
        if one.model_id:
            store._hard_delete_logged_model(one.model_id)  # noqa: SLF001 - what `mlflow gc` calls
    with _unless_gone():
        store._hard_delete_run(one.run_id)  # noqa: SLF001


@contextlib.contextmanager
def _unless_gone() -> Iterator[None]:
    """Skip the rest of the block when MLflow does not know the model or run: an earlier removal was interrupted."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
