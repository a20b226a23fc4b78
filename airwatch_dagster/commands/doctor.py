"""Pre-flight checks of settings and services; each problem is reported with its fix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.settings import Settings


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    what: str
    is_ok: bool
    says: str
    """What was found; for a problem the value, the fix, and whether a retry helps."""


def examine() -> list[Finding]:
    """Findings on settings, area, source, storage, weather, MLflow and the Dagster instance, in that order.

    A problem that AirWatch can explain is a finding; any other error is raised.
    """
    findings = []
    for what, check in _checks():
        try:
            findings.append(Finding(what, True, check()))
        except AirWatchError as error:
            findings.append(Finding(what, False, str(error)))
    return findings


def _checks() -> Iterator[tuple[str, Callable[[], str]]]:
    yield "settings", lambda: repr(Settings.from_environment())
    yield "area", _area
    yield "source", _source
    yield "storage", _storage
    yield "weather", _weather
    yield "mlflow", _mlflow
    yield "dagster", _dagster


def _area() -> str:
    from airwatch_dagster.orchestration.resources import configured_area

    return str(configured_area())


def _source() -> str:
    from airwatch_dagster.orchestration.resources import SourceResource

    with SourceResource().open() as source:
        files = source.file_list()
        return (
            f"{len(files)} files available" if len(files) else f"{len(source.monitors().monitors)} monitors in the area"
        )


def _storage() -> str:
    from airwatch_dagster.commands.stored_files import note_on_stored_files
    from airwatch_dagster.orchestration.resources import opened_storage

    root = Settings.from_environment().storage
    storage = opened_storage(root)
    storage.require_writable()
    return f"{root} can be read and written{note_on_stored_files(storage, root=root)}"


def _weather() -> str:
    from airwatch_dagster.orchestration.supplied_weather import describe_weather

    return describe_weather()


def _mlflow() -> str:
    from airwatch_dagster.orchestration.registry.links import without_credentials
    from airwatch_dagster.orchestration.registry.mlflow_client import configure_mlflow

    return f"{without_credentials(configure_mlflow())} responds"


def _dagster() -> str:
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        return f"instance at {instance.root_directory}, {instance.get_runs_count():,} runs"
