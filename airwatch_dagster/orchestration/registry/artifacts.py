"""The files of a logged model from wherever MLflow keeps them, each read no further than its known size.

Nothing that MLflow keeps beside them is read: not MLmodel, not requirements, not code.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from airwatch_dagster.errors import ConfigurationError, ModelRefused, SourceUnavailable
from airwatch_dagster.fit.model_directory.manifest import RESTORE, FileRecord
from airwatch_dagster.fit.model_directory.reading import read_file
from airwatch_dagster.orchestration.configuration.addresses import without_credentials
from airwatch_dagster.orchestration.registry.model_files import FOLDER, local_path
from airwatch_dagster.orchestration.registry.served_model import PLACE
from airwatch_dagster.orchestration.registry.tracking_server import LOGIN, SETTING

STORES: Final = ("s3", "gs", "wasbs", "abfss")
"""Schemes of stores that MLflow's client reads itself, besides folders and the tracking server."""

MAX_DOWNLOAD_S: Final = 120.0
"""Seconds that one file may take from an MLflow server; a nation's forest has 12 MB."""

_CHUNK_BYTES: Final = 2**20

_MISSING: Final = "is missing"


def artifact_files(place: str, records: Mapping[str, FileRecord], *, tracking_uri: str) -> dict[str, bytes]:
    """Name → content of these files of the logged model at ``place``, at most a byte more than their records say.

    Raises ModelRefused for a missing file, SourceUnavailable when the store does not answer, and ConfigurationError
    for a store that AirWatch does not read.
    """
    parts = urlsplit(place)
    if parts.scheme in ("", "file"):
        folder = (local_path(place) or Path(place)) / PLACE
        return {name: _local_file(folder / name, record) for name, record in records.items()}
    if parts.scheme == "mlflow-artifacts":
        if parts.netloc not in ("", urlsplit(tracking_uri).netloc):
            raise _unknown_store(place)
        return {name: _served_file(place, name, record, tracking_uri) for name, record in records.items()}
    if parts.scheme in STORES:
        return _stored_files(place, records, tracking_uri)
    raise _unknown_store(place)


def _unknown_store(place: str) -> ConfigurationError:
    """Another server would be sent the login of this one; other schemes have clients that run who knows what."""
    problem = f"keeps the files of models at {without_credentials(place)[:200]}, which AirWatch does not read"
    return ConfigurationError(SETTING, problem, fix=f"Keep them in a folder, on the server itself, or in {STORES}")


def _local_file(path: Path, record: FileRecord) -> bytes:
    if not path.exists():
        fix = f"Move the folder {FOLDER} beside mlflow.db in AIRWATCH_STATE"
        raise ModelRefused(path.name, f"{_MISSING} at {path.parent}", fix=fix)
    return read_file(path, max_bytes=record.size)


def _served_file(place: str, name: str, record: FileRecord, tracking_uri: str) -> bytes:
    """A file through the tracking server, without following it elsewhere and without unpacking anything."""
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    login = get_default_host_creds(MlflowArtifactsRepository.resolve_uri(place, tracking_uri))
    response = http_request(
        login,
        f"/{PLACE}/{name}",
        "GET",
        stream=True,
        allow_redirects=False,
        raise_on_status=False,
        extra_headers={"Accept-Encoding": "identity"},
    )
    with response:
        status = response.status_code
        if status == 200:
            return _body(response.raw, record, tracking_uri)
        if status in (401, 403):
            problem = f"the MLflow server at {tracking_uri} denies this user the files of models (status {status})"
            raise ConfigurationError(SETTING, problem, fix=LOGIN)
        if status == 404:
            raise ModelRefused(name, f"{_MISSING} in the artifacts of MLflow at {tracking_uri}", fix=RESTORE)
    problem = f"the MLflow server at {tracking_uri} answers with status {status} instead of {name}"
    raise SourceUnavailable(SETTING, problem, fix="Look at the log of the server and at its store of artifacts")


def _body(raw: Any, record: FileRecord, tracking_uri: str) -> bytes:
    from urllib3.exceptions import HTTPError

    parts, left, end = [], record.size + 1, time.monotonic() + MAX_DOWNLOAD_S
    try:
        while left > 0 and (part := raw.read1(min(left, _CHUNK_BYTES), decode_content=False)):
            parts.append(part)
            left -= len(part)
            if time.monotonic() > end:
                raise TimeoutError
    except (HTTPError, OSError) as error:
        problem = f"the MLflow server at {tracking_uri} stopped in the middle of a file ({type(error).__name__})"
        raise SourceUnavailable(SETTING, problem, fix="Look at the log of the server, and run again") from None
    return b"".join(parts)


def _stored_files(place: str, records: Mapping[str, FileRecord], tracking_uri: str) -> dict[str, bytes]:
    """Files of a store that MLflow's client reads itself; only those whose size is as recorded are downloaded."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with _store_errors(place):
        repository = get_artifact_repository(place, tracking_uri=tracking_uri)
        sizes = {Path(one.path).name: one.file_size for one in repository.list_artifacts(PLACE)}
    for name, record in records.items():
        if name not in sizes:
            raise ModelRefused(name, f"{_MISSING} at {without_credentials(place)}", fix=RESTORE)
        if sizes[name] != record.size:
            raise ModelRefused(name, f"has {sizes[name]:,} bytes instead of {record.size:,}", fix=RESTORE)
    with TemporaryDirectory() as folder:
        with _store_errors(place):
            paths = {name: Path(repository.download_artifacts(f"{PLACE}/{name}", folder)) for name in records}
        return {name: read_file(path, max_bytes=records[name].size) for name, path in paths.items()}


@contextmanager
def _store_errors(place: str) -> Iterator[None]:
    """Each store has a client with errors of its own."""
    try:
        yield
    except Exception as error:
        problem = f"the files of models at {without_credentials(place)} cannot be read ({type(error).__name__})"
        raise SourceUnavailable(SETTING, problem, fix="Look at address and credentials of the store") from error
