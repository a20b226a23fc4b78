"""Is everything there that a run needs? Each answer says what to mend."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.settings import Settings


@dataclass(frozen=True)
class Finding:
    """One thing examined."""

    what: str
    is_ok: bool
    says: str


def examine() -> list[Finding]:
    """Findings on settings, area, source, storage, weather, MLflow and the Dagster instance, in that order."""
    return [_examined(what, look) for what, look in _looks()]


def _looks() -> Iterator[tuple[str, Callable[[], str]]]:
    yield "settings", lambda: repr(Settings.from_environment())
    yield "area", _area
    yield "source", _source
    yield "storage", _storage
    yield "weather", _weather
    yield "mlflow", _mlflow
    yield "dagster", _dagster


def _examined(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except AirWatchError as error:
        return Finding(what, False, str(error))


def _area() -> str:
    from airwatch_dagster.orchestration.resources import configured_area

    return str(configured_area())


def _source() -> str:
    from airwatch_dagster.orchestration.resources import SourceResource

    with SourceResource().open() as source:
        files = source.file_list()
        return f"{len(files)} files on offer" if len(files) else f"{len(source.monitors())} monitors in the area"


def _storage() -> str:
    from airwatch_dagster.orchestration.resources import opened_storage

    root = Settings.from_environment().storage
    opened_storage(root).require_writable()
    return f"{root} can be read and written"


def _weather() -> str:
    from airwatch_dagster.orchestration.supplied_weather import weather_given

    return weather_given()


def _mlflow() -> str:
    from airwatch_dagster.orchestration.registry.links import without_credentials
    from airwatch_dagster.orchestration.registry.mlflow_client import connect

    return f"{without_credentials(connect())} answers"


def _dagster() -> str:
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        return f"instance at {instance.root_directory}, {instance.get_runs_count():,} runs"
